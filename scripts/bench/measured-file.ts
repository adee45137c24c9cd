import { randomFillSync } from "node:crypto";
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";

/** A file in which each page says where it is, so that `http-load.c` notices octets from elsewhere; otherwise chance. */
export function writeMeasuredFile(path: string, sizeBytes: number): void {
  const piece = randomFillSync(Buffer.alloc(4 << 20));
  const file = openSync(path, "w");
  try {
    for (let at = 0; at < sizeBytes; at += piece.length) {
      for (let page = 0; page < piece.length; page += PAGE) {
        piece.writeBigUInt64LE(BigInt.asUintN(64, BigInt(at + page) * FACTOR), page);
      }
      writeSync(file, piece, 0, Math.min(piece.length, sizeBytes - at));
    }
    // Otherwise the disk would be busy with it while something is measured.
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

const PAGE = 4096;
const FACTOR = 0x9e3779b97f4a7c15n;
