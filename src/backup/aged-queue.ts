import { ARMED, type HostId } from "../queue/host.ts";
import type { QueueState } from "../queue/state.ts";
import { failed, withHost } from "../queue/step.ts";
import type { Instant } from "../std/clock.ts";

/**
 * The queue of a backup, for a world that has gone on since: what was armed then may have been installed meanwhile, and
 * machines may have come that it does not know. So nothing is installed before the operator says so. `madeAt`: for people.
 */
export function agedQueue(
  state: QueueState,
  madeAt: string,
  now: Instant,
): { readonly state: QueueState; readonly disarmed: readonly HostId[] } {
  const armed = state.hosts.filter((host) => ARMED.has(host.state.type));
  const reason = `restored from a backup of ${madeAt}, since when it may have been installed: mark-installed if it was, rebuild if not`;
  let next: QueueState = { ...state, paused: true };
  for (const host of armed) next = withHost(next, failed(host, reason, now));
  const { rebuilds } = next;
  const isGoingOn = rebuilds?.members.some(({ state }) => state.type === "waiting") === true;
  if (rebuilds !== null && isGoingOn)
    next = { ...next, rebuilds: { ...rebuilds, stopped: rebuilds.stopped ?? "the queue was restored from a backup" } };
  return { state: next, disarmed: armed.map(({ id }) => id) };
}
