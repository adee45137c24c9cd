import type { Ipv4Address } from "./ipv4-address.ts";

/** What `os.networkInterfaces()` returns: the interfaces that are up, by name, with their addresses. */
export type InterfaceTable = Readonly<Record<string, readonly InterfaceAddress[] | undefined>>;

export interface InterfaceAddress {
  readonly address: string;
  readonly family: string;
  /** true: loopback. */
  readonly internal: boolean;
}

/** What the configuration says of the network that is served. */
export interface ServedNetwork {
  readonly address: Ipv4Address;
  /** null: the interface that bears `address`. */
  readonly interface: string | null;
  /** true: the operator wants to start although other networks are heard as well. */
  readonly allowSharedHost: boolean;
}

/** The interface that bears `address`; null: none that is up. */
export function interfaceBearing(table: InterfaceTable, address: Ipv4Address): string | null {
  for (const [name, addresses] of Object.entries(table)) {
    if (addresses?.some((one) => one.address === address)) return deviceOf(name);
  }
  return null;
}

/** Interfaces with an IPv4 address that are neither loopback nor `served`. */
export function otherIpv4Interfaces(table: InterfaceTable, served: string): readonly string[] {
  const names = new Set<string>();
  for (const [name, addresses] of Object.entries(table)) {
    if (addresses?.some((one) => one.family === "IPv4" && !one.internal)) names.add(deviceOf(name));
  }
  names.delete(served);
  return [...names];
}

/**
 * Why the daemon must not start on this host; null: it may. `hasSockets`: systemd passed the DHCP socket, bound to its
 * interface. Without that, Node cannot tell on which interface a broadcast came in, so a machine of another network
 * would take a slot and be installed.
 */
export function refusalToServe(table: InterfaceTable, network: ServedNetwork, hasSockets: boolean): string | null {
  const { address } = network;
  const bearer = interfaceBearing(table, address);
  if (bearer === null) {
    return `network.address: expected an address of this host, found ${address}; ${inventory(table)}`;
  }
  if ((network.interface ?? bearer) !== bearer) {
    return `network.interface: expected ${bearer}, which bears ${address}, found ${network.interface}`;
  }
  const others = otherIpv4Interfaces(table, bearer);
  if (hasSockets || network.allowSharedHost || others.length === 0) return null;
  return (
    `this host is also on other networks (${others.join(", ")}), and without sockets from systemd their machines would be answered ` +
    `like those on ${bearer}; start it with \`systemctl start bootqueue\`, whose sockets are bound to ${bearer}, ` +
    "or set network.allow_shared_host = true if no machine there boots from the network"
  );
}

function inventory(table: InterfaceTable): string {
  const found = Object.entries(table).flatMap(([name, addresses]) =>
    (addresses ?? [])
      .filter((one) => one.family === "IPv4" && !one.internal)
      .map((one) => `${name} has ${one.address}`),
  );
  return found.length === 0 ? "no interface is up with an IPv4 address" : found.join(", ");
}

/** An alias such as `eth0:1` is the same device under another label. */
function deviceOf(name: string): string {
  return name.replace(/:.*$/, "");
}
