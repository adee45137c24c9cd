import { type Clock, later } from "../std/clock.ts";

/** Resolves after `ms`, or at once when `signal` aborts; it never rejects. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const cancel = clock.alarm(later(clock.now(), ms), end);
    signal.addEventListener("abort", end);
  });
}
