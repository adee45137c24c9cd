import type { Brand } from "../std/brand.ts";
import { err, ok, type Result } from "../std/result.ts";

/** An Ethernet hardware address, always lower case with colons: `52:54:00:ab:cd:ef`. */
export type MacAddress = Brand<string, "MacAddress">;

/** Accepts colons, hyphens, Cisco's dots or nothing between the octets, in either case. */
export function parseMacAddress(text: string): Result<MacAddress, "not-a-mac-address"> {
  const lower = text.trim().toLowerCase();
  if (!FORMS.some((form) => form.test(lower))) return err("not-a-mac-address");
  return ok(macAddressFromBytes(Buffer.from(lower.replaceAll(/[:.-]/g, ""), "hex")));
}

const FORMS = [
  /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/,
  /^[0-9a-f]{2}(-[0-9a-f]{2}){5}$/,
  /^[0-9a-f]{4}(\.[0-9a-f]{4}){2}$/,
  /^[0-9a-f]{12}$/,
];

/** From the first six octets. */
export function macAddressFromBytes(bytes: Uint8Array): MacAddress {
  const digits: number[] = [];
  for (let at = 0; at < 6; at++) {
    const octet = bytes[at] ?? 0;
    if (at > 0) digits.push(COLON);
    digits.push(HEX_DIGITS.charCodeAt(octet >> 4), HEX_DIGITS.charCodeAt(octet & 15));
  }
  // In one go: a text that is put together piece by piece is dear to look up.
  return String.fromCharCode(...digits) as MacAddress;
}

const HEX_DIGITS = "0123456789abcdef";
const COLON = 58;

/** With hyphens, as it stands in URLs and as iPXE writes `${netX/mac:hexhyp}`: `52-54-00-ab-cd-ef`. */
export function formatMacHyphens(mac: MacAddress): string {
  return mac.replaceAll(":", "-");
}

/** One that names a single interface: not all zero, not a group address (RFC 2131 clients have no other). */
export function isUnicastMac(mac: MacAddress): boolean {
  return mac !== "00:00:00:00:00:00" && (Number.parseInt(mac.slice(0, 2), 16) & 1) === 0;
}
