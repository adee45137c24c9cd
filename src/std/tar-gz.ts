import { gunzipSync, gzipSync } from "node:zlib";
import { err, ok, type Result } from "./result.ts";

/** A file or folder of an archive. */
export interface TarEntry {
  /** Relative, with slashes: `etc/hostname`; at most 100 characters. A folder ends with a slash. */
  readonly path: string;
  /** Permissions: `0o644`. */
  readonly mode: number;
  readonly content: string | Uint8Array;
  /** What a symbolic link points to; then there is no content. */
  readonly link?: string;
}

/** Everything is root's, and of the year 1970, so that the same entries make the same octets (POSIX ustar). */
export function tarGz(entries: readonly TarEntry[]): Uint8Array {
  const blocks = entries.flatMap(({ path, mode, content, link }) => {
    const body = Buffer.from(link === undefined ? content : "");
    const padding = Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK);
    return [header(path, mode, body.length, link), body, padding];
  });
  const archive = gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]), { level: 9 });
  // Which system made it (RFC 1952 §2.3.1): not known, on every one.
  archive[9] = 255;
  return archive;
}

/** A file as it stands in an archive. */
export interface TarFile {
  readonly path: string;
  readonly content: Buffer;
}

/**
 * Reads what `tarGz` makes of files, and nothing else: a link, a folder, a path that leads out, one that comes twice, a
 * wrong sum, a missing end or anything behind it make the whole archive unreadable. The error says what was found, to
 * follow the words "expected …". `sizeMax`: octets of the archive when unpacked.
 */
export function readTarGz(bytes: Uint8Array, sizeMax: number): Result<readonly TarFile[], string> {
  let tar: Buffer;
  try {
    tar = gunzipSync(bytes, { maxOutputLength: sizeMax });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    return err(code === "ERR_BUFFER_TOO_LARGE" ? `more than ${sizeMax} octets` : `no sound gzip file (${message})`);
  }
  const files = new Map<string, TarFile>();
  let at = 0;
  for (; at + BLOCK <= tar.length && tar[at] !== 0; ) {
    const block = tar.subarray(at, at + BLOCK);
    const size = Number.parseInt(textAt(block, 124, 12), 8);
    const path = textAt(block, 0, 100);
    const isWhole = Number.isSafeInteger(size) && at + BLOCK + size <= tar.length;
    // Made again from what it says, it must be the same: that compares the sum, and every field at once.
    const isOurs = isWhole && block.equals(header(path, Number.parseInt(textAt(block, 100, 8), 8), size, undefined));
    if (!isOurs || !INSIDE.test(path)) return err(`an entry that is no plain file of ours, ${JSON.stringify(path)}`);
    if (files.has(path)) return err(`${JSON.stringify(path)} twice`);
    files.set(path, { path, content: Buffer.from(tar.subarray(at + BLOCK, at + BLOCK + size)) });
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  const isEnd = tar.length === at + 2 * BLOCK && tar.subarray(at).every((octet) => octet === 0);
  return isEnd ? ok([...files.values()]) : err("no end where it ought to be");
}

/** Names with slashes between them, none of which is empty, `.` or `..`. */
const INSIDE = /^(?!(.*\/)?\.{0,2}(\/|$))[^/\\]+(\/[^/\\]+)*$/;

function textAt(block: Buffer, from: number, length: number): string {
  return block
    .subarray(from, from + length)
    .toString("utf8")
    .replace(/\0.*$/s, "");
}

const BLOCK = 512;

function header(path: string, mode: number, size: number, link: string | undefined): Buffer {
  if (Buffer.byteLength(path) > 100 || Buffer.byteLength(link ?? "") > 100) throw new RangeError(`too long: ${path}`);
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "latin1");
  block.write(path, 0);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  block.write(link !== undefined ? "2" : path.endsWith("/") ? "5" : "0", 156, "latin1");
  block.write(link ?? "", 157);
  block.write("ustar\x0000", 257, "latin1");
  block.write("root", 265, "latin1");
  block.write("root", 297, "latin1");
  // The sum counts its own field as spaces.
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, octet) => total + octet, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}
