import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseDomainName, parseHostname } from "../../src/net/hostname.ts";

describe("parseHostname()", () => {
  for (const [text, name] of [
    ["peach-beach", "peach-beach"],
    ["NODE01", "node01"],
    ["a", "a"],
    ["1st", "1st"],
    ["x".repeat(63), "x".repeat(63)],
  ] as const) {
    test(`reads ${text.slice(0, 12)}`, () => assert.deepEqual(parseHostname(text), { ok: true, value: name }));
  }
  for (const text of ["", "-a", "a-", "a.b", "a_b", "42", "x".repeat(64), "ü", "a b", "node\n", "$(id)"]) {
    test(`refuses ${JSON.stringify(text.slice(0, 12))}`, () =>
      assert.deepEqual(parseHostname(text), { ok: false, error: "not-a-hostname" }));
  }
});

describe("parseDomainName()", () => {
  for (const [text, name] of [
    ["lab.example", "lab.example"],
    ["Lab.Example", "lab.example"],
    ["lan", "lan"],
    ["10.in-addr.arpa", "10.in-addr.arpa"],
  ] as const) {
    test(`reads ${text}`, () => assert.deepEqual(parseDomainName(text), { ok: true, value: name }));
  }
  for (const text of [
    "",
    ".",
    "lab.example.",
    ".lab",
    "a..b",
    "-a.b",
    "a b",
    `${"a.".repeat(127)}`,
    `${"x".repeat(64)}.example`,
    "lab.example\n",
  ]) {
    test(`refuses ${JSON.stringify(text.slice(0, 14))}`, () =>
      assert.deepEqual(parseDomainName(text), { ok: false, error: "not-a-domain-name" }));
  }
  test("refuses more than 253 octets", () => {
    assert.equal(parseDomainName(`${"a.".repeat(126)}a`).ok, true);
    assert.equal(parseDomainName(`${"a.".repeat(126)}aa`).ok, false);
  });
});
