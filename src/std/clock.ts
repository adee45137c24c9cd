import type { Brand } from "./brand.ts";

/** Milliseconds since 1970-01-01 UTC. */
export type Instant = Brand<number, "Instant">;

/** Where the time comes from. Tests move a clock by hand; only the daemon has the real one. */
export interface Clock {
  now(): Instant;
  /** Calls `ring` once, at `at` or soon after; an instant that has passed rings at once. Returns what cancels it. */
  alarm(at: Instant, ring: () => void): () => void;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now() as Instant,
  alarm(at, ring) {
    // A longer delay would overflow the timer and ring at once, so a distant alarm is taken in stages.
    const delayMs = Math.min(Math.max(0, at - Date.now()), TIMER_LIMIT_MS);
    let cancel: () => void;
    const timer = setTimeout(() => {
      if (Date.now() >= at) ring();
      else cancel = systemClock.alarm(at, ring);
    }, delayMs);
    cancel = () => clearTimeout(timer);
    return () => cancel();
  },
};

const TIMER_LIMIT_MS = 2 ** 31 - 1;

/** `instant` moved by `delayMs` milliseconds. */
export function later(instant: Instant, delayMs: number): Instant {
  return (instant + delayMs) as Instant;
}

/** ISO 8601 in UTC: `2026-11-20T12:03:07.123Z`. */
export function formatInstant(instant: Instant): string {
  return new Date(instant).toISOString();
}
