import type { MacAddress } from "../net/mac-address.ts";
import type { Clock, Instant } from "../std/clock.ts";
import type { Log } from "../std/log.ts";
import type { Footprint, Tracer } from "./footprint.ts";

/** A footprint, or several of the same kind in a row folded into one: `at` is the first of them. Immutable. */
export interface TraceEntry extends Footprint {
  /** How many it stands for, from 1 up. */
  readonly count: number;
  /** When the newest of them was left. */
  readonly last: Instant;
}

export interface TraceLimits {
  /** Entries kept of one hardware address. */
  readonly perMac: number;
  /** Entries kept of everybody together. */
  readonly recent: number;
  readonly macs: number;
}

const LIMITS: TraceLimits = { perMac: 200, recent: 2000, macs: 2000 };

/** What each host did lately, in memory and bounded, whatever the network sends. */
export class Trace implements Tracer {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #limits: TraceLimits;
  readonly #recent = new Set<TraceEntry>();
  // Both in the order in which they were last noted. Anybody can invent hardware addresses, so those that were never
  // answered make room first, and cannot push out the history of a real host.
  readonly #answered = new Map<MacAddress, TraceEntry[]>();
  readonly #strangers = new Map<MacAddress, TraceEntry[]>();
  readonly #unreadable: TraceEntry[] = [];
  readonly #listeners = new Set<(entry: TraceEntry) => void>();

  constructor(clock: Clock, log: Log, limits: TraceLimits = LIMITS) {
    this.#clock = clock;
    this.#log = log;
    this.#limits = limits;
  }

  note(footprint: Omit<Footprint, "at">): void {
    const now = this.#clock.now();
    const entry = this.#keep({ ...footprint, at: now, last: now, count: 1 });
    for (const listener of this.#listeners) {
      try {
        listener(entry);
      } catch (error) {
        // The caller is answering a packet; whoever watches it must not be able to prevent that.
        this.#log.error("a listener of the trace failed", { error: String(error) });
      }
    }
  }

  /** What an earlier run wrote down, oldest first; before the first `note`. Nobody is told. */
  recall(entries: readonly TraceEntry[]): void {
    for (const entry of entries) this.#keep(entry);
  }

  /** Oldest first. */
  footprintsOf(mac: MacAddress): readonly TraceEntry[] {
    return [...(this.#answered.get(mac) ?? this.#strangers.get(mac) ?? [])];
  }

  /** Of everybody, in the order in which they were last seen. */
  recent(): readonly TraceEntry[] {
    return [...this.#recent];
  }

  /** Tells of every footprint; of one that was folded, the entry as it is then. Returns what ends it. */
  subscribe(listener: (entry: TraceEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #keep(fresh: TraceEntry): TraceEntry {
    const list = this.#listOf(fresh);
    const before = list.at(-1);
    const folds = before !== undefined && isSameAs(before, fresh);
    const entry = folds ? folded(before, fresh) : fresh;
    if (folds) {
      list.pop();
      this.#recent.delete(before);
    }
    list.push(entry);
    if (list.length > this.#limits.perMac) list.shift();
    this.#recent.add(entry);
    if (this.#recent.size > this.#limits.recent) deleteFirst(this.#recent);
    return entry;
  }

  #listOf({ mac, outcome }: TraceEntry): TraceEntry[] {
    if (mac === null) return this.#unreadable;
    const list = this.#answered.get(mac) ?? this.#strangers.get(mac) ?? [];
    const wasAnswered = outcome === "answered" || this.#answered.has(mac);
    this.#strangers.delete(mac);
    this.#answered.delete(mac);
    (wasAnswered ? this.#answered : this.#strangers).set(mac, list);
    if (this.#strangers.size + this.#answered.size > this.#limits.macs) {
      // The last stranger is the one that is being noted.
      deleteFirst(this.#strangers.size > (wasAnswered ? 0 : 1) ? this.#strangers : this.#answered);
    }
    return list;
  }
}

/** `xid` and the like differ from packet to packet, so `fields` is not compared. */
function isSameAs(before: TraceEntry, fresh: TraceEntry): boolean {
  return (
    before.what === fresh.what &&
    before.outcome === fresh.outcome &&
    before.road === fresh.road &&
    before.why === fresh.why &&
    fresh.at - before.last <= FOLD_MS
  );
}

/** What happens again after a longer pause is another story: a host that is switched on every morning. */
const FOLD_MS = 10 * 60_000;

function folded(before: TraceEntry, fresh: TraceEntry): TraceEntry {
  return { ...fresh, at: before.at, count: before.count + fresh.count };
}

function deleteFirst(collection: Set<TraceEntry> | Map<MacAddress, unknown>): void {
  const first = collection.keys().next();
  if (!first.done) (collection as Set<unknown>).delete(first.value);
}
