import type { StoredImage } from "../../src/profiles/boot-image.ts";

/** A small image of this product, with one kernel and one initrd. */
export function storedImage(product: string, release: string, changes: Partial<StoredImage> = {}): StoredImage {
  const name = `${product}-${release}`;
  return {
    name,
    product,
    release,
    kernel: `images/${name}/vmlinuz`,
    initrds: [{ path: `images/${name}/initrd.img` }],
    extras: {},
    memoryMib: 2048,
    ...changes,
  };
}
