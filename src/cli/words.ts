import type { HostStateName, HostView, SlotView } from "../http/contract.ts";

/** How long, as people say it: `4 s`, `12 min`, `3 h 05 min`, `2 d 4 h`. Negative counts as nothing. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Time since `instant` (ISO 8601). */
export function ago(instant: string, now: number): string {
  return formatDuration(now - Date.parse(instant));
}

/** `2026-11-20 12:03:07`, UTC. */
export function formatTime(instant: string): string {
  return instant.slice(0, 19).replace("T", " ");
}

/** The name people know a host by: its hostname, or else its id. */
export function nameOf(host: HostView): string {
  return host.slot?.hostname ?? host.id;
}

/** What a host waits for, where it waits: the reason, or how long it still may. */
export function noteOf(host: HostView, now: number): string {
  if (host.reason !== "") return host.reason;
  if (host.deadline === null) return "";
  const left = Date.parse(host.deadline) - now;
  return left > 0 ? `${formatDuration(left)} left` : "time is over";
}

/** For whom a slot is kept, or who has it. */
export function holderOf(slot: SlotView): string {
  return slot.host ?? slot.holder ?? reservationOf(slot);
}

export function reservationOf(slot: SlotView): string {
  const { reservation } = slot;
  switch (reservation?.type) {
    case undefined:
      return "";
    case "mac":
      return reservation.mac;
    case "port":
      return `port ${reservation.port}`;
    case "server-type":
      return `type ${reservation.serverType}`;
  }
}

/** States in which something may be on the disks that somebody wants to keep. */
export const MAY_HOLD_SYSTEM: ReadonlySet<HostStateName> = new Set([
  "installed",
  "first_boot",
  "joining",
  "ready",
  "failed",
]);

/** `480 GB`, as disks are sold; empty for null. */
export function formatSize(bytes: number | null): string {
  if (bytes === null) return "";
  if (bytes >= 1e12) return `${(bytes / 1e12).toFixed(1)} TB`;
  return `${Math.round(bytes / 1e9)} GB`;
}

/** Every state there is, as the compiler knows them. */
export const HOST_STATES: Record<HostStateName, string> = {
  discovered: "seen, and may not take a slot yet",
  registered: "entered by an operator, nothing armed",
  pxe_ready: "an install is armed",
  pxe_booted: "fetched its boot script",
  installing: "fetched its answer file",
  installed: "the installer has reported",
  first_boot: "the installed system has reported",
  joining: "joins its cluster",
  ready: "done",
  failed: "a limit was passed or an error reported; the operator decides",
};
