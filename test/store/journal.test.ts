import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EMPTY_QUEUE, type QueueState } from "../../src/queue/state.ts";
import { transition } from "../../src/queue/transition.ts";
import type { Instant } from "../../src/std/clock.ts";
import { readSaved, toSaved } from "../../src/store/format.ts";
import { decodeJournal, encodeEntry, type JournalEntry, replayed } from "../../src/store/journal.ts";
import { JsonFileStore } from "../../src/store/json-file-store.ts";
import { FakeClock } from "../support/fake-clock.ts";
import * as b from "../support/queue-builder.ts";
import { chosenSeed, randomQueue, seeded } from "../support/random-queue.ts";
import { SimulatedDisk } from "../support/simulated-disk.ts";

const SEED = chosenSeed();
const PATH = "/state/state.json";
const JOURNAL = "/state/state.journal";
const BASE = "b".repeat(64);

describe("a journal", () => {
  const entries: readonly JournalEntry[] = [
    { paused: true },
    { slots: { gone: ["10.11.0.2"] }, hosts: { set: [{ id: "ä b" }] } },
    { hosts: { gone: ["ä b"], set: [{ id: "c" }] } },
  ];
  const lines = linesOf(entries);
  const whole = Buffer.concat(lines);

  test("gives back what was written, and names the file that it continues", () => {
    assert.deepEqual(decodeJournal(whole), { ok: true, value: { continues: BASE, entries } });
    assert.deepEqual(decodeJournal(Buffer.alloc(0)), { ok: true, value: { continues: null, entries: [] } });
  });

  test("cut at any length says what its whole lines say", () => {
    for (let length = 0; length < whole.length; length++) {
      const count = lines.filter((_, n) => sizeOf(lines.slice(0, n + 1)) <= length).length;
      const read = decodeJournal(whole.subarray(0, length));
      assert.deepEqual(read.ok && read.value.entries, entries.slice(0, count), `cut at ${length}`);
    }
  });

  test("cut at any length and filled up with zeros says the same", () => {
    for (let length = 0; length < whole.length; length++) {
      const count = lines.filter((_, n) => sizeOf(lines.slice(0, n + 1)) <= length).length;
      const read = decodeJournal(Buffer.concat([whole.subarray(0, length), Buffer.alloc(whole.length - length)]));
      assert.deepEqual(read.ok && read.value.entries, entries.slice(0, count), `cut at ${length}`);
    }
  });

  test("is refused with any one bit flipped, and says how much before it is sound", () => {
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const damaged = Buffer.from(whole);
      const at = bit >> 3;
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (bit & 7));
      const read = decodeJournal(damaged);
      const sound = sizeOf(
        lines.slice(
          0,
          lines.findIndex((_, n) => sizeOf(lines.slice(0, n + 1)) > at),
        ),
      );
      assert.equal(read.ok ? "accepted" : read.error.soundBytes, sound, `octet ${at}, bit ${bit & 7}`);
    }
  });

  const refused: readonly { what: string; content: Buffer; found: RegExp }[] = [
    { what: "a line missing in the middle", content: Buffer.concat([cut(0), cut(2)]), found: /does not continue/ },
    { what: "two lines in the other order", content: Buffer.concat([cut(1), cut(0)]), found: /does not continue/ },
    { what: "a line twice", content: Buffer.concat([cut(0), cut(0)]), found: /does not continue/ },
    { what: "something else", content: Buffer.from("x".repeat(200)), found: /no sound stamp in entry 1, at octet 0/ },
  ];
  for (const { what, content, found } of refused) {
    test(`with ${what} is refused`, () => {
      const read = decodeJournal(content);
      assert.match(read.ok ? "accepted" : read.error.found, found);
    });
  }

  test("replayed, a known row keeps its place, a new one goes to the end, one that left may come again", () => {
    const content = { version: 2, paused: false, slots: [], hosts: [{ id: "a" }, { id: "b" }, { id: "c" }] };
    const changes = { gone: ["a"], set: [{ id: "b", n: 1 }, { id: "d" }, { id: "a" }] };
    assert.deepEqual(replayed(content, [{ paused: true }, { hosts: changes }]), {
      version: 2,
      paused: true,
      slots: [],
      hosts: [{ id: "b", n: 1 }, { id: "c" }, { id: "d" }, { id: "a" }],
    });
  });

  function cut(n: number): Buffer {
    return lines[n] ?? assert.fail();
  }
});

describe("JsonFileStore with a journal", () => {
  test("writes little of a big queue when little changed, and loads all of it", async () => {
    const disk = new SimulatedDisk();
    const store = await openStore(disk);
    let state = declared(EMPTY_QUEUE, 200);
    await store.save(state);
    for (let n = 1; n <= 5; n++) state = await taken(store, state, n);
    const [file, journal] = [await disk.read(PATH), await disk.read(JOURNAL)];
    assert.equal(decoded(journal).length, 5);
    assert.ok((journal?.length ?? 0) < (file?.length ?? 0) / 5, `${journal?.length} of ${file?.length} octets`);
    assert.deepEqual(await loaded(disk), asLoaded(state));
  });

  test("a hold is not written, nor is a save that changed nothing", async () => {
    const disk = new SimulatedDisk();
    const store = await openStore(disk);
    const before = declared(EMPTY_QUEUE, 3);
    await store.save(before);
    const steps = disk.steps;
    await store.save(transition(before, b.seen(1), 0 as Instant, b.RULES).state);
    await store.save(before);
    assert.equal(disk.steps, steps);
    assert.equal(await disk.read(JOURNAL), null);
  });

  test("folds it into the state file when it is closed, at the first save of the next run, and after a minute", async () => {
    const disk = new SimulatedDisk();
    const clock = new FakeClock();
    const store = await openStore(disk, clock);
    let state = declared(EMPTY_QUEUE, 9);
    await store.save(state);
    state = await taken(store, state, 1);
    assert.notEqual(await disk.read(JOURNAL), null);
    await store.close();
    assert.equal(await disk.read(JOURNAL), null);
    assert.deepEqual(await loaded(disk), asLoaded(state));
    const second = await openStore(disk, clock);
    state = await taken(second, state, 2);
    assert.equal(await disk.read(JOURNAL), null);
    state = await taken(second, state, 3);
    assert.notEqual(await disk.read(JOURNAL), null);
    clock.advance(60_000);
    state = await taken(second, state, 4);
    assert.equal(await disk.read(JOURNAL), null);
    assert.deepEqual(await loaded(disk), asLoaded(state));
  });

  test("a close after a crash folds what the crashed run left", async () => {
    const disk = new SimulatedDisk();
    const store = await openStore(disk);
    await store.save(declared(EMPTY_QUEUE, 2));
    const state = await taken(store, declared(EMPTY_QUEUE, 2), 1);
    await (await openStore(disk)).close();
    assert.equal(await disk.read(JOURNAL), null);
    assert.deepEqual(await loaded(disk), asLoaded(state));
  });

  test("any queue after any other, and after what the queue itself does, loads as it was saved", async () => {
    const random = seeded(SEED);
    const disk = new SimulatedDisk();
    const store = await openStore(disk);
    let state = randomQueue(random, 20);
    for (let round = 0; round < 200; round++) {
      const other = random() < 0.1 ? randomQueue(random, 20) : state;
      state = { ...other, ...(random() < 0.5 ? shuffledRows(other, random) : {}), paused: random() < 0.5 };
      await store.save(state);
      assert.deepEqual(await loaded(disk), asLoaded(state), `SEED=${SEED} round ${round}`);
    }
  });

  test("a power cut at any step of a run of saves and folds loses nothing acknowledged", async () => {
    const random = seeded(SEED);
    for (let round = 0; round < 400; round++) {
      const disk = new SimulatedDisk();
      const clock = new FakeClock();
      const store = await openStore(disk, clock);
      const states = [declared(EMPTY_QUEUE, 30)];
      disk.cutPowerAtStep(1 + Math.floor(random() * 70));
      let acknowledged = -1;
      for (let n = 0; n < 15; n++) {
        if (random() < 0.2) clock.advance(60_000);
        if (random() < 0.1) await store.close().catch(() => {});
        if (n > 0) states.push(transition(states.at(-1) ?? EMPTY_QUEUE, b.requested(n), 0 as Instant, b.RULES).state);
        const saved = await store.save(states[n] ?? EMPTY_QUEUE).then(
          () => true,
          () => false,
        );
        if (saved) acknowledged = n;
      }
      const found = await loaded(disk.afterPowerCut(random));
      const where = `SEED=${SEED} round ${round}: ${found?.hosts.length ?? "nothing"} after ${acknowledged}`;
      assert.ok((found?.hosts.length ?? -1) >= acknowledged, where);
      if (found !== null) assert.deepEqual(found, asLoaded(states[found.hosts.length] ?? EMPTY_QUEUE), where);
    }
  });

  test("an append that fails at any step rejects that save, and the next one begins anew", async () => {
    for (let step = 1; ; step++) {
      const disk = new SimulatedDisk();
      const store = await openStore(disk);
      let state = declared(EMPTY_QUEUE, 9);
      await store.save(state);
      if (step > 5) state = await taken(store, state, 1);
      const next = transition(state, b.requested(2), 0 as Instant, b.RULES).state;
      disk.failAtStep(step > 5 ? step - 5 : step);
      const failed = await store.save(next).then(
        () => false,
        (error: Error) => /cannot save \/state\/state\.journal: EIO/.test(error.message),
      );
      if (!failed) {
        assert.equal(step, 9, "five steps begin a journal, three continue it");
        return;
      }
      const found = await loaded(disk);
      assert.ok(
        [asLoaded(state), asLoaded(next)].some((one) => isSame(one, found)),
        `step ${step}`,
      );
      const last = await taken(store, next, 3);
      assert.deepEqual(await loaded(disk), asLoaded(last), `step ${step}`);
    }
  });

  test("refuses a damaged journal, names the way out, and writes nothing over it", async () => {
    const disk = await journaled(3);
    const journal = (await disk.read(JOURNAL)) ?? assert.fail();
    journal[journal.length - 10] = 0x21;
    const store = new JsonFileStore(PATH, new FakeClock(), disk);
    await assert.rejects(store.load(), (error: Error) => {
      assert.match(
        error.message,
        /^cannot read \/state\/state\.journal: .*content that does not match its checksum in entry 3/,
      );
      assert.match(error.message, /^ {2}cp --archive .*; truncate --size=\d+ \/state\/state\.journal$/m);
      return true;
    });
    await assert.rejects(store.save(EMPTY_QUEUE), /must be read before it is written/);
  });

  test("after the way out that it named it starts with what stands before the damage", async () => {
    const disk = await journaled(3);
    const journal = (await disk.read(JOURNAL)) ?? assert.fail();
    journal[journal.length - 10] = 0x21;
    const said = await loaded(disk).then(
      () => "",
      (error: Error) => error.message,
    );
    disk.put(JOURNAL, journal.subarray(0, Number(/--size=(\d+)/.exec(said)?.[1])));
    assert.equal((await loaded(disk))?.hosts.length, 2);
  });

  test("refuses the journal of another state file, restored or edited or gone", async () => {
    const other = (await (await journaled(0)).read(PATH)) ?? assert.fail();
    const edited = Buffer.from(other.toString().replace(/"sha256":.*\n/, ""));
    for (const content of [
      Buffer.from(
        other
          .toString()
          .replace("node1", "nodex")
          .replace(/"sha256":.*\n/, ""),
      ),
      edited,
    ]) {
      const disk = await journaled(2);
      disk.put(PATH, content);
      await assert.rejects(loaded(disk), /the journal of another such file.*\n.*\n.*\n {2}mv \/state\/state\.journal /);
    }
    const disk = await journaled(2);
    await disk.remove(PATH);
    await assert.rejects(loaded(disk), /the journal of another such file: that file is not there/);
  });
});

function linesOf(entries: readonly JournalEntry[]): readonly Buffer[] {
  let after = BASE;
  return entries.map((entry) => {
    const { line, sha256 } = encodeEntry(after, entry);
    after = sha256;
    return line;
  });
}

function sizeOf(lines: readonly Buffer[]): number {
  return lines.reduce((size, line) => size + line.length, 0);
}

function decoded(journal: Buffer | null): readonly JournalEntry[] {
  const read = decodeJournal(journal ?? assert.fail("no journal"));
  assert.ok(read.ok);
  return read.value.entries;
}

async function openStore(disk: SimulatedDisk, clock = new FakeClock()): Promise<JsonFileStore> {
  const store = new JsonFileStore(PATH, clock, disk);
  await store.load();
  return store;
}

function loaded(disk: SimulatedDisk): Promise<QueueState | null> {
  return new JsonFileStore(PATH, new FakeClock(), disk).load();
}

/** A disk whose journal has so many entries, one for each host. */
async function journaled(count: number): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk();
  const store = await openStore(disk);
  let state = declared(EMPTY_QUEUE, 9);
  await store.save(state);
  for (let n = 1; n <= count; n++) state = await taken(store, state, n);
  return disk;
}

function declared(state: QueueState, count: number): QueueState {
  return transition(state, { type: "slots-declared", slots: b.declaredSlots(count) }, 0 as Instant, b.RULES).state;
}

async function taken(store: JsonFileStore, state: QueueState, n: number): Promise<QueueState> {
  const next = transition(state, b.requested(n), 0 as Instant, b.RULES).state;
  assert.notEqual(next, state);
  await store.save(next);
  return next;
}

/** Some rows gone, some at another place. */
function shuffledRows(state: QueueState, random: () => number): Pick<QueueState, "hosts"> {
  const free = state.hosts.filter((host) => host.slot !== null || random() < 0.8);
  const moved = free.filter(() => random() < 0.1);
  return { hosts: [...free.filter((host) => !moved.includes(host)), ...moved] };
}

function asLoaded(state: QueueState): QueueState {
  const read = readSaved(JSON.parse(JSON.stringify(toSaved(state))));
  assert.ok(read.ok, JSON.stringify(read));
  return read.value;
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
