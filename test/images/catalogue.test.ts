import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { readCatalogue } from "../../src/images/catalogue.ts";
import { formatManifest, type ImageManifest, parseManifest } from "../../src/images/manifest.ts";

const SHA = "a".repeat(64);

const MANIFEST: ImageManifest = {
  schema: 1,
  name: "proxmox-ve-9.2-1",
  product: "proxmox-ve",
  release: "9.2-1",
  title: "Proxmox VE 9.2-1",
  attended: null,
  memoryMib: 6144,
  addedAt: "2026-11-20T14:00:00.000Z",
  source: { file: "proxmox-ve_9.2-1.iso", sizeBytes: 1_700_000_000, sha256: SHA },
  files: [
    { role: "kernel", path: "linux26", sizeBytes: 14_000_000, sha256: SHA },
    { role: "initrd", path: "initrd.img", sizeBytes: 1_700_000_000, sha256: SHA },
  ],
};

async function assetsWith(t: TestContext, folders: Readonly<Record<string, string | null>>): Promise<string> {
  const assets = await mkdtemp(join(tmpdir(), "bootqueue-images-"));
  t.after(() => rm(assets, { recursive: true }));
  for (const [name, manifest] of Object.entries(folders)) {
    await mkdir(join(assets, "images", name), { recursive: true });
    if (manifest !== null) await writeFile(join(assets, "images", name, "manifest.json"), manifest);
  }
  return assets;
}

describe("the catalogue", () => {
  test("is empty where nothing was ever added", async (t) => {
    assert.deepEqual(await readCatalogue(await assetsWith(t, {})), { images: [], faults: [] });
  });

  test("has every image by its name, and its folder relative to assets/", async (t) => {
    const older = { ...MANIFEST, name: "proxmox-ve-9.1-1", release: "9.1-1" };
    const assets = await assetsWith(t, {
      ["0".repeat(64)]: formatManifest(MANIFEST),
      ["1".repeat(64)]: formatManifest(older),
    });
    assert.deepEqual(await readCatalogue(assets), {
      images: [
        { manifest: older, folder: `images/${"1".repeat(64)}` },
        { manifest: MANIFEST, folder: `images/${"0".repeat(64)}` },
      ],
      faults: [],
    });
  });

  test("says so where it cannot be read", async (t) => {
    const assets = await assetsWith(t, {});
    await writeFile(join(assets, "images"), "");
    const { images, faults } = await readCatalogue(assets);
    assert.deepEqual([images, faults], [[], [`${join(assets, "images")} cannot be read: ENOTDIR`]]);
  });

  test("does not see what is being added or removed", async (t) => {
    const assets = await assetsWith(t, { ".adding": formatManifest(MANIFEST), ".removing": null });
    assert.deepEqual(await readCatalogue(assets), { images: [], faults: [] });
  });

  test("says what is wrong with a damaged folder, and what to do", async (t) => {
    const assets = await assetsWith(t, { [SHA]: null });
    const folder = join(assets, "images", SHA);
    assert.deepEqual((await readCatalogue(assets)).faults, [
      `${folder} is no image: manifest.json is missing; remove this folder, and add the image again`,
    ]);
  });
});

describe("a manifest", () => {
  test("comes back as it was written", () => {
    assert.deepEqual(parseManifest(formatManifest(MANIFEST)), { ok: true, value: MANIFEST });
  });

  const faults: readonly { what: string; text: string; error: RegExp }[] = [
    { what: "text that is no JSON", text: "{", error: /^it is not JSON$/ },
    { what: "a later version", text: formatManifest({ ...MANIFEST, schema: 2 as 1 }), error: /version 1.*found 2/ },
    { what: "no files", text: formatManifest({ ...MANIFEST, files: [] }), error: /files/ },
    {
      what: "a path that leads out",
      text: formatManifest({ ...MANIFEST, files: [{ role: "kernel", path: "../x", sizeBytes: 1, sha256: SHA }] }),
      error: /files\[0\]\.path: expected a relative path/,
    },
    { what: "an unknown key", text: `{"x":1,${formatManifest(MANIFEST).slice(1)}`, error: /^x: unknown key/ },
  ];
  for (const { what, text, error } of faults) {
    test(`is refused with ${what}`, () => {
      const parsed = parseManifest(text);
      assert.match(parsed.ok ? "" : parsed.error, error);
    });
  }
});
