import { gzipSync } from "node:zlib";

/** A file or folder of an archive. */
export interface TarEntry {
  /** Relative, with slashes: `etc/hostname`; at most 100 characters. A folder ends with a slash. */
  readonly path: string;
  /** Permissions: `0o644`. */
  readonly mode: number;
  readonly content: string;
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
