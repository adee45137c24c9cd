import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { formatManifest, type ImageManifest } from "../../src/images/manifest.ts";

export async function newAssetsFolder(t: TestContext): Promise<string> {
  const assets = await mkdtemp(join(tmpdir(), "bootqueue-assets-"));
  t.after(() => rm(assets, { recursive: true, force: true }));
  return assets;
}

/** Puts an image of two small files below `assets`, as `image add` would. */
export async function shelveImage(
  assets: string,
  name: string,
  changes: Partial<ImageManifest> = {},
): Promise<{ readonly folder: string; readonly manifest: ImageManifest }> {
  const sha = (text: string) => createHash("sha256").update(text).digest("hex");
  const folder = `images/${sha(name)}`;
  const files = { vmlinuz: `kernel of ${name}`, "initrd.img": `initrd of ${name}` };
  const entry = (role: "kernel" | "initrd", path: keyof typeof files) => ({
    role,
    path,
    sizeBytes: files[path].length,
    sha256: sha(files[path]),
  });
  const manifest: ImageManifest = {
    schema: 1,
    name,
    product: name.replace(/-[\d.-]+$/, ""),
    release: /[\d.-]+$/.exec(name)?.[0].slice(1) ?? "",
    title: `System ${name}`,
    attended: null,
    memoryMib: 2048,
    addedAt: "2026-11-20T14:00:00.000Z",
    source: { file: `${name}.iso`, sizeBytes: 1_740_000_000, sha256: sha(name) },
    files: [entry("kernel", "vmlinuz"), entry("initrd", "initrd.img")],
    ...changes,
  };
  await mkdir(join(assets, folder), { recursive: true });
  for (const [path, text] of Object.entries(files)) await writeFile(join(assets, folder, path), text);
  await writeFile(join(assets, folder, "manifest.json"), formatManifest(manifest));
  return { folder, manifest };
}
