import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { kernelLine, ownWordProblems } from "../../src/profiles/kernel-args.ts";

describe("kernelLine()", () => {
  test("joins what kinds and profiles say, however many blanks are between or at the ends", () => {
    assert.equal(
      kernelLine(["ip=dhcp", "", "  quiet   nosplash ", "---", "console=ttyS0"]),
      "ip=dhcp quiet nosplash --- console=ttyS0",
    );
  });
});

describe("ownWordProblems()", () => {
  const own = /^(ip=|auto$)/;
  const cases: readonly (readonly [args: string, found: string | null])[] = [
    ["", null],
    ["quiet  automatic", null],
    ["quiet  ip=dhcp", "ip=dhcp"],
    [" auto", "auto"],
  ];
  for (const [args, found] of cases) {
    test(`finds ${found} in "${args}"`, () => {
      const wanted =
        found === null ? [] : [{ path: "kernel_args", message: `expected no ${found}: it is set already` }];
      assert.deepEqual(ownWordProblems(args, own), wanted);
    });
  }
});
