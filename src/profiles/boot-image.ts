/** What `bootqueue image add` made of an ISO, as profiles know it. Every path is relative to `assets/`. */
export interface StoredImage {
  /** `proxmox-ve-9.2-1`; no other image has it. */
  readonly name: string;
  /** `proxmox-ve`, `ubuntu-server`; `other` where nobody knows. */
  readonly product: string;
  /** `9.2-1`, `24.04.3`; empty where nobody knows. */
  readonly release: string;
  readonly kernel: string;
  readonly initrds: readonly { readonly path: string /** File name inside the initramfs. */; readonly as?: string }[];
  readonly extras: { readonly [Extra in ImageExtra]?: string };
  /** Main memory that a machine needs to boot it, in MiB; a good estimate. */
  readonly memoryMib: number;
}

/**
 * What some installers fetch by themselves: the whole ISO (Ubuntu), the folder with `.treeinfo` in which the second
 * stage lies (Fedora and its relatives), the kernel modules (Alpine).
 */
export type ImageExtra = "iso" | "tree" | "modloop";

/** The same as the machine fetches it: addresses instead of paths. */
export interface BootImage {
  readonly name: string;
  readonly product: string;
  readonly release: string;
  readonly kernel: string;
  readonly initrds: readonly { readonly url: string; readonly as?: string }[];
  readonly extras: { readonly [Extra in ImageExtra]?: string };
}

/** Which image a profile boots, as it says. */
export interface ImageWish {
  /** Of an image, or of a product: then the newest release of it. */
  readonly name: string;
  /** Products that the profile's installer is; null: whatever boots. */
  readonly products: readonly string[] | null;
  /** true: where there is no such image, a folder of that name below `assets/` will do, with the files that `assets` names. */
  readonly orFolder: boolean;
}

/** By name, else the newest image of that product. null: there is none. */
export function findImage<Image extends { readonly name: string; readonly product: string; readonly release: string }>(
  images: readonly Image[],
  asked: string,
): Image | null {
  const named = images.find(({ name }) => name === asked);
  if (named !== undefined) return named;
  const releases = images.filter(({ product }) => product === asked);
  return releases.reduce<Image | null>(
    (best, each) => (best === null || compareReleases(each.release, best.release) > 0 ? each : best),
    null,
  );
}

/** Of two releases such as `9.2-1` and `9.10-1`, more than 0 when `one` is the newer. */
export function compareReleases(one: string, other: string): number {
  const [ours, theirs] = [one, other].map((text) => (text.match(/\d+/g) ?? []).map(Number));
  for (let at = 0; at < Math.max(ours?.length ?? 0, theirs?.length ?? 0); at++) {
    const difference = (ours?.[at] ?? -1) - (theirs?.[at] ?? -1);
    if (difference !== 0) return difference;
  }
  return one < other ? -1 : Number(one > other);
}

/** The image with addresses; `asset` makes one of a path. */
export function bootImageOf(image: StoredImage, asset: (path: string) => string): BootImage {
  const { name, product, release, kernel, initrds, extras } = image;
  return {
    name,
    product,
    release,
    kernel: asset(kernel),
    initrds: initrds.map(({ path, as }) => ({ url: asset(path), ...(as === undefined ? {} : { as }) })),
    extras: Object.fromEntries(Object.entries(extras).map(([extra, path]) => [extra, asset(path)])),
  };
}

/** What is wrong with the image that a profile names, and what to do; null: nothing. */
export function imageFault(wish: ImageWish, images: readonly StoredImage[]): string | null {
  const image = findImage(images, wish.name);
  const known = [...new Set(images.map(({ name }) => name))].sort();
  const there = known.length === 0 ? "there is none yet" : `there are ${known.join(", ")}`;
  if (image === null) return `no image is called "${wish.name}" (${there}); add it with: bootqueue image add FILE.iso`;
  if (wish.products === null || wish.products.includes(image.product)) return null;
  return `expected an image of ${wish.products.join(" or ")}, found ${image.name}; \`bootqueue image list\` shows all`;
}
