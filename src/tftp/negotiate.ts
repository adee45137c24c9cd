import type { TftpOption } from "./packet.ts";

/** What we agree to at most. */
export interface TftpLimits {
  /** Octets in a block, 8–65464 (RFC 2348). 1468 fills an Ethernet frame; firmware often cannot put fragments together. */
  readonly blksizeMax: number;
  /** Blocks before an ACK, 1–65535 (RFC 7440). A long burst overruns the receive ring of a boot ROM. */
  readonly windowsizeMax: number;
  /** Transfers at the same time; each holds a port. */
  readonly transfersMax: number;
}

export const DEFAULT_TFTP_LIMITS: TftpLimits = { blksizeMax: 1468, windowsizeMax: 16, transfersMax: 512 };

/** What both sides of one transfer go by. */
export interface TransferTerms {
  /** Octets of the whole file. */
  readonly sizeBytes: number;
  /** Octets in a full block; 512 when nothing was agreed (RFC 1350). */
  readonly blksize: number;
  /** Blocks before an ACK; 1 when nothing was agreed. */
  readonly windowsize: number;
  /** The agreed `timeout` (RFC 2349); null: none, the interval is ours to choose. */
  readonly timeoutMs: number | null;
  /** An OACK comes first and is acknowledged as block 0. */
  readonly oack: boolean;
}

/**
 * Answers the options of a RRQ. The OACK holds only what was asked, in the order in which it was asked:
 * UEFI rejects any other. An option with a nonsensical value is left out, as an unknown one is (RFC 2347).
 * An empty `oack` means none is sent: the transfer begins with DATA 1.
 */
export function negotiate(
  asked: readonly TftpOption[],
  sizeBytes: number,
  limits: TftpLimits,
): { readonly terms: TransferTerms; readonly oack: readonly TftpOption[] } {
  let blksize = 512;
  let windowsize = 1;
  let timeoutMs: number | null = null;
  const oack: TftpOption[] = [];
  const accept = (name: string, value: number): number => {
    oack.push({ name, value: String(value) });
    return value;
  };
  for (const { name, value } of asked) {
    const number = parseNumber(value);
    // An option may stand in a request once (RFC 2347); of two the first counts.
    if (number === null || oack.some((accepted) => accepted.name === name)) continue;
    switch (name) {
      case "blksize":
        // The answer may not exceed the request, so there is nothing to agree on below the minimum.
        if (number >= 8) blksize = accept(name, Math.min(number, limits.blksizeMax));
        break;
      case "windowsize":
        if (number >= 1) windowsize = accept(name, Math.min(number, limits.windowsizeMax));
        break;
      case "timeout":
        // To be repeated exactly or not at all (RFC 2349).
        if (number >= 1 && number <= 255) timeoutMs = accept(name, number) * 1000;
        break;
      case "tsize":
        accept(name, sizeBytes);
        break;
    }
  }
  return { terms: { sizeBytes, blksize, windowsize, timeoutMs, oack: oack.length > 0 }, oack };
}

/** null: not a plain decimal number. */
function parseNumber(value: string): number | null {
  return /^\d{1,15}$/.test(value) ? Number(value) : null;
}
