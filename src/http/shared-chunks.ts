import type { AssetFile } from "./asset-file.ts";

/** Octets of a file from `start` on. Whoever took it releases it once; until then they stay as they are. */
export interface Chunk {
  readonly bytes: Uint8Array;
  readonly start: number;
  release(): void;
}

export interface ChunkLimits {
  /** Octets of a shared chunk. Reads of this size cost half the processor time of those of 64 KiB; larger gain nothing. */
  readonly chunkBytes: number;
  /** How many of them there are at most. */
  readonly chunksMax: number;
  /** Octets of what a machine gets for itself alone when all shared ones are under way to others. */
  readonly smallBytes: number;
}

const LIMITS: ChunkLimits = { chunkBytes: 512 << 10, chunksMax: 256, smallBytes: 64 << 10 };

/**
 * Pieces of files, read once for all machines that are at about the same place of the same file: a rack that is switched
 * on fetches one image. The memory is a fixed number of buffers, used over and over. When machines that read slowly hold
 * all of them, the others get small pieces of their own: nobody waits for a stranger.
 */
export class SharedChunks {
  readonly #limits: ChunkLimits;
  readonly #byKey = new Map<string, SharedChunk>();
  /** Those that nobody holds, the one released longest ago first: it makes room first. */
  readonly #idle = new Set<SharedChunk>();
  readonly #spare: Buffer[] = [];
  readonly #spareSmall: Buffer[] = [];
  #allocated = 0;

  constructor(limits: ChunkLimits = LIMITS) {
    this.#limits = limits;
  }

  /** Octets in shared buffers at this moment, used or not. */
  get allocatedBytes(): number {
    return this.#allocated * this.#limits.chunkBytes;
  }

  /** The piece that holds the octet at `offset`, from there or from before. Rejects when it cannot be read whole. */
  take(file: AssetFile, offset: number): Promise<Chunk> | Chunk {
    const start = offset - (offset % this.#limits.chunkBytes);
    const chunk = this.#byKey.get(keyOf(file, start)) ?? this.#begin(file, start);
    if (chunk === null) return this.#takeSmall(file, offset);
    this.#idle.delete(chunk);
    chunk.users++;
    chunk.takes++;
    if (chunk.state === "read") return chunk;
    return chunk.reading.then(() => {
      if (chunk.state === "read") return chunk;
      chunk.release();
      throw new Error("the file cannot be read", { cause: chunk.failure });
    });
  }

  /** Begins to read what is likely to be taken next, as long as there is plenty of room. */
  prepare(file: AssetFile, offset: number): void {
    const start = offset - (offset % this.#limits.chunkBytes);
    const held = this.#byKey.size - this.#idle.size;
    if (held < this.#limits.chunksMax / 2 && !this.#byKey.has(keyOf(file, start))) this.#begin(file, start);
  }

  /** Gives the memory back that nobody uses. */
  trim(): void {
    for (const chunk of [...this.#idle]) this.#drop(chunk);
    this.#allocated -= this.#spare.length;
    this.#spare.length = 0;
    this.#spareSmall.length = 0;
  }

  /** null: all buffers are under way. */
  #begin(file: AssetFile, start: number): SharedChunk | null {
    const buffer = this.#buffer();
    if (buffer === null) return null;
    const bytes = buffer.subarray(0, Math.min(buffer.length, file.sizeBytes - start));
    const chunk: SharedChunk = new SharedChunk(keyOf(file, start), start, bytes, buffer, () => {
      // What everybody has had is not kept: the same few buffers over and over stay in the processor's cache.
      if (chunk.state === "read" && chunk.takes < file.users) this.#idle.add(chunk);
      else this.#drop(chunk);
    });
    this.#byKey.set(chunk.key, chunk);
    // Its read holds it as well, so that the buffer is not used for anything else meanwhile.
    chunk.users++;
    chunk.reading = readWhole(file, bytes, start).then(
      () => {
        chunk.state = "read";
        chunk.release();
      },
      (error: unknown) => {
        chunk.state = "failed";
        chunk.failure = error;
        chunk.release();
      },
    );
    return chunk;
  }

  #buffer(): Buffer | null {
    if (this.#spare.length === 0 && this.#allocated < this.#limits.chunksMax) {
      this.#allocated++;
      return Buffer.allocUnsafeSlow(this.#limits.chunkBytes);
    }
    const [oldest] = this.#idle;
    if (this.#spare.length === 0 && oldest !== undefined) this.#drop(oldest);
    return this.#spare.pop() ?? null;
  }

  #drop(chunk: SharedChunk): void {
    this.#idle.delete(chunk);
    this.#byKey.delete(chunk.key);
    this.#spare.push(chunk.buffer);
  }

  async #takeSmall(file: AssetFile, offset: number): Promise<Chunk> {
    const buffer = this.#spareSmall.pop() ?? Buffer.allocUnsafeSlow(this.#limits.smallBytes);
    const bytes = buffer.subarray(0, Math.min(buffer.length, file.sizeBytes - offset));
    const release = () => {
      if (this.#spareSmall.length < SPARE_SMALL_MAX) this.#spareSmall.push(buffer);
    };
    try {
      await readWhole(file, bytes, offset);
    } catch (cause) {
      release();
      throw new Error("the file cannot be read", { cause });
    }
    return { bytes, start: offset, release };
  }
}

const SPARE_SMALL_MAX = 256;

class SharedChunk implements Chunk {
  readonly key: string;
  readonly start: number;
  readonly bytes: Uint8Array;
  readonly buffer: Buffer;
  /** Resolves when it is read or has failed. */
  reading: Promise<void> = Promise.resolve();
  state: "under-way" | "read" | "failed" = "under-way";
  failure: unknown = null;
  users = 0;
  /** How often it was taken; a machine takes each piece of a file once. */
  takes = 0;
  readonly #unused: () => void;

  constructor(key: string, start: number, bytes: Uint8Array, buffer: Buffer, unused: () => void) {
    this.key = key;
    this.start = start;
    this.bytes = bytes;
    this.buffer = buffer;
    this.#unused = unused;
  }

  release(): void {
    if (--this.users === 0) this.#unused();
  }
}

async function readWhole(file: AssetFile, bytes: Uint8Array, start: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesRead } = await file.handle.read(bytes, at, bytes.length - at, start + at);
    if (bytesRead === 0) throw new Error("it became shorter while it was read");
    at += bytesRead;
  }
}

function keyOf(file: AssetFile, start: number): string {
  return `${file.identity}@${start}`;
}
