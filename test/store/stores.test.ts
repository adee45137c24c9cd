import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { StateStore } from "../../src/queue/ports.ts";
import { EMPTY_QUEUE, type QueueState } from "../../src/queue/state.ts";
import { readSaved, toSaved } from "../../src/store/format.ts";
import { JsonFileStore } from "../../src/store/json-file-store.ts";
import { MemoryStore } from "../../src/store/memory-store.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { chosenSeed, randomQueue, seeded } from "../support/random-queue.ts";

const SEED = chosenSeed();

const folder = await mkdtemp(join(tmpdir(), "bootqueue-stores-"));
after(() => rm(folder, { recursive: true }));
let made = 0;

describeStore("MemoryStore", () => {
  const store = new MemoryStore();
  return { store, again: () => store };
});

describeStore("JsonFileStore", () => {
  const path = join(folder, `state-${made++}.json`);
  const open = () => new JsonFileStore(path, new FakeClock());
  return { store: open(), again: open };
});

/** What the engine may rely on, whoever keeps the state. `again`: the store as it is after a restart. */
function describeStore(name: string, make: () => { store: StateStore; again: () => StateStore }): void {
  describe(name, () => {
    test("has nothing to load before the first save", async () => {
      assert.equal(await make().store.load(), null);
    });

    test("tells an empty queue that was saved from nothing saved", async () => {
      const { store, again } = make();
      await store.load();
      await store.save(EMPTY_QUEUE);
      assert.deepEqual(await again().load(), EMPTY_QUEUE);
    });

    test("loads what was saved last, without the holds, whatever the queue holds", async () => {
      const random = seeded(SEED);
      const { store, again } = make();
      await store.load();
      for (let round = 0; round < 30; round++) {
        const state = randomQueue(random, 20);
        await store.save(state);
        assert.deepEqual(await again().load(), asLoaded(state), `SEED=${SEED} round ${round}`);
      }
    });

    test("of saves that overlap, keeps the newest, and every one resolves", async () => {
      const random = seeded(SEED);
      const { store, again } = make();
      await store.load();
      const states = Array.from({ length: 50 }, () => randomQueue(random, 5));
      await Promise.all(states.map((state) => store.save(state)));
      assert.deepEqual(await again().load(), asLoaded(states.at(-1) ?? EMPTY_QUEUE), `SEED=${SEED}`);
    });

    test("what a save resolved with is there, although later saves are under way", async () => {
      const random = seeded(SEED);
      const { store, again } = make();
      await store.load();
      const states = Array.from({ length: 20 }, (_, n) => ({
        ...randomQueue(random, 5),
        hosts: [],
        slots: [],
        paused: n % 2 === 0,
      }));
      let resolved = -1;
      await Promise.all(
        states.map(async (state, n) => {
          await store.save(state);
          resolved = Math.max(resolved, n);
          const loaded = await again().load();
          assert.notEqual(loaded, null, `SEED=${SEED} save ${n}`);
        }),
      );
      assert.equal(resolved, states.length - 1);
    });

    test("does not hand out what it was given, nor keep what it handed out", async () => {
      const { store, again } = make();
      await store.load();
      const state = randomQueue(seeded(SEED), 20);
      await store.save(state);
      const loaded = await again().load();
      assert.notEqual(loaded, state);
      assert.notEqual(loaded?.slots, state.slots);
    });
  });
}

function asLoaded(state: QueueState): QueueState {
  const read = readSaved(JSON.parse(JSON.stringify(toSaved(state))));
  assert.ok(read.ok);
  return read.value;
}
