import type { Ipv4Address } from "../net/ipv4-address.ts";
import type { MacAddress } from "../net/mac-address.ts";
import type { TransferOutcome } from "../tftp/files.ts";
import type { TftpObserver } from "../tftp/server.ts";
import type { Tracer } from "../trace/footprint.ts";

/** Writes what TFTP clients asked for, and how it ended, on the timeline of the host at their address. */
export function tftpFootprints(tracer: Tracer, macAt: (address: Ipv4Address) => MacAddress | null): TftpObserver {
  return {
    refused({ filename, from, message }) {
      const mac = macAt(from.address);
      tracer.note({
        mac,
        road: "tftp",
        outcome: "dropped",
        what: `RRQ ${filename} refused`,
        why: message,
        fields: { from: from.address },
      });
    },
    ended({ filename, from, outcome }) {
      const mac = macAt(from.address);
      tracer.note({ mac, road: "tftp", ...described(filename, outcome), fields: { from: from.address } });
    },
  };
}

function described(filename: string, outcome: TransferOutcome) {
  switch (outcome.type) {
    case "complete": {
      const { sizeBytes, blksize, windowsize, resent } = outcome;
      const lost = resent === 0 ? "" : `, ${resent} blocks sent again`;
      return {
        outcome: "answered",
        what: `sent ${filename}`,
        why: `${sizeBytes} octets, blksize ${blksize}, windowsize ${windowsize}${lost}`,
      } as const;
    }
    case "probed":
      return {
        outcome: "answered",
        what: `asked for the size of ${filename}`,
        why: "the client ends this with ERROR 8, as UEFI does",
      } as const;
    case "aborted":
      return {
        outcome: "noted",
        what: `the client broke off ${filename}`,
        why: `ERROR ${outcome.code}: ${outcome.message}`,
      } as const;
    case "client-silent":
      return {
        outcome: "dropped",
        what: `gave up sending ${filename}`,
        why: `no ACK after block ${outcome.ackedBlocks}; a firewall, or packets that are lost`,
      } as const;
    case "shut-down":
      return { outcome: "dropped", what: `broke off ${filename}`, why: "the daemon is stopping" } as const;
  }
}
