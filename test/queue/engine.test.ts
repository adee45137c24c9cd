import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Effect } from "../../src/queue/effect.ts";
import { Engine } from "../../src/queue/engine.ts";
import type { StateStore } from "../../src/queue/ports.ts";
import { EMPTY_QUEUE, type QueueState } from "../../src/queue/state.ts";
import { FakeClock } from "../support/fake-clock.ts";
import * as b from "../support/queue-builder.ts";

/** A disk whose writes end when the test says so. */
class SlowStore implements StateStore {
  readonly saves: { readonly state: QueueState; end(): void; fail(cause: Error): void }[] = [];

  load(): Promise<QueueState | null> {
    return Promise.resolve(null);
  }

  save(state: QueueState): Promise<void> {
    return new Promise((resolve, reject) => this.saves.push({ state, end: resolve, fail: reject }));
  }
}

function setUp(rules = b.RULES) {
  const store = new SlowStore();
  const clock = new FakeClock();
  const effects: Effect[] = [];
  const broken: unknown[] = [];
  const engine = new Engine({
    state: EMPTY_QUEUE,
    rules,
    store,
    clock,
    runEffect: (effect) => effects.push(effect),
    onBroken: (cause) => broken.push(cause),
  });
  return { engine, store, clock, effects, broken };
}

/** Lets every promise that can go on do so. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

async function declared(parts: ReturnType<typeof setUp>, count: number): Promise<void> {
  const done = parts.engine.dispatch({ type: "slots-declared", slots: b.declaredSlots(count) });
  parts.store.saves[0]?.end();
  await done;
}

describe("Engine", () => {
  test("answers only when the outcome is on disk, and publishes nothing before", async () => {
    const parts = setUp();
    await declared(parts, 1);
    let answered = false;
    const taken = parts.engine.dispatch(b.requested(1)).then(() => {
      answered = true;
    });
    await settled();
    assert.equal(answered, false);
    assert.equal(b.drawn(parts.engine.state), "available");
    parts.store.saves[1]?.end();
    await taken;
    assert.equal(b.drawn(parts.engine.state), "pxe_ready(1)");
  });

  test("a repeat of what is just being saved waits for the same disk", async () => {
    const parts = setUp();
    await declared(parts, 1);
    const order: string[] = [];
    const first = parts.engine.dispatch(b.requested(1)).then(() => order.push("first"));
    const repeat = parts.engine.dispatch(b.requested(1)).then((verdict) => order.push(verdict.type));
    await settled();
    assert.deepEqual(order, []);
    parts.store.saves[1]?.end();
    await Promise.all([first, repeat]);
    assert.deepEqual(order, ["first", "unchanged"]);
  });

  test("decisions made while a save is under way share the next one, and see each other", async () => {
    const parts = setUp();
    await declared(parts, 50);
    const all = Array.from({ length: 50 }, (_, i) => parts.engine.dispatch(b.requested(i + 1)));
    parts.store.saves[1]?.end();
    await settled();
    parts.store.saves[2]?.end();
    await Promise.all(all);
    assert.equal(parts.store.saves.length, 3);
    assert.equal(new Set(parts.engine.state.hosts.map((host) => host.slot)).size, 50);
  });

  test("a hold is answered at once and never written", async () => {
    const parts = setUp();
    await declared(parts, 1);
    assert.deepEqual(await parts.engine.dispatch(b.seen(1)), { type: "moved" });
    assert.equal(b.drawn(parts.engine.state), "held");
    assert.equal(parts.store.saves.length, 1);
  });

  test("a hold waits for no save under way, and shows when that is done", async () => {
    const parts = setUp();
    await declared(parts, 2);
    const taken = parts.engine.dispatch(b.requested(1));
    assert.deepEqual(await parts.engine.dispatch(b.seen(2)), { type: "moved" });
    assert.equal(b.drawn(parts.engine.state), "available available");
    assert.equal(b.drawn(parts.engine.decided), "pxe_ready(1) held");
    parts.store.saves[1]?.end();
    await taken;
    await settled();
    assert.equal(b.drawn(parts.engine.state), "pxe_ready(1) held");
    assert.equal(parts.store.saves.length, 2);
  });

  test("a hold that came while a save was failing is gone with it", async () => {
    const parts = setUp();
    await declared(parts, 2);
    const taken = parts.engine.dispatch(b.requested(1));
    await parts.engine.dispatch(b.seen(2));
    parts.store.saves[1]?.fail(new Error("no space left on device"));
    await assert.rejects(taken, /could not be saved/);
    assert.equal(b.drawn(parts.engine.decided), "available available");
  });

  test("a save that fails: nobody is answered, memory keeps what the disk has, and the daemon is told once", async () => {
    const parts = setUp();
    await declared(parts, 3);
    const first = parts.engine.dispatch(b.requested(1));
    const second = parts.engine.dispatch(b.requested(2));
    parts.store.saves[1]?.fail(new Error("no space left on device"));
    await assert.rejects(first, /could not be saved/);
    await assert.rejects(second, /could not be saved/);
    await assert.rejects(parts.engine.dispatch(b.requested(3)), /could not be saved/);
    assert.equal(b.drawn(parts.engine.state), "available available available");
    assert.equal(parts.broken.length, 1);
  });

  test("effects start only after the save that they follow from", async () => {
    const parts = setUp(b.rulesWith({ cluster: "lab" }));
    await declared(parts, 1);
    const walk = [b.requested(1), b.answer(1), b.reported(1)].map((event) => parts.engine.dispatch(event));
    await settled();
    assert.deepEqual(parts.effects, []);
    for (let n = 1; n < 3; n++) {
      parts.store.saves[n]?.end();
      await settled();
    }
    await Promise.all(walk);
    assert.deepEqual(parts.effects, [{ type: "start-join", host: b.hostId(1), cluster: "lab" }]);
  });

  test("the nearest deadline rings by itself", async () => {
    const parts = setUp();
    await declared(parts, 1);
    await parts.engine.dispatch(b.seen(1));
    parts.clock.advance(b.RULES.holdMs);
    await settled();
    assert.equal(b.drawn(parts.engine.state), "available");
  });

  test("a start resumes the join that a stop interrupted, and what ran out meanwhile is over", async () => {
    const parts = setUp(b.rulesWith({ cluster: "lab" }));
    await declared(parts, 2);
    const walk = [b.requested(1), b.answer(1), b.reported(1), b.requested(2)].map((event) =>
      parts.engine.dispatch(event),
    );
    for (let n = 1; n < 3; n++) {
      parts.store.saves[n]?.end();
      await settled();
    }
    await Promise.all(walk);
    const { state } = parts.engine;
    parts.clock.advance(20 * 60_000);
    const effects: Effect[] = [];
    const store = new SlowStore();
    const runEffect = (effect: Effect) => effects.push(effect);
    const { clock } = parts;
    const again = new Engine({
      state,
      rules: b.rulesWith({ cluster: "lab" }),
      store,
      clock,
      runEffect,
      onBroken: () => {},
    });
    const started = again.start();
    store.saves[0]?.end();
    await started;
    assert.deepEqual(effects, [{ type: "start-join", host: b.hostId(1), cluster: "lab" }]);
    assert.equal(b.drawn(again.state), "joining(1) available | discovered(2)");
    again.stop();
    parts.engine.stop();
  });
});
