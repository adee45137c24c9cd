import { basename } from "node:path";
import type { CataloguedImage } from "./catalogue.ts";
import { becomeOwner } from "./folder-owner.ts";
import { openShelf } from "./shelf.ts";

/** Removes an image; in one step it is none any more. Rejects with an `ImageFailure`. */
export async function removeImage(assets: string, { folder }: CataloguedImage): Promise<void> {
  await becomeOwner(assets);
  const shelf = await openShelf(assets);
  try {
    await shelf.remove(basename(folder));
  } finally {
    await shelf.close();
  }
}
