import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { verifyImage } from "../../src/images/verify-image.ts";
import { newAssetsFolder, shelveImage } from "../support/shelved-image.ts";

describe("verifyImage()", () => {
  test("finds nothing wrong with files as they were added, and tells how far it is", async (t) => {
    const assets = await newAssetsFolder(t);
    const image = await shelveImage(assets, "x-1");
    const seen: string[] = [];
    const faults = await verifyImage(assets, image, ({ done, total }) => seen.push(`${done} of ${total}`));
    assert.deepEqual([faults, seen], [[], ["13 of 26", "26 of 26"]]);
  });

  test("names each file that is missing, shorter or changed", async (t) => {
    const assets = await newAssetsFolder(t);
    const image = await shelveImage(assets, "x-1");
    const at = (path: string) => join(assets, image.folder, path);
    await writeFile(at("vmlinuz"), "kernel of x-2");
    await rm(at("initrd.img"));
    const [changed = "", missing] = await verifyImage(assets, image, () => {});
    assert.match(changed, /vmlinuz: expected SHA-256 [0-9a-f]{64}, found [0-9a-f]{64}$/);
    assert.equal(missing, `${at("initrd.img")}: it is missing`);
    await writeFile(at("vmlinuz"), "kernel");
    assert.match((await verifyImage(assets, image, () => {}))[0] ?? "", /expected 13 octets, found 6$/);
  });
});
