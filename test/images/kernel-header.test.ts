import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { looksLikeKernel } from "../../src/images/kernel-header.ts";
import { fakeKernel } from "../support/iso-maker.ts";

describe("looksLikeKernel()", () => {
  const magic = (text: string, at: number) => Buffer.alloc(2048).fill(text, at, at + text.length, "latin1");
  const heads: readonly { what: string; head: Buffer; is: boolean }[] = [
    { what: "x86", head: fakeKernel(), is: true },
    { what: "ARM64", head: magic("ARM\x64", 56), is: true },
    { what: "an EFI program", head: magic("MZ", 0), is: true },
    { what: "a compressed one", head: magic("\x1f\x8b", 0), is: true },
    { what: "text", head: Buffer.alloc(2048, "linux "), is: false },
    { what: "a boot sector without a kernel", head: fakeKernel().fill(0, 0x202, 0x206), is: false },
    { what: "a few octets", head: fakeKernel().subarray(0, 600), is: false },
  ];
  for (const { what, head, is } of heads) test(`${what}: ${is}`, () => assert.equal(looksLikeKernel(head), is));
});
