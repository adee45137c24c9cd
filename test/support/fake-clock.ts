import type { Clock, Instant } from "../../src/std/clock.ts";

/** A clock that only moves when told. Alarms ring inside `advance`, in the order of their instants. */
export class FakeClock implements Clock {
  #now: number;
  #made = 0;
  readonly #alarms = new Map<number, { readonly at: number; readonly ring: () => void }>();

  /** `start`: milliseconds since 1970; the default is an instant that reads well in golden texts. */
  constructor(start: number = Date.UTC(2026, 10, 20, 12, 0, 0)) {
    this.#now = start;
  }

  now(): Instant {
    return this.#now as Instant;
  }

  alarm(at: Instant, ring: () => void): () => void {
    const id = this.#made++;
    this.#alarms.set(id, { at, ring });
    return () => {
      this.#alarms.delete(id);
    };
  }

  /** Moves on by `ms`, stopping at each alarm on the way; an alarm may set another one. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#next(); next !== null && next.at <= end; next = this.#next()) {
      this.#alarms.delete(next.id);
      this.#now = Math.max(this.#now, next.at);
      next.ring();
    }
    this.#now = end;
  }

  /** The instant of the nearest alarm; null: none is set. */
  nextAlarm(): Instant | null {
    return (this.#next()?.at ?? null) as Instant | null;
  }

  /** How many alarms wait. A room that forgets to cancel its alarms shows here. */
  get pending(): number {
    return this.#alarms.size;
  }

  #next(): { readonly id: number; readonly at: number; readonly ring: () => void } | null {
    let best: { readonly id: number; readonly at: number; readonly ring: () => void } | null = null;
    for (const [id, alarm] of this.#alarms) {
      if (best === null || alarm.at < best.at) best = { id, ...alarm };
    }
    return best;
  }
}
