import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DEFAULT_TFTP_LIMITS, negotiate } from "../../src/tftp/negotiate.ts";
import type { TftpOption } from "../../src/tftp/packet.ts";

/** Options as `name value name value`. */
function options(text: string): TftpOption[] {
  const words = text.split(" ").filter(Boolean);
  return words.flatMap((name, at) => (at % 2 === 0 ? [{ name, value: words[at + 1] ?? "" }] : []));
}

const cases: readonly { what: string; asked: string; oack: string }[] = [
  {
    what: "EDK2's question about the size",
    asked: "tsize 0 blksize 1468 windowsize 4",
    oack: "tsize 173792 blksize 1468 windowsize 4",
  },
  { what: "EDK2's second request", asked: "blksize 1468 windowsize 4", oack: "blksize 1468 windowsize 4" },
  { what: "iPXE", asked: "blksize 1432 tsize 0", oack: "blksize 1432 tsize 173792" },
  { what: "curl", asked: "tsize 0 blksize 512 timeout 6", oack: "tsize 173792 blksize 512 timeout 6" },
  {
    what: "atftp",
    asked: "tsize 0 timeout 5 blksize 1428 windowsize 8",
    oack: "tsize 173792 timeout 5 blksize 1428 windowsize 8",
  },
  { what: "tftp-hpa, which asks for nothing", asked: "", oack: "" },
  { what: "a block larger than a frame", asked: "blksize 65464", oack: "blksize 1468" },
  { what: "a block larger than any", asked: "blksize 70000", oack: "blksize 1468" },
  { what: "the smallest block", asked: "blksize 8", oack: "blksize 8" },
  { what: "a block below the minimum", asked: "blksize 7", oack: "" },
  { what: "a block of no octets", asked: "blksize 0", oack: "" },
  { what: "a window larger than ours", asked: "windowsize 64", oack: "windowsize 16" },
  { what: "a window of one", asked: "windowsize 1", oack: "windowsize 1" },
  { what: "a window of none", asked: "windowsize 0", oack: "" },
  { what: "the shortest timeout", asked: "timeout 1", oack: "timeout 1" },
  { what: "the longest timeout", asked: "timeout 255", oack: "timeout 255" },
  { what: "a timeout that cannot be repeated exactly", asked: "timeout 256 blksize 1024", oack: "blksize 1024" },
  {
    what: "a timeout in milliseconds, as the npm client writes it",
    asked: "timeout 3000 tsize 0",
    oack: "tsize 173792",
  },
  { what: "a timeout of none", asked: "timeout 0", oack: "" },
  { what: "a number that is none", asked: "blksize abc tsize 0x1 windowsize -4 timeout 1.5", oack: "" },
  { what: "a number without end", asked: `blksize ${"9".repeat(400)}`, oack: "" },
  { what: "options that nobody knows", asked: "multicast 1 rollover 0 blksize 1024 __proto__ 1", oack: "blksize 1024" },
  { what: "an option asked twice: the first counts", asked: "blksize 512 blksize 1024", oack: "blksize 512" },
  { what: "an option asked twice, first badly", asked: "blksize x blksize 1024", oack: "blksize 1024" },
];

describe("negotiate()", () => {
  for (const { what, asked, oack } of cases) {
    test(`answers ${what}: ${oack === "" ? "no OACK" : oack}`, () => {
      const answer = negotiate(options(asked), 173_792, DEFAULT_TFTP_LIMITS);
      assert.deepEqual(answer.oack, options(oack));
      assert.equal(answer.terms.oack, oack !== "");
    });
  }

  test("the terms are what the OACK says", () => {
    const { terms } = negotiate(options("windowsize 64 timeout 6 tsize 0 blksize 9000"), 100, DEFAULT_TFTP_LIMITS);
    assert.deepEqual(terms, { sizeBytes: 100, blksize: 1468, windowsize: 16, timeoutMs: 6000, oack: true });
  });

  test("without options they are those of RFC 1350", () => {
    const { terms } = negotiate([], 100, DEFAULT_TFTP_LIMITS);
    assert.deepEqual(terms, { sizeBytes: 100, blksize: 512, windowsize: 1, timeoutMs: null, oack: false });
  });

  test("an option that was left out leaves its default in force", () => {
    const { terms } = negotiate(options("blksize 4 tsize 0"), 100, DEFAULT_TFTP_LIMITS);
    assert.deepEqual(terms, { sizeBytes: 100, blksize: 512, windowsize: 1, timeoutMs: null, oack: true });
  });
});
