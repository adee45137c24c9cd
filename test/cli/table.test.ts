import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Column, oneLine, renderFacts, renderTable } from "../../src/cli/table.ts";
import { formatDuration, formatSize } from "../../src/cli/words.ts";

interface Row {
  readonly n: number;
  readonly name: string;
  readonly note: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: "#", cell: ({ n }) => String(n), right: true },
  { title: "NAME", cell: ({ name }) => name },
  { title: "MAC", cell: () => "52:54:00:00:01:01", leaves: 1 },
  { title: "EMPTY", cell: () => "" },
  { title: "NOTE", cell: ({ note }) => note, shrinks: true },
];
const ROWS: readonly Row[] = [
  { n: 9, name: "a", note: "in a few words" },
  { n: 10, name: "bcdefg", note: "in very many words, more than fit" },
];

describe("renderTable()", () => {
  test("aligns, numbers to the right, and leaves out what is empty everywhere", () => {
    assert.equal(
      renderTable(COLUMNS, ROWS, null),
      ` #  NAME    MAC                NOTE
 9  a       52:54:00:00:01:01  in a few words
10  bcdefg  52:54:00:00:01:01  in very many words, more than fit
`,
    );
  });

  test("shortens what may be shortened to fit the terminal", () => {
    assert.equal(
      renderTable(COLUMNS, ROWS, 50),
      ` #  NAME    MAC                NOTE
 9  a       52:54:00:00:01:01  in a few words
10  bcdefg  52:54:00:00:01:01  in very many words…
`,
    );
  });

  test("leaves out what may be left out when that is not enough", () => {
    assert.equal(
      renderTable(COLUMNS, ROWS, 30),
      ` #  NAME    NOTE
 9  a       in a few words
10  bcdefg  in very many word…
`,
    );
  });

  test("lets no control character through", () => {
    const table = renderTable(COLUMNS, [{ n: 1, name: "\u001b[31mred\r\n", note: "" }], null);
    assert.equal(table.split("\n")[1], "1   [31mred   52:54:00:00:01:01");
    assert.equal(oneLine("a\u001b[2Jb\u0000\u009bc\nd"), "a [2Jb c d");
  });
});

test("renderFacts() keeps further lines of a value in their column", () => {
  assert.equal(
    renderFacts(
      [
        ["disks", "a\nb"],
        ["x", "y"],
      ],
      "  ",
    ),
    "  disks  a\n         b\n  x      y\n",
  );
});

describe("formatDuration()", () => {
  for (const [ms, words] of [
    [-5, "0 s"],
    [59_999, "59 s"],
    [60_000, "1 min"],
    [3_599_999, "59 min"],
    [3_600_000 + 5 * 60_000, "1 h 05 min"],
    [51 * 3_600_000, "2 d 3 h"],
  ] as const) {
    test(`${ms} ms is ${words}`, () => assert.equal(formatDuration(ms), words));
  }
});

test("formatSize() counts as disks are sold", () => {
  assert.deepEqual([formatSize(null), formatSize(480e9), formatSize(3.84e12)], ["", "480 GB", "3.8 TB"]);
});
