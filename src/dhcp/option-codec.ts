import { type Ipv4Address, type Ipv4Subnet, ipv4FromBytes, ipv4ToNumber } from "../net/ipv4-address.ts";
import { numberAt } from "./octets.ts";

/** How the octets of one option become a value, and back. */
export interface OptionCodec<T> {
  /** The form in words, for the reference page. */
  readonly format: string;
  /** null: not of this form. Never throws. What is octets to its reader may be a view of `bytes`. */
  decode(bytes: Uint8Array): T | null;
  /** Throws RangeError for a value that has no such form: that is our own mistake. */
  encode(value: T): Uint8Array;
}

export const ipv4: OptionCodec<Ipv4Address> = {
  format: "IPv4 address",
  decode: (bytes) => (bytes.length === 4 ? ipv4FromBytes(bytes) : null),
  encode(address) {
    const value = ipv4ToNumber(address);
    const octets = new Uint8Array(4);
    octets[0] = value >>> 24;
    octets[1] = value >>> 16;
    octets[2] = value >>> 8;
    octets[3] = value;
    return octets;
  },
};

export const ipv4List: OptionCodec<readonly Ipv4Address[]> = {
  format: "IPv4 addresses",
  decode(bytes) {
    if (bytes.length === 0 || bytes.length % 4 !== 0) return null;
    const addresses: Ipv4Address[] = [];
    for (let at = 0; at < bytes.length; at += 4) addresses.push(ipv4FromBytes(bytes, at));
    return addresses;
  },
  encode: (addresses) => joined(addresses.map(ipv4.encode)),
};

/** Two addresses that belong together: a destination and its router, or an address and its mask. */
export type Ipv4Pair = readonly [Ipv4Address, Ipv4Address];

export const ipv4Pairs: OptionCodec<readonly Ipv4Pair[]> = {
  format: "pairs of IPv4 addresses",
  decode(bytes) {
    if (bytes.length === 0 || bytes.length % 8 !== 0) return null;
    const pairs: Ipv4Pair[] = [];
    for (let at = 0; at < bytes.length; at += 8) pairs.push([ipv4FromBytes(bytes, at), ipv4FromBytes(bytes, at + 4)]);
    return pairs;
  },
  encode: (pairs) => joined(pairs.flat().map(ipv4.encode)),
};

/** A way to a network. A router of 0.0.0.0 means: on this link (RFC 3442). */
export interface ClasslessRoute {
  readonly destination: Ipv4Subnet;
  readonly router: Ipv4Address;
}

/** RFC 3442: the prefix length, as many octets of the network as it needs, the router. */
export const classlessRoutes: OptionCodec<readonly ClasslessRoute[]> = {
  format: "routes (RFC 3442)",
  decode(bytes) {
    const routes: ClasslessRoute[] = [];
    for (let at = 0; at < bytes.length; ) {
      const prefix = bytes[at] ?? 0;
      const significant = Math.ceil(prefix / 8);
      if (prefix > 32 || at + 1 + significant + 4 > bytes.length) return null;
      const network = new Uint8Array(4);
      network.set(bytes.subarray(at + 1, at + 1 + significant));
      const router = ipv4FromBytes(bytes, at + 1 + significant);
      routes.push({ destination: `${ipv4FromBytes(network)}/${prefix}` as Ipv4Subnet, router });
      at += 1 + significant + 4;
    }
    return routes.length === 0 ? null : routes;
  },
  encode: (routes) =>
    joined(
      routes.flatMap(({ destination, router }) => {
        const [network, prefix] = destination.split("/") as [Ipv4Address, string];
        const significant = Math.ceil(Number(prefix) / 8);
        return [Uint8Array.of(Number(prefix)), ipv4.encode(network).subarray(0, significant), ipv4.encode(router)];
      }),
    ),
};

export const uint8 = unsigned(1);
export const uint16 = unsigned(2);
export const uint32 = unsigned(4);

export const int32: OptionCodec<number> = {
  format: "32-bit number with a sign",
  decode: (bytes) => (bytes.length === 4 ? numberAt(bytes, 0, 4) | 0 : null),
  encode(value) {
    if (value !== (value | 0)) throw new RangeError(`expected a signed 32-bit number, found ${value}`);
    return encodeNumber(value >>> 0, 4);
  },
};

export const uint8List = unsignedList(1);
export const uint16List = unsignedList(2);

export const flag: OptionCodec<boolean> = {
  format: "0 or 1",
  decode: (bytes) => (bytes.length === 1 && (bytes[0] ?? 2) < 2 ? bytes[0] === 1 : null),
  encode: (value) => Uint8Array.of(value ? 1 : 0),
};

/** Its presence is all it says. */
export const empty: OptionCodec<true> = {
  format: "nothing",
  decode: (bytes) => (bytes.length === 0 ? true : null),
  encode: () => new Uint8Array(0),
};

/** One octet per character; NULs at the end are not part of the text (RFC 2132 §2). */
export const ascii: OptionCodec<string> = {
  format: "text",
  decode: decodeText,
  encode: (text) => encodeText(text, 0),
};

/**
 * Like `ascii`, with a NUL inside the length. EDK2 writes a NUL behind a boot file name that has none, over the code of
 * the next option; some BIOS ROMs read on until they find one.
 */
export const asciiWithNul: OptionCodec<string> = {
  format: "text, sent with a NUL at its end",
  decode: decodeText,
  encode: (text) => encodeText(text, 1),
};

/** As it is. At least one octet. */
export const bytes: OptionCodec<Uint8Array> = {
  format: "octets",
  decode: (octets) => (octets.length === 0 ? null : octets),
  encode: (octets) => octets,
};

/** RFC 4578 §2.2–2.3, RFC 2132 §9.14: a type octet and at least one more. */
export const typedBytes: OptionCodec<Uint8Array> = {
  format: "octets, the first is a type",
  decode: (octets) => (octets.length < 2 ? null : octets),
  encode: (octets) => octets,
};

/** RFC 3004 wants each class with its length in front; iPXE sends one bare string. Both are read, the RFC's is written. */
export const userClasses: OptionCodec<readonly string[]> = {
  format: "texts, each with its length in front, or one bare text",
  decode(octets) {
    if (octets.length === 0) return null;
    const classes: string[] = [];
    let at = 0;
    while (at < octets.length) {
      const length = octets[at] ?? 0;
      if (length === 0 || at + 1 + length > octets.length) break;
      classes.push(latin1(octets.subarray(at + 1, at + 1 + length)));
      at += 1 + length;
    }
    if (at === octets.length) return classes;
    const bare = decodeText(octets);
    return bare === null ? null : [bare];
  },
  encode(classes) {
    return joined(classes.flatMap((name) => [encodeNumber(name.length, 1), encodeText(name, 0)]));
  },
};

/**
 * Sub-options by number, as relay agents write them (RFC 3046 §2): no pad, no end. Some write an end all the same, and
 * where several agents have each added their own, the first is the one next to the client: what is there counts up to
 * where it cannot be read, and the first of each number.
 */
export const subOptions: OptionCodec<ReadonlyMap<number, Uint8Array>> = {
  format: "sub-options",
  decode: decodeRelayed,
  encode: encodeSubOptions,
};

/** Sub-options by number with pad (0) and end (255) (RFC 2132 §8.4). */
export const encapsulated: OptionCodec<ReadonlyMap<number, Uint8Array>> = {
  format: "sub-options, 0 is a pad, 255 the end",
  decode: decodeEncapsulated,
  encode: encodeSubOptions,
};

/** Domain names in DNS form (RFC 3397), read with compression, written without. */
export const domainList: OptionCodec<readonly string[]> = {
  format: "domain names (RFC 3397)",
  decode(octets) {
    const names: string[] = [];
    for (let at = 0; at < octets.length; ) {
      const name = domainNameAt(octets, at);
      if (name === null) return null;
      names.push(name.labels.join("."));
      at = name.next;
    }
    return names.length === 0 ? null : names;
  },
  encode: (names) =>
    joined(
      names.flatMap((name) => [
        ...name.split(".").flatMap((label) => {
          if (label.length === 0 || label.length > 63) throw new RangeError(`expected a domain name, found "${name}"`);
          return [Uint8Array.of(label.length), encodeText(label, 0)];
        }),
        Uint8Array.of(0),
      ]),
    ),
};

function domainNameAt(octets: Uint8Array, start: number): { labels: string[]; next: number } | null {
  const labels: string[] = [];
  let next: number | null = null;
  let length = 0;
  for (let at = start; at < octets.length; ) {
    const octet = octets[at] ?? 0;
    if (octet === 0) return labels.length === 0 ? null : { labels, next: next ?? at + 1 };
    if (octet >= 0xc0) {
      const target = numberAt(octets, at, 2) & 0x3fff;
      // A pointer must go back, and a name ends at 255 octets, so that no name is read for ever.
      if (at + 2 > octets.length || target >= at) return null;
      next ??= at + 2;
      at = target;
      length++;
    } else {
      if (octet > 63 || at + 1 + octet > octets.length) return null;
      labels.push(latin1(octets.subarray(at + 1, at + 1 + octet)));
      at += 1 + octet;
      length += 1 + octet;
    }
    if (length > 255) return null;
  }
  return null;
}

function decodeEncapsulated(octets: Uint8Array): ReadonlyMap<number, Uint8Array> | null {
  const found = new Map<number, Uint8Array>();
  for (let at = 0; at < octets.length; ) {
    const code = octets[at] ?? 0;
    if (code === 0) {
      at++;
      continue;
    }
    if (code === 255) break;
    const length = octets[at + 1];
    if (length === undefined || at + 2 + length > octets.length) return null;
    found.set(code, octets.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return found.size === 0 ? null : found;
}

function decodeRelayed(octets: Uint8Array): ReadonlyMap<number, Uint8Array> | null {
  const found = new Map<number, Uint8Array>();
  for (let at = 0; at < octets.length; ) {
    const code = octets[at] ?? 0;
    const length = octets[at + 1];
    if (length === undefined || at + 2 + length > octets.length) break;
    if (!found.has(code)) found.set(code, octets.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return found.size === 0 ? null : found;
}

function encodeSubOptions(options: ReadonlyMap<number, Uint8Array>): Uint8Array {
  return joined(
    [...options].flatMap(([code, octets]) => [encodeNumber(code, 1), encodeNumber(octets.length, 1), octets]),
  );
}

function unsigned(size: 1 | 2 | 4): OptionCodec<number> {
  return {
    format: `${size * 8}-bit number`,
    decode: (octets) => (octets.length === size ? numberAt(octets, 0, size) : null),
    encode: (value) => encodeNumber(value, size),
  };
}

function unsignedList(size: 1 | 2): OptionCodec<readonly number[]> {
  return {
    format: `${size * 8}-bit numbers`,
    decode(octets) {
      if (octets.length === 0 || octets.length % size !== 0) return null;
      const values: number[] = [];
      for (let at = 0; at < octets.length; at += size) values.push(numberAt(octets, at, size));
      return values;
    },
    encode: (values) => joined(values.map((value) => encodeNumber(value, size))),
  };
}

function encodeNumber(value: number, size: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value >= (ABOVE[size] ?? 0)) {
    throw new RangeError(`expected a number of ${size * 8} bits, found ${value}`);
  }
  const octets = new Uint8Array(size);
  for (let at = 0; at < size; at++) octets[at] = value >>> (8 * (size - 1 - at));
  return octets;
}

/** The first number that so many octets cannot hold. */
const ABOVE = [1, 2 ** 8, 2 ** 16, 2 ** 24, 2 ** 32];

function decodeText(octets: Uint8Array): string | null {
  let end = octets.length;
  while (end > 0 && octets[end - 1] === 0) end--;
  return end === 0 ? null : latin1(octets.subarray(0, end));
}

function encodeText(text: string, nuls: number): Uint8Array {
  if (text === "") throw new RangeError("expected a text, found an empty one");
  const octets = new Uint8Array(text.length + nuls);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 255) throw new RangeError(`expected single octets in "${text}", found "${text[at]}"`);
    octets[at] = code;
  }
  return octets;
}

function latin1(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString("latin1");
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1 && parts[0] !== undefined) return parts[0];
  const octets = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    octets.set(part, at);
    at += part.length;
  }
  return octets;
}
