import type { MacAddress } from "../net/mac-address.ts";
import { type Clock, type Instant, later } from "../std/clock.ts";
import type { Tracer } from "../trace/footprint.ts";

/** So many boots of one loader within `WINDOW_MS` are a loop: a machine that gets on needs one. */
export const LOADS_MAX = 3;
export const WINDOW_MS = 60_000;
/** For so long a loop is given no more loader. */
export const PAUSE_MS = 5 * 60_000;

/**
 * Notices machines that load the same boot loader over and over, and stops them: silence lets the firmware go on to the
 * next device, its own disk. Boots are counted, not packets: an ACK, which a transaction gets once however often the
 * client repeats itself, and a transfer that was completed. Each is counted for itself, because a boot may show as
 * either or as both. In memory and bounded.
 */
export class LoopBreaker {
  readonly #clock: Clock;
  readonly #tracer: Tracer;
  /** By machine and loader, the one that loaded longest ago first. */
  readonly #tallies = new Map<string, Tally>();
  // One iterator for good: a new one would have to step over all that has been deleted. What it gives is always deleted.
  readonly #oldestFirst = this.#tallies.keys();

  constructor(clock: Clock, tracer: Tracer) {
    this.#clock = clock;
    this.#tracer = tracer;
  }

  /** DHCP told it to load `loader`. `xid`: the transaction, by which a repeat is known. */
  leased(mac: MacAddress, loader: string, xid: number): void {
    const known = this.#tallies.get(keyOf(mac, loader));
    const since = this.#clock.now() - WINDOW_MS;
    if (known?.leases.some((lease) => lease.xid === xid && lease.at >= since)) return;
    const tally = this.#tallyOf(mac, loader);
    if (!tally.leases.some((lease) => lease.xid === xid))
      tally.leases = tally.leases.concat({ xid, at: this.#clock.now() });
  }

  /** It has fetched all of `loader`. */
  sent(mac: MacAddress, loader: string): void {
    const tally = this.#tallyOf(mac, loader);
    tally.sent = tally.sent.concat(this.#clock.now());
  }

  /**
   * Why it must not get `loader` now, in words; null: it may. `xid`: the transaction that asks, null for TFTP and HTTP,
   * which do not know. `armedAt`: the operator's word counts more than what went before.
   */
  whyStopped(mac: MacAddress, loader: string, xid: number | null, armedAt: Instant | null): string | null {
    const tally = this.#tallies.get(keyOf(mac, loader));
    if (tally === undefined) return null;
    const now = this.#clock.now();
    if (tally.stoppedAt !== null) {
      const until = later(tally.stoppedAt, PAUSE_MS);
      if (now < until && (armedAt ?? 0) <= tally.stoppedAt) return words(loader);
      tally.stoppedAt = null;
    }
    const since = Math.max(now - WINDOW_MS, armedAt ?? 0);
    // A repeat of a question that was answered already, or the transfer which that answer asked for.
    if (xid !== null && tally.leases.some((lease) => lease.xid === xid)) return null;
    const leases = xid === null ? 0 : tally.leases.filter(({ at }) => at >= since).length;
    const sent = tally.sent.filter((at) => at >= since).length;
    if (Math.max(leases, sent) < LOADS_MAX) return null;
    tally.stoppedAt = now;
    tally.leases = [];
    tally.sent = [];
    const why = words(loader);
    const what = `no more ${loader} for ${PAUSE_MS / 60_000} min: it goes round in circles`;
    this.#tracer.note({ mac, road: "daemon", outcome: "noted", what, why });
    return why;
  }

  /** Whom a person should look at, one line each. */
  warnings(): readonly string[] {
    const now = this.#clock.now();
    return [...this.#tallies.values()]
      .filter(({ stoppedAt }) => stoppedAt !== null && now < later(stoppedAt, PAUSE_MS))
      .map(
        ({ mac, loader }) =>
          `${mac} loaded ${loader} over and over and gets no boot loader for some minutes: its timeline says why`,
      );
  }

  #tallyOf(mac: MacAddress, loader: string): Tally {
    const key = keyOf(mac, loader);
    const since = this.#clock.now() - WINDOW_MS;
    const before = this.#tallies.get(key);
    const tally: Tally = {
      mac,
      loader,
      leases: before?.leases.filter(({ at }) => at >= since) ?? NONE,
      sent: before?.sent.filter((at) => at >= since) ?? NONE,
      stoppedAt: before?.stoppedAt ?? null,
    };
    this.#tallies.delete(key);
    this.#tallies.set(key, tally);
    if (this.#tallies.size > TALLIES_MAX) {
      const oldest = this.#oldestFirst.next();
      if (!oldest.done) this.#tallies.delete(oldest.value);
    }
    return tally;
  }
}

const NONE: readonly never[] = [];

interface Tally {
  readonly mac: MacAddress;
  readonly loader: string;
  // Put together anew each time: a list that is pushed to has room for seventeen, and there are few in thousands of lists.
  leases: readonly { readonly xid: number; readonly at: Instant }[];
  sent: readonly Instant[];
  /** null: it may load. */
  stoppedAt: Instant | null;
}

/** More machines than a daemon serves: all of them may boot within a minute. */
const TALLIES_MAX = 16_384;

/** Firmware writes the same name with and without slashes in front. */
function keyOf(mac: MacAddress, loader: string): string {
  const isPlain = loader[0] !== "/" && loader[0] !== "\\";
  return `${mac} ${isPlain ? loader : loader.replace(/^[/\\]+/, "")}`;
}

function words(loader: string): string {
  return `it loaded ${loader} ${LOADS_MAX} times within a minute and never got on, so it gets none for ${PAUSE_MS / 60_000} min and may go on to its disk: what it loads is not iPXE, cannot drive its network card, or another DHCP server answers iPXE; \`bootqueue rebuild HOST\` lets it try again at once`;
}
