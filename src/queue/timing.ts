import { type Instant, later } from "../std/clock.ts";
import { type Host, mayBeInstalled } from "./host.ts";
import { identityWords } from "./identity.ts";
import { withNextJoin } from "./installing.ts";
import { isToBeCycled, powerEffectsOf, withCycleWanted } from "./powering.ts";
import type { QueueRules } from "./rules.ts";
import { findHost, nearestDeadline, overdue, type QueueState } from "./state.ts";
import { entered, failed, moved, noted, type Step, unchanged, withHost, withSlotReleased } from "./step.ts";
import { withSlotGivenBack } from "./taking.ts";

/** When time itself becomes news: the nearest end of a hold or of a wait. null: nobody waits. */
export function nextDeadline(state: QueueState): Instant | null {
  return nearestDeadline(state);
}

/** Everything whose time is up, at once. */
export function timePassed(state: QueueState, now: Instant, rules: QueueRules): Step {
  const { slots, hosts } = overdue(state, now);
  const freed = slots.reduce(withSlotReleased, state);
  if (hosts.length === 0) return slots.length === 0 ? unchanged(state) : noted(freed);
  // A join that took too long makes room for the next one.
  const stuck = hosts.filter((host) => isToBeCycled(host, rules));
  const cycled = stuck.reduce((next, host) => withCycleWanted(next, host, now, rules), freed);
  const given = hosts
    .filter((host) => !stuck.includes(host))
    .reduce((next, host) => withTimedOut(next, host, now), cycled);
  const step = withNextJoin(given, now, rules);
  const effects = stuck.flatMap(({ id }) => powerEffectsOf(findHost(step.state, id) as Host));
  return { ...step, effects: [...step.effects, ...effects] };
}

/** The same, after a look whether the clock was set back. */
export function clockChecked(state: QueueState, now: Instant, rules: QueueRules): Step {
  const anew = withWaitsBegunAnew(state, now);
  return anew === state ? timePassed(state, now, rules) : moved(anew);
}

/**
 * A clock that was set back, as where a machine without a battery learns the time from the network, leaves waits that
 * began in the future and would take as long as that is away. They begin now.
 */
function withWaitsBegunAnew(state: QueueState, now: Instant): QueueState {
  const isAhead = (since: Instant) => since > now + CLOCK_TOLERANCE_MS;
  const held = state.slots.filter((slot) => slot.state.type === "held" && isAhead(slot.state.since));
  const hosts = state.hosts.filter((host) => isAhead(host.state.since));
  return hosts.reduce(
    (next, host) => {
      if (!("deadline" in host.state) || host.state.deadline === null) return next;
      const { since, deadline } = host.state;
      const begun = { ...host.state, since: now, deadline: later(now, deadline - since) };
      return withHost(next, { ...host, state: begun });
    },
    held.reduce(withSlotReleased, state),
  );
}

/** Clocks are set back by less than this all the time. */
const CLOCK_TOLERANCE_MS = 60_000;

function withTimedOut(state: QueueState, host: Host, now: Instant): QueueState {
  const minutes = Math.round((now - host.state.since) / 60_000);
  const what =
    host.hold === null || host.state.type === "installing"
      ? TIMED_OUT[host.state.type]
      : `was not approved (${identityWords(host.hold)})`;
  const waited = `${what ?? "took too long"} within ${minutes} min`;
  const { type } = host.state;
  // Nothing was wiped yet, so the slot goes to the next in line; one that the operator chose stays his choice. But a
  // machine that was installed earlier runs at that address, and taking the next slot it would be wiped.
  const untouched = (type === "pxe_ready" || type === "pxe_booted") && host.attempt?.answers === 0;
  if (!untouched || mayBeInstalled(host)) return withHost(state, failed(host, waited, now));
  if (host.byOperator) {
    if (type === "pxe_booted") return withHost(state, failed(host, waited, now));
    return withHost(state, entered(host, { type: "registered", since: now }, waited));
  }
  const given = withSlotGivenBack(state, host);
  const reason = `${waited}, so its slot went back to the queue`;
  if (type === "pxe_booted") return withHost(given.state, failed(given.host, reason, now));
  const next = { type: "discovered", since: now, reason, approved: true } as const;
  return withHost(given.state, entered(given.host, next, reason));
}

const TIMED_OUT: Partial<Record<Host["state"]["type"], string>> = {
  pxe_ready: "did not fetch its boot script",
  pxe_booted: "fetched its boot script, but did not ask for its answer file",
  installing: "did not report the end of its installation",
  installed: "was installed, but its first boot did not phone home",
  first_boot: "did not finish its first-boot steps",
  joining: "did not join its cluster",
};
