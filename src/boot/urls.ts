import type { AgentTrust } from "../firstboot/agent-links.ts";
import type { Ipv4Address } from "../net/ipv4-address.ts";
import { formatMacHyphens, type MacAddress } from "../net/mac-address.ts";
import { bootImageOf, findImage, type StoredImage } from "../profiles/boot-image.ts";
import type { Links } from "../profiles/kind.ts";
import type { Attempt, HostId } from "../queue/host.ts";
import type { Instant } from "../std/clock.ts";

/** Where HTTPS is served. */
export interface TlsEndpoint {
  readonly port: number;
  /** Of the certificate that an install armed then meets there, whatever is rotated meanwhile. */
  told(armedAt: Instant): ToldCertificate;
}

export interface ToldCertificate {
  /** SHA-256 of the certificate. */
  readonly fingerprint: string;
  readonly trust: AgentTrust;
}

/** Every address under which machines find us, in one place. IP literals only: UEFI HTTP Boot may have no DNS. */
export class Urls {
  /** For boot loaders, which know no certificate of ours. */
  readonly #base: string;
  /** For installers, which are told its fingerprint. */
  readonly #installerBase: string;
  readonly #tls: TlsEndpoint | null;

  /** `tls` null: everything is plain HTTP. */
  constructor(address: Ipv4Address, port: number, tls: TlsEndpoint | null = null) {
    this.#base = `http://${address}${port === 80 ? "" : `:${port}`}`;
    this.#installerBase = tls === null ? this.#base : `https://${address}${tls.port === 443 ? "" : `:${tls.port}`}`;
    this.#tls = tls;
  }

  /** The iPXE script of the host with this NIC. */
  script(mac: MacAddress): string {
    return `${this.#base}/ipxe/${formatMacHyphens(mac)}`;
  }

  /** The same as a text in which iPXE fills in the address of the NIC that it uses. */
  get scriptOfAsker(): string {
    return `${this.#base}/ipxe/\${netX/mac:hexhyp}`;
  }

  /** `path` is relative to `assets/`. */
  asset(path: string): string {
    return `${this.#base}/assets/${path.split("/").map(encodeURIComponent).join("/")}`;
  }

  /** What one installation is told; the token in them makes them void for every other. */
  links(
    host: HostId,
    { token, armedAt }: Pick<Attempt, "token" | "armedAt">,
    images: readonly StoredImage[] = [],
  ): Links {
    const told = this.#tls?.told(armedAt) ?? null;
    return {
      token,
      certFingerprint: told?.fingerprint ?? null,
      answer: `${this.#installerBase}/api/boot/answer/${token}`,
      installed: `${this.#installerBase}/api/hosts/${host}/installed/${token}`,
      firstBootScript: `${this.#installerBase}/api/hosts/${host}/first-boot-script/${token}`,
      // Of the installed system, whose tools cannot be told a fingerprint in the same way everywhere.
      phoneHome: `${this.#base}/api/hosts/${host}/phone-home/${token}`,
      asset: (path) => this.asset(path),
      image: (name) => {
        const found = findImage(images, name);
        return found && bootImageOf(found, (path) => this.asset(path));
      },
      plain: {
        answerFile: (name) => `${this.#base}/api/boot/answer/${token}/${name}`,
        progress: `${this.#base}/api/hosts/${host}/progress/${token}`,
        installed: `${this.#base}/api/hosts/${host}/installed/${token}`,
        failed: `${this.#base}/api/hosts/${host}/failed/${token}`,
        firstBootScript: `${this.#base}/api/hosts/${host}/first-boot-script/${token}`,
      },
      agent: { base: `${this.#installerBase}/api/hosts/${host}`, trust: told?.trust ?? null },
    };
  }
}
