import type { MacAddress } from "../net/mac-address.ts";
import type { Clock, Instant } from "../std/clock.ts";
import { RateLimit } from "./rate-limit.ts";

/** What becomes of a stranger who asks for a slot. */
export type Admission =
  /** `insistent`: it has asked before, some time ago. */
  | { readonly type: "admitted"; readonly insistent: boolean }
  | { readonly type: "turned-away"; readonly reason: string };

/**
 * Stands between the network, where anybody can invent hardware addresses, and the queue, where each costs a slot for
 * some time. A machine that boots asks again and again, for a minute and more; invented addresses mostly ask once. So
 * when many were offered a slot and have not taken it, or ask in vain, only those that ask again get through. Hosts
 * that the queue knows do not pass here. In memory and bounded.
 */
export class StrangerGate {
  readonly #clock: Clock;
  /** When each stranger asked first, the oldest first. */
  readonly #first = new Map<MacAddress, Instant>();
  // One iterator for good: a new one would have to step over all that has been deleted. What it gives is always deleted.
  readonly #oldestFirst = this.#first.keys();
  /** Who was let through and has taken nothing yet, the oldest first. */
  readonly #open = new Map<MacAddress, Instant>();
  readonly #vain: RateLimit<"once" | "again">;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#vain = new RateLimit(clock, { perSecond: VAIN_PER_SECOND, burst: VAIN_BURST, keysMax: 2 });
  }

  /** A stranger asks for a slot. */
  asks(mac: MacAddress): Admission {
    const now = this.#clock.now();
    const first = this.#firstAsked(mac, now);
    const insistent = now - first >= INSISTENT_MS;
    if (!this.#vain.has(insistent ? "again" : "once"))
      return { type: "turned-away", reason: "very many strangers ask in vain; one that asks again is looked at" };
    this.#forgetOpen(now);
    if (!insistent && !this.#open.has(mac) && this.#open.size >= OPEN_MAX)
      return {
        type: "turned-away",
        reason: `${OPEN_MAX} strangers hold offers and take none; one that asks again is looked at`,
      };
    if (!this.#open.has(mac)) this.#open.set(mac, now);
    return { type: "admitted", insistent };
  }

  /** The queue had nothing for it. */
  leftWithNothing(mac: MacAddress, insistent: boolean): void {
    this.#open.delete(mac);
    this.#vain.take(insistent ? "again" : "once");
  }

  /** It took its slot, so it is no stranger any more. */
  took(mac: MacAddress): void {
    this.#open.delete(mac);
    this.#first.delete(mac);
  }

  /** How many were let through and have taken nothing yet. */
  get openCount(): number {
    this.#forgetOpen(this.#clock.now());
    return this.#open.size;
  }

  #firstAsked(mac: MacAddress, now: Instant): Instant {
    const known = this.#first.get(mac);
    if (known !== undefined && now - known <= REMEMBERED_MS && now >= known) return known;
    this.#first.delete(mac);
    this.#first.set(mac, now);
    if (this.#first.size > STRANGERS_MAX) {
      const oldest = this.#oldestFirst.next();
      if (!oldest.done) this.#first.delete(oldest.value);
    }
    return now;
  }

  #forgetOpen(now: Instant): void {
    for (const [mac, at] of this.#open) {
      if (now - at < OPEN_MS && now >= at) return;
      this.#open.delete(mac);
    }
  }
}

/** Firmware repeats its DISCOVER after 1 s (iPXE) to 4 s (EDK2, BIOS). */
const INSISTENT_MS = 900;
/** Then it is another boot. EDK2's four tries last a minute. */
const REMEMBERED_MS = 120_000;
/** More than any hall of machines that is switched on at once; firmware takes its slot within 4 s (EDK2). */
const OPEN_MAX = 1024;
const OPEN_MS = 10_000;
/** At 10,000 invented addresses a second a machine that asks again after 4 s is still known. */
const STRANGERS_MAX = 65_536;
const VAIN_PER_SECOND = 100;
const VAIN_BURST = 500;
