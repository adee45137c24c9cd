import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { QueueEvent } from "../../src/queue/event.ts";
import { founderOf, founderToWaitFor } from "../../src/queue/founding.ts";
import { EMPTY_QUEUE, findHost, type QueueState } from "../../src/queue/state.ts";
import { transition } from "../../src/queue/transition.ts";
import type { Instant } from "../../src/std/clock.ts";
import * as b from "../support/queue-builder.ts";

const RULES = b.rulesWith({ cluster: "lab" });

/** Hosts 1 to 3, installed one after the other: the first has the turn. */
function rack(): QueueState {
  let state = happen(EMPTY_QUEUE, { type: "slots-declared", slots: b.declaredSlots(3) });
  for (const n of [1, 2, 3]) {
    state = happen(state, b.seen(n), b.requested(n), b.script(n), b.answer(n), b.reported(n));
  }
  return state;
}

let now = 1_000;

function happen(state: QueueState, ...events: readonly QueueEvent[]): QueueState {
  let next = state;
  for (const event of events) {
    const step = transition(next, event, ++now as Instant, RULES);
    assert.notEqual(step.verdict.type, "refused", JSON.stringify([event, step.verdict]));
    next = step.state;
  }
  return next;
}

const chosen = (n: number): QueueEvent => ({ type: "founder-chosen", host: b.hostId(n), cluster: "lab" });

function states(state: QueueState): string {
  return state.hosts.map((host) => host.state.type).join(" ");
}

describe("who begins a cluster", () => {
  test("is the host whose turn it is, and nobody else after it", () => {
    const state = happen(rack(), chosen(1));
    assert.equal(founderOf(state, "lab")?.id, b.hostId(1));
    assert.deepEqual(transition(state, chosen(1), ++now as Instant, RULES).verdict, { type: "unchanged" });
    assert.deepEqual(transition(state, chosen(2), ++now as Instant, RULES).verdict, {
      type: "refused",
      reason: "not-in-this-state",
    });
  });

  test("may have begun it although it failed, so the others wait for it", () => {
    const state = happen(rack(), chosen(1), b.joinFailed(1));
    assert.equal(states(state), "failed installed installed");
    const second = findHost(state, b.hostId(2));
    assert.ok(second !== undefined);
    assert.equal(founderToWaitFor(state, second, RULES)?.id, b.hostId(1));
  });

  test("begins a new one when it is installed again, and the others go on", () => {
    const failed = happen(rack(), chosen(1), b.joinFailed(1));
    const before = founderOf(failed, "lab")?.founding?.at;
    const again = happen(failed, b.rebuild(1), b.script(1), b.answer(1), b.reported(1));
    assert.equal(states(again), "joining installed installed");
    const begun = happen(again, chosen(1));
    assert.notEqual(founderOf(begun, "lab")?.founding?.at, before);
    assert.equal(states(happen(begun, b.joined(1))), "ready joining installed");
  });

  test("is open again when the operator gives that host up", () => {
    const failed = happen(rack(), chosen(1), b.joinFailed(1));
    const reset = happen(failed, b.reset(1, true));
    assert.equal(states(reset), "joining installed");
    assert.equal(founderOf(happen(reset, chosen(2)), "lab")?.id, b.hostId(2));
  });

  test("is settled when the operator says that it is installed", () => {
    const failed = happen(rack(), chosen(1), b.joinFailed(1));
    const marked = happen(failed, b.marked(1));
    assert.equal(states(marked), "ready joining installed");
  });

  test("does not matter where another member is ready", () => {
    const two = happen(rack(), chosen(1), b.joined(1), b.joined(2), b.joinFailed(3));
    const again = happen(two, b.rebuild(1));
    const third = findHost(again, b.hostId(3));
    assert.ok(third !== undefined);
    assert.equal(founderToWaitFor(again, third, RULES), null);
  });
});
