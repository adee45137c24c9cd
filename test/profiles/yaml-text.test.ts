import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "yaml";
import { renderYaml } from "../../src/profiles/yaml-text.ts";

/** Texts that a reader of YAML 1.1 takes for something else unless they are quoted. */
const TREACHEROUS = [
  ..."yes no on off y n true false null ~ = .5 1e3 1.0e+3 0755 0o7 0x1F 1_000 12:30 52:54:00:12:34:56".split(" "),
  ..."2024-01-01 2024-01-01T12:00:00Z .inf .nan - ? : * & ! | > % @ ` {} [] << ---".split(" "),
  "",
  " ",
  "a: b # c",
  "x\ny\n",
  "x\n\n  y\n\n",
  "\tx\n",
  "trailing \n",
  "tab\t",
  "\x00\x07\x7f\x85\u2028\ufeff",
  "grün 😀",
  "a'b\"c\\d",
  "word ".repeat(60),
];

describe("renderYaml()", () => {
  for (const version of ["1.1", "1.2"] as const) {
    test(`means the same to a reader of YAML ${version}`, () => {
      const value = {
        texts: TREACHEROUS,
        // The package's own reader of 1.1 merges under "<<" even where that is quoted; PyYAML does not.
        keys: Object.fromEntries(TREACHEROUS.filter((text) => text !== "<<").map((text, index) => [text, index])),
        numbers: [0, -1, 1.5, 1e15, 123_456_789_012],
        others: [true, false, null, [], {}, [[1], { a: [{ b: "c" }] }]],
      };
      assert.deepEqual(parse(renderYaml(value), { version }), value);
    });
  }

  test("quotes every text and every key that is not plainly one", () => {
    assert.equal(
      renderYaml({ name: "web", on: "off", "52:54:00:12:34:56": "x" }),
      'name: "web"\n"on": "off"\n"52:54:00:12:34:56": "x"\n',
    );
  });

  test("writes scripts as they are, to be read by people", () => {
    assert.equal(renderYaml({ run: "a: b\n  # c\n" }), "run: |\n  a: b\n    # c\n");
  });

  test("writes no exponents, and dates as texts", () => {
    const date = new Date(Date.UTC(2024, 0, 1));
    assert.equal(
      renderYaml({ big: 1e21, small: 1e-7, date, left_out: undefined }),
      'big: 1000000000000000000000\nsmall: "1e-7"\ndate: "2024-01-01T00:00:00.000Z"\n',
    );
  });
});
