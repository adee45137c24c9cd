import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { QueueEvent } from "../../src/queue/event.ts";
import { EMPTY_QUEUE, type QueueState } from "../../src/queue/state.ts";
import type { Step } from "../../src/queue/step.ts";
import { transition } from "../../src/queue/transition.ts";
import type { Instant } from "../../src/std/clock.ts";
import * as b from "../support/queue-builder.ts";

/** Three machines, installed and ready. */
function rack(): QueueState {
  const events: QueueEvent[] = [{ type: "slots-declared", slots: b.declaredSlots(3) }];
  for (const n of [1, 2, 3]) events.push(b.seen(n), b.requested(n), b.script(n), b.answer(n), b.reported(n));
  return after(EMPTY_QUEUE, ...events).state;
}

function after(state: QueueState, ...events: readonly QueueEvent[]): Step {
  let step: Step = { verdict: { type: "unchanged" }, state, effects: [], lasting: false };
  for (const event of events) step = transition(step.state, event, 1000 as Instant, b.RULES);
  return step;
}

function ordered(members: readonly number[], parallel: number, keepGoing = false): QueueEvent {
  return {
    type: "set-rebuild-ordered",
    members: members.map((n) => ({ host: b.hostId(n), token: b.token(`again-${n}`) })),
    parallel,
    keepGoing,
  };
}

/** What machine `n` does from its script to its report. */
function installs(n: number): readonly QueueEvent[] {
  const token = b.token(`again-${n}`);
  return [b.script(n), b.answer(n), { type: "install-reported", host: b.hostId(n), token, inventory: b.INVENTORY }];
}

function fails(n: number): readonly QueueEvent[] {
  const token = b.token(`again-${n}`);
  return [b.script(n), b.answer(n), { type: "install-failed", host: b.hostId(n), token, reason: "no disk" }];
}

const STOP: QueueEvent = { type: "set-rebuild-stopped" };
const RESUME: QueueEvent = { type: "set-rebuild-resumed" };

/** `1:running 2:waiting`, and `stopped` behind it. */
function told({ rebuilds }: QueueState): string {
  const members = rebuilds?.members.map(({ host, state }) => `${Number.parseInt(host.slice(-2), 16)}:${state.type}`);
  return [...(members ?? []), ...(rebuilds?.stopped == null ? [] : ["stopped"])].join(" ");
}

describe("a rebuild of several hosts", () => {
  test("arms one after the other, each when the one before is ready", () => {
    let { state } = after(rack(), ordered([1, 2, 3], 1));
    assert.equal(b.drawn(state), "pxe_ready(1) ready(2) ready(3)");
    assert.equal(told(state), "1:running 2:waiting 3:waiting");
    state = after(state, ...installs(1)).state;
    assert.equal(b.drawn(state), "ready(1) pxe_ready(2) ready(3)");
    state = after(state, ...installs(2), ...installs(3)).state;
    assert.equal(told(state), "1:succeeded 2:succeeded 3:succeeded");
    assert.equal(b.drawn(state), "ready(1) ready(2) ready(3)");
  });

  test("arms as many at a time as was said", () => {
    assert.equal(told(after(rack(), ordered([1, 2, 3], 2)).state), "1:running 2:running 3:waiting");
  });

  test("one that fails keeps the others from their turn", () => {
    const { state } = after(rack(), ordered([1, 2, 3], 1), ...fails(1));
    assert.equal(told(state), "1:failed 2:waiting 3:waiting stopped");
    assert.equal(b.drawn(state), "failed(1) ready(2) ready(3)");
    assert.equal(told(after(state, RESUME).state), "1:failed 2:running 3:waiting");
  });

  test("unless it was told to go on", () => {
    const { state } = after(rack(), ordered([1, 2], 1, true), ...fails(1), ...installs(2));
    assert.equal(told(state), "1:failed 2:succeeded");
  });

  test("stopped, it arms nobody else, and what is armed goes on", () => {
    const { state } = after(rack(), ordered([1, 2], 1), STOP, ...installs(1));
    assert.equal(told(state), "1:succeeded 2:waiting stopped");
    assert.equal(b.drawn(state), "ready(1) ready(2) ready(3)");
    assert.equal(told(after(state, RESUME, ...installs(2)).state), "1:succeeded 2:succeeded");
  });

  test("a second one has to wait for the first", () => {
    const { state } = after(rack(), ordered([1, 2], 1));
    const again = after(state, ordered([3], 1));
    assert.deepEqual(again.verdict, { type: "refused", reason: "rebuilds-under-way" });
    assert.equal(again.state, state);
    assert.equal(told(after(state, STOP, ...installs(1), ordered([3], 1)).state), "3:running");
  });

  test("a host that is being installed anyway is left out, with the reason", () => {
    const { state } = after(rack(), b.rebuild(1), b.script(1), ordered([1, 2], 1));
    assert.equal(told(state), "1:left-out 2:running");
  });

  test("a member that somebody arms again, or resets, is no longer one", () => {
    const { state } = after(rack(), ordered([1, 2], 2, true));
    assert.equal(told(after(state, b.rebuild(1, "by hand")).state), "1:left-out 2:running");
    assert.equal(told(after(state, b.reset(1, true)).state), "1:failed 2:running");
  });

  test("an unknown host is refused before anything is armed", () => {
    const refused = after(rack(), ordered([1, 9], 1));
    assert.deepEqual(refused.verdict, { type: "refused", reason: "unknown-host" });
    assert.equal(b.drawn(refused.state), "ready(1) ready(2) ready(3)");
  });

  test("there is nothing to stop or resume when nobody waits", () => {
    for (const event of [STOP, RESUME]) {
      assert.deepEqual(after(rack(), event).verdict, { type: "refused", reason: "no-rebuilds" });
    }
  });
});
