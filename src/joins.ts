import { type ClusterJoin, type ClusterSettings, type JoinOrder, type JoinTools, joinCluster } from "./cluster/join.ts";
import { STOPPING } from "./cluster/join-run.ts";
import { attemptTag, type KeptKey } from "./cluster/key-folder.ts";
import type { SlotLinks } from "./config/slots.ts";
import type { Engine } from "./queue/engine.ts";
import { ARMED, type AttemptToken, BEYOND_INSTALLING, type Host, type HostId } from "./queue/host.ts";
import { flowOf } from "./queue/installing.ts";
import type { Slot } from "./queue/slot.ts";
import { findHost, hostChanges, type QueueState, slotOf } from "./queue/state.ts";
import type { Instant } from "./std/clock.ts";
import type { Log } from "./std/log.ts";

export interface JoinsParts {
  readonly engine: () => Engine;
  readonly tools: Omit<JoinTools, "report">;
  /** null: there is no such cluster. Rejects when one of its secrets cannot be read. */
  readonly clusterOf: (name: string) => Promise<ClusterSettings | null>;
  /** Its addresses on the links of its cluster. */
  readonly linksOf: (slot: Slot) => SlotLinks;
  readonly log: Log;
  /** Its hosts ask for their turn, and join, through their first-boot agents. Absent: none is such a one. */
  readonly joinsByItself?: (cluster: string) => boolean;
  /** Another one in tests. */
  readonly join?: ClusterJoin;
}

interface Running {
  readonly host: HostId;
  readonly token: AttemptToken | null;
  readonly since: Instant;
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

/** Between the queue, which says who joins, and the cluster room, which knows how. Keeps ephemeral keys for both. */
export class Joins {
  readonly #parts: JoinsParts;
  readonly #running = new Set<Running>();
  #isClosed = false;
  /** null: `watch` was not called yet. */
  #seen: QueueState | null = null;

  constructor(parts: JoinsParts) {
    this.#parts = parts;
  }

  /** Carries out `start-join`; the outcome returns as an event, unless the host is joining no longer by then. */
  start(id: HostId, cluster: string): void {
    const host = findHost(this.#parts.engine().state, id);
    if (this.#isClosed || host === undefined || host.state.type !== "joining") return;
    if (this.#parts.joinsByItself?.(cluster)) return;
    const { since } = host.state;
    const token = host.attempt?.token ?? null;
    for (const other of this.#running) {
      if (other.host === id && other.token === token && other.since === since) return;
    }
    const abort = new AbortController();
    const before = [...this.#running].map(({ ended }) => ended);
    const work = async () => {
      // A join that was overtaken takes back what it prepared; two at once would spoil each other's cluster.
      await Promise.all(before);
      const why = await this.#join(host, cluster, abort.signal).catch((error: Error) => error.message);
      if (abort.signal.aborted) return;
      const event = why === null ? { type: "join-succeeded" as const } : { type: "join-failed" as const, reason: why };
      await this.#parts.engine().dispatch({ ...event, host: id });
    };
    const running: Running = { host: id, token, since, abort, ended: work().catch(() => {}) };
    this.#running.add(running);
    void running.ended.then(() => this.#running.delete(running));
  }

  /** Stops joins whose host was reset, armed anew or given up; makes a key for each host that is armed. */
  watch(state: QueueState): void {
    for (const { host, token, since, abort } of this.#running) {
      const now = findHost(state, host);
      const goesOn = now?.state.type === "joining" && now.state.since === since && now.attempt?.token === token;
      if (!goesOn) abort.abort("overtaken");
    }
    const changed = this.#seen === null ? state.hosts : (hostChanges(this.#seen, state)?.set ?? state.hosts);
    this.#seen = state;
    for (const host of changed) {
      if (!ARMED.has(host.state.type) || this.#clusterWithKeys(host) === null) continue;
      void this.ensureKey(host).catch((error) => this.#complain(host, error));
    }
  }

  /** The public half for its answer file, on disk before it is given away; null: it joins no cluster. */
  async ensureKey(host: Host): Promise<string | null> {
    const { keys, clock } = this.#parts.tools;
    const slot = slotOf(this.#parts.engine().state, host);
    const cluster = this.#clusterWithKeys(host);
    if (slot === undefined || cluster === null || host.attempt === null) return null;
    const owner = { host: host.id, attempt: attemptTag(host.attempt.token), name: slot.hostname, cluster };
    return (await keys.ensure(owner, clock.now())).publicKey;
  }

  /** The cluster that it will join by a login of ours; null: there is none, or nobody has to log in there. */
  #clusterWithKeys(host: Host): string | null {
    const engine = this.#parts.engine();
    const { cluster } = flowOf(engine.state, host, engine.rules);
    return cluster === null || this.#parts.joinsByItself?.(cluster) ? null : cluster;
  }

  /** Writes down that the answer with the key is about to leave: from now on the host may have it. */
  async keyServed(host: Host): Promise<void> {
    const { keys } = this.#parts.tools;
    const slot = slotOf(this.#parts.engine().state, host);
    if (slot === undefined || host.attempt === null) return;
    const key = keys.find(host.id, attemptTag(host.attempt.token));
    if (key === null || key.places.some(({ address }) => address === slot.address)) return;
    await keys.addPlace(key, { address: slot.address, hostKeys: hostKeysOf(host), shared: false });
  }

  /** For the routes that serve answer files. */
  answerKeys() {
    return { publicKeyFor: (host: Host) => this.ensureKey(host), leaves: (host: Host) => this.keyServed(host) };
  }

  /** Whether the install of this key may still come to its join. */
  isNeeded(key: KeptKey): boolean {
    const host = findHost(this.#parts.engine().state, key.host as HostId);
    if (host?.attempt == null || attemptTag(host.attempt.token) !== key.attempt) return false;
    const { type } = host.state;
    return ARMED.has(type) || type === "installed" || type === "first_boot" || type === "joining";
  }

  isWiped(key: KeptKey): boolean {
    const host = findHost(this.#parts.engine().state, key.host as HostId);
    if (host?.attempt == null || attemptTag(host.attempt.token) === key.attempt) return false;
    return BEYOND_INSTALLING.has(host.state.type);
  }

  /** Keys of other hosts that are on their way into the same cluster. */
  heirsOf(key: Pick<KeptKey, "host" | "attempt" | "cluster">): readonly KeptKey[] {
    const { keys } = this.#parts.tools;
    return keys.all().filter((other) => {
      const isOther = other.host !== key.host || other.attempt !== key.attempt;
      return isOther && other.cluster === key.cluster && this.isNeeded(other);
    });
  }

  /** Stops what runs; it goes on after the restart. Resolves when nothing does any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { abort } of this.#running) abort.abort(STOPPING);
    await Promise.all([...this.#running].map(({ ended }) => ended));
  }

  /** null: it is a member; else why not. */
  async #join(host: Host, clusterName: string, signal: AbortSignal): Promise<string | null> {
    const { engine, clusterOf, linksOf, tools, join = joinCluster } = this.#parts;
    const slot = slotOf(engine().state, host);
    const cluster = await clusterOf(clusterName);
    if (slot === undefined || host.attempt === null) return "it has no slot and no install any more";
    if (cluster === null) return `there is no [[cluster]] called "${clusterName}" in the configuration any more`;
    const { address, hostname: name } = slot;
    const attempt = attemptTag(host.attempt.token);
    const hostKeys = hostKeysOf(host);
    const key = tools.keys.find(host.id, attempt);
    // Now the janitor could find it as well.
    if (key !== null && hostKeys.length > 0) await tools.keys.addPlace(key, { address, hostKeys, shared: false });
    const { link0, link1 } = linksOf(slot);
    const order: JoinOrder = {
      host: host.id,
      attempt,
      name,
      address,
      hostKeys,
      links: link1 === null ? [link0] : [link0, link1],
      cluster,
      othersOnTheirWay: () => this.heirsOf({ host: host.id, attempt, cluster: clusterName }),
    };
    const report: JoinTools["report"] = (step, outcome, text) => {
      // When it cannot be saved, the engine has told so already.
      void engine()
        .dispatch({ type: "step-reported", host: host.id, step, outcome, text })
        .catch(() => {});
    };
    const joined = await join(order, { ...tools, report }, signal);
    if (joined.ok) return null;
    if (joined.error.type === "aborted") return "given up";
    return joined.error.half ? `half joined: ${joined.error.why}` : joined.error.why;
  }

  #complain(host: Host, error: unknown): void {
    this.#parts.log.error("the ephemeral key of a host cannot be kept", { host: host.id, why: String(error) });
  }
}

function hostKeysOf(host: Host): readonly string[] {
  return Object.values(host.inventory?.sshHostKeys ?? {});
}
