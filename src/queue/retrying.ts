import type { Instant } from "../std/clock.ts";
import { ARMED, type HostId } from "./host.ts";
import { flowOf, isWaitingToJoin, withNextJoin } from "./installing.ts";
import type { QueueRules } from "./rules.ts";
import { findHost, type QueueState } from "./state.ts";
import { entered, refused, type Step, unchanged, withHost } from "./step.ts";

/**
 * A join that failed is tried again: the host goes to the end of the line of those that wait for their turn. Nothing else
 * that fails can be tried again from here without installing it anew.
 */
export function joinRetried(state: QueueState, event: { host: HostId }, now: Instant, rules: QueueRules): Step {
  const host = findHost(state, event.host);
  if (!host) return refused(state, "unknown-host");
  if (isWaitingToJoin(host) || host.state.type === "joining") return unchanged(state);
  if (host.state.type !== "failed") return refused(state, "nothing-to-retry");
  const { from } = host.state;
  if (from !== "joining") return refused(state, ARMED.has(from) ? "failed-before" : "first-boot-failed");
  const { firstBoot, cluster } = flowOf(state, host, rules);
  if (cluster === null) return refused(state, "nothing-to-retry");
  const type = firstBoot ? "first_boot" : "installed";
  const waiting = entered(host, { type, since: now, deadline: null }, "its join is tried again");
  return withNextJoin(withHost(state, waiting), now, rules);
}
