import type { Lab } from "./lab.ts";

/** A namespace `role` whose `eth0` is not on the switch, but at the link `port` of the namespace `relay`. */
export function wireBehind(lab: Lab, relay: string, port: string, role: string): void {
  lab.addNamespace(role);
  const peer = ["type", "veth", "peer", "name", "eth0", "netns", lab.namespaceOf(role)];
  lab.run(relay, ["ip", "link", "add", port, ...peer]);
  for (const [where, link] of [
    [relay, port],
    [role, "eth0"],
  ] as const) {
    lab.run(where, ["ethtool", "-K", link, "tx", "off", "rx", "off", "tso", "off", "gso", "off", "gro", "off"]);
  }
  lab.run(relay, ["ip", "link", "set", port, "up"]);
}

/** Another network card in the machine. */
export function plugIn(lab: Lab, role: string, mac: string): void {
  lab.run(role, ["ip", "link", "set", "eth0", "down"]);
  lab.run(role, ["ip", "link", "set", "eth0", "address", mac, "up"]);
}
