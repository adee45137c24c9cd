import type { QueueEvent } from "../queue/event.ts";
import { founderOf, founderToWaitFor, readyMembersOf } from "../queue/founding.ts";
import type { AttemptToken, Host, HostId } from "../queue/host.ts";
import { flowOf, isWaitingToJoin } from "../queue/installing.ts";
import { REFUSALS } from "../queue/refusal.ts";
import type { QueueRules } from "../queue/rules.ts";
import { findHost, type QueueState, slotOf } from "../queue/state.ts";
import type { Verdict } from "../queue/step.ts";
import { type ClusterNode, type HttpCluster, type JoinPart, renderJoinPlan } from "./http-cluster.ts";

export interface JoinTurnParts {
  readonly queue: {
    readonly state: QueueState;
    readonly rules: QueueRules;
    dispatch(event: QueueEvent): Promise<Verdict>;
  };
  /** By name. Clusters that are not here are joined by the appliance itself. */
  readonly httpClusters: ReadonlyMap<string, HttpCluster>;
}

/** What a host that has come to its cluster is to do now. */
export type JoinTurn =
  /** Ask again in about so many seconds. */
  | { readonly type: "wait"; readonly seconds: number; readonly why: string }
  /** There is nothing to do: it is in, or belongs to no cluster. */
  | { readonly type: "member" }
  /** The queue's one lock is its own, and what it does is on disk. */
  | { readonly type: JoinPart; readonly plan: string }
  /** `forGood`: asking again does not help. */
  | { readonly type: "refused"; readonly forGood: boolean; readonly why: string };

/** The host says by asking that all before the join is done. The queue's lock decides when it is its turn. */
export async function takeJoinTurn(parts: JoinTurnParts, id: HostId, token: AttemptToken): Promise<JoinTurn> {
  const { queue, httpClusters } = parts;
  let host = findHost(queue.state, id);
  if (host?.state.type === "first_boot" && host.state.deadline !== null) {
    const verdict = await queue.dispatch({ type: "first-boot-finished", host: id, token });
    if (verdict.type === "refused") return { type: "refused", forGood: false, why: REFUSALS[verdict.reason] };
    host = findHost(queue.state, id);
  }
  if (host === undefined) return { type: "refused", forGood: true, why: REFUSALS["unknown-host"] };
  if (host.state.type === "ready") return { type: "member" };
  const name = flowOf(queue.state, host, queue.rules).cluster;
  const cluster = name === null ? undefined : httpClusters.get(name);
  if (host.state.type === "failed") {
    // The appliance's own joins are not tried again blindly; one by HTTP may be asked for any number of times.
    return { type: "refused", forGood: cluster === undefined, why: `it has failed: ${host.state.reason}` };
  }
  if (isWaitingToJoin(host)) return waiting(queue.state, host, queue.rules, name ?? "");
  if (host.state.type !== "joining") return { type: "refused", forGood: false, why: REFUSALS["not-in-this-state"] };
  if (cluster === undefined) return { type: "wait", seconds: 10, why: `the appliance joins it to ${name}` };
  return begun(parts, cluster, host);
}

async function begun({ queue }: JoinTurnParts, cluster: HttpCluster, host: Host): Promise<JoinTurn> {
  const { name } = cluster;
  const members = readyMembersOf(queue.state, name, queue.rules).flatMap((member) => nodeOf(queue.state, member) ?? []);
  const part: JoinPart = members.length === 0 && cluster.members.length === 0 ? "bootstrap" : "join";
  if (part === "bootstrap") {
    const verdict = await queue.dispatch({ type: "founder-chosen", host: host.id, cluster: name });
    if (verdict.type === "refused") {
      const why = `${REFUSALS[verdict.reason]} (${founderOf(queue.state, name)?.id ?? name})`;
      return { type: "refused", forGood: verdict.reason !== "not-in-this-state", why };
    }
  }
  const node = nodeOf(queue.state, host);
  if (node === null) return { type: "refused", forGood: true, why: "it has no slot" };
  const founding = cluster.members.length > 0 ? undefined : founderOf(queue.state, name)?.founding?.at;
  return { type: part, plan: renderJoinPlan(cluster, part, node, members, founding ?? null) };
}

function waiting(state: QueueState, host: Host, rules: QueueRules, cluster: string): JoinTurn {
  const founder = founderToWaitFor(state, host, rules);
  if (founder !== null && founder.state.type !== "joining") {
    const who = slotOf(state, founder)?.hostname ?? founder.id;
    if (founder.state.type !== "failed")
      return { type: "wait", seconds: 30, why: `${who} begins cluster ${cluster} first, and is ${founder.state.type}` };
    const why = `${who} was to begin cluster ${cluster} and has failed; nobody else may begin a second one. bootqueue rebuild ${founder.id} lets it try again; bootqueue reset ${founder.id} --even-installed gives it up`;
    return { type: "wait", seconds: 30, why };
  }
  return { type: "wait", seconds: 10, why: "others join before it" };
}

function nodeOf(state: QueueState, host: Host): ClusterNode | null {
  const slot = slotOf(state, host);
  return slot === undefined ? null : { hostname: slot.hostname, address: slot.address };
}
