import { join } from "node:path";
import type { Readable } from "node:stream";
import { buildImage } from "./build-image.ts";
import { type Catalogue, type CataloguedImage, IMAGES_FOLDER, readCatalogue } from "./catalogue.ts";
import { becomeOwner } from "./folder-owner.ts";
import { ImageFailure } from "./image-failure.ts";
import type { Recognised } from "./iso-content.ts";
import { readIsoVolume, VOLUME_HEAD_BYTES } from "./iso-volume.ts";
import { formatManifest, IMAGE_NAME, type ImageManifest, MANIFEST_FILE } from "./manifest.ts";
import type { ReportProgress } from "./progress.ts";
import { notAnIso, readIso } from "./read-iso.ts";
import { recognise } from "./recognise.ts";
import { freeBytes, openShelf, type Shelf } from "./shelf.ts";
import { openSource, type Source } from "./source.ts";
import { piecesOf, sha256Of, stopped, type WrittenFile, writeFileOf } from "./written-file.ts";
import { checkXorriso } from "./xorriso.ts";

export interface AddOrder {
  /** The folder that machines fetch from. */
  readonly assets: string;
  /** A path, an http(s) address, or `-` for `stdin`. */
  readonly from: string;
  readonly stdin: Readable;
  /** Of the ISO; null: nobody said, or a file beside it says. */
  readonly sha256: string | null;
  /** null: the name follows from what the ISO is. */
  readonly name: string | null;
  readonly signal: AbortSignal;
  readonly onProgress: ReportProgress;
  readonly now: () => number;
}

export interface Added {
  readonly image: CataloguedImage;
  /** false: it was there already. */
  readonly isNew: boolean;
  /** true: its SHA-256 was given, and is right. */
  readonly isChecked: boolean;
}

/**
 * Makes an image of an ISO. It appears whole or not at all: whatever interrupts this, what was begun is cleared away, at
 * the latest when the next image is added. Rejects with an `ImageFailure`.
 */
export async function addImage(order: AddOrder): Promise<Added> {
  const { assets, signal } = order;
  await checkXorriso(signal);
  // With the rights of whoever asks; the rest with those of the folder's owner.
  const source = await openSource(order.from, order.stdin, signal).catch((cause) => {
    throw signal.aborted ? stopped() : cause;
  });
  try {
    await becomeOwner(assets);
    const shelf = await openShelf(assets);
    try {
      return await addTo(shelf, source, order);
    } finally {
      await shelf.close();
    }
  } catch (cause) {
    throw signal.aborted ? stopped() : inWords(cause, join(assets, IMAGES_FOLDER));
  } finally {
    await source.close();
  }
}

async function addTo(shelf: Shelf, source: Source, order: AddOrder): Promise<Added> {
  const catalogue = await readCatalogue(order.assets);
  const wanted = order.sha256 ?? source.sha256;
  const known = await knownAlready(catalogue, source, wanted, order);
  if (known !== null) return known;

  await checkSpace(shelf.folder, source.sizeBytes ?? 0);
  const staged = await shelf.stage();
  const iso = join(staged, "source.iso");
  const written = await fetchIso(source, iso, order);
  checkSum(written.sha256, wanted);
  const same = imageOf(catalogue, written.sha256);
  if (same !== null) return { image: same, isNew: false, isChecked: wanted !== null };

  order.onProgress({ what: "looking into it", done: 0, total: null, unit: "percent" });
  const content = await readIso(iso, written.sizeBytes, order.signal);
  const found = recognise(content);
  if ("unusable" in found) throw new ImageFailure("unusable", found.unusable, found.hint);
  const name = nameOf(order.name, found, source.fileName, content.volumeId);
  checkName(catalogue, name, order.name === null);
  const disc = found.disc.type === "in-initramfs" ? content.sizeBytes : 0;
  await checkSpace(shelf.folder, disc + sizesOf(found, content.files));

  const files = await buildImage({ staged, iso, written, content, found, name, order });
  const manifest: ImageManifest = {
    schema: 1,
    name,
    product: found.product,
    release: found.release,
    title: found.title,
    attended: found.attended,
    memoryMib: found.memoryMib,
    addedAt: new Date(order.now()).toISOString(),
    source: { file: source.fileName, sizeBytes: written.sizeBytes, sha256: written.sha256 },
    files: [...files],
  };
  await writeFileOf(join(staged, MANIFEST_FILE), [Buffer.from(formatManifest(manifest))], order.signal);
  await shelf.publish(staged, written.sha256);
  const folder = `${IMAGES_FOLDER}/${written.sha256}`;
  return { image: { manifest, folder }, isNew: true, isChecked: wanted !== null };
}

/** null: it has to be read. */
async function knownAlready(
  catalogue: Catalogue,
  source: Source,
  wanted: string | null,
  order: AddOrder,
): Promise<Added | null> {
  if (source.reread === null) {
    const image = wanted === null ? null : imageOf(catalogue, wanted);
    return image && { image, isNew: false, isChecked: true };
  }
  const alike = catalogue.images.some(({ manifest }) => manifest.source.sizeBytes === source.sizeBytes);
  if (!alike) return null;
  const report = progressOf(order, "comparing with the images there", source.sizeBytes);
  const { sha256 } = await sha256Of(piecesOf(source.reread(), order.signal), report);
  checkSum(sha256, wanted);
  const image = imageOf(catalogue, sha256);
  return image && { image, isNew: false, isChecked: wanted !== null };
}

/** Copies it, and stops early when it is no ISO. */
async function fetchIso(source: Source, to: string, order: AddOrder): Promise<WrittenFile> {
  const report = progressOf(order, `reading ${source.fileName}`, source.sizeBytes);
  const pieces = checkedHead(piecesOf(source.stream(), order.signal));
  const written = await writeFileOf(to, pieces, order.signal, report);
  if (source.sizeBytes !== null && written.sizeBytes !== source.sizeBytes)
    throw new ImageFailure(
      "unusable",
      `expected ${source.sizeBytes} octets of ${source.fileName}, found ${written.sizeBytes}`,
      "it ended early or changed meanwhile; try again",
    );
  return written;
}

/** The same pieces, of which the first ones were looked at. */
async function* checkedHead(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let head: Buffer | null = Buffer.alloc(0);
  for await (const piece of pieces) {
    if (head === null) yield piece;
    else {
      head = Buffer.concat([head, piece]);
      if (head.length < VOLUME_HEAD_BYTES) continue;
      checkHead(head);
      yield head;
      head = null;
    }
  }
  if (head !== null) checkHead(head);
}

function checkHead(head: Buffer): void {
  const volume = readIsoVolume(head);
  if (!volume.ok) throw notAnIso(volume.error);
}

function checkSum(found: string, wanted: string | null): void {
  if (wanted === null || found === wanted) return;
  throw new ImageFailure(
    "unusable",
    `expected SHA-256 ${wanted}, found ${found}`,
    "the file is damaged or another one; download it again, and look at the publisher's page for its SHA-256",
  );
}

function checkName(catalogue: Catalogue, name: string, isMadeUp: boolean): void {
  if (!IMAGE_NAME.test(name))
    throw new ImageFailure("refused", `expected a name of letters, digits and . _ -, found ${JSON.stringify(name)}`);
  const other = catalogue.images.find(({ manifest }) => manifest.name === name);
  if (other === undefined) return;
  throw new ImageFailure(
    "refused",
    `another ISO (${other.manifest.source.file}) is called ${name} already`,
    `${isMadeUp ? "give this one a name with --name" : "choose another name"}, or remove that one first: bootqueue image remove ${name}`,
  );
}

async function checkSpace(folder: string, neededBytes: number): Promise<void> {
  const free = await freeBytes(folder);
  const needed = neededBytes + SPARE_BYTES;
  if (free >= needed) return;
  throw new ImageFailure(
    "refused",
    `expected ${mebibytes(needed)} MiB free on the disk of ${folder}, found ${mebibytes(free)}`,
    "remove images that are not used any more (bootqueue image list), or make the disk larger",
  );
}

/** For the manifest, and so that the disk is not filled to its last octet. */
const SPARE_BYTES = 16 * 1024 * 1024;

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 1024 / 1024);
}

function sizesOf({ takes }: Recognised, files: ReadonlyMap<string, { readonly sizeBytes: number }>): number {
  return takes.reduce((sum, { from }) => sum + (files.get(from)?.sizeBytes ?? 0), 0);
}

function imageOf({ images }: Catalogue, sha256: string): CataloguedImage | null {
  return images.find(({ folder }) => folder === `${IMAGES_FOLDER}/${sha256}`) ?? null;
}

/** What nobody knows is named for its file; what came without one, for its volume. */
function nameOf(asked: string | null, { product, release }: Recognised, fileName: string, volumeId: string): string {
  if (asked !== null) return asked;
  if (product !== "other") return release === "" ? product : `${product}-${release}`;
  const own = fileName === "standard-input.iso" ? volumeId : fileName.replace(/\.iso$/i, "");
  const name = own.replaceAll(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  return name === "" ? "unnamed" : name.slice(0, 80);
}

function progressOf({ onProgress }: AddOrder, what: string, total: number | null): (done: number) => void {
  return (done) => onProgress({ what, done, total, unit: "octets" });
}

/** What the system says, in words; the rest as it is. */
function inWords(cause: unknown, folder: string): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT")
    return new ImageFailure(
      "refused",
      `the disk of ${folder} is full; nothing was kept`,
      "remove images that are not used any more (bootqueue image list), or make the disk larger",
    );
  if (code === "EIO") return new ImageFailure("refused", `the disk of ${folder} cannot be read or written (EIO)`);
  // Of a download: what broke stands one level deeper.
  if (cause instanceof TypeError && cause.cause instanceof Error)
    return new ImageFailure("refused", `the download broke off: ${cause.cause.message}`, "try again");
  return cause;
}
