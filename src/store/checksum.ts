import { createHash } from "node:crypto";
import { err, ok, type Result } from "../std/result.ts";

/**
 * JSON text of an object, one line for each element of its lists, so that a diff of two states can be read.
 * The first line carries a SHA-256 of all that follows: one flipped bit in a hardware address would still be valid
 * JSON and a valid state, and an installed machine would count as unknown.
 */
export function sealJson(content: Readonly<Record<string, unknown>>, lines: WeakMap<object, string>): string {
  const body = `${Object.entries(content)
    .map(([key, value]) => `${JSON.stringify(key)}:${Array.isArray(value) ? listText(value, lines) : textOf(value)}`)
    .join(",\n")}\n}\n`;
  return `{\n"sha256":"${digest(body)}",\n${body}`;
}

/**
 * The object inside, without its checksum. A file without one is accepted: somebody repaired it by hand.
 * The error says what was found, to follow the words "expected …".
 */
export function unsealJson(bytes: Buffer): Result<Readonly<Record<string, unknown>>, string> {
  if (bytes.length === 0) return err("an empty file");
  const text = bytes.toString("utf8");
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    return err(`${bytes.length} octets that are not JSON (${(error as Error).message})`);
  }
  if (content === null || typeof content !== "object") return err(`the JSON value ${text.trim().slice(0, 40)}`);
  if (Array.isArray(content)) return err("a JSON list");
  const { sha256, ...rest } = content as Record<string, unknown>;
  if (sha256 === undefined) return ok(rest);
  const header = HEADER.exec(text);
  // Compared as octets: decoding replaces damaged UTF-8, and two different damages would look the same.
  if (header === null || digest(bytes.subarray(header[0].length)) !== header[1]) {
    return err(
      'content that does not match its checksum (if you edited the file yourself, delete the line that begins with "sha256")',
    );
  }
  return ok(rest);
}

const HEADER = /^\{\n"sha256":"([0-9a-f]{64})",\n/;

function digest(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

function listText(list: readonly unknown[], lines: WeakMap<object, string>): string {
  return list.length === 0 ? "[]" : `[\n${list.map((element) => lineOf(element, lines)).join(",\n")}\n]`;
}

/** The state is immutable, so an element that is the same object has the same text: most are, from save to save. */
function lineOf(element: unknown, lines: WeakMap<object, string>): string {
  if (typeof element !== "object" || element === null) return textOf(element);
  let line = lines.get(element);
  if (line === undefined) {
    line = textOf(element);
    lines.set(element, line);
  }
  return line;
}

function textOf(value: unknown): string {
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError("cannot save undefined or a function");
  return text;
}
