import { ImageFailure } from "./image-failure.ts";
import { type IsoContent, MARK_BYTES_MAX, MARKS } from "./iso-content.ts";
import { parseListing } from "./iso-listing.ts";
import { readIsoVolume, VOLUME_HEAD_BYTES } from "./iso-volume.ts";
import { piecesAt } from "./written-file.ts";
import { listIso } from "./xorriso.ts";

/** What is in an ISO that lies on the disk. Rejects when it is damaged. */
export async function readIso(path: string, sizeBytes: number, signal: AbortSignal): Promise<IsoContent> {
  const volume = readIsoVolume(await bytesAt(path, 0, Math.min(VOLUME_HEAD_BYTES, sizeBytes)));
  if (!volume.ok) throw notAnIso(volume.error);
  if (volume.value.sizeBytes > sizeBytes)
    throw new ImageFailure(
      "unusable",
      `expected ${volume.value.sizeBytes} octets, as the ISO says of itself, found ${sizeBytes}: its end is missing`,
      "copy or download it again",
    );
  const files = parseListing(await listIso(path, signal));
  for (const [name, { offsetBytes, sizeBytes: length }] of files)
    if (offsetBytes + length > sizeBytes)
      throw new ImageFailure(
        "unusable",
        `${printable(name)} lies beyond the end of this ISO: it is damaged`,
        "copy or download it again",
      );
  const marks = new Map<string, string>();
  for (const name of MARKS) {
    const file = files.get(name);
    if (file === undefined || file.sizeBytes > MARK_BYTES_MAX) continue;
    marks.set(name, (await bytesAt(path, file.offsetBytes, file.sizeBytes)).toString("utf8"));
  }
  return { volumeId: volume.value.volumeId, sizeBytes, files, marks };
}

export function notAnIso(found: string): ImageFailure {
  return new ImageFailure("unusable", `expected an ISO image, found ${found}`);
}

export async function bytesAt(path: string, offsetBytes: number, sizeBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of piecesAt(path, offsetBytes, sizeBytes)) pieces.push(piece);
  return Buffer.concat(pieces);
}

function printable(name: string): string {
  return name.slice(0, 200).replaceAll(/[^\x20-\x7e]/g, "?");
}
