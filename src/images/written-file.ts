import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { ImageFailure } from "./image-failure.ts";

/** A file that is on the disk. */
export interface WrittenFile {
  readonly sizeBytes: number;
  readonly sha256: string;
}

/**
 * Writes a new file that everybody may read, out of these pieces, one after another. Resolves when a power cut can no
 * longer undo it. `onBytes` is told after each piece how many octets there are; it may throw.
 */
export async function writeFileOf(
  path: string,
  pieces: AsyncIterable<Buffer> | Iterable<Buffer>,
  signal: AbortSignal,
  onBytes: (done: number) => void = () => {},
): Promise<WrittenFile> {
  const file = await open(path, "wx", 0o644);
  try {
    await file.chmod(0o644);
    const hash = createHash("sha256");
    let sizeBytes = 0;
    for await (const piece of pieces) {
      if (signal.aborted) throw stopped();
      hash.update(piece);
      // A write may be short; then the rest fails with the reason, such as a full disk.
      for (let from = 0; from < piece.length; ) from += (await file.write(piece, from)).bytesWritten;
      sizeBytes += piece.length;
      onBytes(sizeBytes);
    }
    await file.sync();
    return { sizeBytes, sha256: hash.digest("hex") };
  } finally {
    await file.close();
  }
}

/** The octets of a stream. Unlike the stream itself it ends when `signal` says so, also while nothing comes. */
export async function* piecesOf(stream: Readable, signal: AbortSignal): AsyncGenerator<Buffer> {
  const stop = () => void stream.destroy(stopped());
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    for await (const piece of stream) yield piece as Buffer;
  } catch (cause) {
    throw signal.aborted ? stopped() : cause;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** A part of a file, which must be that long. */
export async function* piecesAt(path: string, offsetBytes: number, sizeBytes: number): AsyncGenerator<Buffer> {
  const file = await open(path, "r");
  try {
    for (let done = 0; done < sizeBytes; ) {
      const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, sizeBytes - done));
      const { bytesRead } = await file.read(piece, 0, piece.length, offsetBytes + done);
      if (bytesRead === 0) throw new RangeError(`${path} ends before ${offsetBytes + sizeBytes}`);
      yield piece.subarray(0, bytesRead);
      done += bytesRead;
    }
  } finally {
    await file.close();
  }
}

const PIECE_BYTES = 1024 * 1024;

/** SHA-256 of all that a stream holds. */
export async function sha256Of(pieces: AsyncIterable<Buffer>, onBytes: (done: number) => void): Promise<WrittenFile> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for await (const piece of pieces) {
    hash.update(piece);
    sizeBytes += piece.length;
    onBytes(sizeBytes);
  }
  return { sizeBytes, sha256: hash.digest("hex") };
}

/** Somebody pressed Ctrl-C. */
export function stopped(): ImageFailure {
  return new ImageFailure("aborted", "stopped; nothing was kept");
}
