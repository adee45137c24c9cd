import assert from "node:assert/strict";
import { test } from "node:test";
import { parseListing } from "../../src/images/iso-listing.ts";

// As xorriso 1.5.4 prints it.
const PRINTED = `Report layout: xt , Startlba ,   Blocks , Filesize , ISO image path
File data lba:  0 ,     1645 ,        1 ,       89 , '/.cd-info'
File data lba:  0 ,       32 ,        0 ,        0 , '/auto-installer-capable'
File data lba:  0 ,       33 ,       98 ,   200000 , '/boot/initrd.img'
File data lba:  0 ,       40 ,        1 ,        5 , '/it'"'"'s here'
File data lba:  0 ,       41 ,        1 ,        5 , '/two\\nlines'
File data lba:  0 ,       50 ,  2097151 , 4500000000 , '/large.squashfs'
File data lba:  1 ,  2097201 ,   100115 , 4500000000 , '/large.squashfs'
`;

test("parseListing() has sizes and places of whole files, and nothing with an odd name", () => {
  assert.deepEqual(
    [...parseListing(PRINTED)],
    [
      ["/.cd-info", { sizeBytes: 89, offsetBytes: 1645 * 2048 }],
      ["/auto-installer-capable", { sizeBytes: 0, offsetBytes: 32 * 2048 }],
      ["/boot/initrd.img", { sizeBytes: 200_000, offsetBytes: 33 * 2048 }],
      ["/it's here", { sizeBytes: 5, offsetBytes: 40 * 2048 }],
    ],
  );
});

test("parseListing() takes a name for a name, although it looks like a line", () => {
  const hostile =
    "File data lba:  0 ,  1 ,  1 ,  9 , '/x\\nFile data lba:  0 ,  0 ,  1 ,  9 , '\"'\"'/boot/linux26'\"'\"''\n";
  assert.deepEqual([...parseListing(hostile)], []);
});
