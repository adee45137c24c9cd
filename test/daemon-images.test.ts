import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { missingFor, storedImage } from "../src/daemon-images.ts";
import { proxmoxProfile, TARGET } from "./support/proxmox-profile.ts";
import { storedImage as imageOf } from "./support/stored-image.ts";

const SHA = "b".repeat(64);

async function assetsWith(t: TestContext, files: readonly string[]): Promise<string> {
  const assets = await mkdtemp(join(tmpdir(), "bootqueue-assets-"));
  t.after(() => rm(assets, { recursive: true }));
  for (const file of files) {
    await mkdir(join(assets, file, ".."), { recursive: true });
    await writeFile(join(assets, file), "");
  }
  return assets;
}

describe("storedImage()", () => {
  test("is the manifest with paths below assets/", () => {
    const files = [
      { role: "kernel", path: "vmlinuz", sizeBytes: 1, sha256: SHA },
      { role: "initrd", path: "initrd.img", sizeBytes: 1, sha256: SHA },
      { role: "initrd", path: "more.img", as: "proxmox.iso", sizeBytes: 1, sha256: SHA },
      { role: "treeinfo", path: "tree/.treeinfo", sizeBytes: 1, sha256: SHA },
    ] as const;
    const manifest = {
      schema: 1,
      name: "fedora-43",
      product: "fedora",
      release: "43",
      title: "Fedora 43",
      attended: null,
      memoryMib: 3072,
      addedAt: "2026-11-20T14:00:00.000Z",
      source: { file: "x.iso", sizeBytes: 1, sha256: SHA },
      files: [...files],
    } as const;
    assert.deepEqual(storedImage({ manifest: { ...manifest, files: [...files] }, folder: `images/${SHA}` }), {
      name: "fedora-43",
      product: "fedora",
      release: "43",
      kernel: `images/${SHA}/vmlinuz`,
      initrds: [{ path: `images/${SHA}/initrd.img` }, { path: `images/${SHA}/more.img`, as: "proxmox.iso" }],
      extras: { tree: `images/${SHA}/tree` },
      memoryMib: 3072,
    });
  });
});

describe("missingFor()", () => {
  const pve = imageOf("proxmox-ve", "9.2-1");

  test("a profile whose image is there misses nothing, by name or by product", async (t) => {
    const assets = await assetsWith(t, []);
    for (const image of ["proxmox-ve-9.2-1", "proxmox-ve"])
      assert.deepEqual(await missingFor(proxmoxProfile({ image }), [pve], assets), []);
  });

  test("a profile whose image is not there says which, and how to add it", async (t) => {
    const assets = await assetsWith(t, []);
    assert.deepEqual(await missingFor(proxmoxProfile({ image: "proxmox-ve-9.3-1" }), [pve], assets), [
      'profile pve: no image is called "proxmox-ve-9.3-1" (there are proxmox-ve-9.2-1); add it with: bootqueue image add FILE.iso',
    ]);
  });

  test("a folder prepared by hand will do, and what is missing in it is told by file", async (t) => {
    const whole = await assetsWith(t, ["pve/linux26", "pve/initrd.img"]);
    assert.deepEqual(await missingFor(proxmoxProfile(), [], whole), []);
    const half = await assetsWith(t, ["pve/linux26"]);
    assert.deepEqual(await missingFor(proxmoxProfile(), [], half), [
      `${join(half, "pve/initrd.img")} is missing: machines that ask for it cannot boot`,
    ]);
  });

  test("an image of another product is none for it", async (t) => {
    const ubuntu = imageOf("ubuntu-server", "24.04.3");
    const assets = await assetsWith(t, []);
    const [fault = ""] = await missingFor(proxmoxProfile({ image: "ubuntu-server" }), [ubuntu], assets);
    assert.match(fault, /^profile pve: expected an image of proxmox-ve or .*, found ubuntu-server-24\.04\.3;/);
  });
});

test("a Proxmox profile boots what its image holds", () => {
  const profile = proxmoxProfile({ image: "proxmox-ve" });
  const image = { name: "x", product: "proxmox-ve", release: "9.2-1", kernel: "http://k", initrds: [], extras: {} };
  const links = { image: (name: string) => (name === "proxmox-ve" ? image : null), asset: (path: string) => path };
  const plan = profile.bootPlan(TARGET, links as unknown as Parameters<typeof profile.bootPlan>[1]);
  assert.deepEqual([plan.kernel, plan.initrds], ["http://k", []]);
  assert.deepEqual(profile.assets(imageOf("proxmox-ve", "9.2-1")), []);
});
