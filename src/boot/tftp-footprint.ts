import type { Ipv4Address } from "../net/ipv4-address.ts";
import type { MacAddress } from "../net/mac-address.ts";
import type { TransferOutcome } from "../tftp/files.ts";
import type { TftpObserver } from "../tftp/server.ts";
import type { Tracer } from "../trace/footprint.ts";
import { isOnlyLookedFor, stageOfFile } from "./file-stage.ts";

/** Writes what TFTP clients asked for, and how it ended, on the timeline of the host at their address. */
export function tftpFootprints(tracer: Tracer, macAt: (address: Ipv4Address) => MacAddress | null): TftpObserver {
  return {
    refused({ filename, from, message }) {
      const mac = macAt(from.address);
      tracer.note({
        mac,
        road: "tftp",
        outcome: "dropped",
        what: `RRQ ${printable(filename)} refused`,
        why: printable(message),
        stage: isOnlyLookedFor(filename) ? null : "loader-missing",
        fields: { from: from.address },
      });
    },
    ended({ filename, from, outcome }) {
      const mac = macAt(from.address);
      tracer.note({ mac, road: "tftp", ...described(printable(filename), outcome), fields: { from: from.address } });
    },
  };
}

function described(filename: string, outcome: TransferOutcome) {
  const sent = stageOfFile(filename) ?? "loader-sent";
  switch (outcome.type) {
    case "complete": {
      const { sizeBytes, blksize, windowsize, resent } = outcome;
      const lost = resent === 0 ? "" : `, ${resent} blocks sent again`;
      return {
        outcome: "answered",
        what: `sent ${filename}`,
        why: `${sizeBytes} octets, blksize ${blksize}, windowsize ${windowsize}${lost}`,
        stage: sent,
      } as const;
    }
    case "probed":
      return {
        outcome: "answered",
        what: `asked for the size of ${filename}`,
        why: "the client ends this with ERROR 8, as UEFI does",
        stage: "loader-probed",
      } as const;
    case "aborted":
      return {
        outcome: "noted",
        what: `the client broke off ${filename}`,
        why: `ERROR ${outcome.code}: ${printable(outcome.message)}`,
        stage: "loader-broken",
      } as const;
    case "client-silent":
      if (outcome.ackedBlocks === outcome.blocks - 1)
        return {
          outcome: "answered",
          what: `sent ${filename}`,
          why: "the ACK of the last block never came, which is all that many clients leave out",
          stage: sent,
        } as const;
      return {
        outcome: "dropped",
        what: `gave up sending ${filename}`,
        why: `no ACK after block ${outcome.ackedBlocks} of ${outcome.blocks}; a firewall, or packets that are lost`,
        stage: "loader-broken",
      } as const;
    case "shut-down":
      return {
        outcome: "dropped",
        what: `broke off ${filename}`,
        why: "the daemon is stopping",
        stage: "loader-broken",
      } as const;
  }
}

/** What a client wrote, for one line of the timeline. */
function printable(text: string): string {
  return text.slice(0, 200).replaceAll(/[^\x20-\x7e]/g, "?");
}
