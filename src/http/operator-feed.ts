import type { QueueState } from "../queue/state.ts";
import type { Clock } from "../std/clock.ts";
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
  readonly #epoch: string;
  readonly #kept: (() => FeedEvent)[] = [];
  /** The number of the newest event. */
  #newest = 0;
  #seen: QueueState;
  readonly #watchers = new Set<() => void>();
  readonly #unsubscribe: readonly (() => void)[];
  readonly #tally = new Map<string, number>();
  closed = false;

  constructor(sources: FeedSources) {
    this.#epoch = sources.clock.now().toString(36);
    this.#seen = sources.queue.state;
    this.#unsubscribe = [
      sources.queue.subscribe((state) => this.#changed(state)),
      sources.trace.subscribe((footprint) => this.#stepped(footprint)),
    ];
  }

  /** How many footprints there were since the start, by `road outcome`. */
  get tally(): ReadonlyMap<string, number> {
    return this.#tally;
  }

  /** How many watch. */
  get watchers(): number {
    return this.#watchers.size;
  }

  /** Everything as it is now. */
  complete(): FeedEvent {
    return { id: this.#id(this.#newest), event: "state", data: wholeState(this.#seen) };
  }

  /** What came after the event `id`, oldest first. null: that is no longer, or was never, known. */
  after(id: string): readonly FeedEvent[] | null {
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
    const before = this.#seen;
    this.#seen = state;
    const data = changeBetween(before, state);
    if (data) this.#push("state", () => data);
  }

  #stepped(footprint: TraceEntry): void {
    const key = `${footprint.road} ${footprint.outcome}`;
    this.#tally.set(key, (this.#tally.get(key) ?? 0) + 1);
    this.#push("footprint", () => footprintView(footprint));
  }

  #push(event: FeedEvent["event"], data: () => FeedEvent["data"]): void {
    this.#newest += 1;
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

/** States are immutable, so what is the same object has not changed. null: nothing that anybody could see. */
function changeBetween(before: QueueState, after: QueueState): StateChange | null {
  // Slots have numbers by their place, so when one comes, goes or moves, every other may have a new one.
  const inPlace =
    before.slots.length === after.slots.length && before.slots.every((s, i) => s.id === after.slots[i]?.id);
  if (!inPlace) return wholeState(after);
  const slotsBefore = new Set(before.slots);
  const hostsBefore = new Set(before.hosts);
  const slots = after.slots.filter((slot) => !slotsBefore.has(slot));
  const fresh = new Set(slots.map((slot) => slot.id));
  const hosts = after.hosts.filter((host) => !hostsBefore.has(host) || (host.slot !== null && fresh.has(host.slot)));
  const left = new Set(after.hosts.map((host) => host.id));
  const gone = before.hosts.filter((host) => !left.has(host.id)).map((host) => host.id);
  if (slots.length + hosts.length + gone.length === 0 && before.paused === after.paused) return null;
  return {
    complete: false,
    paused: after.paused,
    slots: slots.map((slot) => slotView(after, slot)),
    hosts: hosts.map((host) => hostView(after, host)),
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
