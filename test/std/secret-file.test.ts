import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { writeSecretFile } from "../../src/std/secret-file.ts";

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "bootqueue-secret-"));
});
after(() => rm(folder, { recursive: true }));

test("a secret is readable for its owner alone, whatever stood there before", async () => {
  const path = join(folder, "key");
  await writeFile(path, "old", { mode: 0o644 });
  await writeFile(`${path}.new`, "left by a crash", { mode: 0o644 });
  await chmod(`${path}.new`, 0o644);
  await writeSecretFile(path, "new");
  assert.equal(await readFile(path, "utf8"), "new");
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(folder), ["key"]);
});
