import type { Clock, Instant } from "../std/clock.ts";

export interface RateLimits {
  readonly perSecond: number;
  /** How many may come at once after a pause. */
  readonly burst: number;
  /** How many keys are told apart; the oldest makes room and starts anew. */
  readonly keysMax: number;
}

/** A token bucket for each key, in bounded memory. */
export class RateLimit<Key> {
  readonly #clock: Clock;
  readonly #limits: RateLimits;
  /** The one that came first, first. */
  readonly #buckets = new Map<Key, Bucket>();
  // One iterator for good: a new one would have to step over all that has been deleted, for every packet.
  readonly #oldestFirst = this.#buckets.keys();

  constructor(clock: Clock, limits: RateLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Takes one; false: there is none left, and nothing is taken. */
  take(key: Key): boolean {
    const now = this.#clock.now();
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      this.#admit(key, { left: this.#limits.burst - 1, at: now });
      return true;
    }
    this.#fill(bucket, now);
    if (bucket.left < 1) return false;
    bucket.left -= 1;
    return true;
  }

  /** Whether `take` would get one. */
  has(key: Key): boolean {
    const bucket = this.#buckets.get(key);
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

  #admit(key: Key, bucket: Bucket): void {
    this.#buckets.set(key, bucket);
    if (this.#buckets.size <= this.#limits.keysMax) return;
    const oldest = this.#oldestFirst.next();
    if (!oldest.done) this.#buckets.delete(oldest.value);
  }
}

interface Bucket {
  left: number;
  at: Instant;
}
