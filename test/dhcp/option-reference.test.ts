import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { OPTIONS } from "../../src/dhcp/option.ts";
import { renderOptionTable } from "../../src/dhcp/option-reference.ts";

const PAGE = new URL("../../docs/reference/dhcp-options.md", import.meta.url);

test("the reference page says what OPTIONS says; UPDATE_GOLDEN=1 rewrites it", () => {
  if (process.env.UPDATE_GOLDEN === "1") {
    mkdirSync(new URL(".", PAGE), { recursive: true });
    writeFileSync(PAGE, renderOptionTable());
  }
  assert.equal(readFileSync(PAGE, "utf8"), renderOptionTable());
});

test("the reference page has a row of four columns for each option", () => {
  const rows = renderOptionTable()
    .split("\n")
    .filter((line) => /^\| \d/.test(line));
  assert.equal(rows.length, Object.keys(OPTIONS).length);
  for (const row of rows) assert.equal(row.split("|").length, 6, row);
});
