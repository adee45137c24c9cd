import {
  type Ipv4Address,
  type Ipv4Subnet,
  ipv4ToNumber,
  isHostAddress,
  isInSubnet,
  networkAddress,
  prefixLength,
} from "../net/ipv4-address.ts";
import type { Problem } from "../std/problem.ts";
import type { ConfigFile } from "./schema.ts";

/** A network behind a relay, every default filled in. */
export type RelayedSubnet = ConfigFile["subnet"][number] & {
  readonly dns: readonly Ipv4Address[];
  readonly domain: ConfigFile["network"]["domain"];
};

interface OwnNetwork {
  readonly address: Ipv4Address;
  readonly subnet: Ipv4Subnet;
  readonly router: Ipv4Address;
}

export function relayedSubnets(
  { subnet }: Pick<ConfigFile, "subnet">,
  { dns, domain }: Pick<RelayedSubnet, "dns" | "domain">,
): readonly RelayedSubnet[] {
  return subnet.map((entry) => ({ ...entry, dns: entry.dns ?? [...dns], domain: entry.domain ?? domain }));
}

/** What is wrong with `[[subnet]]`: each network must be one that hosts can have, and apart from all others. */
export function subnetProblems(own: OwnNetwork, relayed: readonly RelayedSubnet[]): Problem[] {
  return relayed.flatMap(({ name, subnet, router }, index) => {
    const problems: Problem[] = [];
    const path = `subnet[${index}]`;
    const say = (key: string, message: string) => problems.push({ path: `${path}.${key}`, message });
    const first = Number(networkAddress(subnet).split(".")[0]);
    if (prefixLength(subnet) < 8 || prefixLength(subnet) > 30)
      say("subnet", `expected a prefix length from 8 to 30, found ${subnet}`);
    else if (!isHostAddress(router, subnet))
      say("router", `expected the address of a host in ${subnet}, found ${router}`);
    if (first === 0 || first === 127 || first >= 224)
      say("subnet", `expected a network that hosts can have, found ${subnet}`);
    const before = relayed.slice(0, index);
    if (overlap(subnet, own.subnet)) say("subnet", `expected a network apart from network.subnet, found ${subnet}`);
    const other = before.find((one) => overlap(subnet, one.subnet));
    if (other !== undefined) say("subnet", `expected a network apart from ${other.name}'s, found ${subnet}`);
    if (before.some((one) => one.name === name)) say("name", `the name ${name} is taken already by another subnet`);
    return problems;
  });
}

/** A pool that may not hold more: its leases are one file. */
const POOL_MAX = 16_384;

/** What is wrong with `[pool]`: its addresses must be nobody's. */
export function poolProblems(
  pool: ConfigFile["pool"],
  own: OwnNetwork,
  relayed: readonly RelayedSubnet[],
  slots: readonly { readonly address: Ipv4Address }[],
): Problem[] {
  if (pool === undefined) return [];
  const { first, last } = pool;
  const found = `found ${first} to ${last}`;
  const within = [own, ...relayed].find(({ subnet }) => isHostAddress(first, subnet));
  if (within === undefined) {
    return [{ path: "pool.first", message: `expected an address of a network that is served, found ${first}` }];
  }
  if (!isHostAddress(last, within.subnet)) {
    return [{ path: "pool.last", message: `expected the address of a host in ${within.subnet}, found ${last}` }];
  }
  const [from, to] = [ipv4ToNumber(first), ipv4ToNumber(last)];
  if (to < from) return [{ path: "pool.last", message: `expected an address not before the first, ${found}` }];
  if (to - from >= POOL_MAX) return [{ path: "pool", message: `expected at most ${POOL_MAX} addresses, ${found}` }];
  const taken: readonly [Ipv4Address, string][] = [
    [own.address, "our own"],
    ...[own, ...relayed].map(({ router }): [Ipv4Address, string] => [router, "a router's"]),
    ...slots.map(({ address }): [Ipv4Address, string] => [address, "a slot's"]),
  ];
  const clash = taken.find(([address]) => ipv4ToNumber(address) >= from && ipv4ToNumber(address) <= to);
  if (clash === undefined) return [];
  return [{ path: "pool", message: `expected addresses that nobody has, but ${clash[0]} is ${clash[1]}; ${found}` }];
}

function overlap(one: Ipv4Subnet, other: Ipv4Subnet): boolean {
  return isInSubnet(networkAddress(one), other) || isInSubnet(networkAddress(other), one);
}
