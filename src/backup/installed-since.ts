import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { mayBeInstalled } from "../queue/host.ts";
import { findHostByMac, type QueueState, slotOf } from "../queue/state.ts";
import { unsealJson } from "../store/checksum.ts";
import { readSaved } from "../store/format.ts";
import { savedWhole } from "./saved-whole.ts";

/** A machine that the queue of a backup would install, although it may be installed. */
export interface InstalledSince {
  readonly mac: string;
  /** `node1 at 10.11.0.2`; empty: it had no slot. */
  readonly where: string;
  readonly address: string | null;
  /** true: the backup knows the machine, but not that it was installed. */
  readonly isKnown: boolean;
}

/**
 * Whom the queue that is there now knows to be installed, and `restored` does not. Empty, too, where there is none that
 * can be read, which is why most backups are restored.
 */
export async function installedSince(stateFolder: string, restored: QueueState): Promise<readonly InstalledSince[]> {
  const present = await presentQueue(stateFolder);
  if (present === null) return [];
  return present.hosts.filter(mayBeInstalled).flatMap((host) => {
    const known = host.macs.flatMap((mac) => findHostByMac(restored, mac) ?? [])[0];
    if (known !== undefined && mayBeInstalled(known)) return [];
    const slot = slotOf(present, host);
    const where = slot === undefined ? "" : `${slot.hostname} at ${slot.address}`;
    return [{ mac: host.bootMac, where, address: slot?.address ?? null, isKnown: known !== undefined }];
  });
}

async function presentQueue(folder: string): Promise<QueueState | null> {
  const path = join(folder, "state.json");
  const [saved, journal] = await Promise.all([bytesOf(path), bytesOf(join(folder, "state.journal"))]);
  const whole = saved === null ? null : await savedWhole(path, saved, journal);
  if (whole === null || !whole.ok || whole.value === null) return null;
  const unsealed = unsealJson(Buffer.from(whole.value));
  const queue = unsealed.ok ? readSaved(unsealed.value.content) : unsealed;
  return queue.ok ? queue.value : null;
}

async function bytesOf(path: string): Promise<Buffer | null> {
  return await readFile(path).catch(() => null);
}
