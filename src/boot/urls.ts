import type { Ipv4Address } from "../net/ipv4-address.ts";
import { formatMacHyphens, type MacAddress } from "../net/mac-address.ts";
import type { Links } from "../profiles/kind.ts";
import type { AttemptToken, HostId } from "../queue/host.ts";

/** Every address under which machines find us, in one place. IP literals only: UEFI HTTP Boot may have no DNS. */
export class Urls {
  readonly #base: string;

  constructor(address: Ipv4Address, port: number) {
    this.#base = `http://${address}${port === 80 ? "" : `:${port}`}`;
  }

  /** The iPXE script of the host with this NIC. */
  script(mac: MacAddress): string {
    return `${this.#base}/ipxe/${formatMacHyphens(mac)}`;
  }

  /** `path` is relative to `assets/`. */
  asset(path: string): string {
    return `${this.#base}/assets/${path.split("/").map(encodeURIComponent).join("/")}`;
  }

  /** What one installation is told; the token in them makes them void for every other. */
  links(host: HostId, token: AttemptToken): Links {
    return {
      token,
      answer: `${this.#base}/api/boot/answer/${token}`,
      installed: `${this.#base}/api/hosts/${host}/installed/${token}`,
      firstBootScript: `${this.#base}/api/hosts/${host}/first-boot-script/${token}`,
      phoneHome: `${this.#base}/api/hosts/${host}/phone-home/${token}`,
      asset: (path) => this.asset(path),
    };
  }
}
