import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { lockFile } from "../../src/std/file-lock.ts";

test("lockFile() lets one in at a time, and tells the others who it is", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "bootqueue-lock-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "lock");
  const lock = await lockFile(path);
  assert.deepEqual(await lockFile(path), { heldBy: String(process.pid) });
  assert.ok("release" in lock);
  lock.release();
  const next = await lockFile(path);
  assert.ok("release" in next);
  next.release();
});

test("lockFile() rejects where no file can be made", async () => {
  await assert.rejects(lockFile("/nonexistent/lock"), { code: "ENOENT", syscall: "open" });
});
