import type { Clock, Instant } from "../std/clock.ts";
import type { Log, LogFields } from "../std/log.ts";

/** Lines in each second. A Raspberry Pi asks for dozens of files that need not exist. */
const LINES_MAX = 100;
const WINDOW_MS = 1000;

/** What clients were refused and where they broke off: one line each as long as they are few; a flood is counted. */
export class SparingLog {
  readonly #clock: Clock;
  readonly #log: Log;
  #windowAt: Instant;
  #lines = 0;
  #silent = 0;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
    this.#windowAt = clock.now();
  }

  info(message: string, fields: LogFields): void {
    const now = this.#clock.now();
    if (Math.abs(now - this.#windowAt) >= WINDOW_MS) {
      if (this.#silent > 0)
        this.#log.warn(`TFTP: ${this.#silent} more requests were refused or broken off; somebody floods us`);
      this.#windowAt = now;
      this.#lines = 0;
      this.#silent = 0;
    }
    if (this.#lines++ < LINES_MAX) this.#log.info(message, fields);
    else this.#silent++;
  }
}
