import type { DomainName, Hostname } from "../net/hostname.ts";
import {
  type Ipv4Address,
  type Ipv4Subnet,
  ipv4Plus,
  ipv4ToNumber,
  isHostAddress,
  networkAddress,
  prefixLength,
} from "../net/ipv4-address.ts";

/** The machine that the first boot is of. */
export interface HookTarget {
  readonly address: Ipv4Address;
  readonly subnet: Ipv4Subnet;
  readonly hostname: Hostname;
  readonly domain: DomainName;
}

/** Its address in a second network, with the prefix length: the same number as in its own. null: that network is too small. */
export function addressIn(subnet: Ipv4Subnet, { address, subnet: own }: HookTarget): string | null {
  const number = ipv4ToNumber(address) - ipv4ToNumber(networkAddress(own));
  const there = ipv4Plus(networkAddress(subnet), number);
  return isHostAddress(there, subnet) ? `${there}/${prefixLength(subnet)}` : null;
}
