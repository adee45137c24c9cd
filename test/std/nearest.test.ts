import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { nearest } from "../../src/std/nearest.ts";

describe("nearest()", () => {
  const known = ["subnet", "router", "lease_seconds", "blksize_max", "reboot_on_error"];
  for (const [word, found] of [
    ["subnet", "subnet"],
    ["sbunet", "subnet"],
    ["Router", "router"],
    ["lease-seconds", "lease_seconds"],
    ["lease_second", "lease_seconds"],
    ["blocksize_max", "blksize_max"],
    ["frobnicate", null],
    ["x", null],
    ["", null],
  ] as const) {
    test(`of ${JSON.stringify(word)} is ${found}`, () => assert.equal(nearest(word, known), found));
  }

  test("is quick with a word of any length", () => assert.equal(nearest("x".repeat(1_000_000), known), null));
});
