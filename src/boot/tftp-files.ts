import { constants } from "node:fs";
import { type FileHandle, open, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import type { Endpoint } from "../net/udp-socket.ts";
import type { TftpFile, TftpFiles, TftpRefusal, TransferOutcome } from "../tftp/files.ts";

/** What became of a request for a file: refused, or how the transfer ended. */
export type TftpFileNote = TftpRefusal | TransferOutcome;

export interface AssetTftpFilesOptions {
  /** Called once for each request, at its end. */
  readonly noted?: (filename: string, from: Endpoint, outcome: TftpFileNote) => void;
  /** Octets; larger files are refused. Default 64 MiB. */
  readonly fileSizeMax?: number;
  /** Octets that are kept of files nobody is fetching at the moment. Default 64 MiB. */
  readonly cacheSizeMax?: number;
}

/**
 * Boot files out of one folder, and out of nowhere else. A file is read once and kept until it changes on disk:
 * a rack that is switched on asks for the same loader a hundred times.
 */
export class AssetTftpFiles implements TftpFiles {
  readonly #root: string;
  readonly #noted: (filename: string, from: Endpoint, outcome: TftpFileNote) => void;
  readonly #fileSizeMax: number;
  readonly #cacheSizeMax: number;
  /** By real path, the least recently used first. */
  readonly #cache = new Map<string, Cached>();
  readonly #reads = new Map<string, Promise<Reading>>();

  /** `root` need not exist yet: without it every file is missing. */
  constructor(root: string, options: AssetTftpFilesOptions = {}) {
    this.#root = root;
    this.#noted = options.noted ?? (() => {});
    this.#fileSizeMax = options.fileSizeMax ?? 64 * MIB;
    this.#cacheSizeMax = options.cacheSizeMax ?? 64 * MIB;
  }

  /** Rejects with a `cause` when the disk is broken; whatever is wrong with the name is a refusal. */
  async open(filename: string, from: Endpoint): Promise<TftpFile | TftpRefusal> {
    const found = await this.#find(filename);
    if (found.type === "refusal") {
      this.#noted(filename, from, found);
      return found;
    }
    const closed = (outcome: TransferOutcome): void => this.#noted(filename, from, outcome);
    return { type: "file", bytes: found.bytes, closed };
  }

  /** Octets kept in memory at this moment. */
  get cachedBytes(): number {
    let total = 0;
    for (const { bytes } of this.#cache.values()) total += bytes.length;
    return total;
  }

  async #find(filename: string): Promise<Reading> {
    const segments = segmentsOf(filename);
    if (segments === null) return refusal(2, `not allowed: ${filename} leaves the folder of boot files`);
    try {
      const root = await realpath(this.#root);
      const path = await realpath(join(root, ...segments));
      if (path !== root && !path.startsWith(root === sep ? sep : root + sep)) {
        return refusal(2, `not allowed: ${filename} is a link out of the folder of boot files`);
      }
      return await this.#read(filename, path);
    } catch (cause) {
      return refusalFor(filename, cause);
    }
  }

  async #read(filename: string, path: string): Promise<Reading> {
    const file = await stat(path, { bigint: true });
    if (!file.isFile()) return refusal(1, `not a file: ${filename} is a folder or a device; name a file in it`);
    if (file.size > this.#fileSizeMax) {
      const limit = Math.floor(this.#fileSizeMax / MIB);
      return refusal(1, `too large for TFTP: ${filename} is over ${limit} MiB; fetch it by HTTP under /assets/`);
    }
    const stamp = stampOf(file);
    const cached = this.#cache.get(path);
    if (cached?.stamp === stamp) {
      this.#cache.delete(path);
      this.#cache.set(path, cached);
      return { type: "bytes", bytes: cached.bytes };
    }
    this.#cache.delete(path);
    const key = `${path}\0${stamp}`;
    const reading = this.#reads.get(key) ?? this.#load(filename, path).finally(() => this.#reads.delete(key));
    this.#reads.set(key, reading);
    return await reading;
  }

  async #load(filename: string, path: string): Promise<Reading> {
    // The path is real already, so a link here is one that appeared this moment. A pipe must not block the open.
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const before = await handle.stat({ bigint: true });
      const bytes = await readWhole(handle, Number(before.size));
      const stamp = stampOf(await handle.stat({ bigint: true }));
      if (bytes === null || stamp !== stampOf(before)) {
        return refusal(1, `${filename} is being written at this moment; try again`);
      }
      this.#keep(path, { stamp, bytes });
      return { type: "bytes", bytes };
    } finally {
      await handle.close();
    }
  }

  #keep(path: string, file: Cached): void {
    this.#cache.set(path, file);
    let total = this.cachedBytes;
    for (const [oldest, { bytes }] of this.#cache) {
      if (total <= this.#cacheSizeMax) return;
      this.#cache.delete(oldest);
      total -= bytes.length;
    }
  }
}

const MIB = 1024 * 1024;

interface Cached {
  readonly stamp: string;
  readonly bytes: Uint8Array;
}

type Reading = { readonly type: "bytes"; readonly bytes: Uint8Array } | TftpRefusal;

/** null: a name that climbs, or that no file can have. Firmware writes `/`, `\`, both, and several in a row. */
function segmentsOf(filename: string): readonly string[] | null {
  if (filename.includes("\0")) return null;
  const segments = filename.split(/[/\\]/).filter((segment) => segment !== "" && segment !== ".");
  return segments.includes("..") ? null : segments;
}

/** What changes when the content does; a file that was replaced has another inode. */
function stampOf(file: {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
}) {
  return `${file.dev}:${file.ino}:${file.size}:${file.mtimeNs}`;
}

/** null: it ended early. */
async function readWhole(handle: FileHandle, sizeBytes: number): Promise<Uint8Array | null> {
  const bytes = Buffer.allocUnsafeSlow(sizeBytes);
  for (let at = 0; at < sizeBytes; ) {
    const { bytesRead } = await handle.read(bytes, at, sizeBytes - at, at);
    if (bytesRead === 0) return null;
    at += bytesRead;
  }
  return bytes;
}

function refusal(code: 1 | 2, message: string): TftpRefusal {
  return { type: "refusal", code, message };
}

function refusalFor(filename: string, cause: unknown): TftpRefusal {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
    case "ENAMETOOLONG":
      return refusal(1, `file not found: ${filename === "" ? "the request names no file" : filename}`);
    case "ELOOP":
      return refusal(1, `file not found: ${filename} is a link that leads nowhere`);
    case "EACCES":
    case "EPERM":
      return refusal(2, `the daemon may not read ${filename}; see its owner and mode on the server`);
    default:
      throw new Error(`cannot read the boot file ${filename}`, { cause });
  }
}
