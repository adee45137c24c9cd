import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";

/** Compares a text with the file that holds it; with UPDATE_GOLDEN=1 writes the file instead, for review as a diff. */
export function assertGolden(file: URL, text: string): void {
  if (process.env.UPDATE_GOLDEN === "1") writeFileSync(file, text);
  assert.equal(text, readFileSync(file, "utf8"), `${file.pathname} differs; UPDATE_GOLDEN=1 rewrites it`);
}
