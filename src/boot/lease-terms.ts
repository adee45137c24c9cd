import type { ExtraOption, Lease } from "../dhcp/policy.ts";
import { subnetMask } from "../net/ipv4-address.ts";
import type { Slot } from "../queue/slot.ts";
import { type ServedNetworks, subnetAt } from "./subnets.ts";

/** The networks that leases are for. */
export interface LeaseTerms extends ServedNetworks {
  readonly leaseSeconds: number;
  /** The operator's own options, for everybody. */
  readonly extra: readonly ExtraOption[];
}

/** A slot's address, under its name. `boot` null: nothing to load. */
export function leaseOf(slot: Slot, boot: Lease["boot"], terms: LeaseTerms, extra: readonly ExtraOption[]): Lease {
  const network = subnetAt(terms, slot.address) ?? terms;
  return {
    address: slot.address,
    subnetMask: subnetMask(network.subnet),
    router: network.router,
    domainNameServers: network.domainNameServers,
    hostname: slot.hostname,
    domainName: network.domain,
    leaseSeconds: terms.leaseSeconds,
    boot,
    extra: [...terms.extra, ...extra],
  };
}
