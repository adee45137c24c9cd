/** Where waiting comes from, so that tests need not wait. */
export interface PowerTime {
  /** Milliseconds; only differences matter. */
  now(): number;
  /** Resolves after so long, or at once when `signal` aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemPowerTime: PowerTime = {
  now: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const timer = setTimeout(wake, ms);
      function wake() {
        clearTimeout(timer);
        signal.removeEventListener("abort", wake);
        resolve();
      }
      signal.addEventListener("abort", wake);
    }),
};
