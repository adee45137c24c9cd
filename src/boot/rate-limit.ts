import type { Clock, Instant } from "../std/clock.ts";

export interface RateLimits {
  readonly perSecond: number;
  /** How many may come at once after a pause. */
  readonly burst: number;
  /** How many keys are told apart at once; beyond that the oldest makes room and starts anew. */
  readonly keysMax: number;
}

/**
 * A token bucket for each key, in bounded memory. A bucket that has had the time to fill is like none at all, so it is
 * forgotten: who asks now and then costs nothing in between.
 */
export class RateLimit<Key> {
  readonly #clock: Clock;
  readonly #limits: RateLimits;
  /** In this time every bucket fills. */
  readonly #fillMs: number;
  /** Since when there are the newer ones, into which goes whatever is used; the older ones were used before. */
  #turnedAt: Instant;
  /** The one that came first, first. */
  #newer = new Map<Key, Bucket>();
  #older = new Map<Key, Bucket>();
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
    const bucket = this.#newer.get(key) ?? this.#older.get(key) ?? { left: this.#limits.burst, at: now };
    this.#fill(bucket, now);
    this.#keep(key, bucket);
    if (bucket.left < 1) return false;
    bucket.left -= 1;
    return true;
  }

  /** Whether `take` would get one. */
  has(key: Key): boolean {
    const bucket = this.#newer.get(key) ?? this.#older.get(key);
    if (bucket === undefined) return true;
    this.#fill(bucket, this.#clock.now());
    return bucket.left >= 1;
  }

  #fill(bucket: Bucket, now: Instant): void {
    // A clock that was set back fills nothing.
    const gained = (Math.max(0, now - bucket.at) / 1000) * this.#limits.perSecond;
    bucket.left = Math.min(this.#limits.burst, bucket.left + gained);
    bucket.at = now;
  }

  #forgetFull(now: Instant): void {
    if (now < this.#turnedAt) this.#turnedAt = now;
    if (now - this.#turnedAt < this.#fillMs) return;
    this.#turnedAt = now;
    this.#older = this.#newer;
    this.#newer = new Map();
    this.#oldestFirst = this.#newer.keys();
  }

  #keep(key: Key, bucket: Bucket): void {
    this.#newer.set(key, bucket);
    if (this.#newer.size <= this.#limits.keysMax) return;
    const oldest = this.#oldestFirst.next();
    if (oldest.done) return;
    this.#newer.delete(oldest.value);
    this.#older.delete(oldest.value);
  }
}

interface Bucket {
  left: number;
  at: Instant;
}
