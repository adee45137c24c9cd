import type { MacAddress } from "../net/mac-address.ts";
import type { Clock } from "../std/clock.ts";
import type { Tracer } from "../trace/footprint.ts";
import { NoteLimit } from "./note-limit.ts";
import { RateLimit } from "./rate-limit.ts";
import { StrangerGate } from "./stranger-gate.ts";

/** What keeps a flood of DHCP messages from starving the machines that are being installed. */
export class FloodGuard {
  /** Far more than any client sends; one that goes round in circles is cut short. */
  readonly perMac: RateLimit<MacAddress>;
  readonly strangers: StrangerGate;
  readonly notes: NoteLimit;

  constructor(clock: Clock, tracer: Tracer) {
    this.perMac = new RateLimit(clock, { perSecond: 250, burst: 500, keysMax: 16_384 });
    this.strangers = new StrangerGate(clock);
    this.notes = new NoteLimit(clock, tracer);
  }
}
