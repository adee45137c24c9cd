import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Instant, later } from "../../src/std/clock.ts";
import type { TransferTerms } from "../../src/tftp/negotiate.ts";
import {
  beginTransfer,
  blockCount,
  stepTransfer,
  type TransferInput,
  type TransferState,
  type TransferStep,
} from "../../src/tftp/transfer.ts";

interface Story {
  readonly name: string;
  readonly terms: Partial<TransferTerms>;
  /** `ACK n`, `ERROR n`, `RRQ` (asked again), `n ms` (that much time passes), `wait` (until the deadline). */
  readonly inputs: readonly string[];
  /** One line for the beginning and one for each input. */
  readonly expect: readonly string[];
}

const lockstep = { sizeBytes: 1300, blksize: 512, windowsize: 1, oack: false };
const windowed = { sizeBytes: 10_000, blksize: 512, windowsize: 4, oack: true };

const stories: readonly Story[] = [
  {
    name: "a client without options gets DATA 1 at once, and a short block at the end",
    terms: lockstep,
    inputs: ["ACK 1", "ACK 2", "ACK 3"],
    expect: ["DATA 1", "DATA 2", "DATA 3", "complete, 0 resent"],
  },
  {
    name: "a file of a whole number of blocks ends with an empty one (RFC 1350 §2)",
    terms: { ...lockstep, sizeBytes: 1024 },
    inputs: ["ACK 1", "ACK 2", "ACK 3"],
    expect: ["DATA 1", "DATA 2", "DATA 3", "complete, 0 resent"],
  },
  {
    name: "an empty file is one empty block",
    terms: { ...lockstep, sizeBytes: 0 },
    inputs: ["ACK 1"],
    expect: ["DATA 1", "complete, 0 resent"],
  },
  {
    name: "the OACK waits for ACK 0, and the window follows",
    terms: windowed,
    inputs: ["ACK 0", "ACK 4", "ACK 8", "ACK 12", "ACK 16", "ACK 20"],
    expect: ["OACK", "DATA 1-4", "DATA 5-8", "DATA 9-12", "DATA 13-16", "DATA 17-20", "complete, 0 resent"],
  },
  {
    name: "UEFI asks for the size, and ends with ERROR 8",
    terms: windowed,
    inputs: ["ERROR 8"],
    expect: ["OACK", "probed"],
  },
  {
    name: "a BIOS ROM asks for the size, and ends with ERROR 0",
    terms: windowed,
    inputs: ["ERROR 0"],
    expect: ["OACK", "probed"],
  },
  {
    name: "a client that rejects the OACK is no probe",
    terms: windowed,
    inputs: ["ERROR 4"],
    expect: ["OACK", "aborted 4"],
  },
  {
    name: "ERROR 8 in the middle of the file is no probe",
    terms: windowed,
    inputs: ["ACK 0", "ERROR 8"],
    expect: ["OACK", "DATA 1-4", "aborted 8"],
  },
  {
    name: "in lockstep a second ACK of a block asks for nothing: no Sorcerer's Apprentice",
    terms: lockstep,
    inputs: ["ACK 1", "ACK 1", "ACK 1", "ACK 2", "ACK 1", "ACK 2"],
    expect: ["DATA 1", "DATA 2", "-", "-", "DATA 3", "-", "-"],
  },
  {
    name: "a copy of ACK 0 asks for nothing in lockstep",
    terms: { ...lockstep, oack: true },
    inputs: ["ACK 0", "ACK 0", "ACK 1"],
    expect: ["OACK", "DATA 1", "-", "DATA 2"],
  },
  {
    name: "ACKs of blocks that were never sent ask for nothing",
    terms: windowed,
    inputs: ["ACK 5", "ACK 65535", "ACK 0", "ACK 5", "ACK 65535", "ACK 4"],
    expect: ["OACK", "-", "-", "DATA 1-4", "-", "-", "DATA 5-8"],
  },
  {
    name: "an ACK inside the window says that the next block was lost; its echoes ask for nothing",
    terms: windowed,
    inputs: ["ACK 0", "ACK 1", "ACK 1", "ACK 1", "wait", "ACK 5"],
    expect: ["OACK", "DATA 1-4", "DATA 2-3", "-", "-", "2 ms: DATA 4-5", "DATA 6-7"],
  },
  {
    name: "the first block of a window was lost: a second ACK of the window before is believed once",
    terms: windowed,
    inputs: ["ACK 0", "ACK 4", "ACK 4", "ACK 4", "ACK 4"],
    expect: ["OACK", "DATA 1-4", "DATA 5-8", "DATA 5-6", "-", "-"],
  },
  {
    name: "ACKs that answer copies do not make more copies",
    terms: windowed,
    inputs: ["ACK 0", "ACK 4", "ACK 4", "ACK 8", "ACK 8", "ACK 8", "wait", "ACK 12", "ACK 12", "ACK 12"],
    expect: [
      "OACK",
      "DATA 1-4",
      "DATA 5-8",
      "DATA 5-6", // Believed: perhaps 5 was lost. It was not, and the client answers each copy.
      "DATA 9-10",
      "-",
      "-",
      "2 ms: DATA 11-12",
      "DATA 13-14",
      "DATA 13", // Nothing of this window was sent twice, so perhaps 13 was lost.
      "-",
    ],
  },
  {
    name: "without an ACK the window goes out again, in smaller bursts, at doubling intervals, then with the next one",
    terms: windowed,
    inputs: ["ACK 0", "wait", "wait", "wait", "wait", "wait", "wait", "wait", "wait", "ACK 4"],
    expect: [
      "OACK",
      "DATA 1-4",
      "20 ms: DATA 1-2",
      "2 ms: DATA 3-4",
      "40 ms: DATA 1",
      "2 ms: DATA 2",
      "2 ms: DATA 3",
      "2 ms: DATA 4",
      "2 ms: DATA 5", // For atftp, which sleeps through copies.
      "2 ms: DATA 6",
      "DATA 5",
    ],
  },
  {
    name: "an agreed timeout of one second is the longest interval",
    terms: { ...lockstep, oack: true, timeoutMs: 1000 },
    inputs: ["wait", "wait", "wait"],
    expect: ["OACK", "500 ms: OACK", "1000 ms: OACK", "1000 ms: OACK"],
  },
  {
    name: "a client that is gone is given up after half a minute",
    terms: lockstep,
    inputs: Array.from({ length: 11 }, () => "wait"),
    expect: [
      "DATA 1",
      "500 ms: DATA 1",
      "1000 ms: DATA 1",
      "2000 ms: DATA 1",
      "4000 ms: DATA 1",
      "4000 ms: DATA 1",
      "4000 ms: DATA 1",
      "4000 ms: DATA 1",
      "4000 ms: DATA 1",
      "4000 ms: DATA 1",
      "4000 ms: client-silent 0 of 3",
      "-",
    ],
  },
  {
    name: "a client that repeats its ACK is there, so a doubled interval is cut short",
    terms: lockstep,
    inputs: ["ACK 1", "wait", "wait", "wait", "ACK 1", "wait", "ACK 2"],
    expect: ["DATA 1", "DATA 2", "20 ms: DATA 2", "40 ms: DATA 2", "80 ms: DATA 2", "-", "20 ms: DATA 2", "DATA 3"],
  },
  {
    name: "getting further halves a doubled interval, even where nobody knows which copy was answered",
    terms: lockstep,
    inputs: ["ACK 1", "wait", "wait", "ACK 2", "wait", "ACK 3"],
    expect: ["DATA 1", "DATA 2", "20 ms: DATA 2", "40 ms: DATA 2", "DATA 3", "40 ms: DATA 3", "complete, 3 resent"],
  },
  {
    name: "a repeated request is a lost OACK, and nothing once the transfer is under way",
    terms: windowed,
    inputs: ["RRQ", "ACK 0", "RRQ", "ACK 4", "RRQ"],
    expect: ["OACK", "OACK", "DATA 1-4", "-", "DATA 5-8", "-"],
  },
  {
    name: "a client that repeats its request for ever is given up too",
    terms: lockstep,
    inputs: ["29999 ms", "RRQ", "1 ms", "RRQ"],
    expect: ["DATA 1", "DATA 1", "DATA 1", "-", "client-silent 0 of 3"],
  },
  {
    name: "stepping too early does no harm, and nothing follows the end",
    terms: lockstep,
    inputs: ["1 ms", "ERROR 0", "ACK 1", "wait"],
    expect: ["DATA 1", "-", "aborted 0", "-", "-"],
  },
];

describe("stepTransfer()", () => {
  for (const story of stories) {
    test(story.name, () => assert.deepEqual(tell(story), story.expect));
  }

  test("after block 65535 comes block 0 on the wire, and counting goes on", () => {
    const terms: TransferTerms = { sizeBytes: 8 * 200_000, blksize: 8, windowsize: 3, timeoutMs: null, oack: false };
    let step = beginTransfer(terms, NOON);
    let last = 0;
    for (let block = 3; step.state.type === "sending"; block = Math.min(block + 3, blockCount(terms))) {
      assert.ok(step.send !== null && step.send.from === last + 1 && step.send.to === block, `block ${block}`);
      last = block;
      step = stepTransfer(terms, step.state, { type: "ack", block: block & 0xffff }, NOON);
    }
    assert.deepEqual(last, 200_001);
    assert.deepEqual(step.state.type === "over" && step.state.outcome.type, "complete");
  });

  test("an ACK from before the rollover is old, not new", () => {
    const terms: TransferTerms = { sizeBytes: 8 * 70_000, blksize: 8, windowsize: 1, timeoutMs: null, oack: false };
    let step = beginTransfer(terms, NOON);
    for (let block = 1; block <= 65_536; block++) {
      step = stepTransfer(terms, step.state, { type: "ack", block: block & 0xffff }, NOON);
    }
    assert.deepEqual(step.send, { from: 65_537, to: 65_537 });
    for (const stale of [65_535, 65_534, 2, 40_000, 0]) {
      assert.equal(stepTransfer(terms, step.state, { type: "ack", block: stale }, NOON).send, null, `ACK ${stale}`);
    }
    assert.deepEqual(stepTransfer(terms, step.state, { type: "ack", block: 1 }, NOON).send, {
      from: 65_538,
      to: 65_538,
    });
  });

  test("the interval follows the round trip: a client 300 ms away is not asked twice for each block", () => {
    const terms: TransferTerms = { ...lockstep, sizeBytes: 512 * 50, timeoutMs: null };
    let step = beginTransfer(terms, NOON);
    let now = NOON;
    for (let block = 1; block <= 51; block++) {
      assert.ok(step.state.type === "sending" && step.state.deadline > later(now, 300), `block ${block}`);
      now = later(now, 300);
      step = stepTransfer(terms, step.state, { type: "ack", block }, now);
    }
    assert.ok(step.state.type === "over" && step.state.outcome.type === "complete");
    assert.equal(step.state.outcome.resent, 0);
  });

  test("bursts grow again when many windows in a row came through", () => {
    const terms: TransferTerms = { sizeBytes: 512 * 1000, blksize: 512, windowsize: 4, timeoutMs: null, oack: false };
    const begun = beginTransfer(terms, NOON);
    let state = begun.state;
    const step = (input: TransferInput, now: Instant) => {
      state = stepTransfer(terms, state, input, now).state;
    };
    let now = NOON;
    step({ type: "ack", block: 2 }, now);
    assert.equal(state.type === "sending" && state.burst, 2);
    while (state.type === "sending" && state.burst < 4) {
      while (state.next <= Math.min(state.acked + 4, 1001)) {
        now = state.deadline;
        step({ type: "time-passed" }, now);
      }
      step({ type: "ack", block: state.sent & 0xffff }, now);
    }
    assert.equal(state.type, "sending");
  });
});

const NOON = Date.UTC(2026, 10, 20, 12) as Instant;

function tell({ terms: some, inputs }: Story): string[] {
  const terms: TransferTerms = { sizeBytes: 0, blksize: 512, windowsize: 1, timeoutMs: null, oack: false, ...some };
  let now = NOON;
  let step = beginTransfer(terms, now);
  const lines = [said(step, step.state)];
  for (const input of inputs) {
    const [word = "", second = ""] = input.split(" ");
    const before: TransferState = step.state;
    let prefix = "";
    if (word === "wait" || second === "ms") {
      const waitMs = word !== "wait" ? Number(word) : before.type === "sending" ? before.deadline - now : 0;
      now = later(now, waitMs);
      if (word === "wait" && before.type === "sending") prefix = `${waitMs} ms: `;
    }
    step = stepTransfer(terms, before, inputOf(word, second), now);
    lines.push(prefix + said(step, before));
  }
  return lines;
}

function inputOf(word: string, second: string): TransferInput {
  if (word === "ACK") return { type: "ack", block: Number(second) };
  if (word === "ERROR") return { type: "error", code: Number(second), message: "" };
  return word === "RRQ" ? { type: "asked-again" } : { type: "time-passed" };
}

function said({ state, send }: TransferStep, before: TransferState): string {
  if (send !== null) {
    if (send.to === 0) return "OACK";
    return send.from === send.to ? `DATA ${send.from}` : `DATA ${send.from}-${send.to}`;
  }
  if (state.type === "sending" || before.type === "over") return "-";
  const { outcome } = state;
  if (outcome.type === "complete") return `complete, ${outcome.resent} resent`;
  if (outcome.type === "aborted") return `aborted ${outcome.code}`;
  if (outcome.type === "client-silent") return `client-silent ${outcome.ackedBlocks} of ${outcome.blocks}`;
  return outcome.type;
}
