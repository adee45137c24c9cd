import type { Instant } from "../std/clock.ts";
import { unreachable } from "../std/unreachable.ts";
import * as conflicts from "./conflicts.ts";
import type { Effect } from "./effect.ts";
import type { QueueEvent } from "./event.ts";
import { founderChosen } from "./founding.ts";
import * as installing from "./installing.ts";
import { slotsDeclared } from "./naming.ts";
import * as operating from "./operating.ts";
import * as powering from "./powering.ts";
import { setRebuildOrdered, setRebuildResumed, setRebuildStopped, withRebuilds } from "./rebuild-set.ts";
import { joinRetried } from "./retrying.ts";
import type { QueueRules } from "./rules.ts";
import { scriptBooted } from "./script-booting.ts";
import type { QueueState } from "./state.ts";
import type { Step } from "./step.ts";
import * as taking from "./taking.ts";
import { clockChecked, timePassed } from "./timing.ts";

/** The whole life of the queue. Pure: same arguments, same answer; it reads no clock and does no I/O. */
export function transition(state: QueueState, event: QueueEvent, now: Instant, rules: QueueRules): Step {
  return withRebuilds(state, decide(state, event, now, rules), now, rules);
}

function decide(state: QueueState, event: QueueEvent, now: Instant, rules: QueueRules): Step {
  switch (event.type) {
    case "host-seen":
      return taking.hostSeen(state, event, now, rules);
    case "slot-requested":
      return taking.slotRequested(state, event, now, rules);
    case "slot-claimed":
      return taking.slotClaimed(state, event, now, rules);
    case "other-offer-chosen":
      return taking.otherOfferChosen(state, event);
    case "address-declined":
      return conflicts.addressDeclined(state, event, now);
    case "address-in-use":
      return conflicts.addressInUse(state, event, now);
    case "address-quiet":
      return conflicts.addressQuiet(state, event);
    case "script-fetched":
      return installing.scriptFetched(state, event, now, rules);
    case "script-booted":
      return withTurnPassedOn(scriptBooted(state, event, now, rules), now, rules);
    case "answer-fetched":
      return installing.answerFetched(state, event, now, rules);
    case "install-reported":
      return installing.installReported(state, event, now, rules);
    case "install-failed":
      return installing.installFailed(state, event, now);
    case "phoned-home":
      return installing.phonedHome(state, event, now, rules);
    case "first-boot-finished":
      return installing.firstBootFinished(state, event, now, rules);
    case "first-boot-failed":
      return installing.firstBootFailed(state, event, now);
    case "step-reported":
      return installing.stepReported(state, event, now);
    case "founder-chosen":
      return founderChosen(state, event, now);
    case "join-succeeded":
      return installing.joinEnded(state, { host: event.host, reason: null }, now, rules);
    case "join-failed":
      return installing.joinEnded(state, event, now, rules);
    case "power-switching":
      return powering.powerSwitching(state, event);
    case "power-switched":
      return powering.powerSwitched(state, event, now, rules);
    case "power-failed":
      return powering.powerFailed(state, event);
    case "time-passed":
      return timePassed(state, now, rules);
    case "clock-checked":
      return clockChecked(state, now, rules);
    case "slots-declared":
      return slotsDeclared(state, event.slots, now);
    case "slot-skipped":
      return operating.slotSkipped(state, event, now);
    case "slot-unskipped":
      return operating.slotUnskipped(state, event);
    case "host-registered":
      return operating.hostRegistered(state, event, now);
    case "host-approved":
      return operating.hostApproved(state, event);
    case "rebuild-ordered":
      return operating.rebuildOrdered(state, event, now, rules);
    case "join-retried":
      return joinRetried(state, event, now, rules);
    case "host-marked-installed":
      return withTurnPassedOn(operating.hostMarkedInstalled(state, event, now), now, rules);
    case "host-reset":
      return withTurnPassedOn(operating.hostReset(state, event, now, rules), now, rules);
    case "host-mode-set":
      return operating.hostModeSet(state, event, now);
    case "set-rebuild-ordered":
      return setRebuildOrdered(state, event, now);
    case "set-rebuild-stopped":
      return setRebuildStopped(state);
    case "set-rebuild-resumed":
      return setRebuildResumed(state);
    case "queue-paused":
      return operating.queuePaused(state, true);
    case "queue-resumed":
      return operating.queuePaused(state, false);
    default:
      return unreachable(event);
  }
}

/** A host that was joining and is gone leaves the turn to the next one; so does one that others had to wait for. */
function withTurnPassedOn(step: Step, now: Instant, rules: QueueRules): Step {
  if (step.verdict.type !== "moved") return step;
  const next = installing.withNextJoin(step.state, now, rules);
  return next.state === step.state ? step : { ...next, effects: [...step.effects, ...next.effects] };
}

/** What a restart must start again: every piece of work that the state says is under way. */
export function resume(state: QueueState, rules: QueueRules): readonly Effect[] {
  const joins = state.hosts
    .filter((host) => host.state.type === "joining")
    .map(
      (host): Effect => ({
        type: "start-join",
        host: host.id,
        cluster: installing.flowOf(state, host, rules).cluster ?? "",
      }),
    );
  return [...joins, ...state.hosts.flatMap(powering.powerEffectsOf)];
}
