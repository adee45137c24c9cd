import type { Clock, Instant } from "../std/clock.ts";

export interface RateLimits {
  readonly perSecond: number;
  /** How many may come at once after a pause. */
  readonly burst: number;
  /** How many keys are told apart at once; beyond that the oldest makes room and starts anew. */
  readonly keysMax: number;
}

/**
 * A token bucket for each key, in bounded memory. One that has had the time to fill is like none at all, so it is
 * forgotten: who asks now and then costs nothing in between.
 */
export class RateLimit<Key> {
  readonly #clock: Clock;
  readonly #limits: RateLimits;
  /** In this time every bucket fills. */
  readonly #fillMs: number;
  /** Since when there are the newer ones, into which goes whatever is used; the older ones were used before. */
  #turnedAt: Instant;
  /** When each bucket will be full, which says how much is in it now. The one that came first, first. */
  #newer = new Map<Key, number>();
  #older = new Map<Key, number>();
  // One iterator for all of them: a new one would have to step over all that has been deleted, for every packet.
  #oldestFirst = this.#newer.keys();

  constructor(clock: Clock, limits: RateLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#fillMs = (limits.burst / limits.perSecond) * 1000;
    this.#turnedAt = clock.now();
  }

  /** Takes one; false: there is none left, and nothing is taken. */
  take(key: Key): boolean {
    const now = this.#clock.now();
    this.#forgetFull(now);
    const fullAt = this.#fullAt(key, now);
    const isThere = this.#holdsOne(fullAt, now);
    this.#keep(key, isThere ? fullAt + 1000 / this.#limits.perSecond : fullAt);
    return isThere;
  }

  /** Whether `take` would get one. */
  has(key: Key): boolean {
    const now = this.#clock.now();
    return this.#holdsOne(this.#fullAt(key, now), now);
  }

  #fullAt(key: Key, now: Instant): number {
    const fullAt = this.#newer.get(key) ?? this.#older.get(key) ?? now;
    // At most empty: a clock that was set back fills nothing, and closes nothing for longer either.
    return Math.min(Math.max(fullAt, now), now + this.#fillMs);
  }

  #holdsOne(fullAt: number, now: Instant): boolean {
    // Times have fractions, which do not always add up to the last digit.
    return fullAt - now <= this.#fillMs - 1000 / this.#limits.perSecond + 0.001;
  }

  #forgetFull(now: Instant): void {
    if (now < this.#turnedAt) this.#turnedAt = now;
    if (now - this.#turnedAt < this.#fillMs) return;
    this.#turnedAt = now;
    this.#older = this.#newer;
    this.#newer = new Map();
    this.#oldestFirst = this.#newer.keys();
  }

  #keep(key: Key, fullAt: number): void {
    this.#newer.set(key, fullAt);
    if (this.#newer.size <= this.#limits.keysMax) return;
    const oldest = this.#oldestFirst.next();
    if (oldest.done) return;
    this.#newer.delete(oldest.value);
    this.#older.delete(oldest.value);
  }
}
