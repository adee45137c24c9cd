import assert from "node:assert/strict";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { AssetFiles } from "../../src/http/asset-file.ts";

describe("AssetFiles, of a file that somebody has open already", () => {
  let folder: string;
  let root: string;
  let files: AssetFiles;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "bootqueue-asset-file-"));
    root = join(folder, "assets");
    await mkdir(join(root, "pve"), { recursive: true });
    await writeFile(join(root, "pve", "iso"), "old");
    await writeFile(join(folder, "secret"), "not for machines");
    files = new AssetFiles(root);
  });
  after(() => rm(folder, { recursive: true }));

  async function opened(path: string) {
    const file = await files.open(path);
    assert.ok(file !== null, `${path} is not there`);
    return file;
  }

  test("is one file for everybody, by whichever of its names they ask", async () => {
    await symlink("pve/iso", join(root, "link"));
    const [first, second, third] = [await opened("pve/iso"), await opened("pve/iso"), await opened("link")];
    assert.equal(second, first);
    assert.equal(third, first);
    assert.equal(first.users, 3);
    for (const file of [first, second, third]) file.release();
    const afterwards = await opened("pve/iso");
    assert.notEqual(afterwards, first);
    afterwards.release();
  });

  test("is another one as soon as its content is, and the old one stays whole for those who have it", async () => {
    const old = await opened("pve/iso");
    await writeFile(join(root, "pve", "new"), "new one");
    await rename(join(root, "pve", "new"), join(root, "pve", "iso"));
    const fresh = await opened("pve/iso");
    assert.deepEqual([old.sizeBytes, fresh.sizeBytes], [3, 7]);
    await writeFile(join(root, "pve", "iso"), "written into");
    const written = await opened("pve/iso");
    assert.equal(written.sizeBytes, 12);
    old.release();
    const again = await opened("pve/iso");
    assert.equal(again, written);
    for (const file of [fresh, written, again]) file.release();
  });

  test("is gone when it is removed, or when its name leads outside by now", async () => {
    await writeFile(join(root, "kernel"), "a kernel");
    const kernel = await opened("kernel");
    await rename(join(root, "kernel"), join(root, "elsewhere"));
    assert.equal(await files.open("kernel"), null);
    await symlink(join(folder, "secret"), join(root, "kernel"));
    assert.equal(await files.open("kernel"), null);
    assert.equal(await files.open("elsewhere/"), null);
    kernel.release();
  });
});
