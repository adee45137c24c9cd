import type { Server } from "node:http";
import { join } from "node:path";
import { createAdaptorServer } from "@hono/node-server";
import type { Hono } from "hono";
import type { InstallSite } from "./boot/installation.ts";
import { describedType } from "./boot/machine-settings.ts";
import type { Config } from "./config/load.ts";
import { closeServer, listen, listenForRoot, type PassedSockets } from "./daemon-sockets.ts";
import { createDashboard } from "./dashboard/dashboard.ts";
import type { PowerForPages } from "./dashboard/machine-facts.ts";
import { newAttemptToken } from "./http/attempt-tokens.ts";
import { createOperatorApp } from "./http/operator-app.ts";
import type { Appliance, OperatorDeps, OperatorEnv, TlsDesk } from "./http/operator-deps.ts";
import { OperatorFeed } from "./http/operator-feed.ts";
import { pageAuth } from "./http/operator-login.ts";
import { loadOperatorTokenFile } from "./http/operator-token-file.ts";
import { conflictWarnings } from "./http/operator-view.ts";
import { outcomeWords, performOrder } from "./http/orders.ts";
import { INSTALL_UNDER_WAY, type PowerFault, switchPower } from "./http/power-app.ts";
import { Sessions } from "./http/sessions.ts";
import type { Engine } from "./queue/engine.ts";
import { ARMED } from "./queue/host.ts";
import { findHost } from "./queue/state.ts";
import { systemClock } from "./std/clock.ts";
import type { Log } from "./std/log.ts";
import { explainHost } from "./trace/story.ts";
import type { Trace } from "./trace/trace.ts";

export interface OperatorParts {
  readonly engine: Engine;
  readonly trace: Trace;
  readonly log: Log;
  readonly stateFolder: string;
  /** Names and addresses under which browsers may know us. */
  readonly hostnames: readonly string[];
  readonly about: () => Appliance;
  readonly previewAnswer: OperatorDeps["previewAnswer"] &
    ((host: Parameters<OperatorDeps["previewAnswer"]>[0]) => string | null);
  readonly site: () => InstallSite;
  readonly notReady: () => readonly string[];
  /** null: there is no pool. */
  readonly leases: OperatorDeps["leases"];
  /** null: nobody wants to know. */
  readonly registrations: OperatorDeps["registrations"];
  readonly power: OperatorDeps["power"];
  /** null: there is no HTTPS. */
  readonly tls: TlsDesk | null;
}

/** Everything for people: one app for the network, with the pages, and one for root's socket. */
export async function createOperatorApps(parts: OperatorParts) {
  const { engine, trace, log, about, previewAnswer } = parts;
  const sessions = new Sessions(
    await loadOperatorTokenFile(join(parts.stateFolder, "operator-token.sha256")),
    systemClock,
  );
  const feed = new OperatorFeed({ queue: engine, trace, clock: systemClock });
  const closing = new AbortController();
  const shared = {
    queue: engine,
    trace,
    tracer: trace,
    newToken: newAttemptToken,
    feed,
    sessions,
    clock: systemClock,
    log,
    about,
    explain: (host) => {
      const footprints = host.macs.flatMap((mac) => trace.footprintsOf(mac)).toSorted((a, b) => a.last - b.last);
      const armedAt = ARMED.has(host.state.type) ? host.attempt?.armedAt : undefined;
      return explainHost(footprints, host.state.type, systemClock.now(), armedAt);
    },
    previewAnswer,
    site: parts.site,
    notReady: parts.notReady,
    leases: parts.leases,
    registrations: parts.registrations,
    power: parts.power,
    ...(parts.tls === null ? {} : { tls: parts.tls }),
    hostnames: parts.hostnames,
  } satisfies Omit<OperatorDeps, "trusted" | "pages">;
  const pages = createDashboard({
    queue: engine,
    trace,
    clock: systemClock,
    closing: closing.signal,
    auth: pageAuth(sessions),
    status: () => {
      const own = about();
      return { ...own, warnings: [...own.warnings, ...conflictWarnings(engine.state)] };
    },
    explain: (id) => {
      const host = findHost(engine.state, id);
      return host === undefined ? "" : shared.explain(host);
    },
    previewAnswer,
    machineType: (host) => describedType(parts.site().machines, host),
    power: powerForPages(shared),
    perform: async (order) => outcomeWords(await performOrder(shared, order)),
  });
  const network: Hono<OperatorEnv> = createOperatorApp({ ...shared, trusted: false, pages });
  const root: Hono<OperatorEnv> = createOperatorApp({ ...shared, trusted: true, pages: null });
  return {
    network,
    root,
    /** Ends the live streams, which never end by themselves and for which a server would wait. */
    closeStreams(): void {
      feed.close();
      closing.abort();
    },
  };
}

/** On the network, and on root's socket. `opened` is told what closes each part, in the order in which they were opened. */
export async function serveOperator(
  apps: Awaited<ReturnType<typeof createOperatorApps>>,
  { listen: { address: host, port }, socket }: Config["operator"],
  passed: PassedSockets,
  opened: (close: () => unknown) => void,
): Promise<void> {
  const server = serverOf(apps.network.fetch);
  const fd = passed.get("operator");
  await listen(server, fd === undefined ? { host, port } : { fd });
  opened(() => closeServer(server));
  const root = serverOf(apps.root.fetch);
  await listenForRoot(root, socket);
  opened(() => closeServer(root));
  opened(() => apps.closeStreams());
}

function serverOf(fetch: Parameters<typeof createAdaptorServer>[0]["fetch"]): Server {
  // Without options for HTTP/2 or TLS this is what it makes.
  return createAdaptorServer({ fetch }) as Server;
}

/** The same switches as the API's, in sentences. */
function powerForPages(deps: Parameters<typeof switchPower>[0]): PowerForPages {
  const words = ({ message, hint }: PowerFault) => [message, hint].filter(Boolean).join("; ");
  return {
    typeOf: (host) => deps.power.typeOf(host),
    async read(host) {
      const read = await deps.power.read(host);
      return read.ok ? read : { ok: false, message: words(read.error) };
    },
    async order(host, action, force) {
      const done = await switchPower(deps, host, action, force);
      if (done.ok) return { ok: true, message: done.value.message };
      const needsForce = done.error.type === INSTALL_UNDER_WAY;
      return { ok: false, message: needsForce ? done.error.message : words(done.error), needsForce };
    },
  };
}
