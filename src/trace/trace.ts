import type { MacAddress } from "../net/mac-address.ts";
import type { Clock, Instant } from "../std/clock.ts";
import type { Log } from "../std/log.ts";
import type { Footprint, Tracer } from "./footprint.ts";
import { type Link, Queue } from "./queue.ts";

/** A footprint, or several of the same kind folded into one, in a row or in turns with another: `at` is the first. Immutable. */
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
  /** Entries kept of all hardware addresses; left out: as many as the others allow. */
  readonly entries?: number;
}

/** More machines than a daemon serves: one that is forgotten is written into the timeline anew with each packet. */
const LIMITS: TraceLimits = { perMac: 200, recent: 2000, macs: 16_384, entries: 100_000 };

/** What each host did lately, in memory and bounded, whatever the network sends. */
export class Trace implements Tracer {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #limits: TraceLimits;
  readonly #recent = new Queue<Kept>();
  readonly #histories = new Map<MacAddress, History>();
  // Both in the order in which they were last noted. Anybody can invent hardware addresses, so those that were never
  // answered make room first, and cannot push out the history of a real host.
  readonly #answered = new Queue<History>();
  readonly #strangers = new Queue<History>();
  /** Entries of all histories. */
  #size = 0;
  readonly #unreadable: History = { mac: null, entries: [], isAnswered: false, link: null };
  readonly #listeners = new Set<(entry: TraceEntry) => void>();

  constructor(clock: Clock, log: Log, limits: TraceLimits = LIMITS) {
    this.#clock = clock;
    this.#log = log;
    this.#limits = limits;
  }

  note(footprint: Omit<Footprint, "at">): void {
    const now = this.#clock.now();
    const kept = this.#keep(footprint, now, now, 1);
    if (this.#listeners.size === 0) return;
    const entry = entryOf(kept);
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
    return this.#histories.get(mac)?.entries.map(entryOf) ?? [];
  }

  /** Of everybody, in the order in which they were last seen. */
  recent(): readonly TraceEntry[] {
    return [...this.#recent.values()].map(entryOf);
  }

  /** Tells of every footprint; of one that was folded, the entry as it is then. Returns what ends it. */
  subscribe(listener: (entry: TraceEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #keep(footprint: Omit<Footprint, "at">, at: Instant, last: Instant, count: number): Kept {
    const { entries } = this.#historyOf(footprint);
    const before = takeRepeated(entries, footprint, at);
    if (before !== null) {
      before.fields = footprint.fields;
      before.last = last;
      before.count += count;
      if (before.link === null) this.#addRecent(before);
      else this.#recent.moveToEnd(before.link);
      return before;
    }
    const { mac, road, outcome, what, why, stage = null, fields } = footprint;
    const kept: Kept = {
      mac,
      road,
      outcome,
      what,
      why,
      stage,
      fields,
      at,
      last: last === at ? null : last,
      count,
      link: null,
    };
    this.#addRecent(kept);
    entries.push(kept);
    if (mac !== null) this.#size++;
    if (entries.length > this.#limits.perMac) {
      entries.shift();
      if (mac !== null) this.#size--;
    }
    while (this.#size > (this.#limits.entries ?? Number.POSITIVE_INFINITY) && this.#histories.size > 1) {
      this.#forgetOne(this.#strangers.size > 0 ? this.#strangers : this.#answered);
    }
    return kept;
  }

  #addRecent(kept: Kept): void {
    kept.link = this.#recent.add(kept);
    if (this.#recent.size <= this.#limits.recent) return;
    const gone = this.#recent.removeFirst();
    if (gone !== undefined) gone.link = null;
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
      this.#forgetOne(crowd);
    }
    return history;
  }

  #forgetOne(crowd: Queue<History>): void {
    const gone = crowd.removeFirst();
    if (gone?.mac == null) return;
    this.#histories.delete(gone.mac);
    this.#size -= gone.entries.length;
  }
}

/** What is kept of one hardware address. */
interface History {
  readonly mac: MacAddress | null;
  /** Oldest first. */
  readonly entries: Kept[];
  isAnswered: boolean;
  link: Link<History> | null;
}

/** An entry as it is kept: a repeat is counted in place. A new object for each would grow old and fill the memory. */
interface Kept extends Omit<Footprint, "fields"> {
  fields: Footprint["fields"] | undefined;
  /** null: as `at`, as it is for most, and costs no memory. */
  last: Instant | null;
  count: number;
  /** Its place among the recent ones; null: it is none any more. */
  link: Link<Kept> | null;
}

function entryOf({ mac, road, outcome, what, why, stage = null, fields, at, last: newest, count }: Kept): TraceEntry {
  const last = newest ?? at;
  return fields === undefined
    ? { mac, road, outcome, what, why, stage, at, last, count }
    : { mac, road, outcome, what, why, stage, fields, at, last, count };
}

/**
 * The entry that `fresh` repeats, which then stands last; null: it says something new. That of the message before the
 * newest one too: a client that does an exchange over again leaves OFFER and ACK in turns.
 */
function takeRepeated(entries: Kept[], fresh: Omit<Footprint, "at">, at: Instant): Kept | null {
  const newest = entries.at(-1);
  if (newest === undefined) return null;
  if (isSameAs(newest, fresh, at)) return newest;
  const other = entries.at(-2);
  if (other === undefined || other.road !== newest.road || !isSameAs(other, fresh, at)) return null;
  entries[entries.length - 2] = newest;
  entries[entries.length - 1] = other;
  return other;
}

/** `xid` and the like differ from packet to packet, so `fields` is not compared. */
function isSameAs(before: Kept, fresh: Omit<Footprint, "at">, at: Instant): boolean {
  return (
    before.what === fresh.what &&
    before.outcome === fresh.outcome &&
    before.road === fresh.road &&
    before.why === fresh.why &&
    at - (before.last ?? before.at) <= FOLD_MS
  );
}

/** What happens again after a longer pause is another story: a host that is switched on every morning. */
const FOLD_MS = 10 * 60_000;
