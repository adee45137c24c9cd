import type { Endpoint } from "../net/udp-socket.ts";
import type { RepeatedAnswer } from "./policy.ts";

/** An answer that was sent, and the question it was sent for. */
export interface Remembered {
  /** Both datagrams, one behind the other. */
  readonly octets: Buffer;
  readonly questionSize: number;
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
    for (let at = 0; at < XID_AT; at++) if (known.octets[at] !== bytes[at]) return undefined;
    const asked = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const isSame = known.octets.compare(asked, AFTER_SECS, asked.length, AFTER_SECS, known.questionSize) === 0;
    return isSame ? known : undefined;
  }

  /** In place of what this client last asked of the same kind. `bytes` and `reply` are copied. */
  remember(
    bytes: Uint8Array,
    reply: Uint8Array,
    { heardOn, to, answer }: Pick<Remembered, "heardOn" | "to" | "answer">,
  ): void {
    if (bytes.length < SIZE_MIN) return;
    // Of its own: a small piece that lives long would keep alive the block that it was cut from.
    const octets = Buffer.allocUnsafeSlow(bytes.length + reply.length);
    octets.set(bytes);
    octets.set(reply, bytes.length);
    if (this.#newer.size >= this.#entriesMax) {
      this.#older = this.#newer;
      this.#newer = new Map();
    }
    this.#newer.set(keyOf(bytes), { octets, questionSize: bytes.length, heardOn, to, answer });
  }
}

/** The reply to the same question in another transaction. */
export function replyAgain({ octets, questionSize }: Remembered, bytes: Uint8Array): Uint8Array {
  const again = Buffer.from(octets.subarray(questionSize));
  for (let at = XID_AT; at < XID_AT + 4; at++) again[at] = bytes[at] ?? 0;
  return again;
}

export function xidOf(bytes: Uint8Array): number {
  return numberAt(bytes, XID_AT, 4);
}

const XID_AT = 4;
/** `secs` follows `xid`. */
const AFTER_SECS = 10;
const CHADDR_AT = 28;
/** Where the message type stands in nearly every message: the first option. */
const TYPE_AT = 242;
const SIZE_MIN = 243;

/** The hardware address, and what is likely to be the type: a wrong guess only makes two questions share a place. */
function keyOf(bytes: Uint8Array): number {
  return numberAt(bytes, CHADDR_AT, 6) * 8 + ((bytes[TYPE_AT] ?? 0) & 7);
}

function numberAt(bytes: Uint8Array, offset: number, size: number): number {
  let value = 0;
  for (let at = offset; at < offset + size; at++) value = value * 256 + (bytes[at] ?? 0);
  return value;
}
