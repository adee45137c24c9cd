import { err, ok, type Result } from "../std/result.ts";

/** A SHA-256 as people give it, in whichever case. The error is what was found. */
export function parseSha256(text: string): Result<string, string> {
  const lower = text.trim().toLowerCase();
  return /^[0-9a-f]{64}$/.test(lower) ? ok(lower) : err(JSON.stringify(text.slice(0, 80)));
}

/**
 * What a file of checksums says of `fileName`: lines as `sha256sum` writes them, with or without `--tag`, or a single
 * checksum alone. null: nothing.
 */
export function findChecksum(text: string, fileName: string): string | null {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  for (const line of lines) {
    const [, plain, name] = /^([0-9a-fA-F]{64}) [ *]?(?:.*\/)?([^/]+)$/.exec(line) ?? [];
    if (plain !== undefined && name === fileName) return plain.toLowerCase();
    const [, tagged, sum] = /^SHA256 \((?:.*\/)?([^/)]+)\) = ([0-9a-fA-F]{64})$/.exec(line) ?? [];
    if (sum !== undefined && tagged === fileName) return sum.toLowerCase();
  }
  const alone = lines.filter((line) => line !== "");
  const [only = ""] = alone;
  return alone.length === 1 && /^[0-9a-fA-F]{64}$/.test(only) ? only.toLowerCase() : null;
}
