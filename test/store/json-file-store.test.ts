import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { EMPTY_QUEUE, type QueueState } from "../../src/queue/state.ts";
import { JsonFileStore } from "../../src/store/json-file-store.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { chosenSeed, randomQueue, seeded } from "../support/random-queue.ts";
import { SimulatedDisk } from "../support/simulated-disk.ts";

const SEED = chosenSeed();
const PATH = "/state/state.json";

const folder = await mkdtemp(join(tmpdir(), "bootqueue-file-"));
after(() => rm(folder, { recursive: true }));

describe("JsonFileStore on a disk that loses power", () => {
  test("finds after any power cut what was acknowledged, or something newer that was asked for", async () => {
    const random = seeded(SEED);
    for (let round = 0; round < 400; round++) {
      const disk = new SimulatedDisk();
      const clock = new FakeClock();
      const store = new JsonFileStore(PATH, clock, disk);
      await store.load();
      disk.cutPowerAtStep(1 + Math.floor(random() * 60));
      let acknowledged = -1;
      let asked = -1;
      // Bursts of saves that overlap, and pauses that let a generation be kept.
      for (let burst = 0; burst < 6; burst++) {
        if (random() < 0.3) clock.advance(61_000);
        const saves = Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
          const n = ++asked;
          return store.save(numbered(n)).then(
            () => {
              acknowledged = Math.max(acknowledged, n);
            },
            () => {},
          );
        });
        await Promise.all(saves);
      }
      const where = `SEED=${SEED} round ${round}`;
      const found = await new JsonFileStore(PATH, clock, disk.afterPowerCut(random)).load();
      const number = found === null ? -1 : numberOf(found);
      assert.ok(number >= acknowledged && number <= asked, `${where}: ${number} of ${acknowledged}…${asked}`);
    }
  });

  test("after a second power cut, at the first save of the new run, it still finds one of the two", async () => {
    const random = seeded(SEED);
    for (let round = 0; round < 200; round++) {
      const first = new SimulatedDisk();
      const store = new JsonFileStore(PATH, new FakeClock(), first);
      await store.load();
      await store.save(numbered(0));
      const second = first.afterPowerCut(random);
      const again = new JsonFileStore(PATH, new FakeClock(), second);
      await again.load();
      second.cutPowerAtStep(1 + Math.floor(random() * 8));
      await again.save(numbered(1)).catch(() => {});
      const found = await new JsonFileStore(PATH, new FakeClock(), second.afterPowerCut(random)).load();
      assert.ok(found !== null && numberOf(found) <= 1, `SEED=${SEED} round ${round}`);
    }
  });
});

describe("JsonFileStore on a disk that fails", () => {
  test("at any step rejects that save, leaves a whole file, and saves again when the disk has recovered", async () => {
    for (let step = 1; ; step++) {
      const disk = new SimulatedDisk();
      const clock = new FakeClock();
      const store = new JsonFileStore(PATH, clock, disk);
      await store.load();
      for (const n of [0, 1, 2]) {
        clock.advance(61_000);
        await store.save(numbered(n));
      }
      clock.advance(61_000);
      const before = disk.steps;
      disk.failAtStep(step);
      const failed = await store.save(numbered(3)).then(
        () => false,
        (error: Error) => /cannot save \/state\/state\.json: EIO/.test(error.message),
      );
      if (!failed) {
        assert.ok(disk.steps - before >= 7, "every step of a save was made to fail once");
        return;
      }
      const onDisk = await new JsonFileStore(PATH, clock, disk).load();
      assert.ok(onDisk !== null && [2, 3].includes(numberOf(onDisk)), `step ${step}`);
      await store.save(numbered(4));
      const recovered = await new JsonFileStore(PATH, clock, disk).load();
      assert.equal(recovered && numberOf(recovered), 4, `step ${step}`);
    }
  });

  test("a save that failed takes none of the waiting ones with it", async () => {
    const disk = new SimulatedDisk();
    const store = new JsonFileStore(PATH, new FakeClock(), disk);
    await store.load();
    disk.failAtStep(1);
    const outcomes = await Promise.allSettled([0, 1, 2].map((n) => store.save(numbered(n))));
    assert.deepEqual(
      outcomes.map((outcome) => outcome.status),
      ["rejected", "fulfilled", "fulfilled"],
    );
  });

  test("a hundred saves at once take two writes", async () => {
    const disk = new SimulatedDisk();
    const store = new JsonFileStore(PATH, new FakeClock(), disk);
    await store.load();
    await store.save(numbered(0));
    const before = disk.steps;
    await Promise.all(Array.from({ length: 100 }, (_, n) => store.save(numbered(n))));
    assert.ok(disk.steps - before <= 2 * 8, `${disk.steps - before} steps`);
  });
});

describe("JsonFileStore.load() of a damaged file", () => {
  const state = { ...randomQueue(seeded(7), 6), paused: true };

  test("refuses it cut at every length", async () => {
    const good = await savedBytes(state);
    // Without the last line feed nothing is missing but a line feed.
    for (let length = 0; length < good.length - 1; length++)
      await refuses(good.subarray(0, length), `cut at ${length}`);
  });

  test("refuses it with any one bit flipped", async () => {
    const good = await savedBytes(state);
    for (let at = 0; at < good.length; at++) {
      const damaged = Buffer.from(good);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
      await refuses(damaged, `octet ${at}, bit ${at % 8}`);
    }
  });

  const refused: readonly { what: string; content: string; found: RegExp }[] = [
    { what: "an empty file", content: "", found: /found an empty file/ },
    { what: "null", content: "null\n", found: /found the JSON value null/ },
    { what: "false", content: "false", found: /found the JSON value false/ },
    { what: "a list", content: "[]", found: /found a JSON list/ },
    { what: "an empty object", content: "{}", found: /found version: expected a whole number from 1 to 4/ },
    { what: "zeros, as XFS leaves them", content: "\0".repeat(4096), found: /found 4096 octets that are not JSON/ },
    { what: "something else", content: '{"name":"bootqueue"}', found: /found version:/ },
  ];
  for (const { what, content, found } of refused) {
    test(`refuses ${what} and says so`, async () => {
      await assert.rejects(storeWith(Buffer.from(content)).load(), found);
    });
  }

  test("takes a file that somebody repaired by hand, when he removed the checksum", async () => {
    const repaired = (await savedBytes(state))
      .toString()
      .replace(/"sha256":.*\n/, "")
      .replace('"paused":true', '"paused":false');
    const loaded = await storeWith(Buffer.from(repaired)).load();
    assert.equal(loaded?.paused, false);
  });

  test("tells somebody who changed it by hand which line to delete", async () => {
    const edited = (await savedBytes(state)).toString().replace('"paused":true', '"paused":false');
    await assert.rejects(
      storeWith(Buffer.from(edited)).load(),
      /does not match its checksum .*delete the line that begins with "sha256"/,
    );
  });

  test("refuses a file that disappeared while older generations are there", async () => {
    const disk = new SimulatedDisk();
    disk.put(`${PATH}.1`, await savedBytes(state));
    await assert.rejects(new JsonFileStore(PATH, new FakeClock(), disk).load(), (error: Error) => {
      assert.match(error.message, /found no such file, although older generations of it are there/);
      assert.match(error.message, /^ {2}cp --archive \/state\/state\.json\.1 \/state\/state\.json$/m);
      return true;
    });
  });

  test("names the newest generation that can be read, and the command that goes on with it", async () => {
    const disk = new SimulatedDisk();
    disk.put(PATH, Buffer.from("{"));
    disk.put(`${PATH}.1`, Buffer.from("null"));
    disk.put(`${PATH}.2`, await savedBytes(state));
    await assert.rejects(new JsonFileStore(PATH, new FakeClock(), disk).load(), (error: Error) => {
      assert.match(error.message, /\.json\.1 .* 4 octets {2}damaged as well/);
      assert.match(error.message, /\.json\.2 .* readable/);
      assert.match(
        error.message,
        /^ {2}cp --archive \/state\/state\.json \/state\/state\.json\.damaged; cp --archive \/state\/state\.json\.2 \/state\/state\.json$/m,
      );
      return true;
    });
  });

  test("a file that could not be read is not overwritten, whoever asks", async () => {
    const disk = new SimulatedDisk();
    disk.put(PATH, Buffer.from("null"));
    const store = new JsonFileStore(PATH, new FakeClock(), disk);
    await assert.rejects(store.load());
    await assert.rejects(store.save(EMPTY_QUEUE), /must be read before it is written/);
    assert.equal(String(await disk.read(PATH)), "null");
  });
});

describe("JsonFileStore keeps", () => {
  test("what was there at its start, and then at most one generation a minute, three in all", async () => {
    const disk = new SimulatedDisk();
    const clock = new FakeClock();
    const first = new JsonFileStore(PATH, clock, disk);
    await first.load();
    await first.save(numbered(0));
    const store = new JsonFileStore(PATH, clock, disk);
    await store.load();
    const generations = async () => {
      const found: (number | null)[] = [];
      for (const n of [1, 2, 3, 4]) found.push(await numberIn(disk, `${PATH}.${n}`));
      return found;
    };
    await store.save(numbered(1));
    assert.deepEqual(await generations(), [0, null, null, null]);
    await store.save(numbered(2));
    assert.deepEqual(await generations(), [0, null, null, null]);
    clock.advance(60_000);
    await store.save(numbered(3));
    // What a journal said between is in none: a generation is what the state file itself said.
    assert.deepEqual(await generations(), [1, 0, null, null]);
    for (const n of [4, 5, 6]) {
      clock.advance(60_000);
      await store.save(numbered(n));
    }
    assert.deepEqual(await generations(), [5, 4, 3, null]);
  });

  test("its files for their owner alone, whatever a crash left behind, and no temporary file", async () => {
    const path = join(folder, "state.json");
    await writeFile(`${path}.tmp`, "left behind", { mode: 0o644 });
    const clock = new FakeClock();
    const store = new JsonFileStore(path, clock);
    await store.load();
    await store.save(numbered(0));
    clock.advance(60_000);
    await store.save(numbered(1));
    assert.deepEqual((await readdir(folder)).sort(), ["state.json", "state.json.1"]);
    await writeFile(join(folder, "state.journal"), "left behind", { mode: 0o644 });
    await store.save(numbered(2));
    for (const name of ["state.journal", "state.json", "state.json.1"]) {
      assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600, name);
    }
    assert.match(await readFile(path, "utf8"), /^\{\n"sha256":"[0-9a-f]{64}",\n"version":4,\n"continues":/);
  });
});

async function refuses(content: Buffer, what: string): Promise<void> {
  await assert.rejects(storeWith(content).load(), /cannot read .*expected a saved queue, found /s, what);
}

function storeWith(content: Buffer): JsonFileStore {
  const disk = new SimulatedDisk();
  disk.put(PATH, content);
  return new JsonFileStore(PATH, new FakeClock(), disk);
}

async function savedBytes(state: QueueState): Promise<Buffer> {
  const disk = new SimulatedDisk();
  const store = new JsonFileStore(PATH, new FakeClock(), disk);
  await store.load();
  await store.save(state);
  return (await disk.read(PATH)) ?? assert.fail("nothing was saved");
}

/** A state that can be told from others by a number, in the place of a slot's reason. */
function numbered(n: number): QueueState {
  const address = "10.11.0.2";
  const slot = {
    id: address,
    address,
    hostname: "a",
    profile: "p",
    labels: [],
    reservation: null,
    boardSerial: null,
    diskSerials: [],
    declared: true,
  };
  return {
    ...EMPTY_QUEUE,
    slots: [{ ...slot, state: { type: "skipped", since: n, reason: "", conflict: null } }],
  } as unknown as QueueState;
}

function numberOf(state: QueueState): number {
  const slot = state.slots.at(0)?.state;
  return slot?.type === "skipped" ? slot.since : assert.fail("a state that nobody saved");
}

async function numberIn(disk: SimulatedDisk, path: string): Promise<number | null> {
  const content = await disk.read(path);
  if (content === null) return null;
  const loaded = await storeWith(content).load();
  return loaded && numberOf(loaded);
}
