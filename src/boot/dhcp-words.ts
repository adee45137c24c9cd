import type { Exchange } from "../dhcp/exchange.ts";
import type { DhcpDecision, ExtraOption } from "../dhcp/policy.ts";
import type { Ipv4Address } from "../net/ipv4-address.ts";
import type { Links } from "../profiles/kind.ts";
import type { Host } from "../queue/host.ts";
import { REFUSALS } from "../queue/refusal.ts";
import type { Slot } from "../queue/slot.ts";

/** No answer, and why. */
export function silence(reason: string): DhcpDecision {
  return { type: "silence", reason };
}

export function nothingFor(error: string): string {
  return `there is nothing it could boot: ${error}`;
}

export function wrongAddress(address: Ipv4Address): DhcpDecision {
  return { type: "refuse", reason: `${address} is not held for you; ask again` };
}

export function wrongNetwork(address: Ipv4Address): DhcpDecision {
  return { type: "refuse", reason: `${address} does not work on this network; ask again` };
}

/** A host that has a slot, but asks through a network in which its address does not work. */
export function elsewhere(exchange: Exchange): DhcpDecision {
  if (exchange.type === "DISCOVER" || exchange.type === "INFORM" || !("address" in exchange))
    return silence(REFUSALS["other-network"]);
  return wrongNetwork(exchange.address);
}

export function whySilent(host: Host, slot: Slot): string {
  switch (host.state.type) {
    case "failed":
      return REFUSALS["failed-before"];
    case "pxe_ready":
      if (host.hold !== null) return REFUSALS["held-for-approval"];
      return "an install is armed for it: it is served when it boots from the network";
    case "installed":
    case "first_boot":
    case "joining":
    case "ready":
      return `${slot.hostname} is ${host.state.type}: its system has a fixed address and is ignored`;
    default:
      return REFUSALS["not-armed"];
  }
}

/** Where its answer file is, and whose certificate it will meet there. */
export function forInstaller({ answer, certFingerprint }: Links): readonly ExtraOption[] {
  return certFingerprint === null ? [text(250, answer)] : [text(250, answer), text(251, certFingerprint)];
}

/** Plain ASCII without a NUL: the installer would take it for a part of the address (proxmox-fetch-answer). */
function text(code: number, value: string): ExtraOption {
  return { code, bytes: Buffer.from(value, "ascii"), onlyIfAsked: true };
}
