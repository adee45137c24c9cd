import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  formatMacHyphens,
  isUnicastMac,
  type MacAddress,
  macAddressFromBytes,
  parseMacAddress,
} from "../../src/net/mac-address.ts";

const MAC = "52:54:00:ab:cd:ef" as MacAddress;

describe("parseMacAddress()", () => {
  for (const text of [
    "52:54:00:ab:cd:ef",
    "52:54:00:AB:CD:EF",
    "52-54-00-ab-cd-ef",
    "5254.00AB.cdef",
    "525400abcdef",
    " 52:54:00:ab:cd:ef\n",
  ]) {
    test(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(parseMacAddress(text), { ok: true, value: MAC }));
  }
  for (const text of [
    "",
    "52:54:00:ab:cd",
    "52:54:00:ab:cd:ef:01",
    "52:54:00:ab:cd:eg",
    "52-54:00:ab:cd:ef",
    "5254:00ab:cdef",
    "52 54 00 ab cd ef",
  ]) {
    test(`refuses ${JSON.stringify(text)}`, () =>
      assert.deepEqual(parseMacAddress(text), { ok: false, error: "not-a-mac-address" }));
  }
});

test("macAddressFromBytes() takes the first six octets, and keeps zeros", () => {
  assert.equal(macAddressFromBytes(Uint8Array.of(0x52, 0x54, 0, 0xab, 0xcd, 0xef, 9, 9)), MAC);
  assert.equal(macAddressFromBytes(Uint8Array.of(0, 1, 2, 3, 4, 15)), "00:01:02:03:04:0f");
});

test("formatMacHyphens() writes it as iPXE does in URLs, and it can be read back", () => {
  assert.equal(formatMacHyphens(MAC), "52-54-00-ab-cd-ef");
  assert.deepEqual(parseMacAddress(formatMacHyphens(MAC)), { ok: true, value: MAC });
});

describe("isUnicastMac()", () => {
  const cases: readonly (readonly [string, boolean, string])[] = [
    [MAC, true, "an ordinary one"],
    ["02:00:00:00:00:01", true, "a locally administered one"],
    ["00:00:00:00:00:00", false, "all zeros"],
    ["ff:ff:ff:ff:ff:ff", false, "the broadcast address"],
    ["01:00:5e:00:00:fb", false, "a group address"],
  ];
  for (const [mac, isUnicast, what] of cases) {
    test(`${what} ${isUnicast ? "names" : "does not name"} an interface`, () =>
      assert.equal(isUnicastMac(mac as MacAddress), isUnicast));
  }
});
