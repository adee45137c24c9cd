import type { Clock, Instant } from "../std/clock.ts";
import type { Footprint, Tracer } from "../trace/footprint.ts";
import { RateLimit } from "./rate-limit.ts";

/**
 * Keeps what strangers are refused from filling the timeline, which is a file: so many a second are written down, the
 * others are counted, and the count is written down now and then.
 */
export class NoteLimit {
  readonly #clock: Clock;
  readonly #tracer: Tracer;
  readonly #road: Footprint["road"];
  readonly #limit: RateLimit<"all">;
  #uncounted = 0;
  #since: Instant;

  constructor(clock: Clock, tracer: Tracer, road: Footprint["road"] = "dhcp") {
    this.#clock = clock;
    this.#tracer = tracer;
    this.#road = road;
    this.#limit = new RateLimit(clock, { perSecond: 20, burst: 200, keysMax: 1 });
    this.#since = clock.now();
  }

  /** `describe`: called only for what is written down. */
  note(describe: () => Omit<Footprint, "at">): void {
    const now = this.#clock.now();
    if (this.#limit.take("all")) this.#tracer.note(describe());
    else if (this.#uncounted++ === 0) this.#since = now;
    if (this.#uncounted === 0 || now - this.#since < SUMMARY_MS) return;
    const many = this.#uncounted;
    const what =
      this.#road === "dhcp"
        ? `${many} more datagrams of strangers were dropped`
        : `${many} more requests of strangers came`;
    const why =
      "so many come in that only some are noted one by one; somebody floods the network, or a machine is broken";
    this.#uncounted = 0;
    this.#tracer.note({ mac: null, road: this.#road, outcome: "dropped", what, why });
  }
}

const SUMMARY_MS = 10_000;
