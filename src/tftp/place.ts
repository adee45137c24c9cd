import type { Endpoint } from "../net/udp-socket.ts";
import type { Instant } from "../std/clock.ts";
import type { RunningTransfer } from "./running-transfer.ts";

/** One client's place: taken when its request arrives, so that a second copy finds it. */
export interface Place {
  readonly client: Endpoint;
  readonly filename: string;
  /** The request as it came, to tell a repeated one from a new one. */
  readonly request: string;
  /** null: the file or the port is still being opened. */
  transfer: RunningTransfer | null;
  sizeBytes: number;
  blksize: number;
}

/** How far a transfer is. */
export interface TransferProgress {
  readonly filename: string;
  readonly client: Endpoint;
  /** 0 while the file is being opened. */
  readonly sizeBytes: number;
  readonly ackedBytes: number;
}

export function progressOf({ client, filename, sizeBytes, blksize, transfer }: Place): TransferProgress {
  const acked = transfer?.state.type === "sending" ? Math.max(0, transfer.state.acked) : 0;
  return { filename, client, sizeBytes, ackedBytes: Math.min(sizeBytes, acked * blksize) };
}

/** A request repeated after this long without progress comes from a machine that started over. */
const RESTARTED_MS = 1000;

/** Some ROMs ask from the same port each time: after a reset their request meets the transfer of before. */
export function hasStartedOver({ transfer }: Place, now: Instant): boolean {
  if (transfer?.state.type !== "sending" || transfer.state.acked <= 0) return false;
  return now - transfer.state.progressAt >= RESTARTED_MS;
}

/** A client that came no further for so long gives way when there is no room for another. */
const IDLE_MS = 5000;

/** The place whose client has been idle longest; null: every client is busy. */
export function idlestOf(
  places: ReadonlyMap<string, Place>,
  now: Instant,
): { readonly key: string; readonly place: Place } | null {
  let idlest: { readonly key: string; readonly place: Place; readonly since: Instant } | null = null;
  for (const [key, place] of places) {
    if (place.transfer?.state.type !== "sending") continue;
    const since = place.transfer.state.progressAt;
    if (now - since >= IDLE_MS && (idlest === null || since < idlest.since)) idlest = { key, place, since };
  }
  return idlest;
}
