import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isSameSystem, parseSystemUuid, type SystemUuid, systemUuidFromOption } from "../../src/net/system-uuid.ts";

const UUID = "4c4c4544-0043-5110-8031-c7c04f515131" as SystemUuid;
/** The first three fields the other way round, as some firmware and some tools write them. */
const TURNED = "44454c4c-4300-1051-8031-c7c04f515131" as SystemUuid;

describe("parseSystemUuid()", () => {
  for (const text of [UUID, UUID.toUpperCase(), `${UUID}\n`]) {
    test(`reads ${JSON.stringify(text)}`, () => assert.equal(parseSystemUuid(text), UUID));
  }

  const nobody: readonly { what: string; text: string }[] = [
    { what: "nothing", text: "" },
    { what: "words, as DMI has them", text: "Not Settable" },
    { what: "no hyphens", text: UUID.replaceAll("-", "") },
    { what: "all zeros", text: "00000000-0000-0000-0000-000000000000" },
    { what: "all ones", text: "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF" },
    { what: "one digit again and again", text: "11111111-1111-1111-1111-111111111111" },
    { what: "the filler of many AMI boards", text: "03000200-0400-0500-0006-000700080009" },
    { what: "the same in the other order", text: "00020003-0004-0005-0006-000700080009" },
    { what: "counting digits", text: "12345678-1234-5678-90ab-cddeefaabbcc" },
    { what: "counting octets", text: "00010203-0405-0607-0809-0a0b0c0d0e0f" },
    { what: "counting octets in the other order", text: "03020100-0504-0706-0809-0a0b0c0d0e0f" },
    { what: "one octet again and again", text: "58585858-5858-5858-5858-585858585858" },
    { what: "erased flash behind a prefix", text: "56f49712-ffff-ffff-ffff-ffffffffffff" },
    { what: "that of a Dell board without a service tag", text: "4c4c4544-0020-2010-8020-a0c04f202020" },
  ];
  for (const { what, text } of nobody) {
    test(`takes ${what} for no name at all`, () => assert.equal(parseSystemUuid(text), null));
  }
});

describe("systemUuidFromOption()", () => {
  const option = (hex: string) => Buffer.from(hex.replaceAll(" ", ""), "hex");

  test("turns the first three fields round, which are little-endian in SMBIOS", () => {
    assert.equal(systemUuidFromOption(option("00 44454c4c 4300 1051 8031 c7c04f515131")), UUID);
  });

  test("reads one without its type octet", () => {
    assert.equal(systemUuidFromOption(option("44454c4c 4300 1051 8031 c7c04f515131")), UUID);
  });

  const nobody: readonly { what: string; hex: string }[] = [
    { what: "another type", hex: "ff 44454c4c 4300 1051 8031 c7c04f515131" },
    { what: "too few octets", hex: "00 44454c4c 4300 1051 8031 c7c04f" },
    { what: "too many octets", hex: "00 44454c4c 4300 1051 8031 c7c04f51513100" },
    { what: "nothing", hex: "" },
    { what: "all zeros", hex: `00 ${"00".repeat(16)}` },
    { what: "16 zeros without a type", hex: "00".repeat(16) },
    { what: "all ones", hex: `00 ${"ff".repeat(16)}` },
  ];
  for (const { what, hex } of nobody) {
    test(`takes ${what} for no name at all`, () => assert.equal(systemUuidFromOption(option(hex)), null));
  }
});

describe("isSameSystem()", () => {
  test("knows a machine by either order of the octets", () => {
    assert.equal(isSameSystem(UUID, UUID), true);
    assert.equal(isSameSystem(UUID, TURNED), true);
    assert.equal(isSameSystem(TURNED, UUID), true);
    assert.equal(isSameSystem(UUID, "4c4c4544-0043-5110-8031-c7c04f515132" as SystemUuid), false);
  });
});
