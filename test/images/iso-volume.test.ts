import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readIsoVolume, VOLUME_HEAD_BYTES } from "../../src/images/iso-volume.ts";

/** The primary volume descriptor of ECMA-119 §8.4, as far as it is read. */
function head(change: (descriptor: Buffer) => void = () => {}): Buffer {
  const bytes = Buffer.alloc(VOLUME_HEAD_BYTES);
  const descriptor = bytes.subarray(16 * 2048);
  descriptor[0] = 1;
  descriptor.write("CD001", 1);
  descriptor.write("PVE                             ", 40);
  descriptor.writeUInt32LE(1000, 80);
  descriptor.writeUInt16LE(2048, 128);
  change(descriptor);
  return bytes;
}

describe("readIsoVolume()", () => {
  test("reads name and size", () => {
    assert.deepEqual(readIsoVolume(head()), { ok: true, value: { volumeId: "PVE", sizeBytes: 2_048_000 } });
  });

  test("shows nothing of a name that a terminal could take for an order", () => {
    const volume = readIsoVolume(head((descriptor) => descriptor.write("A\u001b[2J\nB", 40)));
    assert.equal(volume.ok && volume.value.volumeId, "A [2J B");
  });

  const others: readonly { what: string; bytes: Buffer; found: RegExp }[] = [
    { what: "nothing", bytes: Buffer.alloc(0), found: /^an empty file$/ },
    { what: "a few octets", bytes: Buffer.from("hello"), found: /^a file of 5 octets$/ },
    { what: "a web page", bytes: Buffer.from("\n<!DOCTYPE html><html>"), found: /web page/ },
    { what: "gzip", bytes: Buffer.from([0x1f, 0x8b, 8]), found: /gunzip/ },
    { what: "xz", bytes: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]), found: /unxz/ },
    { what: "zstd", bytes: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), found: /unzstd/ },
    {
      what: "a disk image",
      bytes: head((d) => d.fill(0)).fill(Buffer.from([0x55, 0xaa]), 510, 512),
      found: /disk image/,
    },
    { what: "zeros", bytes: Buffer.alloc(VOLUME_HEAD_BYTES), found: /^something else$/ },
    { what: "another kind of descriptor", bytes: head((d) => d.writeUInt8(255, 0)), found: /something else/ },
    { what: "odd blocks", bytes: head((d) => d.writeUInt16LE(512, 128)), found: /blocks of 512/ },
    { what: "an ISO that ends inside its head", bytes: head().subarray(0, 33_000), found: /a file of 33000 octets/ },
  ];
  for (const { what, bytes, found } of others) {
    test(`says that it found ${what}`, () => {
      const volume = readIsoVolume(bytes);
      assert.match(volume.ok ? "an ISO" : volume.error, found);
    });
  }
});
