import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { z } from "zod";
import { checkDocument, describeValue, formatPath } from "../../src/std/check-document.ts";
import { memberOf, oneOf, parsedText, whole } from "../../src/std/field.ts";
import { formatProblem } from "../../src/std/problem.ts";
import { err, ok } from "../../src/std/result.ts";

const even = parsedText("even", "an even number of letters", (text) =>
  text.length % 2 === 0 ? ok(text.length) : err("odd"),
);
const schema = z.strictObject({
  count: whole(1, 9).default(3),
  letters: even.optional(),
  colour: oneOf(["red", "green"]).default("red"),
  planet: memberOf("planet", "a planet", new Set(["mercury", "jupiter"]), { zeus: "jupiter" }).optional(),
  secret_token: z.string().min(5, { error: "expected at least 5 characters" }).optional(),
  box: z.strictObject({ height: z.number(), lid: z.boolean().default(false) }).optional(),
  list: z.array(z.strictObject({ name: z.string() })).prefault([]),
});

const CASES: readonly { document: unknown; says: readonly string[] }[] = [
  { document: {}, says: [] },
  { document: { count: 10 }, says: ["count: expected a whole number from 1 to 9, found 10"] },
  { document: { count: 0.5 }, says: ["count: expected a whole number from 1 to 9, found 0.5"] },
  { document: { letters: "abc" }, says: ['letters: expected an even number of letters, found "abc"'] },
  { document: { letters: [] }, says: ["letters: expected an even number of letters, found an empty list"] },
  { document: { colour: "blue" }, says: ['colour: expected "red" or "green", found "blue"'] },
  { document: { planet: "zeus" }, says: ['planet: expected a planet, found "zeus"; did you mean "jupiter"?'] },
  { document: { planet: "Jupitre" }, says: ['planet: expected a planet, found "Jupitre"; did you mean "jupiter"?'] },
  { document: { planet: "moon" }, says: ['planet: expected a planet, found "moon"'] },
  {
    document: { secret_token: "abc" },
    says: ["secret_token: expected at least 5 characters, found 3 characters (not shown)"],
  },
  { document: { box: 7 }, says: ["box: expected a table, found 7"] },
  { document: { box: { height: "7" } }, says: ['box.height: expected a number, found "7"'] },
  { document: { box: {} }, says: ["box.height: missing: expected a number"] },
  { document: { list: {} }, says: ["list: expected a list, found a table"] },
  {
    document: { list: [{ name: "a" }, { nmae: "b" }] },
    says: ["list[1].name: missing: expected a text in quotes", "list[1].nmae: unknown key; did you mean name?"],
  },
  { document: { box: { height: 1, hieght: 2 } }, says: ["box.hieght: unknown key; did you mean height?"] },
  { document: { colours: 1 }, says: ["colours: unknown key; did you mean colour?"] },
  { document: { old: 1 }, says: ["old: it is called new now"] },
  { document: 7, says: ["expected a table, found 7"] },
];

describe("checkDocument()", () => {
  for (const { document, says } of CASES) {
    test(`says of ${JSON.stringify(document)}: ${says.join("; ") || "nothing"}`, () => {
      const checked = checkDocument(schema, document, { old: "it is called new now" });
      assert.deepEqual(checked.ok ? [] : checked.error.map(formatProblem), says);
    });
  }

  test("gives the value with its defaults", () => {
    assert.deepEqual(checkDocument(schema, { letters: "ab" }), {
      ok: true,
      value: { count: 3, letters: 2, colour: "red", list: [] },
    });
  });
});

test("a path is written as in the file, with quotes where TOML wants them", () => {
  assert.equal(formatPath([]), "");
  assert.equal(formatPath(["slot", 2, "hostname"]), "slot[2].hostname");
  assert.equal(formatPath(["filter", "a b", "x-y"]), 'filter."a b".x-y');
});

test("a long text is shown by its beginning", () => {
  assert.equal(describeValue("x".repeat(70)), `"${"x".repeat(60)}…"`);
});
