import type { HostId } from "../queue/host.ts";
import { changesBetween, findHost, hostOf, type QueueState } from "../queue/state.ts";
import type { Clock, Instant } from "../std/clock.ts";
import type { FootprintView, StateChange } from "./contract.ts";
import { footprintView, hostView, slotView, type TraceEntry } from "./operator-view.ts";

/** What the feed listens to. Each returns what ends the listening. */
export interface FeedSources {
  readonly queue: { readonly state: QueueState; subscribe(listener: (state: QueueState) => void): () => void };
  readonly trace: { subscribe(listener: (footprint: TraceEntry) => void): () => void };
  readonly clock: Clock;
}

/** One event of `/api/events`. */
export interface FeedEvent {
  /** Epoch and number, `mfx3k2a1-42`: after a restart of the daemon no old id is taken for a new one. */
  readonly id: string;
  readonly event: "state" | "footprint";
  readonly data: StateChange | FootprintView;
}

/**
 * The latest changes, numbered, for everyone who watches. Watchers have a place in it and no queue of their own, so a
 * slow one costs nothing: who falls behind what is kept is told the whole state again.
 */
export class OperatorFeed {
  readonly #clock: Clock;
  readonly #epoch: string;
  readonly #kept: (() => FeedEvent)[] = [];
  /** The number of the newest event. */
  #newest = 0;
  #seen: QueueState;
  /** When somebody last watched; at first: nobody ever. */
  #watchedAt = 0 as Instant;
  /** Ahead of `#seen` while nobody watches: what changes until somebody does becomes one event. */
  #latest: QueueState;
  readonly #watchers = new Set<() => void>();
  readonly #unsubscribe: readonly (() => void)[];
  /** By road, and then by outcome: a text made of both for each packet would cost more than counting it. */
  readonly #tally = new Map<string, Map<string, number>>();
  closed = false;

  constructor(sources: FeedSources) {
    this.#clock = sources.clock;
    this.#epoch = sources.clock.now().toString(36);
    this.#seen = sources.queue.state;
    this.#latest = this.#seen;
    this.#unsubscribe = [
      sources.queue.subscribe((state) => this.#changed(state)),
      sources.trace.subscribe((footprint) => this.#stepped(footprint)),
    ];
  }

  /** How many footprints there were since the start, by `road outcome`. */
  get tally(): ReadonlyMap<string, number> {
    const tally = new Map<string, number>();
    for (const [road, outcomes] of this.#tally) for (const [outcome, n] of outcomes) tally.set(`${road} ${outcome}`, n);
    return tally;
  }

  /** How many watch. */
  get watchers(): number {
    return this.#watchers.size;
  }

  /** Everything as it is now. */
  complete(): FeedEvent {
    this.#tell();
    return { id: this.#id(this.#newest), event: "state", data: wholeState(this.#seen) };
  }

  /** What came after the event `id`, oldest first. null: that is no longer, or was never, known. */
  after(id: string): readonly FeedEvent[] | null {
    this.#tell();
    const [epoch, number] = id.split("-");
    const seen = Number(number);
    if (epoch !== this.#epoch || !Number.isInteger(seen) || seen > this.#newest) return null;
    const missed = this.#newest - seen;
    return missed > this.#kept.length ? null : this.#kept.slice(this.#kept.length - missed).map((event) => event());
  }

  /** Calls `wake` at every event, and when the feed closes. Returns what ends that. */
  watch(wake: () => void): () => void {
    this.#watchers.add(wake);
    return () => this.#watchers.delete(wake);
  }

  /** Ends every stream: an HTTP server does not close while one is open. */
  close(): void {
    this.closed = true;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    for (const wake of [...this.#watchers]) wake();
  }

  #changed(state: QueueState): void {
    this.#latest = state;
    if (this.#watchers.size > 0) this.#tell();
  }

  #tell(): void {
    const before = this.#seen;
    if (before === this.#latest) return;
    this.#seen = this.#latest;
    const data = changeBetween(before, this.#seen);
    if (data) this.#push("state", () => data);
  }

  #stepped(footprint: TraceEntry): void {
    const { road, outcome } = footprint;
    let outcomes = this.#tally.get(road);
    if (outcomes === undefined) {
      outcomes = new Map();
      this.#tally.set(road, outcomes);
    }
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    this.#newest += 1;
    if (this.#isOfInterest()) this.#keep("footprint", () => footprintView(footprint));
  }

  #push(event: FeedEvent["event"], data: () => FeedEvent["data"]): void {
    this.#newest += 1;
    if (this.#isOfInterest()) this.#keep(event, data);
  }

  /** false: nobody will ask for it, and at tens of thousands a second it would be dear to keep. */
  #isOfInterest(): boolean {
    const now = this.#clock.now();
    if (this.#watchers.size > 0) this.#watchedAt = now;
    else if (now - this.#watchedAt > KEPT_MS) {
      this.#kept.length = 0;
      // Nor for the changes since; and a state of long ago would keep alive all that was replaced in it.
      this.#seen = this.#latest;
      return false;
    }
    return true;
  }

  #keep(event: FeedEvent["event"], data: () => FeedEvent["data"]): void {
    const id = this.#id(this.#newest);
    this.#kept.push(() => ({ id, event, data: data() }));
    if (this.#kept.length > KEPT_MAX) this.#kept.shift();
    for (const wake of [...this.#watchers]) wake();
  }

  #id(number: number): string {
    return `${this.#epoch}-${number}`;
  }
}

const KEPT_MAX = 1000;
/** How long after the last watcher has left it is worth keeping what a returning one has missed. */
const KEPT_MS = 60_000;

/** null: nothing that anybody could see. */
function changeBetween(before: QueueState, after: QueueState): StateChange | null {
  const changes = changesBetween(before, after);
  // Slots have numbers by their place, so when one comes, goes or moves, every other may have a new one.
  const isInPlace = changes?.slots.gone.length === 0 && before.slots.length === after.slots.length;
  if (changes === null || !isInPlace) return wholeState(after);
  const { slots, hosts } = changes;
  // What is told of a host tells of its slot too.
  const concerned = new Set([...hosts.set, ...slots.set.flatMap((slot) => hostOf(after, slot) ?? [])]);
  const gone = hosts.gone.filter((id) => findHost(after, id as HostId) === undefined);
  const isOfQueue = before.paused !== after.paused || before.rebuilds !== after.rebuilds;
  if (slots.set.length + concerned.size + gone.length === 0 && !isOfQueue) return null;
  return {
    complete: false,
    paused: after.paused,
    slots: slots.set.map((slot) => slotView(after, slot)),
    hosts: [...concerned].map((host) => hostView(after, host)),
    gone,
  };
}

function wholeState(state: QueueState): StateChange {
  return {
    complete: true,
    paused: state.paused,
    slots: state.slots.map((slot) => slotView(state, slot)),
    hosts: state.hosts.map((host) => hostView(state, host)),
    gone: [],
  };
}
