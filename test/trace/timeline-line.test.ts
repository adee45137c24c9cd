import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Stage } from "../../src/trace/stage.ts";
import { parseEntry } from "../../src/trace/timeline-line.ts";

const LINE = { at: 1, last: 2, count: 3, mac: "52:54:00:00:00:01", road: "http", outcome: "answered" };

describe("parseEntry()", () => {
  const stages: readonly { what: string; line: object; stage: Stage | null }[] = [
    { what: "as it was written", line: { what: "user-data", stage: "answer-sent" }, stage: "answer-sent" },
    { what: "none, where none was written", line: { what: "boot script", stage: null }, stage: null },
    { what: "by the words of a release that wrote none", line: { what: "boot script" }, stage: "script-sent" },
    { what: "none, where a newer release wrote another", line: { what: "x", stage: "moon-landed" }, stage: null },
  ];
  for (const { what, line, stage } of stages) {
    test(`reads the stage: ${what}`, () => {
      const entry = parseEntry(JSON.stringify({ ...LINE, why: "", ...line }));
      assert.deepEqual([entry?.stage, entry?.count], [stage, 3]);
    });
  }

  test("null for what is no line of ours", () => {
    for (const line of ["", "{", "7", JSON.stringify({ ...LINE, what: "x" })]) assert.equal(parseEntry(line), null);
  });
});
