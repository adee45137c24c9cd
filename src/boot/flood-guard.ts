import type { MacAddress } from "../net/mac-address.ts";
import type { Clock } from "../std/clock.ts";
import type { Tracer } from "../trace/footprint.ts";
import { NoteLimit } from "./note-limit.ts";
import { RateLimit } from "./rate-limit.ts";
import { StrangerGate } from "./stranger-gate.ts";

/** What keeps a flood of DHCP messages from starving the machines that are being installed. */
export class FloodGuard {
  readonly strangers: StrangerGate;
  readonly notes: NoteLimit;
  // Anybody can invent hardware addresses; those of hosts are counted apart, so that no crowd makes them forgotten.
  readonly #hosts: RateLimit<MacAddress>;
  readonly #others: RateLimit<MacAddress>;

  constructor(clock: Clock, tracer: Tracer) {
    this.#hosts = new RateLimit(clock, { ...PER_MAC, keysMax: 65_536 });
    this.#others = new RateLimit(clock, { ...PER_MAC, keysMax: 16_384 });
    this.strangers = new StrangerGate(clock);
    this.notes = new NoteLimit(clock, tracer);
  }

  /** Counts a message; false: it is one too many. `isHost`: the queue knows this address. */
  mayAsk(mac: MacAddress, isHost: boolean): boolean {
    return (isHost ? this.#hosts : this.#others).take(mac);
  }
}

/** Far more than any client sends; one that goes round in circles is cut short. */
const PER_MAC = { perSecond: 250, burst: 500 };
