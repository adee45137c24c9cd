import { SECTOR_BYTES } from "./iso-volume.ts";

/** A regular file in an ISO, in one piece. */
export interface IsoFile {
  readonly sizeBytes: number;
  /** Where its octets begin in the ISO. */
  readonly offsetBytes: number;
}

/** By absolute path: `/boot/linux26`. */
export type IsoListing = ReadonlyMap<string, IsoFile>;

/**
 * Reads what `xorriso -find / -type f -exec report_lba` prints with `-backslash_codes encode_results`. Names that need
 * a code, such as one with a line end, and files in several pieces are left out: nothing that boots is one.
 */
export function parseListing(text: string): IsoListing {
  const files = new Map<string, IsoFile>();
  const inPieces = new Set<string>();
  for (const line of text.split("\n")) {
    const [, piece, lba, size, quoted] = LINE.exec(line) ?? [];
    const path = quoted?.replaceAll(`'"'"'`, "'");
    if (path === undefined || path.includes("\\")) continue;
    if (piece !== "0") inPieces.add(path);
    else files.set(path, { sizeBytes: Number(size), offsetBytes: Number(lba) * SECTOR_BYTES });
  }
  for (const path of inPieces) files.delete(path);
  return files;
}

const LINE = /^File data lba: +(\d+) , +(\d+) , +\d+ , +(\d+) , '(\/.*)'$/;
