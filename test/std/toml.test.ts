import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseToml } from "../../src/std/toml.ts";

describe("parseToml()", () => {
  test("reads a file with a byte order mark and line ends of two characters", () => {
    const parsed = parseToml("\ufeff[a]\r\nb = 1\r\n");
    assert.deepEqual(JSON.parse(JSON.stringify(parsed)), { ok: true, value: { a: { b: 1 } } });
  });

  for (const [what, text, path] of [
    ["a value that is missing", "a = 1\nb =\n", /^line 2, column \d+$/],
    ["a string that does not end", 'password = "hunter22\n', /^line 1, column \d+$/],
    ["a key twice", "a = 1\na = 2\n", /^line 2, column \d+$/],
    ["a number that no double holds", "a = 9007199254740993\n", /^line 1, column \d+$/],
  ] as const) {
    test(`says where ${what} is, and shows nothing of the file`, () => {
      const parsed = parseToml(text);
      assert.ok(!parsed.ok);
      assert.match(parsed.error.path, path);
      assert.match(parsed.error.message, /^not valid TOML: [^\n]+$/);
      assert.ok(!parsed.error.message.includes("hunter22"));
    });
  }
});
