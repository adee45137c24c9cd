import assert from "node:assert/strict";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { readCatalogue } from "../../src/images/catalogue.ts";
import { removeImage } from "../../src/images/remove-image.ts";
import { openShelf } from "../../src/images/shelf.ts";
import { newAssetsFolder, shelveImage } from "../support/shelved-image.ts";

describe("removeImage()", () => {
  test("removes this one and no other", async (t) => {
    const assets = await newAssetsFolder(t);
    const old = await shelveImage(assets, "proxmox-ve-9.1-1");
    await shelveImage(assets, "proxmox-ve-9.2-1");
    await removeImage(assets, old);
    const { images } = await readCatalogue(assets);
    assert.deepEqual(
      images.map(({ manifest }) => manifest.name),
      ["proxmox-ve-9.2-1"],
    );
    assert.equal((await readdir(join(assets, "images"))).length, 2);
  });

  test("waits for nobody: while another works there, it says which process", async (t) => {
    const assets = await newAssetsFolder(t);
    const image = await shelveImage(assets, "proxmox-ve-9.1-1");
    const shelf = await openShelf(assets);
    await assert.rejects(removeImage(assets, image), {
      type: "refused",
      message: `process ${process.pid} is adding or removing an image just now`,
    });
    await shelf.close();
    await removeImage(assets, image);
  });
});

test("a shelf clears away what an interrupted process left, and nothing else", async (t) => {
  const assets = await newAssetsFolder(t);
  await shelveImage(assets, "proxmox-ve-9.1-1");
  await mkdir(join(assets, "images", ".adding", "tree"), { recursive: true });
  await writeFile(join(assets, "images", ".adding", "source.iso"), "half");
  await mkdir(join(assets, "images", ".removing-0"));
  await (await openShelf(assets)).close();
  const names = (await readdir(join(assets, "images"))).map((name) => (name.length === 64 ? "an image" : name));
  assert.deepEqual(names.sort(), [".lock", "an image"]);
});
