import type { Clock, Instant } from "../../src/std/clock.ts";

/** A clock on which no time is lost: whoever waits for an instant gets it at once, and then it is that late. */
export class HastyClock implements Clock {
  #now: number;

  constructor(start: number = Date.UTC(2026, 10, 20, 12, 0, 0)) {
    this.#now = start;
  }

  now(): Instant {
    return this.#now as Instant;
  }

  alarm(at: Instant, ring: () => void): () => void {
    const soon = setImmediate(() => {
      this.#now = Math.max(this.#now, at);
      ring();
    });
    return () => clearImmediate(soon);
  }

  advance(ms: number): void {
    this.#now += ms;
  }
}
