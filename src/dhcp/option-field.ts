import type { RawOptions } from "./option.ts";

/** What the option fields of a datagram held. */
export interface JoinedOptions {
  readonly raw: Map<number, Uint8Array>;
  /** The parts of what is there more than once, in order; null: nothing is. */
  readonly repeated: ReadonlyMap<number, readonly Uint8Array[]> | null;
  /** An option ran past its field; it and what follows it there are not in `raw`. */
  readonly overrun: boolean;
  /** Which header fields carried options instead of names. */
  readonly overload: { readonly file: boolean; readonly sname: boolean };
}

/**
 * All options of a datagram as views of it, the parts of one code joined in order (RFC 3396 §7): the options from `optionsAt` on, then
 * `file`, then `sname`, if option 52 says so.
 */
export function joinOptions(
  octets: Uint8Array,
  optionsAt: number,
  at: { readonly file: number; readonly sname: number },
): JoinedOptions {
  const found: Found = { raw: new Map(), repeated: null };
  const { raw } = found;
  let overrun = walk(octets, optionsAt, octets.length, found);
  const octets52 = raw.get(OPTION_OVERLOAD);
  const fields = octets52?.length === 1 ? (octets52[0] ?? 0) : 0;
  // 3 means both; anything above is none of RFC 2132 §9.3, so the fields are names.
  const overload = { file: fields === 1 || fields === 3, sname: fields === 2 || fields === 3 };
  if (overload.file) overrun = walk(octets, at.file, at.file + FILE_SIZE, found) || overrun;
  if (overload.sname) overrun = walk(octets, at.sname, at.sname + SNAME_SIZE, found) || overrun;
  // Once for all parts: a datagram may hold 20,000 of one octet.
  for (const [code, parts] of found.repeated ?? []) raw.set(code, new Uint8Array(Buffer.concat(parts)));
  // An option 52 inside the overloaded fields means nothing.
  if (octets52 !== undefined) raw.set(OPTION_OVERLOAD, octets52);
  else raw.delete(OPTION_OVERLOAD);
  return { raw, repeated: found.repeated, overrun, overload };
}

/**
 * How options go on the wire, with the END: 53, 54, 51, 58, 59, the mask before the router (RFC 2132 §3.3), then as
 * they come, and 82 last (RFC 3046 §2.1). Longer than 255 octets is split (RFC 3396). What does not fit into `sizeMax`
 * octets is left out whole, the least needed first.
 */
export function layOutOptions(raw: RawOptions, sizeMax: number): OptionLayout {
  const codes: number[] = [];
  for (const code of FIRST) if (raw.has(code)) codes.push(code);
  for (const code of raw.keys()) if (!PLACED[code]) codes.push(code);
  if (raw.has(RELAY_AGENT_INFORMATION)) codes.push(RELAY_AGENT_INFORMATION);

  let size = 1;
  for (const code of codes) size += sizeOf(raw, code);
  if (size <= sizeMax) return { codes, size };
  const kept = fitting(codes, raw, sizeMax);
  return { codes: kept, size: kept.reduce((sum, code) => sum + sizeOf(raw, code), 1) };
}

/** Which options are written, in this order, and how many octets they take with the END. */
export interface OptionLayout {
  readonly codes: readonly number[];
  readonly size: number;
}

/** `layout.size` octets of `out`, from `start` on. */
export function writeOptions(out: Uint8Array, start: number, { codes }: OptionLayout, raw: RawOptions): void {
  let at = start;
  for (const code of codes) at = write(out, at, code, raw.get(code) ?? EMPTY);
  out[at] = END;
}

const PAD = 0;
const OPTION_OVERLOAD = 52;
const RELAY_AGENT_INFORMATION = 82;
const END = 255;
const FILE_SIZE = 128;
const SNAME_SIZE = 64;
const EMPTY = new Uint8Array(0);

const FIRST = [53, 54, 51, 58, 59, 1, 3];

/** The most needed first; all others come after these. */
const NEEDED = [53, 54, 51, 1, 3, 6, 61, 60, 67, 66, 43, 97, 82, 175, 250, 251, 58, 59, 121];

/** Codes with a place of their own, and those that are not written: we never overload. */
const PLACED: readonly boolean[] = Array.from({ length: 256 }, (_, code) =>
  [...FIRST, PAD, OPTION_OVERLOAD, RELAY_AGENT_INFORMATION, END].includes(code),
);

interface Found {
  readonly raw: Map<number, Uint8Array>;
  /** null: nothing yet, as in nearly every datagram. */
  repeated: Map<number, Uint8Array[]> | null;
}

/** Returns whether an option ran past `end`. Of a repeated one `raw` has the first part. */
function walk(octets: Uint8Array, start: number, end: number, found: Found): boolean {
  const { raw } = found;
  let at = start;
  while (at < end) {
    const code = octets[at] ?? END;
    if (code === END) return false;
    if (code === PAD) {
      at++;
      continue;
    }
    const from = at + 2;
    const to = from + (octets[at + 1] ?? 0);
    if (from > end || to > end) return true;
    const part = octets.subarray(from, to);
    const earlier = raw.get(code);
    if (earlier === undefined) raw.set(code, part);
    else {
      found.repeated ??= new Map();
      const parts = found.repeated.get(code);
      if (parts === undefined) found.repeated.set(code, [earlier, part]);
      else parts.push(part);
    }
    at = to;
  }
  return false;
}

function sizeOf(raw: RawOptions, code: number): number {
  const length = raw.get(code)?.length ?? 0;
  return length + 2 * Math.max(1, Math.ceil(length / 255));
}

function fitting(codes: readonly number[], raw: RawOptions, sizeMax: number): readonly number[] {
  const rank = (code: number) => (NEEDED.includes(code) ? NEEDED.indexOf(code) : NEEDED.length);
  const kept = new Set<number>();
  let size = 1;
  for (const code of [...codes].sort((a, b) => rank(a) - rank(b))) {
    if (size + sizeOf(raw, code) > sizeMax) continue;
    size += sizeOf(raw, code);
    kept.add(code);
  }
  return codes.filter((code) => kept.has(code));
}

function write(out: Uint8Array, start: number, code: number, value: Uint8Array): number {
  let at = start;
  let done = 0;
  do {
    const length = Math.min(255, value.length - done);
    out[at] = code;
    out[at + 1] = length;
    // Most options are a few octets; for those a loop is quicker than set() with a view.
    for (let i = 0; i < length; i++) out[at + 2 + i] = value[done + i] ?? 0;
    at += 2 + length;
    done += length;
  } while (done < value.length);
  return at;
}
