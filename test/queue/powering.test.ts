import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { QueueEvent } from "../../src/queue/event.ts";
import type { QueueRules } from "../../src/queue/rules.ts";
import { EMPTY_QUEUE, findHost, type QueueState } from "../../src/queue/state.ts";
import type { Step } from "../../src/queue/step.ts";
import { resume, transition } from "../../src/queue/transition.ts";
import type { Instant } from "../../src/std/clock.ts";
import {
  answer,
  claimed,
  declaredSlots,
  hostId,
  mac,
  marked,
  RULES,
  rebuild,
  registered,
  reported,
  requested,
  reset,
  script,
  seen,
  slotId,
  token,
} from "../support/queue-builder.ts";

const MINUTE = 60_000;
const BY_SLOT: QueueRules = { ...RULES, power: { slots: new Set([slotId(1)]), macs: new Set(), cycleStuck: false } };
const BY_HOST: QueueRules = { ...RULES, power: { slots: new Set(), macs: new Set([mac(1, 2)]), cycleStuck: false } };
const CYCLING: QueueRules = { ...RULES, power: { ...BY_SLOT.power, cycleStuck: true } };

const switching = (again: string | number): QueueEvent => ({
  type: "power-switching",
  host: hostId(1),
  token: token(again),
});
const switched = (again: string | number, isSure = true): QueueEvent => ({
  type: "power-switched",
  host: hostId(1),
  token: token(again),
  isSure,
});
const failed = (again: string | number): QueueEvent => ({ type: "power-failed", host: hostId(1), token: token(again) });
const INSTALLED = [seen(1), requested(1), script(1), answer(1), reported(1)];
const AGAIN = [...INSTALLED, rebuild(1, "again")];

/** The last step, and the queue after all of them; each event a second after the one before. */
function happen(rules: QueueRules, events: readonly QueueEvent[], now = 0): Step & { readonly now: number } {
  const slots: QueueEvent = { type: "slots-declared", slots: declaredSlots(2) };
  let at = now;
  let step: Step = transition(EMPTY_QUEUE, slots, at as Instant, rules);
  for (const event of events) {
    at += 1000;
    step = transition(step.state, event, at as Instant, rules);
  }
  return { ...step, now: at };
}

function powerOf(state: QueueState): string {
  const host = findHost(state, hostId(1));
  return `${host?.state.type} ${host?.attempt?.power?.step ?? "none"}`;
}

describe("an install of a host whose power can be switched", () => {
  for (const [what, rules] of [
    ["of its slot", BY_SLOT],
    ["by one of its addresses", BY_HOST],
  ] as const) {
    test(`restarts it when it is armed: ${what}`, () => {
      const { effects, state } = happen(rules, AGAIN);
      assert.deepEqual(effects, [
        { type: "switch-power", host: hostId(1), token: token("again"), wasInterrupted: false, isForStuck: false },
      ]);
      assert.equal(powerOf(state), "pxe_ready wanted");
    });
  }

  test("leaves it alone when the operator presses the button himself", () => {
    const { effects, state } = happen(BY_SLOT, [...INSTALLED, { ...rebuild(1, "again"), byHand: true } as QueueEvent]);
    assert.deepEqual(effects, []);
    assert.equal(powerOf(state), "pxe_ready none");
  });

  test("does not restart a host of which nothing says how", () => {
    assert.deepEqual(happen(RULES, AGAIN).effects, []);
  });

  test("does not restart a new machine that takes a slot: it boots already", () => {
    assert.deepEqual(happen(BY_SLOT, [seen(1), requested(1)]).effects, []);
  });

  test("restarts each of several that are rebuilt in turns, when its turn comes", () => {
    const members = [{ host: hostId(1), token: token("set") }];
    const order: QueueEvent = { type: "set-rebuild-ordered", members, parallel: 1, keepGoing: false };
    const { effects } = happen(BY_SLOT, [...INSTALLED, order]);
    assert.deepEqual(
      effects.map(({ type }) => type),
      ["switch-power"],
    );
  });

  test("waits for its boot script no longer than for any machine that boots, once it was restarted", () => {
    const { state, now } = happen(BY_SLOT, [...AGAIN, switching("again"), switched("again")]);
    const host = findHost(state, hostId(1));
    assert.equal(host?.state.type === "pxe_ready" && host.state.deadline, now + 15 * MINUTE);
  });

  test("waits for as long as ever when nobody can tell whether it was woken, or it could not be switched", () => {
    for (const end of [switched("again", false), failed("again")]) {
      const { state, now } = happen(BY_SLOT, [...AGAIN, switching("again"), end]);
      const host = findHost(state, hostId(1));
      assert.ok(host?.state.type === "pxe_ready" && host.state.deadline > now + 1000 * MINUTE);
    }
  });
});

describe("the last word before a machine is restarted", () => {
  const cases: readonly { what: string; meanwhile: readonly QueueEvent[]; verdict: string }[] = [
    { what: "nothing happened", meanwhile: [], verdict: "moved" },
    { what: "it was asked before, and the daemon was killed", meanwhile: [switching("again")], verdict: "unchanged" },
    { what: "it came by itself", meanwhile: [seen(1), requested(1)], verdict: "not-in-this-state" },
    { what: "it came by itself beside another server", meanwhile: [seen(1), claimed(1)], verdict: "not-in-this-state" },
    { what: "it fetched its script", meanwhile: [script(1)], verdict: "not-in-this-state" },
    { what: "it is being installed", meanwhile: [script(1), answer(1)], verdict: "not-in-this-state" },
    { what: "it was armed again", meanwhile: [rebuild(1, "third")], verdict: "wrong-token" },
    { what: "the install was given up", meanwhile: [marked(1)], verdict: "not-in-this-state" },
    { what: "it was reset", meanwhile: [reset(1, true)], verdict: "unknown-host" },
    {
      what: "it was restarted already",
      meanwhile: [switching("again"), switched("again")],
      verdict: "not-in-this-state",
    },
    { what: "that failed already", meanwhile: [failed("again")], verdict: "not-in-this-state" },
  ];
  for (const { what, meanwhile, verdict } of cases) {
    test(`${what}: ${verdict}`, () => {
      const step = happen(BY_SLOT, [...AGAIN, ...meanwhile, switching("again")]);
      assert.equal(step.verdict.type === "refused" ? step.verdict.reason : step.verdict.type, verdict);
    });
  }
});

describe("resume() after the daemon was killed", () => {
  const cases: readonly { what: string; events: readonly QueueEvent[]; resumed: string }[] = [
    { what: "between arming and restarting", events: AGAIN, resumed: "restart" },
    { what: "in the moment of restarting", events: [...AGAIN, switching("again")], resumed: "restart if off" },
    { what: "after it was restarted", events: [...AGAIN, switching("again"), switched("again")], resumed: "nothing" },
    { what: "after it could not be", events: [...AGAIN, failed("again")], resumed: "nothing" },
    { what: "while it fetches its script", events: [...AGAIN, switching("again"), script(1)], resumed: "nothing" },
    { what: "while it asks for its address", events: [...AGAIN, switching("again"), requested(1)], resumed: "nothing" },
    { what: "while it installs", events: [...AGAIN, switching("again"), script(1), answer(1)], resumed: "nothing" },
    { what: "when it came by itself and installs", events: [...AGAIN, script(1), answer(1)], resumed: "nothing" },
  ];
  for (const { what, events, resumed } of cases) {
    test(`${what}: ${resumed}`, () => {
      const effects = resume(happen(BY_SLOT, events).state, BY_SLOT);
      const said = effects.map((effect) =>
        effect.type === "switch-power" && effect.wasInterrupted ? "restart if off" : "restart",
      );
      assert.equal(said.join() || "nothing", resumed);
    });
  }
});

describe("a host that does not come as far as its installer in time", () => {
  const late = (rules: QueueRules, events: readonly QueueEvent[], minutes: number) => {
    const before = happen(rules, events);
    return transition(before.state, { type: "time-passed" }, (before.now + minutes * MINUTE) as Instant, rules);
  };
  const BOOTED = [...AGAIN, switching("again"), switched("again"), script(1)];

  test("is given up, where nothing else is said", () => {
    const { state, effects } = late(BY_SLOT, BOOTED, 16);
    assert.equal(powerOf(state), "failed switched");
    assert.deepEqual(effects, []);
  });

  test("is restarted once, by policy, and then given up", () => {
    const first = late(CYCLING, BOOTED, 16);
    assert.equal(powerOf(first.state), "pxe_booted wanted");
    assert.deepEqual(first.effects, [
      { type: "switch-power", host: hostId(1), token: token("again"), wasInterrupted: false, isForStuck: true },
    ]);
    const restarted = [switching("again"), switched("again")].reduce(
      (state, event) => transition(state, event, (20 * MINUTE) as Instant, CYCLING).state,
      first.state,
    );
    const second = transition(restarted, { type: "time-passed" }, (60 * MINUTE) as Instant, CYCLING);
    assert.equal(powerOf(second.state), "failed switched");
    assert.deepEqual(second.effects, []);
  });

  test("is restarted too when it stopped before its script", () => {
    const { state, effects } = late(CYCLING, [...AGAIN, switching("again"), switched("again")], 16);
    assert.equal(powerOf(state), "pxe_ready wanted");
    assert.equal(effects.length, 1);
    assert.equal(findHost(state, hostId(1))?.operations.length, 2, "it is still the same install");
  });

  test("is restarted too when it is a new machine in a slot whose power can be switched", () => {
    assert.equal(late(CYCLING, [seen(1), requested(1)], 16).effects.length, 1);
  });

  test("is not restarted after it was given an answer: its disks may be half written", () => {
    const { state, effects } = late(CYCLING, [...AGAIN, script(1), answer(1), script(1)], 16);
    assert.match(powerOf(state), /^failed/);
    assert.deepEqual(effects, []);
  });

  test("is not restarted when nobody can: it is registered, and nothing says how", () => {
    assert.deepEqual(late(CYCLING, [registered(2), rebuild(2)], 1500).effects, []);
  });
});
