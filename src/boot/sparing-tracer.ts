import type { MacAddress } from "../net/mac-address.ts";
import type { Clock } from "../std/clock.ts";
import type { Footprint, Tracer } from "../trace/footprint.ts";
import { NoteLimit } from "./note-limit.ts";

/**
 * Notes everything that hosts do on one road, and of everybody else only so many a second: anybody can ask for files that
 * do not exist, and the timeline of the machines must outlast it.
 */
export class SparingTracer implements Tracer {
  readonly #tracer: Tracer;
  readonly #isHost: (mac: MacAddress) => boolean;
  readonly #strangers: NoteLimit;

  constructor(clock: Clock, tracer: Tracer, road: Footprint["road"], isHost: (mac: MacAddress) => boolean) {
    this.#tracer = tracer;
    this.#isHost = isHost;
    this.#strangers = new NoteLimit(clock, tracer, road);
  }

  note(footprint: Omit<Footprint, "at">): void {
    if (footprint.mac !== null && this.#isHost(footprint.mac)) this.#tracer.note(footprint);
    else this.#strangers.note(() => footprint);
  }
}
