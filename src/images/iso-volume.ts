import { err, ok, type Result } from "../std/result.ts";

/** What the first sectors of an ISO 9660 image tell (ECMA-119 §8.4). */
export interface IsoVolume {
  readonly volumeId: string;
  /** As the ISO says; a shorter file was cut off. */
  readonly sizeBytes: number;
}

export const SECTOR_BYTES = 2048;

/** As much of the beginning of a file as `readIsoVolume` needs. */
export const VOLUME_HEAD_BYTES = 17 * SECTOR_BYTES;

/** `head`: the first octets of the file. The error says what was found instead, to follow the word "found". */
export function readIsoVolume(head: Buffer): Result<IsoVolume, string> {
  const descriptor = head.subarray(16 * SECTOR_BYTES, VOLUME_HEAD_BYTES);
  if (descriptor.length < SECTOR_BYTES || descriptor[0] !== 1 || descriptor.toString("latin1", 1, 6) !== "CD001")
    return err(otherThanIso(head));
  const blockBytes = descriptor.readUInt16LE(128);
  if (blockBytes !== SECTOR_BYTES) return err(`an ISO with blocks of ${blockBytes} octets instead of ${SECTOR_BYTES}`);
  const volumeId = descriptor
    .toString("latin1", 40, 72)
    .replaceAll(/[^\x20-\x7e]/g, " ")
    .trim();
  return ok({ volumeId, sizeBytes: descriptor.readUInt32LE(80) * SECTOR_BYTES });
}

function otherThanIso(head: Buffer): string {
  if (head.length === 0) return "an empty file";
  for (const { magic, what } of OTHERS) if (head.subarray(0, magic.length).equals(magic)) return what;
  if (head.subarray(257, 262).toString("latin1") === "ustar") return "a tar archive; unpack it first";
  if (/^\s*<(!doctype|html|\?xml)/i.test(head.toString("latin1", 0, 200)))
    return "a web page; the address is probably not that of the ISO itself";
  if (head.length < VOLUME_HEAD_BYTES) return `a file of ${head.length} octets`;
  if (head.readUInt16LE(510) === 0xaa55) return "a disk image without an ISO file system";
  return "something else";
}

const OTHERS = [
  { magic: Buffer.from([0x1f, 0x8b]), what: "a gzip file; unpack it first: gunzip" },
  { magic: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a]), what: "an xz file; unpack it first: unxz" },
  { magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), what: "a zstd file; unpack it first: unzstd" },
  { magic: Buffer.from("BZh"), what: "a bzip2 file; unpack it first: bunzip2" },
  { magic: Buffer.from("PK\x03\x04"), what: "a zip archive; unpack it first: unzip" },
  { magic: Buffer.from("QFI\xfb", "latin1"), what: "a disk image of QEMU (qcow2)" },
] as const;
