import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { findChecksum, parseSha256 } from "../../src/images/checksum-file.ts";

const ONE = "1".repeat(64);
const TWO = "AB".repeat(32);

describe("findChecksum()", () => {
  const files: readonly { what: string; text: string; sum: string | null }[] = [
    { what: "the line of sha256sum", text: `${TWO}  other.iso\n${ONE}  x.iso\n`, sum: ONE },
    { what: "the line of a binary file", text: `${ONE} *x.iso\r\n`, sum: ONE },
    { what: "a line with a folder", text: `${ONE}  ./iso/x.iso\n`, sum: ONE },
    {
      what: "the line of sha256sum --tag",
      text: `# x.iso: 5 bytes\nSHA256 (x.iso) = ${TWO}\n`,
      sum: TWO.toLowerCase(),
    },
    { what: "a checksum alone", text: `${TWO}\n`, sum: TWO.toLowerCase() },
    { what: "nothing of other files", text: `${ONE}  y.iso\n${TWO}  xx.iso\n`, sum: null },
    { what: "nothing in anything else", text: "<html>x.iso</html>", sum: null },
  ];
  for (const { what, text, sum } of files) test(`finds ${what}`, () => assert.equal(findChecksum(text, "x.iso"), sum));
});

test("parseSha256() takes either case, and says what it found instead", () => {
  assert.deepEqual(parseSha256(` ${TWO} `), { ok: true, value: TWO.toLowerCase() });
  assert.deepEqual(parseSha256("d41d8c"), { ok: false, error: '"d41d8c"' });
});
