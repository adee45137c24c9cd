import type { Instant } from "../std/clock.ts";
import type { Host, HostId } from "./host.ts";
import type { QueueRules } from "./rules.ts";
import { findHost, type QueueState, slotOf } from "./state.ts";
import { moved, refused, type Step, unchanged, withHost } from "./step.ts";

/** That a host was told to begin a cluster: whether it did, nobody knows for certain until it is ready. */
export interface Founding {
  readonly cluster: string;
  /** Also what tells this cluster from an earlier one of the same name. */
  readonly at: Instant;
}

/**
 * The host whose turn it is will begin its cluster. On disk before it is told so: whatever becomes of it, no other host
 * begins a second cluster of the same name, until the operator resets this one.
 */
export function founderChosen(state: QueueState, event: { host: HostId; cluster: string }, now: Instant): Step {
  const host = findHost(state, event.host);
  if (!host) return refused(state, "unknown-host");
  if (host.state.type !== "joining") return refused(state, "not-in-this-state");
  const founder = founderOf(state, event.cluster);
  if (founder !== undefined && founder.id !== host.id) return refused(state, "cluster-has-founder");
  // Asked again within one install, it is the same cluster; a new install has wiped that one.
  if (host.founding?.cluster === event.cluster && host.founding.at >= (host.attempt?.armedAt ?? 0))
    return unchanged(state);
  return moved(withHost(state, { ...host, founding: { cluster: event.cluster, at: now } }));
}

export function founderOf(state: QueueState, cluster: string): Host | undefined {
  return state.hosts.find((host) => host.founding?.cluster === cluster);
}

/** Hosts that are members, as far as we know. */
export function readyMembersOf(state: QueueState, cluster: string, rules: QueueRules): readonly Host[] {
  return state.hosts.filter((host) => host.state.type === "ready" && clusterOf(state, host, rules) === cluster);
}

/**
 * The host that this one has to wait for: it was to begin their cluster and is not known to have done so, and no other
 * member is ready. null: it need not wait for anybody in particular.
 */
export function founderToWaitFor(state: QueueState, host: Host, rules: QueueRules): Host | null {
  const cluster = clusterOf(state, host, rules);
  const founder = cluster === null ? undefined : founderOf(state, cluster);
  if (cluster === null || founder === undefined || founder.id === host.id || founder.state.type === "ready")
    return null;
  return readyMembersOf(state, cluster, rules).length > 0 ? null : founder;
}

function clusterOf(state: QueueState, host: Host, rules: QueueRules): string | null {
  const slot = slotOf(state, host);
  return (slot && rules.flows.get(slot.profile)?.cluster) ?? null;
}
