import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ImageManifest, MANIFEST_FILE, parseManifest } from "./manifest.ts";

/** Below `assets/`: one folder for each image, named with the SHA-256 of its ISO. */
export const IMAGES_FOLDER = "images";

/** An image that is complete. */
export interface CataloguedImage {
  readonly manifest: ImageManifest;
  /** Relative to `assets/`, with slashes: `images/0f3a…`. */
  readonly folder: string;
}

export interface Catalogue {
  /** By name. */
  readonly images: readonly CataloguedImage[];
  /** Folders that ought to be images and cannot be read as such: what is wrong and what to do. */
  readonly faults: readonly string[];
}

/** What stands in the names of the folders. */
export const FOLDER_NAME = /^[0-9a-f]{64}$/;

/** Every image below `assets`. An image that is being added is not there before it is whole. */
export async function readCatalogue(assets: string): Promise<Catalogue> {
  const images: CataloguedImage[] = [];
  const faults: string[] = [];
  const names = await readdir(join(assets, IMAGES_FOLDER)).catch((cause: NodeJS.ErrnoException) => {
    // Whoever may not look into it is told, and sees none.
    if (cause.code !== "ENOENT")
      faults.push(`${join(assets, IMAGES_FOLDER)} cannot be read: ${cause.code ?? cause.message}`);
    return [];
  });
  for (const name of names.filter((each) => FOLDER_NAME.test(each)).sort()) {
    const folder = `${IMAGES_FOLDER}/${name}`;
    const found = await readManifest(join(assets, folder, MANIFEST_FILE));
    if (found.type === "manifest") images.push({ manifest: found.manifest, folder });
    else faults.push(`${join(assets, folder)} is no image: ${found.why}; remove this folder, and add the image again`);
  }
  return { images: images.sort(byName), faults };
}

function byName({ manifest: one }: CataloguedImage, { manifest: other }: CataloguedImage): number {
  return one.name < other.name ? -1 : 1;
}

type Found =
  | { readonly type: "manifest"; readonly manifest: ImageManifest }
  | { readonly type: "fault"; readonly why: string };

async function readManifest(path: string): Promise<Found> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT") return { type: "fault", why: `${MANIFEST_FILE} is missing` };
    return { type: "fault", why: `${MANIFEST_FILE} cannot be read (${code ?? String(cause)})` };
  }
  const parsed = parseManifest(text);
  return parsed.ok
    ? { type: "manifest", manifest: parsed.value }
    : { type: "fault", why: `${MANIFEST_FILE}: ${parsed.error}` };
}
