import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ATTEMPTS_MAX, type Dispatch, Outbox } from "../../src/registration/outbox.ts";
import type { ReadyNode } from "../../src/registration/ready-node.ts";
import type { Registrar, RegistrationFailure } from "../../src/registration/registrar.ts";
import { err, ok } from "../../src/std/result.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { readyNode } from "./ready-node-example.ts";

/** An outbox whose registrar fails as long as it is told to. */
function bench(before: readonly Dispatch[] = []) {
  const clock = new FakeClock();
  const bench = {
    clock,
    nodes: [readyNode()] as readonly ReadyNode[],
    told: [] as string[],
    failure: null as RegistrationFailure | null,
    saved: [] as readonly Dispatch[],
    saveFails: false,
    complaints: [] as string[],
  };
  const registrar: Registrar = {
    name: "cmdb",
    async register(node) {
      bench.told.push(node.hostname);
      return bench.failure === null ? ok({ what: "told" }) : err(bench.failure);
    },
  };
  const outbox = new Outbox(
    {
      registrars: [registrar],
      store: {
        load: async () => bench.saved,
        save: async (dispatches) => {
          if (bench.saveFails) throw new Error("disk full");
          bench.saved = dispatches;
        },
      },
      clock,
      random: () => 1,
      readyNodes: () => bench.nodes,
      onAttempt: () => {},
      onSaveFailed: (why) => void bench.complaints.push(why),
    },
    before,
  );
  /** Lets time pass, and attempts come to their end. */
  const pass = async (ms: number) => {
    clock.advance(ms);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return Object.assign(bench, { outbox, pass, states: () => outbox.dispatches.map(({ state }) => state.type) });
}

const AGAIN = { message: "not now", isFinal: false };
const NEVER = { message: "no such site", isFinal: true };

describe("the outbox", () => {
  test("tells of a host once, however often it looks", async () => {
    const b = bench();
    for (const _ of [1, 2, 3]) {
      b.outbox.look();
      await b.pass(1);
    }
    assert.deepEqual(b.told, ["node1"]);
    assert.equal(b.saved[0]?.state.type, "done");
  });

  test("what was told before a restart is not told again, and another install is", async () => {
    const first = bench();
    first.outbox.look();
    await first.pass(1);
    const second = bench(first.saved);
    second.outbox.look();
    await second.pass(1);
    assert.deepEqual(second.told, []);
    second.nodes = [readyNode({ readyAt: (readyNode().readyAt + 5) as ReadyNode["readyAt"] })];
    second.outbox.look();
    await second.pass(1);
    assert.deepEqual(second.told, ["node1"]);
  });

  test("tries again, later each time, until it works", async () => {
    const b = bench();
    b.failure = AGAIN;
    b.outbox.look();
    await b.pass(1);
    const delays: number[] = [];
    for (let n = 0; n < 4; n++) {
      const before = b.told.length;
      const from = b.clock.now();
      while (b.told.length === before) await b.pass(1000);
      delays.push(Math.round((b.clock.now() - from) / 1000));
    }
    assert.deepEqual(delays, [10, 20, 40, 80]);
    b.failure = null;
    await b.pass(200_000);
    assert.deepEqual(b.states(), ["done"]);
  });

  test("gives up what cannot be helped by trying, until somebody asks", async () => {
    const b = bench();
    b.failure = NEVER;
    b.outbox.look();
    await b.pass(1);
    await b.pass(86_400_000);
    assert.deepEqual([b.told.length, b.states()], [1, ["dead"]]);
    b.failure = null;
    assert.equal(b.outbox.retry(), 1);
    await b.pass(1);
    assert.deepEqual(b.states(), ["done"]);
    assert.equal(b.outbox.retry(), 0);
  });

  test("gives up at last what never works", async () => {
    const b = bench();
    b.failure = AGAIN;
    b.outbox.look();
    for (let n = 0; n < ATTEMPTS_MAX + 5; n++) await b.pass(4 * 3_600_000);
    assert.deepEqual([b.told.length, b.states()], [ATTEMPTS_MAX, ["dead"]]);
  });

  test("forgets a host that is ready no longer", async () => {
    const b = bench();
    b.failure = AGAIN;
    b.outbox.look();
    await b.pass(1);
    b.nodes = [];
    b.outbox.look();
    await b.pass(86_400_000);
    assert.deepEqual([b.told.length, b.states()], [1, []]);
  });

  test("goes on when it cannot save, and says so", async () => {
    const b = bench();
    b.saveFails = true;
    b.outbox.look();
    await b.pass(1);
    assert.deepEqual([b.states(), b.complaints], [["done"], ["disk full"]]);
  });

  test("stops without an attempt left behind", async () => {
    const b = bench();
    b.failure = AGAIN;
    b.outbox.look();
    await b.pass(1);
    await b.outbox.stop();
    await b.pass(86_400_000);
    assert.equal(b.told.length, 1);
    assert.equal(b.clock.pending, 0);
  });
});
