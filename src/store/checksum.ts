import { createHash } from "node:crypto";
import { err, ok, type Result } from "../std/result.ts";

type Content = Readonly<Record<string, unknown>>;

/** An object as text, and the SHA-256 that stands in it. */
export interface Sealed {
  readonly text: string;
  readonly sha256: string;
}

/**
 * JSON text of an object, one line for each element of its lists, so that a diff of two states can be read.
 * The first line carries a SHA-256 of all that follows: one flipped bit in a hardware address would still be valid
 * JSON and a valid state, and an installed machine would count as unknown.
 *
 * Made bit by bit: ten thousand hosts are megabytes of text, and packets are answered meanwhile.
 */
export async function sealJson(content: Content): Promise<Sealed> {
  const hash = createHash("sha256");
  const parts: string[] = [];
  const add = (part: string) => {
    hash.update(part);
    parts.push(part);
  };
  for (const [n, [key, value]] of Object.entries(content).entries()) {
    add(`${n === 0 ? "" : ",\n"}${JSON.stringify(key)}:`);
    if (!Array.isArray(value)) add(textOf(value));
    else if (value.length === 0) add("[]");
    else {
      for (let from = 0; from < value.length; from += SLICE) {
        const lines = value.slice(from, from + SLICE).map(textOf);
        add(`${from === 0 ? "[\n" : ",\n"}${lines.join(",\n")}`);
        if (from + SLICE < value.length) await new Promise(setImmediate);
      }
      add("\n]");
    }
  }
  add("\n}\n");
  const sha256 = hash.digest("hex");
  return { text: `{\n"sha256":"${sha256}",\n${parts.join("")}`, sha256 };
}

/** Elements of a list between two turns of the loop: about a millisecond. */
const SLICE = 250;

/** What was sealed. `sha256` null: the text had none, so somebody repaired it by hand. */
export interface Unsealed {
  readonly content: Content;
  readonly sha256: string | null;
}

/**
 * The object inside, without its checksum. A file without one is accepted: somebody repaired it by hand.
 * The error says what was found, to follow the words "expected …".
 */
export function unsealJson(bytes: Buffer): Result<Unsealed, string> {
  if (bytes.length === 0) return err("an empty file");
  const text = bytes.toString("utf8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return err(`${bytes.length} octets that are not JSON (${(error as Error).message})`);
  }
  if (value === null || typeof value !== "object") return err(`the JSON value ${text.trim().slice(0, 40)}`);
  if (Array.isArray(value)) return err("a JSON list");
  const { sha256, ...content } = value as Record<string, unknown>;
  if (sha256 === undefined) return ok({ content, sha256: null });
  const header = HEADER.exec(text);
  const found = header?.[1];
  // Compared as octets: decoding replaces damaged UTF-8, and two different damages would look the same.
  const body = bytes.subarray(header?.[0].length);
  if (found === undefined || createHash("sha256").update(body).digest("hex") !== found) {
    return err(
      'content that does not match its checksum (if you edited the file yourself, delete the line that begins with "sha256")',
    );
  }
  return ok({ content, sha256: found });
}

const HEADER = /^\{\n"sha256":"([0-9a-f]{64})",\n/;

function textOf(value: unknown): string {
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError("cannot save undefined or a function");
  return text;
}
