import type { Endpoint } from "../net/udp-socket.ts";
import { numberAt } from "./octets.ts";
import type { RepeatedAnswer } from "./policy.ts";

/** An answer that was sent, and the question it was sent for. Good until something else is remembered. */
export interface Remembered {
  /** Both datagrams stand in it, one behind the other, among others; each without the zeros before its options. */
  readonly block: Buffer;
  /** Where the question begins. */
  readonly at: number;
  /** Octets that are set aside here. */
  readonly room: number;
  readonly questionSize: number;
  /** How much of it stands before the zeros: nearly all datagrams have 200 of them in place of `sname` and `file`. */
  readonly questionHead: number;
  readonly replySize: number;
  readonly replyHead: number;
  /** On which socket it was heard, as the same datagram may mean something else on another. */
  readonly heardOn: object;
  readonly to: Endpoint;
  readonly answer: RepeatedAnswer;
}

/**
 * Answers to clients that may well ask the same again: those that boot repeat themselves, those that are up renew. A
 * question is the same when every octet is, but for the transaction (`xid`) and how long it has taken (`secs`). So
 * nothing has to be read or composed a second time. In memory and bounded.
 */
export class Repeats {
  readonly #entriesMax: number;
  // When the newer ones are too many, the older ones go all at once: that costs nothing per packet.
  #newer = new Map<number, Remembered>();
  #older = new Map<number, Remembered>();
  #blocks = new Blocks();
  /** Where the newest answer went: to the same relay go thousands. */
  #to: Endpoint | null = null;

  /** At most so many, and as many again that are on their way out. */
  constructor(entriesMax = 12_288) {
    this.#entriesMax = entriesMax;
  }

  /** undefined: that was not asked before, or is forgotten. */
  find(bytes: Uint8Array, heardOn: object): Remembered | undefined {
    if (bytes.length < SIZE_MIN) return undefined;
    const key = keyOf(bytes);
    const known = this.#newer.get(key) ?? this.#older.get(key);
    if (known === undefined || known.heardOn !== heardOn || known.questionSize !== bytes.length) return undefined;
    const { block, at, questionHead } = known;
    for (let n = 0; n < XID_AT; n++) if (block[at + n] !== bytes[n]) return undefined;
    const asked = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const [optionsAt, end] = [at + questionHead, at + questionHead + bytes.length - OPTIONS_AT];
    const isSame =
      block.compare(asked, AFTER_SECS, questionHead, at + AFTER_SECS, optionsAt) === 0 &&
      block.compare(asked, OPTIONS_AT, asked.length, optionsAt, end) === 0 &&
      ZEROS.compare(asked, questionHead, OPTIONS_AT, 0, OPTIONS_AT - questionHead) === 0;
    return isSame ? known : undefined;
  }

  /** In place of what this client last asked of the same kind. `bytes` and `reply` are copied. */
  remember(
    bytes: Uint8Array,
    reply: Uint8Array,
    { heardOn, to, answer }: Pick<Remembered, "heardOn" | "to" | "answer">,
  ): void {
    if (bytes.length < SIZE_MIN || reply.length < OPTIONS_AT) return;
    const [questionHead, replyHead] = [headOf(bytes), headOf(reply)];
    const replyAt = questionHead + bytes.length - OPTIONS_AT;
    const size = replyAt + replyHead + reply.length - OPTIONS_AT;
    if (size > SIZE_MAX) return;
    const octetsMax = this.#entriesMax * SIZE_USUAL + BLOCK_SIZE;
    if (this.#newer.size >= this.#entriesMax || this.#blocks.octets > octetsMax) {
      this.#older = this.#newer;
      this.#newer = new Map();
      this.#blocks = new Blocks();
    }
    const key = keyOf(bytes);
    const before = this.#newer.get(key);
    const { block, at, room } = before !== undefined && before.room >= size ? before : this.#blocks.take(size);
    block.set(bytes.subarray(0, questionHead), at);
    block.set(bytes.subarray(OPTIONS_AT), at + questionHead);
    block.set(reply.subarray(0, replyHead), at + replyAt);
    block.set(reply.subarray(OPTIONS_AT), at + replyAt + replyHead);
    if (this.#to?.address !== to.address || this.#to.port !== to.port) this.#to = to;
    this.#newer.set(key, {
      block,
      at,
      room,
      questionSize: bytes.length,
      questionHead,
      replySize: reply.length,
      replyHead,
      heardOn,
      to: this.#to,
      answer,
    });
  }
}

/** The reply to the same question in another transaction. */
export function replyAgain(known: Remembered, bytes: Uint8Array): Uint8Array {
  const { block, at, questionSize, questionHead, replySize, replyHead } = known;
  const again = Buffer.allocUnsafe(replySize);
  const replyAt = at + questionHead + questionSize - OPTIONS_AT;
  const optionsAt = replyAt + replyHead;
  block.copy(again, 0, replyAt, optionsAt);
  again.fill(0, replyHead, OPTIONS_AT);
  block.copy(again, OPTIONS_AT, optionsAt, optionsAt + replySize - OPTIONS_AT);
  for (let n = XID_AT; n < XID_AT + 4; n++) again[n] = bytes[n] ?? 0;
  return again;
}

export function xidOf(bytes: Uint8Array): number {
  return numberAt(bytes, XID_AT, 4);
}

/** Room for many datagrams: to Node, a buffer for each would be as large as what is in it. All are let go together. */
class Blocks {
  #block = Buffer.alloc(0);
  #used = 0;
  #octets = 0;

  /** How much there is, taken or not. */
  get octets(): number {
    return this.#octets;
  }

  take(room: number): Pick<Remembered, "block" | "at" | "room"> {
    if (this.#used + room > this.#block.length) {
      this.#block = Buffer.allocUnsafeSlow(BLOCK_SIZE);
      this.#octets += BLOCK_SIZE;
      this.#used = 0;
    }
    const at = this.#used;
    this.#used += room;
    return { block: this.#block, at, room };
  }
}

const BLOCK_SIZE = 256 * 1024;
/** Of a question and its answer together; larger ones are answered anew each time. */
const SIZE_MAX = 4096;
/** Most are half as large. What is forgotten early for the sake of others that are larger is answered anew. */
const SIZE_USUAL = 1000;

const XID_AT = 4;
/** `secs` follows `xid`. */
const AFTER_SECS = 10;
const CHADDR_AT = 28;
/** The options begin with the magic cookie. */
const OPTIONS_AT = 236;
const ZEROS = Buffer.alloc(OPTIONS_AT);
/** Where the message type stands in nearly every message: the first option. */
const TYPE_AT = 242;
const SIZE_MIN = 243;

function headOf(bytes: Uint8Array): number {
  let head = OPTIONS_AT;
  while (head > AFTER_SECS && bytes[head - 1] === 0) head--;
  return head;
}

/** The hardware address, and what is likely to be the type: a wrong guess only makes two questions share a place. */
function keyOf(bytes: Uint8Array): number {
  return numberAt(bytes, CHADDR_AT, 6) * 8 + ((bytes[TYPE_AT] ?? 0) & 7);
}
