import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { cpioAround, paddingTo } from "../../src/images/cpio.ts";

// Written by hand from cpio(5): magic, then 13 fields of eight hexadecimal digits each.
const HEADER = [
  "070701", // magic of newc
  "00000001", // inode
  "00008124", // a file that everybody may read
  "00000000", // uid
  "00000000", // gid
  "00000001", // links
  "00000000", // modified
  "0000000b", // 11 octets
  "00000000", // device, major
  "00000000", // device, minor
  "00000000", // special device, major
  "00000000", // special device, minor
  "0000000c", // the name with its NUL
  "00000000", // no checksum
].join("");

describe("an archive of one file", () => {
  test("has the header that cpio(5) describes, filled up to a multiple of four", () => {
    const { before } = cpioAround("proxmox.iso", 11);
    assert.equal(before.toString("latin1"), `${HEADER}proxmox.iso\0\0\0`);
    assert.equal(before.length, 124);
  });

  for (let sizeBytes = 0; sizeBytes < 9; sizeBytes++) {
    test(`of ${sizeBytes} octets ends with a trailer at a multiple of four`, () => {
      const { before, after } = cpioAround("proxmox.iso", sizeBytes);
      const trailer = after.subarray(after.indexOf("070701"));
      assert.equal((before.length + sizeBytes + after.length - trailer.length) % 4, 0);
      assert.match(trailer.toString("latin1"), /^070701[0-9a-f]{104}TRAILER!!!\0+$/);
      assert.equal(trailer.length % 4, 0);
    });
  }

  test("cannot hold 4 GiB", () => {
    assert.equal(cpioAround("x", 0xffff_ffff).before.toString("latin1").slice(54, 62), "ffffffff");
    assert.throws(() => cpioAround("x", 0x1_0000_0000), /do not fit/);
  });
});

test("paddingTo() fills up, and leaves alone what is full", () => {
  assert.deepEqual(
    [0, 1, 3, 4, 5].map((size) => paddingTo(4, size)),
    [0, 3, 1, 0, 3],
  );
});
