import type { DhcpDecision, DhcpPolicy, DhcpQuestion, DhcpReport } from "../../src/dhcp/policy.ts";
import { type Ipv4Address, ipv4Plus } from "../../src/net/ipv4-address.ts";
import type { MacAddress } from "../../src/net/mac-address.ts";

/**
 * Gives every Ethernet client the next address after `own`, always the same one, and a boot file for what it says it is.
 * Keeps no state on disk and never takes an address back: made for strangers' clients in interop tests.
 */
export class FixedDhcpPolicy implements DhcpPolicy {
  readonly #own: Ipv4Address;
  readonly #gives: "all" | "addresses" | "boot-files";
  readonly #tell: (report: DhcpReport) => void;
  readonly #addresses = new Map<MacAddress, Ipv4Address>();

  /** `gives`: as one server for both, or as one half of a network where two servers share the work. */
  constructor(own: Ipv4Address, tell: (report: DhcpReport) => void, gives: "all" | "addresses" | "boot-files" = "all") {
    this.#own = own;
    this.#gives = gives;
    this.#tell = tell;
  }

  decide({ request, exchange }: DhcpQuestion): DhcpDecision {
    const { mac, options } = request;
    if (mac === null || exchange.type === "none") return { type: "silence", reason: "no client" };
    const address = this.#addresses.get(mac) ?? ipv4Plus(this.#own, 1 + this.#addresses.size);
    this.#addresses.set(mac, address);
    const target = (type: "pxe" | "http" | "ipxe", file: string) => ({ type, nextServer: this.#own, file });
    const architecture = options.clientSystemArchitecture?.[0];
    const boot =
      options.etherboot !== undefined || options.userClass?.includes("iPXE")
        ? target("ipxe", `http://${this.#own}/ipxe/boot`)
        : options.vendorClassIdentifier?.startsWith("HTTPClient")
          ? target("http", `http://${this.#own}/snponly.efi`)
          : options.vendorClassIdentifier?.startsWith("PXEClient")
            ? target("pxe", architecture === 0 ? "undionly.kpxe" : "snponly.efi")
            : null;
    if (this.#gives === "boot-files") {
      return boot === null ? { type: "silence", reason: "nothing to boot" } : { type: "boot-only", boot };
    }
    const lease = {
      address,
      subnetMask: "255.255.252.0" as Ipv4Address,
      router: this.#own,
      domainNameServers: [this.#own],
      hostname: `host-${mac.replaceAll(":", "")}`,
      domainName: "lab.example",
      leaseSeconds: 600,
      boot: this.#gives === "addresses" ? null : boot,
      extra: [{ code: 250, bytes: Buffer.from(`http://${this.#own}/answer`), onlyIfAsked: true }],
    };
    return { type: "lease", lease };
  }

  heard(): void {}

  outcome(report: DhcpReport): void {
    this.#tell(report);
  }
}
