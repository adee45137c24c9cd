import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "smol-toml";
import { fillTemplate } from "../../src/profiles/answer-template.ts";

const fill = (text: string, values: Parameters<typeof fillTemplate>[1]) => fillTemplate({ name: "t", text }, values);

describe("fillTemplate()", () => {
  test("writes texts so that TOML reads them as they are", () => {
    const odd = 'a "quoted" \\ text\nof two lines';
    const filled = fill('a = "{{a}} and {{ b.c }}"\nn = {{n}}\nl = {{l}}\n', {
      a: odd,
      "b.c": "x",
      n: 7,
      l: ["y", '"'],
    });
    assert.ok(filled.ok);
    assert.deepEqual({ ...parse(filled.value) }, { a: `${odd} and x`, n: 7, l: ["y", '"'] });
  });

  test("leaves out lines for which there is nothing", () => {
    assert.deepEqual(fill('a = 1\nb = "{{b}}"\nc = 2', { b: null }), { ok: true, value: "a = 1\nc = 2" });
  });

  test("refuses names that it does not know", () => {
    const filled = fill("\na = {{x}} {{y}}\n", { y: 1 });
    assert.ok(!filled.ok);
    assert.deepEqual(filled.error, [
      { path: "template", message: "t, line 2: there is no placeholder {{x}}; known are y" },
    ]);
  });
});
