import type { DhcpMessage } from "../dhcp/message.ts";
import type { DomainName } from "../net/hostname.ts";
import { type Ipv4Address, type Ipv4Subnet, ipv4FromBytes, isInSubnet, UNSPECIFIED } from "../net/ipv4-address.ts";
import { type RelayPort, relayPortFromIds } from "../net/relay-port.ts";
import type { Place } from "../queue/place.ts";
import { err, ok, type Result } from "../std/result.ts";

/** What the machines of one network are told of it. */
export interface SubnetTerms {
  readonly subnet: Ipv4Subnet;
  readonly router: Ipv4Address;
  readonly domainNameServers: readonly Ipv4Address[];
  readonly domain: DomainName;
}

/** The network that we are on, and those behind relays. */
export interface ServedNetworks extends SubnetTerms {
  /** Absent: there are none. */
  readonly relayed?: readonly SubnetTerms[];
}

/** The network that this address belongs to; undefined: the configuration has none for it (any more). */
export function subnetAt(served: ServedNetworks, address: Ipv4Address): SubnetTerms | undefined {
  if (isInSubnet(address, served.subnet)) return served;
  return served.relayed?.find(({ subnet }) => isInSubnet(address, subnet));
}

/**
 * Where a client asks from: the network that its relay selects (82.5, RFC 3527) or it selects itself (118, RFC 3011),
 * else that of the relay's `giaddr`. One that has an address and asks us directly is on the network of this address,
 * everybody else on our own. The error says in words why that is none of our networks.
 */
export function placeOf(message: DhcpMessage, served: ServedNetworks): Result<Place, string> {
  const { giaddr, ciaddr, type, options } = message;
  const port = portOf(message);
  const selected = selectedLink(options.relayAgentInformation) ?? options.subnetSelection ?? UNSPECIFIED;
  const [address, what] =
    selected !== UNSPECIFIED ? [selected, "the network that was selected for it (82.5 or 118)"] : [giaddr, "its relay"];
  if (address === UNSPECIFIED) {
    const own = type !== "DISCOVER" && ciaddr !== UNSPECIFIED ? subnetAt(served, ciaddr) : undefined;
    return ok({ subnet: (own ?? served).subnet, port });
  }
  const found = subnetAt(served, address);
  if (found === undefined)
    return err(`${what}, ${address}, is in no network that we serve; add a [[subnet]] to the configuration`);
  return ok({ subnet: found.subnet, port });
}

/** 0.0.0.0 selects none. */
function selectedLink(relay: ReadonlyMap<number, Uint8Array> | undefined): Ipv4Address | undefined {
  if (relay === undefined) return undefined;
  const octets = LINK_SELECTIONS.map((code) => relay.get(code)).find((value) => value?.length === 4);
  const link = octets === undefined ? UNSPECIFIED : ipv4FromBytes(octets);
  return link === UNSPECIFIED ? undefined : link;
}

/** The switch port that a relay, or a switch that snoops, names (RFC 3046). */
function portOf({ options }: DhcpMessage): RelayPort | null {
  const ids = options.relayAgentInformation;
  return ids === undefined ? null : relayPortFromIds(ids.get(REMOTE_ID) ?? NONE, ids.get(CIRCUIT_ID) ?? NONE);
}

const NONE = new Uint8Array();
const CIRCUIT_ID = 1;
const REMOTE_ID = 2;
/** RFC 3527, and Cisco's own number from before it. */
const LINK_SELECTIONS = [5, 150];
