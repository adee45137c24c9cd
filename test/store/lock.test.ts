import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, describe, test } from "node:test";
import { lockFolder } from "../../src/store/lock.ts";

const parent = await mkdtemp(join(tmpdir(), "bootqueue-lock-"));
after(() => rm(parent, { recursive: true }));

describe("lockFolder()", () => {
  test("lets one in, refuses the next with the process that holds it, and lets it in after the release", async () => {
    const folder = await mkdtemp(join(parent, "a-"));
    const lock = await lockFolder(folder);
    await assert.rejects(
      lockFolder(folder),
      new RegExp(`${folder} is in use by process ${process.pid}: only one bootqueue`),
    );
    lock.release();
    lock.release();
    const again = await lockFolder(folder);
    again.release();
  });

  test("is held against other processes, and dies with its holder, although children of the holder live on", async () => {
    const folder = await mkdtemp(join(parent, "b-"));
    const { child, said } = await startHolder(folder);
    assert.match(said, /^held \d+$/);
    await assert.rejects(lockFolder(folder), new RegExp(`is in use by process ${child.pid}:`));
    const closed = once(child, "exit");
    child.kill("SIGKILL");
    await closed;
    try {
      (await lockFolder(folder)).release();
    } finally {
      process.kill(Number(said.split(" ")[1]));
    }
  });

  test("refuses a second process while this one holds it", async () => {
    const folder = await mkdtemp(join(parent, "c-"));
    const lock = await lockFolder(folder);
    const { said } = await startHolder(folder);
    assert.match(said, new RegExp(`is in use by process ${process.pid}:`));
    lock.release();
  });

  test("is not held by a file that a crash left behind, whatever stands in it", async () => {
    const folder = await mkdtemp(join(parent, "d-"));
    await writeFile(join(folder, "lock"), "1\n");
    (await lockFolder(folder)).release();
  });

  test("of ten at once, lets in exactly one", async () => {
    const folder = await mkdtemp(join(parent, "e-"));
    const locks = await Promise.allSettled(Array.from({ length: 10 }, () => lockFolder(folder)));
    const held = locks.filter((lock) => lock.status === "fulfilled");
    assert.equal(held.length, 1);
    for (const lock of held) lock.value.release();
  });

  test("keeps its file for the owner alone", async () => {
    const folder = await mkdtemp(join(parent, "f-"));
    (await lockFolder(folder)).release();
    assert.equal((await stat(join(folder, "lock"))).mode & 0o777, 0o600);
  });

  test("says what is wrong with a folder that is not there", async () => {
    await assert.rejects(
      lockFolder(join(parent, "none")),
      /cannot open .*none\/lock: ENOENT.*the state folder must exist/,
    );
  });
});

async function startHolder(folder: string): Promise<{ readonly child: ChildProcess; readonly said: string }> {
  const script = join(import.meta.dirname, "../support/locking-child.ts");
  const child = spawn(process.execPath, ["--import", "tsx", script, folder], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout ?? assert.fail("no stdout") });
  const [said] = (await once(lines, "line")) as [string];
  return { child, said };
}
