import type { DhcpMessage } from "../dhcp/message.ts";
import { ARCHITECTURES, RASPBERRY_PI } from "./architecture.ts";

/**
 * What a client says it is, by IANA's numbers; null: nothing. Of several (RFC 4578 §2.1) the first that we have
 * something for. Firmware writes option 93 in one octet, with one too many, or the lower octet first; then it is read
 * as it must be meant, or taken from the vendor class, which repeats it (`PXEClient:Arch:00007:…`).
 */
export function claimedArchitecture({ options, raw }: DhcpMessage): number | null {
  const codes = options.clientSystemArchitecture ?? malformedCodes(raw.get(ARCHITECTURE));
  const served = codes.find(isServed) ?? codes.map(turned).find(isServed);
  if (served !== undefined) return served;
  const known = codes.find((code) => ARCHITECTURES.has(code));
  return known ?? digitsOf(options.vendorClassIdentifier) ?? codes[0] ?? null;
}

function isServed(code: number): boolean {
  return code === RASPBERRY_PI || (ARCHITECTURES.get(code)?.firmware ?? null) !== null;
}

/** No architecture has a number of two octets yet, so one that becomes known by turning it was turned. */
function turned(code: number): number {
  return (code & 0xff) === 0 ? code >> 8 : code;
}

function malformedCodes(octets: Uint8Array = NONE): readonly number[] {
  if (octets.length === 1) return [...octets];
  return Array.from({ length: octets.length >> 1 }, (_, n) => (octets[2 * n] ?? 0) * 256 + (octets[2 * n + 1] ?? 0));
}

/** A number that we know nothing of says no more than option 93 does. */
function digitsOf(vendorClass: string | undefined): number | null {
  const digits = /^(?:PXE|HTTP)Client:Arch:(\d{5})/.exec(vendorClass ?? "")?.[1];
  return digits !== undefined && ARCHITECTURES.has(Number(digits)) ? Number(digits) : null;
}

const NONE = new Uint8Array();
const ARCHITECTURE = 93;
