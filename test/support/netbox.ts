import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

type Row = Record<string, unknown> & { readonly id: number };

/** As much of NetBox 4's REST API as a registration needs, with its rules: slashes at the end, lists, who may write. */
export class NetBoxStandIn {
  readonly rows: Record<string, Row[]> = {
    "dcim/devices": [],
    "dcim/interfaces": [],
    "dcim/mac-addresses": [],
    "ipam/ip-addresses": [],
  };
  /** Of every request: `POST dcim/devices`. */
  readonly asked: string[] = [];
  readonly token: string;
  /** What is answered instead, once, to the next requests. */
  readonly failures: number[] = [];
  #server: Server | null = null;
  #made = 0;

  constructor(token: string, { knowsMacAddresses = true } = {}) {
    this.token = token;
    if (!knowsMacAddresses) delete this.rows["dcim/mac-addresses"];
  }

  /** Where it listens: `http://127.0.0.1:PORT/`. */
  async open(): Promise<URL> {
    this.#server = createServer((request, response) => void this.#answer(request, response));
    await new Promise<void>((resolve) => this.#server?.listen(0, "127.0.0.1", resolve));
    return new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`);
  }

  async close(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const say = (status: number, body: unknown) => {
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    };
    let text = "";
    for await (const part of request) text += part;
    const url = new URL(request.url ?? "/", "http://netbox");
    const [, path = "", id] = /^\/api\/([a-z-]+\/[a-z-]+)\/(?:(\d+)\/)?$/.exec(url.pathname) ?? [];
    this.asked.push(`${request.method} ${path}`);
    const failure = this.failures.shift();
    if (failure !== undefined) return say(failure, { detail: "as told" });
    if (!url.pathname.endsWith("/")) {
      response.writeHead(301, { Location: `${url.pathname}/` }).end();
      return;
    }
    if (request.headers.authorization !== `Token ${this.token}`) return say(403, { detail: "Invalid token" });
    const rows = this.rows[path];
    if (rows === undefined) return say(404, { detail: "Not found." });
    const body = text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
    if (request.method === "GET") return say(200, listed(rows, url.searchParams));
    if (request.method === "PATCH") {
      const at = rows.findIndex((row) => row.id === Number(id));
      if (at < 0) return say(404, { detail: "Not found." });
      rows[at] = { ...rows[at], ...body, id: Number(id) };
      return say(200, rows[at]);
    }
    if (path === "dcim/devices" && rows.some((row) => row.name === body.name)) {
      return say(400, { __all__: ["Device name must be unique per site."] });
    }
    if (path === "dcim/devices" && (body.role as { slug?: string })?.slug === "nowhere") {
      return say(400, { role: ["Related object not found using the provided attributes: {'slug': 'nowhere'}"] });
    }
    const row: Row = { ...body, id: ++this.#made };
    rows.push(row);
    return say(201, row);
  }
}

function listed(rows: readonly Row[], query: URLSearchParams): object {
  const found = rows.filter((row) =>
    [...query].every(([key, value]) => {
      if (key === "site") return (row.site as { slug?: string })?.slug === value;
      if (key === "device_id") return row.device === Number(value);
      if (key === "interface_id") return row.assigned_object_id === Number(value);
      return row[key] === value;
    }),
  );
  return { count: found.length, next: null, previous: null, results: found.slice(0, 50) };
}
