import { open } from "node:fs/promises";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { findChecksum } from "./checksum-file.ts";
import { ImageFailure } from "./image-failure.ts";

/** Where an ISO comes from, opened. */
export interface Source {
  /** Name of the file, without folders; a made-up one for what has none. */
  readonly fileName: string;
  /** null: it is not known before the end. */
  readonly sizeBytes: number | null;
  /** As a file beside it says; null: there is none. */
  readonly sha256: string | null;
  /** Anew from the beginning at each call. null: it can be read once, by `stream`. */
  readonly reread: (() => Readable) | null;
  stream(): Readable;
  close(): Promise<void>;
}

/** `from`: a path, an http(s) address, or `-` for standard input. Opened now, so with the rights of now. */
export async function openSource(from: string, stdin: Readable, signal: AbortSignal): Promise<Source> {
  if (from === "-") return ofStream(stdin, "standard-input.iso", null);
  if (/^https?:\/\//i.test(from)) return await fromUrl(from, signal);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(from))
    throw new ImageFailure("refused", `expected a file, an http or https address, or -, found ${from}`);
  return await fromFile(from);
}

async function fromFile(path: string): Promise<Source> {
  const file = await open(path, "r").catch((cause: NodeJS.ErrnoException) => {
    throw new ImageFailure("refused", `cannot read ${path}: ${REASONS[cause.code ?? ""] ?? cause.message}`);
  });
  const found = await file.stat();
  if (!found.isFile()) {
    await file.close();
    throw new ImageFailure("refused", `expected an ISO file, found ${path}, which is none`, HINT_DEVICE);
  }
  const fileName = basename(path);
  const reread = () => file.createReadStream({ start: 0, autoClose: false, highWaterMark: CHUNK_BYTES });
  return {
    fileName,
    sizeBytes: found.size,
    sha256: await checksumBeside(path, fileName),
    reread,
    stream: reread,
    close: () => file.close(),
  };
}

const HINT_DEVICE = "a disc in a drive can be given by: bootqueue image add - < /dev/sr0";
const CHUNK_BYTES = 1024 * 1024;

const REASONS: Readonly<Partial<Record<string, string>>> = {
  ENOENT: "it does not exist",
  EACCES: "permission denied",
  EISDIR: "it is a folder",
};

/** Publishers put the checksums of all their ISOs into one file; others have a file for each. */
async function checksumBeside(path: string, fileName: string): Promise<string | null> {
  const folder = path.slice(0, path.length - fileName.length);
  for (const name of [`${path}.sha256`, `${path}.sha256sum`, `${folder}SHA256SUMS`, `${folder}SHA256SUM`]) {
    const text = await smallText(name);
    const sum = text === null ? null : findChecksum(text, fileName);
    if (sum !== null) return sum;
  }
  return null;
}

async function smallText(path: string): Promise<string | null> {
  try {
    const file = await open(path, "r");
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, 0);
      return buffer.toString("utf8", 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    // No such file, or none that we may read: then nothing is said about the checksum.
    return null;
  }
}

async function fromUrl(url: string, signal: AbortSignal): Promise<Source> {
  const response = await fetch(url, { signal }).catch((cause: Error) => {
    const { code, message } = (cause.cause ?? cause) as { readonly code?: string; readonly message?: string };
    throw new ImageFailure("refused", `cannot reach ${url}: ${code ?? message ?? cause.message}`);
  });
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel();
    throw new ImageFailure("refused", `expected the ISO at ${url}, found status ${response.status}`);
  }
  const length = response.headers.get("content-length");
  // A compressed answer tells the length of what is sent, not of what is meant.
  const isKnown = length !== null && response.headers.get("content-encoding") === null;
  const name = basename(new URL(response.url).pathname).replaceAll(/[^\w.+-]/g, "_");
  // Node's own type of the same stream.
  const body = Readable.fromWeb(response.body as import("node:stream/web").ReadableStream);
  return ofStream(body, name === "" ? "download.iso" : name, isKnown ? Number(length) : null);
}

function ofStream(stream: Readable, fileName: string, sizeBytes: number | null): Source {
  return {
    fileName,
    sizeBytes,
    sha256: null,
    reread: null,
    stream: () => stream,
    close: async () => void stream.destroy(),
  };
}
