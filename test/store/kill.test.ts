import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { JsonFileStore } from "../../src/store/json-file-store.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { chosenSeed, seeded } from "../support/random-queue.ts";

const SEED = chosenSeed();
const ROUNDS = 12;

const folder = await mkdtemp(join(tmpdir(), "bootqueue-kill-"));
after(() => rm(folder, { recursive: true }));

test("kill -9 at any moment loses nothing that was acknowledged, and needs no repair", async () => {
  const random = seeded(SEED);
  const path = join(folder, "state.json");
  let last = -1;
  for (let round = 0; round < ROUNDS; round++) {
    const acknowledged = await killedAfter(spawnSaver(path), 1 + Math.floor(random() * 60));
    const state = (await new JsonFileStore(path, new FakeClock()).load())?.slots.at(0)?.state;
    const found = state?.type === "skipped" ? state.since : -1;
    const where = `SEED=${SEED} round ${round}: found ${found}, acknowledged ${acknowledged}`;
    // One save may have reached the disk without its acknowledgement having reached us.
    assert.ok(found >= acknowledged && acknowledged > last, where);
    last = found;
  }
});

function spawnSaver(path: string): ChildProcess {
  const script = join(import.meta.dirname, "../support/saving-child.ts");
  return spawn(process.execPath, ["--import", "tsx", script, path], { stdio: ["ignore", "pipe", "inherit"] });
}

/** Kills the child when it has said so many numbers; returns the last one that it said. */
async function killedAfter(child: ChildProcess, count: number): Promise<number> {
  const closed = once(child, "close");
  let said = -1;
  let lines = 0;
  for await (const line of createInterface({ input: child.stdout ?? assert.fail("no stdout") })) {
    said = Number(line);
    if (++lines === count) child.kill("SIGKILL");
  }
  const [status, signal] = await closed;
  assert.equal(signal, "SIGKILL", `the child ended by itself with status ${status}`);
  return said;
}
