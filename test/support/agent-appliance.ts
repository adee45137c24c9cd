import type { HttpCluster } from "../../src/boot/http-cluster.ts";
import type { QueueState } from "../../src/queue/state.ts";
import { type Fetch, serveOnLoopback } from "./agent-bench.ts";
import { machineBench } from "./machine-bench.ts";
import { type Machine, machine } from "./netboot-machine.ts";
import { proxmoxProfile } from "./proxmox-profile.ts";

export interface ApplianceOptions {
  readonly machines?: number;
  readonly cluster?: HttpCluster;
  /** Stands between the agents and the appliance. */
  readonly before?: (request: Request, pass: () => Promise<Response>) => Promise<Response>;
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** The machines' half of the appliance on loopback, with hosts that are installed and have not phoned home yet. */
export async function agentAppliance({ machines = 1, cluster, before, tls }: ApplianceOptions = {}) {
  const steps = [{ type: "time" }, ...(cluster === undefined ? [] : [{ type: "join" }])];
  const profile = proxmoxProfile({
    first_boot: { steps },
    ...(cluster === undefined ? {} : { cluster: cluster.name }),
  });
  const bench = await machineBench({
    profile,
    slots: machines,
    ...(cluster === undefined ? {} : { httpClusters: [cluster] }),
  });
  const hosts: Machine[] = [];
  for (let n = 1; n <= machines; n++) {
    hosts.push(machine(n));
    await bench.bring(machine(n), "ready");
  }
  const heard: string[] = [];
  const fetch: Fetch = async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/healthy") return new Response("fine\n");
    heard.push(pathname.split("/")[4] ?? pathname);
    const pass = () => Promise.resolve(bench.app.request(request));
    return before === undefined ? pass() : before(request, pass);
  };
  const server = await serveOnLoopback(fetch, tls);
  return {
    bench,
    hosts,
    /** What was asked for, request by request. */
    heard,
    url: server.base,
    close: server.close,
    /** What the agent of host `n`, from 0, is told. */
    linksOf: (n = 0) => {
      const host = hosts[n] as Machine;
      return { base: `${server.base}/api/hosts/${host.host}`, token: bench.tokenOf(host) };
    },
    stateOf: (n = 0) => bench.hostOf(hosts[n] as Machine)?.state.type,
    /** How each step that was reported of ended. */
    stepsOf: (n = 0) =>
      bench
        .hostOf(hosts[n] as Machine)
        ?.operations.at(-1)
        ?.steps.flatMap(({ name, ended }) => (/^\d\d-/.test(name) ? [`${name} ${ended?.outcome ?? "open"}`] : [])),
    watch: (look: (state: QueueState) => void) => bench.engine.subscribe(look),
  };
}

export type AgentAppliance = Awaited<ReturnType<typeof agentAppliance>>;
