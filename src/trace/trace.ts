import type { MacAddress } from "../net/mac-address.ts";
import type { Clock, Instant } from "../std/clock.ts";
import type { Log } from "../std/log.ts";
import type { Footprint, Tracer } from "./footprint.ts";
import { type Link, Queue } from "./queue.ts";

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
  readonly #recent = new Queue<TraceEntry>();
  readonly #histories = new Map<MacAddress, History>();
  // Both in the order in which they were last noted. Anybody can invent hardware addresses, so those that were never
  // answered make room first, and cannot push out the history of a real host.
  readonly #answered = new Queue<History>();
  readonly #strangers = new Queue<History>();
  readonly #unreadable: History = { mac: null, entries: [], isAnswered: false, link: null };
  readonly #listeners = new Set<(entry: TraceEntry) => void>();

  constructor(clock: Clock, log: Log, limits: TraceLimits = LIMITS) {
    this.#clock = clock;
    this.#log = log;
    this.#limits = limits;
  }

  note(footprint: Omit<Footprint, "at">): void {
    const now = this.#clock.now();
    const entry = this.#keep(footprint, now, now, 1);
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
    for (const entry of entries) this.#keep(entry, entry.at, entry.last, entry.count);
  }

  /** Oldest first. */
  footprintsOf(mac: MacAddress): readonly TraceEntry[] {
    return this.#histories.get(mac)?.entries.map(({ value }) => value) ?? [];
  }

  /** Of everybody, in the order in which they were last seen. */
  recent(): readonly TraceEntry[] {
    return [...this.#recent.values()];
  }

  /** Tells of every footprint; of one that was folded, the entry as it is then. Returns what ends it. */
  subscribe(listener: (entry: TraceEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #keep(footprint: Omit<Footprint, "at">, at: Instant, last: Instant, count: number): TraceEntry {
    const { entries } = this.#historyOf(footprint);
    const before = entries.at(-1);
    if (before !== undefined && isSameAs(before.value, footprint, at)) {
      const entry = entryOf(footprint, before.value.at, last, before.value.count + count);
      before.value = entry;
      this.#recent.moveToEnd(before);
      return entry;
    }
    const entry = entryOf(footprint, at, last, count);
    entries.push(this.#recent.add(entry));
    if (entries.length > this.#limits.perMac) entries.shift();
    if (this.#recent.size > this.#limits.recent) this.#recent.removeFirst();
    return entry;
  }

  #historyOf({ mac, outcome }: Omit<Footprint, "at">): History {
    if (mac === null) return this.#unreadable;
    const known = this.#histories.get(mac);
    const history = known ?? { mac, entries: [], isAnswered: false, link: null };
    const wasAnswered = history.isAnswered;
    history.isAnswered ||= outcome === "answered";
    const queue = history.isAnswered ? this.#answered : this.#strangers;
    if (history.link !== null && wasAnswered === history.isAnswered) {
      queue.moveToEnd(history.link);
      return history;
    }
    if (history.link !== null) this.#strangers.remove(history.link);
    history.link = queue.add(history);
    this.#histories.set(mac, history);
    if (this.#histories.size > this.#limits.macs) {
      // The last stranger may be the one that is being noted.
      const crowd = this.#strangers.size > (history.isAnswered ? 0 : 1) ? this.#strangers : this.#answered;
      const gone = crowd.removeFirst();
      if (gone?.mac != null) this.#histories.delete(gone.mac);
    }
    return history;
  }
}

/** What is kept of one hardware address. */
interface History {
  readonly mac: MacAddress | null;
  /** Oldest first; they stand in the queue of recent ones as long as that has room. */
  readonly entries: Link<TraceEntry>[];
  isAnswered: boolean;
  link: Link<History> | null;
}

/** Made in one go and always of the same form: there is one for each packet. */
function entryOf(footprint: Omit<Footprint, "at">, at: Instant, last: Instant, count: number): TraceEntry {
  const { mac, road, outcome, what, why, fields } = footprint;
  return fields === undefined
    ? { mac, road, outcome, what, why, at, last, count }
    : { mac, road, outcome, what, why, fields, at, last, count };
}

/** `xid` and the like differ from packet to packet, so `fields` is not compared. */
function isSameAs(before: TraceEntry, fresh: Omit<Footprint, "at">, at: Instant): boolean {
  return (
    before.what === fresh.what &&
    before.outcome === fresh.outcome &&
    before.road === fresh.road &&
    before.why === fresh.why &&
    at - before.last <= FOLD_MS
  );
}

/** What happens again after a longer pause is another story: a host that is switched on every morning. */
const FOLD_MS = 10 * 60_000;
