import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer, type ServerOptions as TlsOptions } from "node:https";
import { getRequestListener } from "@hono/node-server";
import type { Context } from "hono";
import { stageOfFile } from "./boot/file-stage.ts";
import { limitConnections, REQUEST_TIMES } from "./daemon-connections.ts";
import { AssetApp } from "./http/asset-app.ts";
import type { SendingEnd } from "./http/asset-sending.ts";
import { type Ipv4Address, parseIpv4Address } from "./net/ipv4-address.ts";
import type { MacAddress } from "./net/mac-address.ts";
import type { Tracer } from "./trace/footprint.ts";

export interface MachineFilesParts {
  /** The folder of boot files and images. */
  readonly root: string;
  readonly tracer: Tracer;
  /** Who has this address; null: nobody that we know. */
  readonly macAt: (address: Ipv4Address) => MacAddress | null;
  /** Told of each file that a known machine fetched whole. */
  readonly loaderSent: (mac: MacAddress, path: string) => void;
}

/** Files over HTTP, with footprints of who fetched what and how it ended. */
export function machineFiles({ root, tracer, macAt, loaderSent }: MachineFilesParts): AssetApp {
  const macOf = (remote: string | undefined): MacAddress | null => {
    const address = parsedAddress(remote);
    return address === null ? null : macAt(address);
  };
  return new AssetApp({
    root,
    served: ({ method, path, remoteAddress }, { status, sizeBytes }) => {
      const mac = macOf(remoteAddress);
      const outcome = status < 400 ? "answered" : "dropped";
      const why = status === 404 ? "there is no such file below assets/" : "";
      const stage = outcome === "answered" ? stageOfFile(path) : "asset-missing";
      const what = `${method} ${path}`;
      tracer.note({ mac, road: "http", outcome, what, why, stage, fields: { status, sizeBytes } });
    },
    ended: ({ path, remoteAddress }, { type, sentBytes, sizeBytes }) => {
      const mac = macOf(remoteAddress);
      if (type === "complete") {
        if (mac !== null && sentBytes === sizeBytes) loaderSent(mac, path);
        return;
      }
      const fields = { sentBytes, sizeBytes };
      const what = `GET ${path} ended early`;
      tracer.note({ mac, road: "http", outcome: "noted", what, why: EARLY[type], fields });
    },
  });
}

const EARLY: Readonly<Record<Exclude<SendingEnd["type"], "complete">, string>> = {
  "hung-up": "the machine closed the connection",
  stalled: "the machine took nothing for a minute, so it was disconnected",
  changed: "somebody wrote into the file meanwhile; it was broken off, so that nobody boots from two halves",
  unreadable: "the disk could not read it",
};

/** Files go past the framework, which would copy every octet of them once more. */
export function machineListener(
  fetch: Parameters<typeof getRequestListener>[0],
  files: Pick<AssetApp, "serve">,
): RequestListener {
  const others = getRequestListener(fetch);
  return (incoming, outgoing) => {
    if (!files.serve(incoming, outgoing)) void others(incoming, outgoing);
  };
}

/** HTTP, or with a certificate HTTPS. */
export function machineServer(listener: RequestListener, tls?: TlsOptions): Server {
  const server =
    tls === undefined ? createServer(REQUEST_TIMES, listener) : createTlsServer({ ...tls, ...REQUEST_TIMES }, listener);
  limitConnections(server);
  return server;
}

/** Of the peer of a request that came over TCP. */
export function remoteAddress(c: Context): Ipv4Address | null {
  const { incoming } = c.env as { readonly incoming?: IncomingMessage };
  if (incoming === undefined) return null;
  const { socket } = incoming;
  const known = ADDRESSES.get(socket);
  if (known !== undefined) return known;
  const address = parsedAddress(socket.remoteAddress);
  ADDRESSES.set(socket, address);
  return address;
}

/** A connection asks more than once, and never from anywhere else. */
const ADDRESSES = new WeakMap<object, Ipv4Address | null>();

function parsedAddress(text: string | undefined): Ipv4Address | null {
  const address = parseIpv4Address(text?.replace(/^::ffff:/, "") ?? "");
  return address.ok ? address.value : null;
}
