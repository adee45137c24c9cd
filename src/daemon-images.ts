import { access } from "node:fs/promises";
import { join } from "node:path";
import { type CataloguedImage, readCatalogue } from "./images/catalogue.ts";
import { findImage, type ImageExtra, imageFault, type StoredImage } from "./profiles/boot-image.ts";
import type { Profile } from "./profiles/profiles.ts";

/** What `bootqueue image add` has put below `assets`, as profiles know it. */
export async function loadImages(assets: string): Promise<readonly StoredImage[]> {
  return (await readCatalogue(assets)).images.map(storedImage);
}

/** Paths become relative to `assets/`. */
export function storedImage({ manifest, folder }: CataloguedImage): StoredImage {
  const { name, product, release, files, memoryMib } = manifest;
  const pathOf = (wanted: string) => {
    const file = files.find(({ role }) => role === wanted);
    return file === undefined ? null : `${folder}/${file.path}`;
  };
  const treeinfo = pathOf("treeinfo");
  const extras: [ImageExtra, string | null][] = [
    ["iso", pathOf("iso")],
    ["modloop", pathOf("modloop")],
    ["tree", treeinfo === null ? null : treeinfo.slice(0, treeinfo.lastIndexOf("/"))],
  ];
  const initrds = files
    .filter(({ role }) => role === "initrd")
    .map(({ path, as }) => ({ path: `${folder}/${path}`, ...(as === undefined ? {} : { as }) }));
  return {
    name,
    product,
    release,
    kernel: pathOf("kernel") ?? "",
    initrds,
    extras: Object.fromEntries(extras.filter(([, path]) => path !== null)),
    memoryMib,
  };
}

/** What keeps machines from booting this profile, each with what to do; empty: nothing. */
export async function missingFor(
  profile: Profile,
  images: readonly StoredImage[],
  assets: string,
): Promise<readonly string[]> {
  const wish = profile.image();
  const image = wish === null ? null : findImage(images, wish.name);
  const missing: string[] = [];
  for (const file of profile.assets(image)) missing.push(...(await missingFile(join(assets, file))));
  const fault = wish === null ? null : imageFault(wish, images);
  if (wish === null || fault === null) return missing;
  if (wish.orFolder && image === null && missing.length === 0) return [];
  // Whether the operator meant a folder shows in whether there is one.
  if (wish.orFolder && (await exists(join(assets, wish.name)))) return missing;
  return [`profile ${profile.name}: ${fault}`];
}

/** The same for all of them, without repeats. */
export async function missingForAll(
  profiles: { values(): Iterable<Profile> },
  images: readonly StoredImage[],
  assets: string,
): Promise<readonly string[]> {
  const all = await Promise.all([...profiles.values()].map((profile) => missingFor(profile, images, assets)));
  return [...new Set(all.flat())];
}

/** Empty: it is there. */
export async function missingFile(path: string): Promise<readonly string[]> {
  return (await exists(path)) ? [] : [`${path} is missing: machines that ask for it cannot boot`];
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
