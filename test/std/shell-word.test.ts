import assert from "node:assert/strict";
import { test } from "node:test";
import { shellWord } from "../../src/std/shell-word.ts";

test("shellWord() makes one word of any text", () => {
  assert.equal(shellWord("a b"), "'a b'");
  assert.equal(shellWord("it's $(x) `y`\n"), "'it'\\''s $(x) `y`\n'");
  assert.equal(shellWord(""), "''");
});
