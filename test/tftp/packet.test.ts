import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decodePacket, encodePacket, type PacketError, type TftpPacket } from "../../src/tftp/packet.ts";
import { readHexPacket } from "../support/hex-packet.ts";
import { chosenSeed, seeded } from "../support/random-queue.ts";

const rrq = (filename: string, ...options: readonly (readonly [string, string])[]): TftpPacket => ({
  type: "RRQ",
  filename,
  mode: "octet",
  options: options.map(([name, value]) => ({ name, value })),
});

/** Written by other programs; each file says by which. */
const golden: readonly { file: string; packet: TftpPacket }[] = [
  { file: "rrq-edk2-size", packet: rrq("boot.efi", ["tsize", "0"], ["blksize", "1468"], ["windowsize", "4"]) },
  { file: "rrq-edk2", packet: rrq("boot.efi", ["blksize", "1468"], ["windowsize", "4"]) },
  { file: "rrq-ipxe", packet: rrq("boot.efi", ["blksize", "1432"], ["tsize", "0"]) },
  { file: "rrq-curl", packet: rrq("snponly.efi", ["tsize", "0"], ["blksize", "1468"], ["timeout", "1"]) },
  { file: "rrq-busybox", packet: rrq("snponly.efi", ["blksize", "1468"], ["tsize", "0"]) },
  { file: "rrq-busybox-plain", packet: rrq("snponly.efi", ["tsize", "0"]) },
  { file: "rrq-tftp-hpa", packet: rrq("snponly.efi") },
  {
    file: "rrq-tftp-hpa-netascii",
    packet: { type: "RRQ", filename: "snponly.efi", mode: "netascii", options: [] },
  },
  {
    file: "rrq-atftp",
    packet: rrq("snponly.efi", ["tsize", "0"], ["timeout", "5"], ["blksize", "1428"], ["windowsize", "8"]),
  },
  {
    file: "rrq-npm-tftp",
    packet: rrq(
      "snponly.efi",
      ["blksize", "1468"],
      ["timeout", "1500"],
      ["windowsize", "4"],
      ["rollover", "0"],
      ["tsize", "0"],
    ),
  },
  {
    file: "wrq-busybox",
    packet: { type: "WRQ", filename: "up.bin", mode: "octet", options: [{ name: "tsize", value: "100000" }] },
  },
  { file: "error-edk2-size", packet: { type: "ERROR", code: 8, message: "User aborted the transfer" } },
  {
    file: "error-npm-tftp",
    packet: { type: "ERROR", code: 0, message: "Cannot use 'in' operator to search for '1' in undefined" },
  },
  { file: "ack-ipxe", packet: { type: "ACK", block: 0 } },
  {
    file: "oack-qemu",
    packet: {
      type: "OACK",
      options: [
        { name: "tsize", value: "100000" },
        { name: "blksize", value: "1428" },
      ],
    },
  },
  {
    file: "data-qemu",
    packet: {
      type: "DATA",
      block: 71,
      bytes: Uint8Array.from(
        Buffer.from("6144fd6b197fd8cf5f5f790e9c0db1edd04d023094" + "3b64fc24fd478f65852e37da655bbfb19be604", "hex"),
      ),
    },
  },
];

function fixture(name: string): Uint8Array {
  return readHexPacket(new URL(`../fixtures/tftp/${name}.hex`, import.meta.url));
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}

describe("decodePacket()", () => {
  for (const { file, packet } of golden) {
    test(`reads ${file} as its writer meant it`, () => {
      assert.deepEqual(decodePacket(fixture(file)), { ok: true, value: packet });
    });
  }

  const tolerated: readonly { what: string; bytes: string; packet: TftpPacket }[] = [
    {
      what: "mode and option names in capitals",
      bytes: "\0\x01a\0OCTET\0BLKSIZE\x001468\0TSize\x000\0",
      packet: rrq("a", ["blksize", "1468"], ["tsize", "0"]),
    },
    { what: "a request padded with zeros", bytes: `\0\x01a\0octet\0${"\0".repeat(20)}`, packet: rrq("a") },
    { what: "an option without a value", bytes: "\0\x01a\0octet\0tsize\0", packet: rrq("a") },
    {
      what: "an option that is cut off",
      bytes: "\0\x01a\0octet\0tsize\x000\0blksize\x0014",
      packet: rrq("a", ["tsize", "0"]),
    },
    { what: "an option with an empty value", bytes: "\0\x01a\0octet\0tsize\0\0", packet: rrq("a", ["tsize", ""]) },
    { what: "a request that names no file", bytes: "\0\x01\0octet\0", packet: rrq("") },
    { what: "a name in UTF-8", bytes: "\0\x01b\xc3\xbccher\0octet\0", packet: rrq("bücher") },
    { what: "an ERROR without text", bytes: "\0\x05\0\x08", packet: { type: "ERROR", code: 8, message: "" } },
    { what: "an ERROR without its NUL", bytes: "\0\x05\0\0no", packet: { type: "ERROR", code: 0, message: "no" } },
    { what: "an ACK with padding", bytes: "\0\x04\xff\xff\0\0", packet: { type: "ACK", block: 65_535 } },
    { what: "an OACK of nothing", bytes: "\0\x06", packet: { type: "OACK", options: [] } },
    { what: "an empty DATA", bytes: "\0\x03\0\x01", packet: { type: "DATA", block: 1, bytes: new Uint8Array() } },
  ];
  for (const { what, bytes, packet } of tolerated) {
    test(`reads ${what}`, () => assert.deepEqual(decodePacket(bytesOf(bytes)), { ok: true, value: packet }));
  }

  const refused: readonly { what: string; bytes: string; error: PacketError }[] = [
    { what: "nothing", bytes: "", error: "too-short" },
    { what: "half an opcode", bytes: "\0", error: "too-short" },
    { what: "a DATA without a number", bytes: "\0\x03\0", error: "too-short" },
    { what: "an ACK without a number", bytes: "\0\x04\0", error: "too-short" },
    { what: "an ERROR without a code", bytes: "\0\x05\0", error: "too-short" },
    { what: "opcode 0", bytes: "\0\0a\0", error: "unknown-opcode" },
    { what: "opcode 7", bytes: "\0\x07a\0", error: "unknown-opcode" },
    { what: "an opcode in the wrong order of octets", bytes: "\x01\0a\0octet\0", error: "unknown-opcode" },
    { what: "a name without an end", bytes: "\0\x01snponly.efi", error: "unterminated-text" },
    { what: "a mode without an end", bytes: "\0\x01snponly.efi\0octet", error: "unterminated-text" },
    {
      what: "a request of more than 512 octets (RFC 2347)",
      bytes: `\0\x01${"a".repeat(504)}\0octet\0`,
      error: "too-long",
    },
  ];
  for (const { what, bytes, error } of refused) {
    test(`refuses ${what}: ${error}`, () => assert.deepEqual(decodePacket(bytesOf(bytes)), { ok: false, error }));
  }

  test("hands out values that do not change with the datagram", () => {
    const datagram = bytesOf("\0\x03\0\x01octets");
    const decoded = decodePacket(datagram);
    datagram.fill(0);
    assert.ok(decoded.ok && decoded.value.type === "DATA");
    assert.equal(Buffer.from(decoded.value.bytes).toString(), "octets");
  });

  test("reads a datagram that stands in the middle of a larger buffer", () => {
    const datagram = bytesOf("....\0\x04\0\x07....").subarray(4, 8);
    assert.deepEqual(decodePacket(datagram), { ok: true, value: { type: "ACK", block: 7 } });
  });

  test("never throws on a damaged packet: every octet changed, every length, and noise", () => {
    const seed = chosenSeed();
    const random = seeded(seed);
    const octet = () => Math.floor(random() * 256);
    for (const { file } of golden) {
      const bytes = fixture(file);
      for (let at = 0; at < bytes.length; at++) {
        decodePacket(bytes.subarray(0, at));
        for (const value of [0, 1, 255, octet()]) decodePacket(Uint8Array.from(bytes).fill(value, at, at + 1));
      }
    }
    for (let round = 0; round < 2000; round++) {
      const noise = Uint8Array.from({ length: Math.floor(random() * 600) }, octet);
      assert.doesNotThrow(() => decodePacket(noise), `SEED=${seed} round ${round}`);
    }
  });
});

describe("encodePacket()", () => {
  for (const { file, packet } of golden) {
    test(`writes ${file} octet for octet`, () => {
      assert.deepEqual(Uint8Array.from(encodePacket(packet)), fixture(file));
    });
  }

  const impossible: readonly { what: string; packet: TftpPacket }[] = [
    { what: "block 65536", packet: { type: "ACK", block: 65_536 } },
    { what: "block -1", packet: { type: "DATA", block: -1, bytes: new Uint8Array() } },
    { what: "ERROR code 65536", packet: { type: "ERROR", code: 65_536, message: "" } },
    { what: "a NUL inside a name", packet: rrq("a\0b") },
    { what: "a NUL inside a message", packet: { type: "ERROR", code: 0, message: "a\0b" } },
  ];
  for (const { what, packet } of impossible) {
    test(`throws RangeError for ${what}`, () => assert.throws(() => encodePacket(packet), RangeError));
  }
});
