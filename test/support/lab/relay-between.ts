import type { Lab } from "./lab.ts";
import { wireBehind } from "./wire-behind.ts";

/** A wire behind the relay, with one machine on it. */
export interface RelayedWire {
  /** The machine's namespace. */
  readonly role: string;
  /** The relay's address there, with its prefix: `10.12.0.1/24`. */
  readonly router: string;
}

/**
 * A namespace `relay` between the boot network (its `eth0`, 10.11.0.254) and wires behind it (`eth1`, `eth2` and so on),
 * which routes; the gateway knows the way to `subnets` through it. What relays DHCP is for the test to start.
 */
export function relayBetween(lab: Lab, wires: readonly RelayedWire[], subnets: readonly string[]): void {
  lab.addNamespace("relay");
  lab.connect("relay", "eth0", "lan", "10.11.0.254/22");
  for (const [index, { role, router }] of wires.entries()) {
    const port = `eth${index + 1}`;
    wireBehind(lab, "relay", port, role);
    lab.run("relay", ["ip", "address", "add", router, "dev", port]);
  }
  lab.run("relay", ["sysctl", "-q", "-w", "net.ipv4.ip_forward=1"]);
  for (const subnet of subnets) lab.run("gw", ["ip", "route", "add", subnet, "via", "10.11.0.254"]);
}
