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
 * as in SMBIOS. null: another form, or a bogus value.
 */
export function systemUuidFromOption(option: Uint8Array): SystemUuid | null {
  if (option.length !== 17 || option[0] !== 0) return null;
  const digits: number[] = [];
  for (let n = 0; n < 16; n++) {
    const octet = option[(ORDER[n] ?? 0) + 1] ?? 0;
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
  // Most are told apart by their first two digits.
  return (uuid[0] === uuid[1] && ONE_DIGIT.test(uuid)) || WELL_KNOWN_FILLERS.has(uuid);
}

const ONE_DIGIT = /^([0-9a-f])(\1|-)*$/;

const WELL_KNOWN_FILLERS: ReadonlySet<string> = new Set([
  "03000200-0400-0500-0006-000700080009",
  "00020003-0004-0005-0006-000700080009",
  "12345678-1234-5678-90ab-cddeefaabbcc",
  "01234567-89ab-cdef-0123-456789abcdef",
  "fefefefe-fefe-fefe-fefe-fefefefefefe",
  "00000000-0000-0000-0000-000000000001",
]);
