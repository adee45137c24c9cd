import { type Instant, later } from "../std/clock.ts";
import { unreachable } from "../std/unreachable.ts";
import type { TransferOutcome } from "./files.ts";
import type { TransferTerms } from "./negotiate.ts";

/**
 * One file on its way to one client. Blocks are counted without end; only the packet carries 16 bits.
 * Block 0 is the OACK: it is sent, repeated and acknowledged like any other.
 */
export type TransferState = Sending | { readonly type: "over"; readonly outcome: TransferOutcome };

export interface Sending {
  readonly type: "sending";
  /** The client has everything up to this block; -1: not even the OACK. */
  readonly acked: number;
  /** The highest block that was ever sent. */
  readonly sent: number;
  /** Up to this block an ACK may answer a copy, so it says little; -1: nothing was sent twice yet. */
  readonly doubted: number;
  /** The block to send next; past the end of the window when all of it is on its way. */
  readonly next: number;
  /** How many blocks go out in one go: at most the window, fewer after losses. */
  readonly burst: number;
  /** Whole windows since the last loss or the last growth of `burst`. */
  readonly clean: number;
  /** Intervals that ended without an ACK since the client last got further. */
  readonly tries: number;
  /** How many datagrams were sent again. */
  readonly resent: number;
  /** Smoothed round trip and its deviation (RFC 6298); null: not measured yet. */
  readonly roundTrip: { readonly meanMs: number; readonly deviationMs: number } | null;
  /** How long to wait for an ACK before the window is sent again. */
  readonly intervalMs: number;
  /** When the last block went out. */
  readonly sentAt: Instant;
  /** When the client last got further. */
  readonly progressAt: Instant;
  /** When to step with `time-passed`. */
  readonly deadline: Instant;
}

export type TransferInput =
  /** `block` as on the wire: 16 bits. */
  | { readonly type: "ack"; readonly block: number }
  | { readonly type: "error"; readonly code: number; readonly message: string }
  /** The clock reached `deadline`; stepping too early does no harm. */
  | { readonly type: "time-passed" }
  /** The client repeated its request: it has heard nothing of us. */
  | { readonly type: "asked-again" };

/** `send`: these blocks, both ends included, 0 being the OACK; null: nothing. */
export interface TransferStep {
  readonly state: TransferState;
  readonly send: { readonly from: number; readonly to: number } | null;
}

/** Before the round trip is known. Clients wait a second and more before they ask again. */
const INTERVAL_FIRST_MS = 500;
/** Not less, however near the client: its own loop takes its time. */
const INTERVAL_MIN_MS = 20;
/** Doubling ends here unless the client agreed on a `timeout`; UEFI repeats its own packets every 4 s. */
const INTERVAL_MAX_MS = 4000;
/** A client that gets no further for so long is gone. */
export const SILENCE_LIMIT_MS = 30_000;
/** Between two bursts of one window. */
const PAUSE_MS = 2;
/** Whole windows without a loss before bursts grow again. */
const CLEAN_WINDOWS = 16;

/** The blocks of a file; the last is shorter than the others, and empty when the size is a multiple (RFC 1350 §2). */
export function blockCount(terms: TransferTerms): number {
  return Math.floor(terms.sizeBytes / terms.blksize) + 1;
}

export function beginTransfer(terms: TransferTerms, now: Instant): TransferStep {
  const acked = terms.oack ? -1 : 0;
  return burst(terms, now, {
    type: "sending",
    acked,
    sent: acked,
    doubted: -1,
    next: acked + 1,
    burst: terms.windowsize,
    clean: 0,
    tries: 0,
    resent: 0,
    roundTrip: null,
    intervalMs: intervalOf(terms, null),
    sentAt: now,
    progressAt: now,
    deadline: now,
  });
}

/** Pure: same arguments, same answer. */
export function stepTransfer(
  terms: TransferTerms,
  state: TransferState,
  input: TransferInput,
  now: Instant,
): TransferStep {
  if (state.type === "over") return { state, send: null };
  switch (input.type) {
    case "ack":
      return acknowledged(terms, state, input.block, now);
    case "error":
      // Firmware that only wanted the size says so after the OACK: UEFI with 8, some BIOS ROMs with 0.
      if (state.acked === -1 && (input.code === 8 || input.code === 0)) return over({ type: "probed" });
      return over({ type: "aborted", code: input.code, message: input.message });
    case "time-passed":
      if (now < state.deadline) return { state, send: null };
      if (isGone(state, now)) return clientSilent(terms, state);
      if (state.next <= windowEnd(terms, state)) return burst(terms, now, state);
      return again(terms, now, doubled(terms, state));
    case "asked-again":
      if (isGone(state, now)) return clientSilent(terms, state);
      // A stray copy of the request must not disturb a transfer that is under way.
      return state.acked === (terms.oack ? -1 : 0) ? again(terms, now, state) : { state, send: null };
    default:
      return unreachable(input);
  }
}

function acknowledged(terms: TransferTerms, state: Sending, wire: number, now: Instant): TransferStep {
  const block = nearest(wire, state.sent);
  if (block < state.acked || block < 0) return { state, send: null };
  if (block === state.acked) return acknowledgedTwice(terms, state, now);
  if (block === blockCount(terms)) {
    const { sizeBytes, blksize, windowsize } = terms;
    return over({ type: "complete", sizeBytes, blksize, windowsize, resent: state.resent });
  }
  const timing = measured(terms, state, block, now);
  if (block >= state.next - 1) {
    // Nothing is on its way beyond this block: the ordinary case, and written out because it is: to spread a state
    // of this size costs as much as all the rest of an ACK.
    const pace = grown(terms, state);
    return burst(terms, now, {
      type: "sending",
      acked: block,
      sent: state.sent,
      doubted: state.doubted,
      next: block + 1,
      burst: pace.burst,
      clean: pace.clean,
      tries: 0,
      resent: state.resent,
      roundTrip: timing.roundTrip,
      intervalMs: timing.intervalMs,
      sentAt: state.sentAt,
      progressAt: now,
      deadline: state.deadline,
    });
  }
  const further: Sending = { ...state, ...timing, acked: block, tries: 0, progressAt: now };
  // An ACK inside the window says that the next block was lost (RFC 7440 §4). Where blocks were already sent
  // again it may be an echo of the first copy: then the window only moves on, and the clock decides.
  if (block >= state.doubted) return again(terms, now, further);
  return further.next <= windowEnd(terms, further) ? burst(terms, now, further) : { state: further, send: null };
}

/**
 * In lockstep a second ACK of a block asks for nothing; answering it would double all later traffic, the
 * Sorcerer's Apprentice bug (RFC 1123 §4.2.3.1). With a window it may say that the first block of the window
 * was lost. It is believed once, and not where blocks were sent twice: UEFI answers each copy with such an ACK.
 */
function acknowledgedTwice(terms: TransferTerms, state: Sending, now: Instant): TransferStep {
  const believed = terms.windowsize > 1 && state.acked > state.doubted && state.next > state.acked + 1;
  if (believed) return again(terms, now, state);
  // It does say that the client is there and waits, so an interval that was doubled need not be waited for.
  const soon = Math.min(state.deadline, later(now, intervalOf(terms, state.roundTrip))) as Instant;
  return { state: { ...state, deadline: soon }, send: null };
}

/**
 * The window from its start. The window itself cannot shrink: the client counts blocks up to the agreed number
 * before it sends an ACK. What shrinks is the burst, so that a receive ring that was overrun has time to drain.
 */
function again(terms: TransferTerms, now: Instant, state: Sending): TransferStep {
  const begun: Sending = { ...state, next: state.acked + 1, doubted: state.sent };
  // A lost OACK says nothing about bursts.
  if (state.acked === -1) return burst(terms, now, begun);
  const smaller = Math.max(Math.ceil(terms.windowsize / 4), state.burst >> 1);
  return burst(terms, now, { ...begun, burst: smaller, clean: 0 });
}

function burst(terms: TransferTerms, now: Instant, state: Sending): TransferStep {
  const end = windowEnd(terms, state);
  const from = state.next;
  const to = Math.min(end, from + state.burst - 1);
  return {
    state: {
      type: "sending",
      acked: state.acked,
      sent: Math.max(state.sent, to),
      doubted: state.doubted,
      next: to + 1,
      burst: state.burst,
      clean: state.clean,
      tries: state.tries,
      resent: state.resent + Math.max(0, Math.min(to, state.sent) - from + 1),
      roundTrip: state.roundTrip,
      intervalMs: state.intervalMs,
      sentAt: now,
      progressAt: state.progressAt,
      deadline: later(now, to < end ? PAUSE_MS : state.intervalMs),
    },
    send: { from, to },
  };
}

/**
 * The last block that may be sent before the next ACK. The OACK stands alone.
 *
 * When it was the ACK that was lost, atftp 0.8 answers the first copy of an old block and no further ones, and each
 * copy winds up its clock again: it would sleep for ever. The window after this one wakes it.
 */
function windowEnd(terms: TransferTerms, state: Sending): number {
  if (state.acked === -1) return 0;
  const windows = terms.windowsize > 1 && state.tries > 1 ? 2 : 1;
  return Math.min(state.acked + windows * terms.windowsize, blockCount(terms));
}

/**
 * A round trip counts only for a block that was sent once: else nobody knows which copy was answered (Karn).
 * Without one, getting further halves an interval that was doubled; where every window loses something,
 * it would otherwise only grow.
 */
function measured(
  terms: TransferTerms,
  state: Sending,
  block: number,
  now: Instant,
): Pick<Sending, "roundTrip" | "intervalMs"> {
  if (block !== state.sent || block <= state.doubted) {
    const intervalMs = Math.max(intervalOf(terms, state.roundTrip), state.intervalMs >> 1);
    return { roundTrip: state.roundTrip, intervalMs };
  }
  const sampleMs = Math.max(0, now - state.sentAt);
  const before = state.roundTrip ?? { meanMs: sampleMs, deviationMs: sampleMs / 2 };
  const roundTrip = {
    meanMs: before.meanMs * 0.875 + sampleMs * 0.125,
    deviationMs: before.deviationMs * 0.75 + Math.abs(before.meanMs - sampleMs) * 0.25,
  };
  return { roundTrip, intervalMs: intervalOf(terms, roundTrip) };
}

/** RFC 6298 §2, with a shorter minimum: a boot network is one switch wide. */
function intervalOf(terms: TransferTerms, roundTrip: Sending["roundTrip"]): number {
  if (roundTrip === null) return Math.min(INTERVAL_FIRST_MS, intervalMax(terms));
  const wanted = Math.ceil(roundTrip.meanMs + Math.max(INTERVAL_MIN_MS / 2, 4 * roundTrip.deviationMs));
  return Math.min(Math.max(INTERVAL_MIN_MS, wanted), intervalMax(terms));
}

function grown(terms: TransferTerms, state: Sending): Pick<Sending, "burst" | "clean"> {
  if (state.burst >= terms.windowsize) return state;
  if (state.clean + 1 < CLEAN_WINDOWS) return { burst: state.burst, clean: state.clean + 1 };
  return { burst: state.burst + 1, clean: 0 };
}

function doubled(terms: TransferTerms, state: Sending): Sending {
  return { ...state, tries: state.tries + 1, intervalMs: Math.min(state.intervalMs * 2, intervalMax(terms)) };
}

function intervalMax(terms: TransferTerms): number {
  return Math.min(terms.timeoutMs ?? INTERVAL_MAX_MS, SILENCE_LIMIT_MS);
}

/** The largest block up to `sent` that has these 16 bits; after 65535 comes 0, as every client expects. */
function nearest(wire: number, sent: number): number {
  return sent - ((sent - wire) & 0xffff);
}

function isGone(state: Sending, now: Instant): boolean {
  return now - state.progressAt >= SILENCE_LIMIT_MS;
}

function clientSilent(terms: TransferTerms, state: Sending): TransferStep {
  return over({ type: "client-silent", ackedBlocks: Math.max(0, state.acked), blocks: blockCount(terms) });
}

function over(outcome: TransferOutcome): TransferStep {
  return { state: { type: "over", outcome }, send: null };
}
