import type { Brand } from "../std/brand.ts";

/** A machine's SMBIOS UUID in its usual text form, lower case: `4c4c4544-0043-5110-8031-c7c04f515131`. */
export type SystemUuid = Brand<string, "SystemUuid">;

/**
 * From the text of DMI (`/sys/class/dmi/id/product_uuid`, iPXE's `${uuid}`).
 * null: unreadable, or a value that firmware writes when it has none, so that it names nobody.
 */
export function parseSystemUuid(text: string): SystemUuid | null {
  const lower = text.trim().toLowerCase();
  if (!/^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(lower) || isBogus(lower)) return null;
  return lower as SystemUuid;
}

/**
 * From option 97 (RFC 4578 §2.3): type 0, then 16 octets of which the first three fields are little-endian,
 * as in SMBIOS. Some firmware leaves the type out. null: another form, or a bogus value.
 */
export function systemUuidFromOption(option: Uint8Array): SystemUuid | null {
  const start = option.length - 16;
  if (start !== 0 && (start !== 1 || option[0] !== 0)) return null;
  const digits: number[] = [];
  for (let n = 0; n < 16; n++) {
    const octet = option[(ORDER[n] ?? 0) + start] ?? 0;
    if (n === 4 || n === 6 || n === 8 || n === 10) digits.push(HYPHEN);
    digits.push(HEX_DIGITS.charCodeAt(octet >> 4), HEX_DIGITS.charCodeAt(octet & 15));
  }
  // In one go: a text that is put together piece by piece is dear to look up.
  const text = String.fromCharCode(...digits);
  return isBogus(text) ? null : (text as SystemUuid);
}

const HEX_DIGITS = "0123456789abcdef";
const HYPHEN = 45;

/**
 * Whether two UUIDs name the same machine: equal, or equal but for the order of octets in the first three fields.
 * Before SMBIOS 2.6 that order was not settled, and firmware and kernel print the same board differently.
 */
export function isSameSystem(a: SystemUuid, b: SystemUuid): boolean {
  return a === b || (settledPartOf(a) === settledPartOf(b) && a === inOtherOrder(b));
}

/** What is the same in either order: the last two fields. */
export function settledPartOf(uuid: SystemUuid): string {
  return uuid.slice(SETTLED_AT);
}

const SETTLED_AT = 19;

/** The same UUID with the octets of its first three fields in the other order. */
function inOtherOrder(uuid: SystemUuid): SystemUuid {
  const fields = uuid.split("-");
  const turned = fields.slice(0, 3).map((field) => (field.match(/../g) ?? []).reverse().join(""));
  return [...turned, ...fields.slice(3)].join("-") as SystemUuid;
}

const ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

/** Values seen on many boards at once: they say "not filled in" and must never join two machines into one. */
function isBogus(uuid: string): boolean {
  // Most are told apart by their first octets, or by their last one.
  const mayRepeat = uuid[0] === uuid[2] && uuid[1] === uuid[3];
  return (mayRepeat && ONE_OCTET.test(uuid)) || uuid.endsWith(UNFILLED) || WELL_KNOWN_FILLERS.has(uuid);
}

/** One octet again and again. */
const ONE_OCTET = /^([0-9a-f]{2})(\1|-)*$/;

/** Erased flash behind a prefix that a whole series of boards shares. */
const UNFILLED = "-ffff-ffff-ffff-ffffffffffff";

/** In the one and the other order of the octets: which it is, firmware does not agree on. */
const WELL_KNOWN_FILLERS: ReadonlySet<string> = new Set(
  (
    [
      "03000200-0400-0500-0006-000700080009",
      "12345678-1234-5678-90ab-cddeefaabbcc",
      "01234567-89ab-cdef-0123-456789abcdef",
      "00010203-0405-0607-0809-0a0b0c0d0e0f",
      "07090201-0103-0301-0807-060504030201",
      "00000000-0000-0000-0000-000000000001",
      // Dell, with blanks in place of a service tag.
      "44454c4c-2000-1020-8020-a0c04f202020",
    ] as SystemUuid[]
  ).flatMap((uuid) => [uuid, inOtherOrder(uuid)]),
);
