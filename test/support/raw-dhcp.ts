/** A client's datagram, octet by octet, without the codec of the product: what it misreads this does not mis-write. */
export interface RawDhcp {
  /** Six octets in hexadecimal; more or fewer with an `hlen` that fits. */
  readonly chaddr: string;
  readonly op?: number;
  readonly htype?: number;
  readonly hlen?: number;
  readonly hops?: number;
  readonly xid?: number;
  readonly secs?: number;
  /** All 16 bits. */
  readonly flags?: number;
  readonly ciaddr?: string;
  readonly giaddr?: string;
  readonly sname?: readonly number[];
  readonly file?: readonly number[];
  /** Everything behind the magic cookie, with pads and the end, if there is to be one. */
  readonly fields: readonly (readonly number[])[];
  /** Filled up with zeros to so many octets. */
  readonly size?: number;
}

export function rawDhcp(what: RawDhcp): Uint8Array {
  const octets = [what.op ?? 1, what.htype ?? 1, what.hlen ?? what.chaddr.length / 2, what.hops ?? 0];
  octets.push(...number(what.xid ?? 0x3903f326, 4), ...number(what.secs ?? 0, 2), ...number(what.flags ?? 0x8000, 2));
  octets.push(...ip(what.ciaddr ?? "0.0.0.0"), ...ip("0.0.0.0"), ...ip("0.0.0.0"), ...ip(what.giaddr ?? "0.0.0.0"));
  octets.push(...field(hex(what.chaddr), 16), ...field(what.sname ?? [], 64), ...field(what.file ?? [], 128));
  octets.push(0x63, 0x82, 0x53, 0x63, ...what.fields.flat());
  while (octets.length < (what.size ?? 0)) octets.push(0);
  return Uint8Array.from(octets);
}

/** Code, length, octets; texts as they are, without a NUL. */
export function option(code: number, ...parts: readonly (number | string | readonly number[])[]): readonly number[] {
  const octets = parts.flatMap((part) => (typeof part === "string" ? text(part) : part));
  return [code, octets.length, ...octets];
}

export const END: readonly number[] = [255];
export const DISCOVER = option(53, 1);
export const REQUEST = option(53, 3);

export function text(words: string): readonly number[] {
  return [...Buffer.from(words, "latin1")];
}

export function hex(digits: string): readonly number[] {
  return [...Buffer.from(digits.replaceAll(/[ :-]/g, ""), "hex")];
}

export function ip(address: string): readonly number[] {
  return address.split(".").map(Number);
}

function number(value: number, size: number): readonly number[] {
  return Array.from({ length: size }, (_, at) => Math.floor(value / 256 ** (size - 1 - at)) % 256);
}

function field(octets: readonly number[], size: number): readonly number[] {
  return Array.from({ length: size }, (_, at) => octets[at] ?? 0);
}
