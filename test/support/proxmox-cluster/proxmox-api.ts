import { mkdtemp, rm } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Certificate, loadCertificate } from "../../../src/http/certificate.ts";
import type { Ipv4Address } from "../../../src/net/ipv4-address.ts";
import type { Clock, Instant } from "../../../src/std/clock.ts";
import { isQuorate, type SimNode, type SimulatedNodes } from "./simulated-cluster.ts";

const TICKET_MS = 2 * 3_600_000;

/** A certificate of its own each time. */
export async function newCertificate(address: string): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), "bootqueue-cert-"));
  try {
    return await loadCertificate(folder, { address: address as Ipv4Address }, Date.UTC(2026, 10, 20) as Instant);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What a test may change about a node's API. */
export interface ApiManners {
  secondFactor: boolean;
  /** Ticket lifetime. */
  ticketMs: number;
  /** Accepts requests and never answers. */
  isSilent: boolean;
}

/**
 * The API of one simulated node on its own loopback address, as far as clusters go: tickets of root@pam alone, CSRF
 * tokens on all that writes, another certificate and other tickets after a join.
 */
export class ProxmoxApiStandIn {
  readonly manners: ApiManners = { secondFactor: false, ticketMs: TICKET_MS, isSilent: false };
  /** `POST /cluster/config`, in order. */
  readonly calls: string[] = [];
  readonly #node: SimNode;
  readonly #nodes: SimulatedNodes;
  readonly #clock: Clock;
  readonly #server: Server;
  /** What it shows after a join. */
  readonly #joined: Certificate;
  readonly #tickets = new Map<string, { readonly csrf: string; readonly until: number }>();

  private constructor(node: SimNode, nodes: SimulatedNodes, clock: Clock, server: Server, joined: Certificate) {
    this.#node = node;
    this.#nodes = nodes;
    this.#clock = clock;
    this.#server = server;
    this.#joined = joined;
  }

  /** `port` 0: any. */
  static async serve(node: SimNode, nodes: SimulatedNodes, clock: Clock, port: number): Promise<ProxmoxApiStandIn> {
    const { keyPem: key, certPem: cert, fingerprint } = await newCertificate(node.address);
    const joined = await newCertificate(node.address);
    node.fingerprint = fingerprint;
    const server = createServer({ key, cert });
    const api = new ProxmoxApiStandIn(node, nodes, clock, server, joined);
    node.onJoined = () => api.#changeCertificate();
    server.on("request", (request, response) => void api.#answer(request, response));
    await new Promise<void>((resolve) => server.listen(port, node.address, resolve));
    return api;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const part of request) body += String(part);
    if (this.manners.isSilent) return;
    if (!this.#node.isUp) return void request.socket.destroy();
    this.#nodes.progress();
    const path = (request.url ?? "").replace(/^\/api2\/json/, "").replace(/\?.*$/, "");
    const fields = new URLSearchParams(body);
    const [status, reason, data] = this.#reply(request, path, fields);
    response.writeHead(status, reason, { "Content-Type": "application/json", Connection: "close" });
    response.end(JSON.stringify({ data }));
  }

  #reply(request: IncomingMessage, path: string, fields: URLSearchParams): [number, string, unknown] {
    const method = request.method ?? "GET";
    if (path === "/access/ticket") return this.#logIn(fields);
    const fault = this.#ticketFault(request, method);
    if (fault !== null) return fault;
    if (method !== "GET") this.calls.push(`${method} ${path}`);
    const { cluster } = this.#node;
    if (path === "/cluster/status") return [200, "OK", this.#status()];
    if (path === "/cluster/config" && method === "POST")
      return this.#order(["pvecm", "create", fields.get("clustername") ?? ""], fields);
    if (path === "/cluster/config/join" && method === "GET") {
      if (cluster === null) return [424, "Failed Dependency", null];
      const nodelist = cluster.members.map(({ name, node }) => ({
        name,
        pve_addr: node.address,
        ring0_addr: node.address,
        pve_fp: node.fingerprint,
      }));
      // In random order, as the real one gives it: here with the node that was asked last.
      return [200, "OK", { nodelist: nodelist.toReversed(), preferred_node: this.#node.name }];
    }
    if (path === "/cluster/config/join") {
      if (!fields.has("fingerprint")) return [400, "Parameter verification failed.", null];
      const argv = ["pvecm", "add", fields.get("hostname") ?? "", "--fingerprint", fields.get("fingerprint") ?? ""];
      return this.#order(argv, fields);
    }
    const removed = /^\/cluster\/config\/nodes\/(.+)$/.exec(path)?.[1];
    if (removed !== undefined && method === "DELETE" && cluster !== null) {
      const at = cluster.members.findIndex(({ name, online }) => name === removed && !online);
      if (at >= 0) cluster.members.splice(at, 1);
      return [200, "OK", null];
    }
    const task = /^\/nodes\/[^/]+\/tasks\/[^/]+\/(status|log)$/.exec(path)?.[1];
    if (task === "status") {
      const { job } = this.#node;
      if (job === null || !job.ended) return [200, "OK", { status: "running" }];
      const fault_ = /TASK ERROR: (.*)/.exec(job.output)?.[1];
      return [200, "OK", { status: "stopped", exitstatus: fault_ ?? "OK" }];
    }
    if (task === "log") {
      const lines = (this.#node.job?.output ?? "").split("\n");
      return [200, "OK", lines.map((t, index) => ({ n: index + 1, t }))];
    }
    return [501, `Method '${method} ${path}' not implemented`, null];
  }

  #logIn(fields: URLSearchParams): [number, string, unknown] {
    if (fields.get("username") !== "root@pam" || fields.get("password") !== this.#node.password)
      return [401, "authentication failure", null];
    const ticket = `PVE:root@pam:${this.#tickets.size}::sig/${this.#node.name}+=`;
    const csrf = `csrf-${this.#tickets.size}`;
    if (this.manners.secondFactor)
      return [200, "OK", { ticket: `PVE:!tfa!${ticket}`, CSRFPreventionToken: csrf, NeedTFA: 1 }];
    this.#tickets.set(ticket, { csrf, until: this.#clock.now() + this.manners.ticketMs });
    return [200, "OK", { ticket, CSRFPreventionToken: csrf, username: "root@pam" }];
  }

  #ticketFault({ headers }: IncomingMessage, method: string): [number, string, unknown] | null {
    if (headers.authorization !== undefined) return [403, "Permission check failed (user != root@pam)", null];
    const cookie = /PVEAuthCookie=([^;]+)/.exec(headers.cookie ?? "")?.[1] ?? "";
    const ticket = this.#tickets.get(decodeURIComponent(cookie));
    if (ticket === undefined || ticket.until < this.#clock.now()) return [401, "invalid PVE ticket", null];
    if (method !== "GET" && headers.csrfpreventiontoken !== ticket.csrf)
      return [401, "Permission denied - invalid csrf token", null];
    return null;
  }

  #order(argv: string[], fields: URLSearchParams): [number, string, unknown] {
    const links = ["link0", "link1"].flatMap((key) => (fields.has(key) ? [`--${key}`, fields.get(key) ?? ""] : []));
    if (!this.#nodes.order(this.#node, [...argv, ...links], fields.get("password") ?? ""))
      return [500, "can't lock file '/var/lock/pvecm.lock' - got timeout", null];
    this.#nodes.progress();
    return [200, "OK", `UPID:${this.#node.name}:0000C0DE:000F1E2D:65000000:clusterjoin::root@pam:`];
  }

  #status(): unknown[] {
    const { cluster, name, address } = this.#node;
    if (cluster === null)
      return [{ type: "node", id: `node/${name}`, name, nodeid: 0, ip: address, local: 1, online: 1 }];
    const nodes = cluster.members.map((member, index) => ({
      type: "node",
      id: `node/${member.name}`,
      name: member.name,
      nodeid: index + 1,
      ip: member.node.address,
      local: member.node === this.#node ? 1 : 0,
      online: member.online && member.node.isUp ? 1 : 0,
    }));
    const quorate = isQuorate(cluster) ? 1 : 0;
    return [{ type: "cluster", id: "cluster", name: cluster.name, nodes: nodes.length, quorate, version: 1 }, ...nodes];
  }

  /** The cluster's authority signs a new one, and tickets were signed with what is gone. Who founds one keeps both. */
  #changeCertificate(): void {
    const { keyPem: key, certPem: cert, fingerprint } = this.#joined;
    this.#server.setSecureContext({ key, cert });
    this.#node.fingerprint = fingerprint;
    this.#tickets.clear();
  }
}
