import { readFileSync } from "node:fs";
import type { Lab, LabProcess } from "./lab.ts";

/** Where it lives on the boot network, and which addresses it gives. */
export const FOREIGN_SERVER = "10.11.0.254";
export const FOREIGN_ADDRESS = /^10\.11\.2\.\d+$/;

/** Somebody else's DHCP server, as in every home router: dnsmasq, which gives addresses and knows nothing of netboot. */
export class ForeignDhcp {
  readonly #process: LabProcess;

  /** `more`: further arguments for dnsmasq. */
  constructor(lab: Lab, more: readonly string[] = []) {
    lab.addNamespace("router");
    lab.connect("router", "eth0", "lan", `${FOREIGN_SERVER}/22`);
    this.#process = lab.start("router", "dnsmasq", [
      ...["dnsmasq", "--keep-in-foreground", "--no-daemon", "--conf-file=/dev/null", "--port=0"],
      ...["--user=root", "--log-dhcp", "--log-facility=-", "--leasefile-ro", "--no-ping"],
      ...["--bind-interfaces", "--interface=eth0", "--dhcp-authoritative"],
      ...["--dhcp-range=10.11.2.10,10.11.2.99,255.255.252.0,1h", "--dhcp-option=option:router,10.11.0.254"],
      ...more,
    ]);
  }

  get log(): string {
    return readFileSync(this.#process.logPath, "utf8");
  }

  /** Addresses that it granted to this hardware address, oldest first. */
  leasesOf(mac: string): readonly string[] {
    return [...this.log.matchAll(/DHCPACK\(eth0\) (\S+) (\S+)/g)].flatMap(([, address = "", of]) =>
      of === mac ? [address] : [],
    );
  }
}
