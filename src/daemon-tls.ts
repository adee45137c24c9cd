import { mkdir } from "node:fs/promises";
import type { Server, ServerOptions } from "node:https";
import type { Socket } from "node:net";
import { hostname } from "node:os";
import type { TlsEndpoint } from "./boot/urls.ts";
import type { Config } from "./config/load.ts";
import type { AgentTrust } from "./firstboot/agent-links.ts";
import { agentTrustOf, type Certificate } from "./http/certificate.ts";
import type { KeyPair } from "./http/certificate-check.ts";
import { Certificates } from "./http/certificates.ts";
import type { TlsView } from "./http/contract.ts";
import type { TlsDesk } from "./http/operator-deps.ts";
import { type Ipv4Address, parseIpv4Address } from "./net/ipv4-address.ts";
import type { MacAddress } from "./net/mac-address.ts";
import { type QueueState, slotOf } from "./queue/state.ts";
import { formatInstant, systemClock } from "./std/clock.ts";
import type { Tracer } from "./trace/footprint.ts";

/** null: no HTTPS is wanted. */
export async function certificatesFor({ http, paths, network }: Config): Promise<Certificates | null> {
  if (http.tls_port === undefined) return null;
  await mkdir(paths.state, { recursive: true, mode: 0o700 });
  const { address, domain } = network;
  const names = [hostname(), `${hostname()}.${domain}`].filter((name) => /^[a-z0-9.-]+$/i.test(name));
  return await Certificates.load(paths.state, { address, names }, systemClock);
}

/** What an install is told of HTTPS. */
export function tlsEndpoint(port: number, certificates: Certificates): TlsEndpoint {
  /** Reading a certificate takes longer than all else of an answer. */
  const trusts = new WeakMap<Certificate, AgentTrust>();
  return {
    port,
    told(armedAt) {
      const certificate = certificates.at(armedAt);
      const trust = trusts.get(certificate) ?? agentTrustOf(certificate);
      trusts.set(certificate, trust);
      return { fingerprint: certificate.fingerprint, trust };
    },
  };
}

export function tlsOptions({ keyPem, certPem }: KeyPair): ServerOptions {
  return { key: keyPem, cert: certPem, minVersion: "TLSv1.2" };
}

/**
 * Each machine is shown the certificate that it was told of. It is known by its address, because it asks for one and
 * not for a name (SNI holds none then); and before the handshake, which is when Node takes the context for a connection.
 */
export function showEachItsOwn(server: Server, certificateOf: (from: Ipv4Address) => Certificate): void {
  let shown = "";
  server.prependListener("connection", (socket: Socket) => {
    const from = peerOf(socket);
    if (from === null) return;
    const certificate = certificateOf(from);
    if (certificate.fingerprint === shown) return;
    server.setSecureContext(tlsOptions(certificate));
    shown = certificate.fingerprint;
  });
}

/** Puts on the timeline who did not take our certificate: an installer says so on its own screen and nowhere else. */
export function noteRefusals(
  server: Server,
  tracer: Tracer,
  macAt: (address: Ipv4Address) => MacAddress | null,
  certificateOf: (from: Ipv4Address) => Certificate,
): void {
  /** Who has asked for something, by address and port. */
  const asked = new Set<string>();
  server.on("request", ({ socket }) => asked.add(`${socket.remoteAddress} ${socket.remotePort}`));
  server.prependListener("connection", (socket: Socket) => {
    // A closed socket tells no peer any more.
    const from = peerOf(socket);
    const peer = `${socket.remoteAddress} ${socket.remotePort}`;
    socket.once("close", () => {
      const hasAsked = asked.delete(peer);
      const mac = from === null ? null : macAt(from);
      // Nothing was sent to who did not even begin the handshake.
      if (hasAsked || socket.bytesWritten === 0 || from === null || mac === null) return;
      const why = `it hung up at the sight of ${certificateOf(from).fingerprint} without asking for anything: it goes by another fingerprint (fixed in its image, or of an earlier certificate), or by none`;
      const what = "HTTPS certificate refused";
      const stage = "certificate-refused";
      tracer.note({ mac, road: "http", outcome: "dropped", what, why, stage, fields: { from } });
    });
  });
}

/** What the operator sees of HTTPS, and how he changes it. */
export class TlsKeeper implements TlsDesk {
  readonly #certificates: Certificates;
  readonly #queue: { readonly state: QueueState };
  readonly #tracer: Tracer;

  constructor(certificates: Certificates, queue: { readonly state: QueueState }, tracer: Tracer) {
    this.#certificates = certificates;
    this.#queue = queue;
    this.#tracer = tracer;
  }

  view(): TlsView {
    const { current, kept } = this.#certificates;
    const { state } = this.#queue;
    const hosts = [...state.hosts];
    return {
      fingerprint: current.fingerprint,
      expires: formatInstant(this.#certificates.expiry),
      kept: kept.map((one) => ({
        fingerprint: one.certificate.fingerprint,
        replaced: formatInstant(one.until),
        hosts: this.#certificates.usersOf(one, hosts).map((host) => slotOf(state, host)?.hostname ?? host.id),
      })),
    };
  }

  async rotate(own: KeyPair | null): Promise<string> {
    const made = await this.#certificates.rotate(this.#queue.state.hosts, own);
    await this.dropUnused();
    const waiting = this.view().kept.flatMap(({ hosts }) => hosts);
    const after =
      waiting.length === 0
        ? "no install is under way that goes by another"
        : `${waiting.join(", ")} still ${waiting.length === 1 ? "meets" : "meet"} the one before, until the install ends`;
    const what = `HTTPS has a new certificate, ${made.fingerprint}`;
    this.#note(what, after);
    return `${what}; ${after}`;
  }

  /** Those that nobody goes by any more. */
  async dropUnused(): Promise<void> {
    if (this.#certificates.kept.length === 0) return;
    for (const { fingerprint } of await this.#certificates.dropUnused([...this.#queue.state.hosts])) {
      this.#note(`the certificate ${fingerprint} is gone`, "no install that was told of it is under way any more");
    }
  }

  warnings(): readonly string[] {
    return this.#certificates.warnings();
  }

  #note(what: string, why: string): void {
    this.#tracer.note({ mac: null, road: "daemon", outcome: "noted", what, why });
  }
}

/** null: unknown. */
function peerOf(socket: Socket): Ipv4Address | null {
  const address = parseIpv4Address(socket.remoteAddress?.replace(/^::ffff:/, "") ?? "");
  return address.ok ? address.value : null;
}
