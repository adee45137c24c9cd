import { mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { CPIO_FILE_MAX, cpioAround, paddingTo, zeros } from "./cpio.ts";
import { ImageFailure } from "./image-failure.ts";
import type { DiscUse, IsoContent, Recognised, Take } from "./iso-content.ts";
import { KERNEL_HEAD_BYTES, looksLikeKernel } from "./kernel-header.ts";
import type { ImageFile } from "./manifest.ts";
import type { ReportProgress } from "./progress.ts";
import { bytesAt } from "./read-iso.ts";
import { piecesAt, type WrittenFile, writeFileOf } from "./written-file.ts";
import { remasterIso } from "./xorriso.ts";

export interface Building {
  /** Where the image's files go. */
  readonly staged: string;
  /** The ISO, inside that folder; it is gone or has another name afterwards. */
  readonly iso: string;
  readonly written: WrittenFile;
  readonly content: IsoContent;
  readonly found: Recognised;
  readonly name: string;
  readonly order: { readonly signal: AbortSignal; readonly onProgress: ReportProgress };
}

/** Makes the files that machines fetch. They are on the disk when it resolves. */
export async function buildImage(building: Building): Promise<readonly ImageFile[]> {
  const { staged, iso, written, found, name } = building;
  const { disc } = found;
  const inside = disc.type === "in-initramfs" ? await remaster(building, disc) : null;
  const files: ImageFile[] = [];
  for (const take of found.takes) {
    const isJoined = inside !== null && take.role === "initrd";
    files.push({ role: take.role, path: take.to, ...(await extract(building, take, isJoined ? inside : null)) });
  }
  if (inside !== null) await rm(inside.path);
  if (disc.type === "served") {
    // Installers look for this ending.
    const path = `${name}.iso`;
    await rename(iso, join(staged, path));
    files.push({ role: "iso", path, sizeBytes: written.sizeBytes, sha256: written.sha256 });
  } else await rm(iso);
  return files;
}

/** A file that is put into the initramfs besides. */
interface Inside {
  readonly path: string;
  readonly as: string;
  readonly sizeBytes: number;
}

async function remaster(building: Building, disc: Extract<DiscUse, { type: "in-initramfs" }>): Promise<Inside> {
  const { staged, iso, order } = building;
  const { signal, onProgress } = order;
  const added = join(staged, "added");
  const path = join(staged, "prepared.iso");
  await writeFileOf(added, [Buffer.from(disc.adds.text)], signal);
  const what = "preparing the ISO";
  onProgress({ what, done: 0, total: 100, unit: "percent" });
  await remasterIso(iso, path, { without: disc.without, adds: disc.adds, from: added }, signal, (done) =>
    onProgress({ what, done, total: 100, unit: "percent" }),
  );
  await rm(added);
  const { size: sizeBytes } = await stat(path);
  if (sizeBytes > CPIO_FILE_MAX)
    throw new ImageFailure("unusable", `expected an ISO below 4 GiB, found one of ${sizeBytes} octets`);
  return { path, as: disc.as, sizeBytes };
}

async function extract(building: Building, take: Take, inside: Inside | null): Promise<WrittenFile> {
  const { staged, iso, content, order } = building;
  const file = content.files.get(take.from);
  if (file === undefined) throw new RangeError(`${take.from} is not in the listing`);
  if (take.role === "kernel" && !looksLikeKernel(await headOf(iso, file.offsetBytes, file.sizeBytes)))
    throw new ImageFailure("unusable", `expected a Linux kernel in ${take.from} of this ISO, found something else`);
  const to = join(staged, take.to);
  await mkdir(join(to, ".."), { recursive: true, mode: 0o755 });
  const joined = inside === null ? 0 : inside.sizeBytes;
  const what = inside === null ? `unpacking ${take.to}` : "putting the ISO into the initrd";
  const total = file.sizeBytes + joined;
  return await writeFileOf(to, joinedPieces(iso, file, inside), order.signal, (done) =>
    order.onProgress({ what, done: Math.min(done, total), total, unit: "octets" }),
  );
}

/**
 * A file of the ISO, and behind it an archive with the other. The kernel takes an archive that is not compressed only
 * where it begins at a multiple of four, and boot loaders that join several are best left with a multiple of 512.
 */
async function* joinedPieces(
  iso: string,
  file: { readonly offsetBytes: number; readonly sizeBytes: number },
  inside: Inside | null,
): AsyncGenerator<Buffer> {
  yield* piecesAt(iso, file.offsetBytes, file.sizeBytes);
  if (inside === null) return;
  const { before, after } = cpioAround(inside.as, inside.sizeBytes);
  yield zeros(paddingTo(INITRD_UNIT, file.sizeBytes));
  yield before;
  yield* piecesAt(inside.path, 0, inside.sizeBytes);
  yield after;
  yield zeros(paddingTo(INITRD_UNIT, before.length + inside.sizeBytes + after.length));
}

const INITRD_UNIT = 512;

async function headOf(iso: string, offsetBytes: number, sizeBytes: number): Promise<Buffer> {
  return await bytesAt(iso, offsetBytes, Math.min(KERNEL_HEAD_BYTES, sizeBytes));
}
