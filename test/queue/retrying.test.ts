import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { QueueEvent } from "../../src/queue/event.ts";
import { findHost } from "../../src/queue/state.ts";
import { transition } from "../../src/queue/transition.ts";
import type { Instant } from "../../src/std/clock.ts";
import * as b from "../support/queue-builder.ts";

const RULES = b.rulesWith({ cluster: "lab" });
const retried = (n: number): QueueEvent => ({ type: "join-retried", host: b.hostId(n) });
const installed = (n: number): QueueEvent[] => [b.seen(n), b.requested(n), b.answer(n), b.reported(n)];

function after(events: readonly QueueEvent[], rules = RULES) {
  let state = transition(
    { slots: [], hosts: [], paused: false, rebuilds: null },
    { type: "slots-declared", slots: b.declaredSlots(3) },
    0 as Instant,
    rules,
  ).state;
  let last = transition(state, { type: "time-passed" }, 0 as Instant, rules);
  for (const [n, event] of events.entries()) {
    last = transition(state, event, (n * 1000) as Instant, rules);
    state = last.state;
  }
  return { ...last, drawn: b.drawn(state) };
}

describe("a join that failed", () => {
  test("is tried again at once when nobody else joins, in the operation that failed", () => {
    const { state, verdict, effects, drawn } = after([...installed(1), b.joinFailed(1), retried(1)]);
    assert.deepEqual([verdict.type, drawn], ["moved", "joining(1) available available"]);
    assert.deepEqual(effects, [{ type: "start-join", host: b.hostId(1), cluster: "lab" }]);
    const [operation, ...more] = findHost(state, b.hostId(1))?.operations ?? [];
    assert.deepEqual([more.length, operation?.ended], [0, null]);
    assert.equal(operation?.steps.at(-1)?.name, "join the cluster");
  });

  test("waits for its turn behind those that wait already", () => {
    const events = [...installed(1), b.joinFailed(1), ...installed(2), ...installed(3), retried(1)];
    assert.equal(after(events).drawn, "installed(1) joining(2) installed(3)");
    assert.equal(after([...events, b.joined(2)]).drawn, "installed(1) ready(2) joining(3)");
    assert.equal(after([...events, b.joined(2), b.joined(3)]).drawn, "joining(1) ready(2) ready(3)");
  });

  test("becomes ready, and no installer is served meanwhile", () => {
    const events = [...installed(1), b.joinFailed(1), retried(1)];
    assert.deepEqual(after([...events, b.answer(1)]).verdict, { type: "refused", reason: "already-installed" });
    assert.equal(after([...events, b.joined(1)]).drawn, "ready(1) available available");
  });

  test("goes on as a host that has done its first boot, where its profile has one", () => {
    const rules = b.rulesWith({ firstBoot: true, cluster: "lab" });
    const done = (n: number) => [...installed(n), b.phoned(n), b.finished(n)];
    const { drawn } = after([...done(1), b.joinFailed(1), ...done(2), retried(1)], rules);
    assert.equal(drawn, "first_boot(1) joining(2) available");
  });

  const finished = (n: number) => [...installed(n), b.phoned(n), b.finished(n)];
  const histories: readonly { what: string; firstBoot: boolean; events: readonly QueueEvent[]; steps: string }[] = [
    {
      what: "its second join, and no second first boot",
      firstBoot: true,
      events: [...finished(1), b.joinFailed(1), retried(1)],
      steps: "first boot=succeeded, join the cluster=failed, join the cluster=running (its join is tried again)",
    },
    {
      what: "its second join while it waits for its turn, once",
      firstBoot: true,
      events: [...finished(1), b.joinFailed(1), ...finished(2), retried(1)],
      steps: "first boot=succeeded, join the cluster=failed, join the cluster=running (its join is tried again)",
    },
    {
      what: "its second join to the end, without a first boot",
      firstBoot: false,
      events: [...installed(1), b.joinFailed(1), ...installed(2), retried(1), b.joined(2), b.joined(1)],
      steps:
        "boot from its disk=succeeded, join the cluster=failed, join the cluster=succeeded (its join is tried again)",
    },
  ];
  for (const { what, firstBoot, events, steps } of histories) {
    test(`its history tells of ${what}`, () => {
      const { state } = after(events, b.rulesWith({ firstBoot, cluster: "lab" }));
      const told = findHost(state, b.hostId(1))?.operations.at(-1)?.steps.slice(-3) ?? [];
      const each = told.map(({ name, ended, notes }) => {
        const words = notes.map(({ text }) => ` (${text})`).join("");
        return `${name}=${ended?.outcome ?? "running"}${words}`;
      });
      assert.equal(each.join(", "), steps);
    });
  }

  const elsewhere: readonly { what: string; events: readonly QueueEvent[]; reason: string; firstBoot?: boolean }[] = [
    { what: "nobody", events: [], reason: "unknown-host" },
    { what: "a host that is armed", events: [b.seen(1), b.requested(1)], reason: "nothing-to-retry" },
    { what: "a host that is ready", events: [...installed(1), b.joined(1)], reason: "nothing-to-retry" },
    {
      what: "a host whose installer failed",
      events: [
        b.seen(1),
        b.requested(1),
        b.answer(1),
        { type: "install-failed", host: b.hostId(1), token: b.token(1), reason: "no disk" },
      ],
      reason: "failed-before",
    },
    {
      what: "a host whose first boot failed",
      events: [...installed(1), { type: "first-boot-failed", host: b.hostId(1), token: b.token(1), reason: "no time" }],
      reason: "first-boot-failed",
      firstBoot: true,
    },
  ];
  for (const { what, events, reason, firstBoot = false } of elsewhere) {
    test(`is not that of ${what}: ${reason}`, () => {
      const { verdict } = after([...events, retried(1)], b.rulesWith({ firstBoot, cluster: "lab" }));
      assert.deepEqual(verdict, { type: "refused", reason });
    });
  }

  test("is tried again only once, however often that is said", () => {
    const events = [...installed(1), b.joinFailed(1), ...installed(2), retried(1), retried(1)];
    assert.deepEqual(after(events).verdict, { type: "unchanged" });
  });
});
