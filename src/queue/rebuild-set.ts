import type { Instant } from "../std/clock.ts";
import type { AttemptToken, Host, HostId } from "./host.ts";
import { rebuildOrdered } from "./operating.ts";
import { REFUSALS } from "./refusal.ts";
import type { QueueRules } from "./rules.ts";
import { findHost, type QueueState } from "./state.ts";
import { moved, refused, type Step, unchanged } from "./step.ts";

/** Several hosts that are installed again, some at a time. The last one that was ordered is kept, also when it is over. */
export interface RebuildSet {
  readonly startedAt: Instant;
  /** How many are armed at one time. */
  readonly parallel: number;
  /** true: one that fails does not keep the others from their turn. */
  readonly keepGoing: boolean;
  /** Why no further host is armed; null: they are. */
  readonly stopped: string | null;
  /** In the order in which they get their turn. */
  readonly members: readonly RebuildMember[];
}

export interface RebuildMember {
  readonly host: HostId;
  readonly state: MemberState;
}

export type MemberState =
  /** `token`: of the install that will be armed. */
  | { readonly type: "waiting"; readonly token: AttemptToken }
  | { readonly type: "running"; readonly token: AttemptToken }
  | { readonly type: "succeeded" }
  | { readonly type: "failed"; readonly reason: string }
  /** It could not be armed, or somebody armed it otherwise meanwhile. */
  | { readonly type: "left-out"; readonly reason: string };

/** A new set takes the place of one that is over, or that was stopped and has nobody under way. */
export function setRebuildOrdered(
  state: QueueState,
  event: {
    readonly members: readonly { readonly host: HostId; readonly token: AttemptToken }[];
    readonly parallel: number;
    readonly keepGoing: boolean;
  },
  now: Instant,
): Step {
  if (state.rebuilds !== null && isUnderWay(state.rebuilds)) return refused(state, "rebuilds-under-way");
  if (event.members.some(({ host }) => findHost(state, host) === undefined)) return refused(state, "unknown-host");
  const members = event.members.map(({ host, token }): RebuildMember => ({ host, state: { type: "waiting", token } }));
  const { parallel, keepGoing } = event;
  return moved({ ...state, rebuilds: { startedAt: now, parallel, keepGoing, stopped: null, members } });
}

/** Arms nobody else; what is armed already goes on. */
export function setRebuildStopped(state: QueueState): Step {
  const { rebuilds } = state;
  if (rebuilds === null || !rebuilds.members.some(isWaiting)) return refused(state, "no-rebuilds");
  if (rebuilds.stopped !== null) return unchanged(state);
  return moved({ ...state, rebuilds: { ...rebuilds, stopped: "stopped by the operator" } });
}

export function setRebuildResumed(state: QueueState): Step {
  const { rebuilds } = state;
  if (rebuilds === null || !rebuilds.members.some(isWaiting)) return refused(state, "no-rebuilds");
  if (rebuilds.stopped === null) return unchanged(state);
  return moved({ ...state, rebuilds: { ...rebuilds, stopped: null } });
}

/** `step`, with the set brought up to date: who is through, and who has his turn now. */
export function withRebuilds(before: QueueState, step: Step, now: Instant, rules: QueueRules): Step {
  const { rebuilds } = step.state;
  if (rebuilds === null || step.state === before || !isUnderWay(rebuilds)) return step;
  const looked = withMembersLookedAt(step.state, rebuilds);
  return withTurnsGiven({ ...step, state: looked, lasting: step.lasting || looked !== step.state }, now, rules);
}

/** true: somebody is being installed, or will be. */
export function isUnderWay(rebuilds: RebuildSet): boolean {
  return rebuilds.members.some(
    (member) => member.state.type === "running" || (isWaiting(member) && rebuilds.stopped === null),
  );
}

/** Whether the operator has ordered that this host is installed again, and its turn is still to come. */
export function awaitsRebuild(state: QueueState, host: HostId): boolean {
  const { rebuilds } = state;
  if (rebuilds === null || rebuilds.stopped !== null) return false;
  return rebuilds.members.some((member) => member.host === host && isWaiting(member));
}

function withMembersLookedAt(state: QueueState, rebuilds: RebuildSet): QueueState {
  let { stopped } = rebuilds;
  const members = rebuilds.members.map((member): RebuildMember => {
    if (member.state.type !== "running") return member;
    const outcome = outcomeOf(findHost(state, member.host), member.state.token);
    if (outcome === null) return member;
    if (outcome.type === "failed" && !rebuilds.keepGoing) stopped ??= `${member.host} failed`;
    return { ...member, state: outcome };
  });
  const news = members.some((member, index) => member !== rebuilds.members[index]);
  return news ? { ...state, rebuilds: { ...rebuilds, stopped, members } } : state;
}

/** null: it is still on its way. */
function outcomeOf(host: Host | undefined, token: AttemptToken): MemberState | null {
  if (host === undefined) return { type: "failed", reason: "it was reset" };
  if (host.attempt !== null && host.attempt.token !== token) {
    return { type: "left-out", reason: "another install of it was armed" };
  }
  switch (host.state.type) {
    case "ready":
      return { type: "succeeded" };
    case "failed":
      return { type: "failed", reason: host.state.reason };
    case "discovered":
    case "registered":
      return { type: "failed", reason: "it gave its slot back" };
    default:
      return null;
  }
}

function withTurnsGiven(step: Step, now: Instant, rules: QueueRules): Step {
  let next = step;
  for (;;) {
    const { rebuilds } = next.state;
    if (rebuilds === null || rebuilds.stopped !== null) return next;
    const running = rebuilds.members.filter(({ state }) => state.type === "running").length;
    const index = rebuilds.members.findIndex(isWaiting);
    const member = rebuilds.members[index];
    if (running >= rebuilds.parallel || member === undefined || member.state.type !== "waiting") return next;
    const { token } = member.state;
    const armed = rebuildOrdered(next.state, { host: member.host, token }, now, rules);
    const refusal = armed.verdict.type === "refused" ? armed.verdict.reason : null;
    const state: MemberState =
      refusal === null ? { type: "running", token } : { type: "left-out", reason: REFUSALS[refusal] };
    const members = rebuilds.members.with(index, { ...member, state });
    // What this very step wanted of the host's power was for the install that is now replaced.
    const others = next.effects.filter(
      (effect) => refusal !== null || effect.type !== "switch-power" || effect.host !== member.host,
    );
    next = {
      ...next,
      state: { ...armed.state, rebuilds: { ...rebuilds, members } },
      effects: [...others, ...armed.effects],
      lasting: true,
    };
  }
}

function isWaiting({ state }: RebuildMember): boolean {
  return state.type === "waiting";
}
