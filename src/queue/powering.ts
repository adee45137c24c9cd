import { type Instant, later } from "../std/clock.ts";
import type { SwitchPower } from "./effect.ts";
import type { Attempt, AttemptPower, AttemptToken, Host, HostId } from "./host.ts";
import type { QueueRules } from "./rules.ts";
import { findHost, type QueueState } from "./state.ts";
import { moved, refused, type Step, unchanged, withHost } from "./step.ts";

/**
 * A host whose power can be switched is restarted when an install of it is armed. What was decided is in its attempt, so
 * a daemon that was killed knows what is still to be done: `wanted` is done again from the start; from `switching` on
 * nobody can know whether the machine was restarted, so one that is on is left alone. Nothing is switched any more once
 * the host has come to its installer by itself.
 */
export function withPowerWanted(host: Host, rules: QueueRules, isForStuck: boolean): Host {
  if (host.attempt === null || !isPowered(host, rules)) return host;
  return withPower(host, host.attempt, { step: "wanted", isForStuck });
}

export function isPowered(host: Host, { power }: QueueRules): boolean {
  return (host.slot !== null && power.slots.has(host.slot)) || host.macs.some((mac) => power.macs.has(mac));
}

/** What is to be done, or done again after a restart. Empty: nothing. */
export function powerEffectsOf(host: Host): readonly SwitchPower[] {
  const { attempt } = host;
  if (attempt === null || attempt.power === null || !mayBeSwitched(host, attempt.power)) return [];
  const { step, isForStuck } = attempt.power;
  if (step !== "wanted" && step !== "switching") return [];
  const wasInterrupted = step === "switching";
  return [{ type: "switch-power", host: host.id, token: attempt.token, wasInterrupted, isForStuck }];
}

/** The last word before the machine is switched. */
export function powerSwitching(state: QueueState, event: { host: HostId; token: AttemptToken }): Step {
  const host = findHost(state, event.host);
  if (!host) return refused(state, "unknown-host");
  const { attempt } = host;
  if (attempt?.token !== event.token) return refused(state, "wrong-token");
  if (attempt.power === null || !mayBeSwitched(host, attempt.power)) return refused(state, "not-in-this-state");
  if (attempt.power.step === "switching") return unchanged(state);
  if (attempt.power.step !== "wanted") return refused(state, "not-in-this-state");
  return moved(withHost(state, withPower(host, attempt, { ...attempt.power, step: "switching" })));
}

export function powerSwitched(
  state: QueueState,
  event: { host: HostId; token: AttemptToken; isSure: boolean },
  now: Instant,
  rules: QueueRules,
): Step {
  const step = ended(state, event, "switched");
  const host = findHost(step.state, event.host);
  if (step.verdict.type !== "moved" || !event.isSure || host?.state.type !== "pxe_ready") return step;
  // It boots now, so it need not be waited for as long as for somebody who may come to the machine tomorrow.
  const soon = later(now, rules.limitMs.pxe_ready);
  if (host.state.deadline <= soon) return step;
  return { ...step, state: withHost(step.state, { ...host, state: { ...host.state, deadline: soon } }) };
}

export function powerFailed(state: QueueState, event: { host: HostId; token: AttemptToken }): Step {
  return ended(state, event, "failed");
}

/** Whether a host whose time is up is restarted instead of given up. */
export function isToBeCycled(host: Host, rules: QueueRules): boolean {
  const { attempt, state } = host;
  if (!rules.power.cycleStuck || (state.type !== "pxe_ready" && state.type !== "pxe_booted")) return false;
  // An answer was served, so its disks may be half written: that is for a person to look at.
  if (attempt === null || attempt.answers > 0 || host.hold !== null || !isPowered(host, rules)) return false;
  const { power } = attempt;
  return power === null || (!power.isForStuck && (power.step === "switched" || power.step === "failed"));
}

/** With another stretch of time to come as far as its installer. */
export function withCycleWanted(state: QueueState, host: Host, now: Instant, rules: QueueRules): QueueState {
  const { state: at } = host;
  if (at.type !== "pxe_ready" && at.type !== "pxe_booted") return state;
  const deadline = later(now, rules.limitMs[at.type]);
  return withHost(state, withPowerWanted({ ...host, state: { ...at, deadline } }, rules, true));
}

/** Not one that came by itself meanwhile, or is beyond that point: once it was given an answer it may write its disks. */
function mayBeSwitched({ state, attempt, hold }: Host, { isForStuck }: AttemptPower): boolean {
  if (attempt === null || attempt.answers > 0 || hold !== null) return false;
  if (state.type === "pxe_booted") return isForStuck;
  return state.type === "pxe_ready" && (isForStuck || !state.requested);
}

function ended(state: QueueState, event: { host: HostId; token: AttemptToken }, step: "switched" | "failed"): Step {
  const host = findHost(state, event.host);
  if (!host) return refused(state, "unknown-host");
  const { attempt } = host;
  if (attempt?.token !== event.token) return refused(state, "wrong-token");
  if (attempt.power === null) return refused(state, "not-in-this-state");
  if (attempt.power.step === "switched" || attempt.power.step === "failed") return unchanged(state);
  return moved(withHost(state, withPower(host, attempt, { ...attempt.power, step })));
}

function withPower(host: Host, attempt: Attempt, power: AttemptPower): Host {
  return { ...host, attempt: { ...attempt, power } };
}
