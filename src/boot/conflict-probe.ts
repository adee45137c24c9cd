import type { Ipv4Address, Ipv4Subnet } from "../net/ipv4-address.ts";
import { isInSubnet } from "../net/ipv4-address.ts";
import type { MacAddress } from "../net/mac-address.ts";
import type { QueueEvent } from "../queue/event.ts";
import type { Slot } from "../queue/slot.ts";
import type { QueueState } from "../queue/state.ts";
import type { Verdict } from "../queue/step.ts";
import { type Clock, type Instant, later } from "../std/clock.ts";
import type { Log } from "../std/log.ts";
import type { Tracer } from "../trace/footprint.ts";
import { ANSWER_MS, ASKED_BEFORE_MS, type Neighbours, readArpTable } from "./neighbours.ts";

export interface ConflictProbeParts {
  readonly queue: {
    readonly state: QueueState;
    dispatch(event: QueueEvent): Promise<Verdict>;
    subscribe(listener: () => void): () => void;
  };
  readonly neighbours: Neighbours;
  /** Addresses that can be asked: those of the network we are on. */
  readonly subnet: Ipv4Subnet;
  readonly clock: Clock;
  readonly tracer: Tracer;
  readonly log: Log;
}

/**
 * Looks whether anybody has an address before it is offered (RFC 2131 §2.2), ahead of time and without raw sockets: a
 * datagram to the address makes the system ask by ARP, and its table tells who answered. The next free slots are asked
 * for, so that no OFFER has to wait; one that is in use is skipped, and free again when nobody answers there any more.
 */
export class ConflictProbe {
  readonly #parts: ConflictProbeParts;
  /** When nobody answered at an address. */
  readonly #quiet = new Map<Ipv4Address, Instant>();
  #unsubscribe: () => void = () => {};
  /** What cancels each wait. */
  readonly #waits = new Set<() => void>();
  #isStopped = false;

  constructor(parts: ConflictProbeParts) {
    this.#parts = parts;
  }

  /** Resolves when the first slots in line were looked at; goes on until `stop`. Never rejects. */
  async start(): Promise<void> {
    await this.#round();
    let isDue = false;
    this.#unsubscribe = this.#parts.queue.subscribe(() => {
      // This is on every packet's way: what has to be done is found out later.
      if (isDue) return;
      isDue = true;
      this.#after(PAUSE_MS, () => {
        isDue = false;
        void this.#round();
      });
    });
    this.#again();
  }

  stop(): void {
    this.#isStopped = true;
    this.#unsubscribe();
    for (const cancel of this.#waits) cancel();
  }

  #again(): void {
    this.#after(AGAIN_MS, () => void this.#round().then(() => this.#again()));
  }

  async #round(): Promise<void> {
    if (this.#isStopped) return;
    try {
      for (let more = true; more && !this.#isStopped; ) more = await this.#askNext();
    } catch (error) {
      this.#parts.log.warn("addresses cannot be looked up before they are offered", { error: String(error) });
    }
  }

  /** false: there is nobody left to ask for. */
  async #askNext(): Promise<boolean> {
    const { clock, neighbours } = this.#parts;
    const slots = this.#due();
    if (slots.length === 0) return false;
    const before = readArpTable(await neighbours.table());
    for (const { address } of slots) neighbours.ask(address);
    // Marked at once: another round may begin while this one waits.
    for (const { address } of slots) this.#quiet.set(address, clock.now());
    const isAsking = slots.some(({ address }) => before.get(address) === null);
    await this.#pause(isAsking ? ASKED_BEFORE_MS : ANSWER_MS);
    const after = readArpTable(await neighbours.table());
    const old: Slot[] = [];
    for (const slot of slots) {
      // An entry that was there before may be of a machine that has left since: that takes longer to find out.
      if (before.get(slot.address) && after.get(slot.address)) old.push(slot);
      else await this.#judge(slot, after.get(slot.address) ?? null);
    }
    if (old.length > 0) void this.#confirm(old);
    return true;
  }

  async #confirm(slots: readonly Slot[]): Promise<void> {
    try {
      await this.#pause(TRUSTED_MS);
      for (const { address } of slots) this.#parts.neighbours.ask(address);
      await this.#pause(ASKED_AGAIN_MS);
      const table = readArpTable(await this.#parts.neighbours.table());
      for (const slot of slots) await this.#judge(slot, table.get(slot.address) ?? null);
    } catch (error) {
      this.#parts.log.warn("addresses cannot be looked up before they are offered", { error: String(error) });
    }
  }

  async #judge({ address, hostname, state }: Slot, mac: MacAddress | null): Promise<void> {
    const { queue, tracer } = this.#parts;
    const wasInUse = state.type === "skipped";
    if (mac === null && !wasInUse) return;
    const event: QueueEvent =
      mac === null ? { type: "address-quiet", address } : { type: "address-in-use", address, mac };
    // A rejection has told the daemon already that it cannot save.
    const verdict = await queue.dispatch(event).catch(() => null);
    if (verdict?.type !== "moved") return;
    const [what, why] =
      mac === null
        ? [`slot ${hostname} ${address} is free again`, "nobody answers at its address any more"]
        : [
            `slot ${hostname} ${address} is skipped`,
            `its address is in use: ${mac} answers there; give that machine another address, or leave the slot to it`,
          ];
    tracer.note({ mac, road: "queue", outcome: "noted", what, why });
  }

  /** The next slots in line that were not looked at lately, and those that were in use. */
  #due(): readonly Slot[] {
    const { queue, subnet, clock } = this.#parts;
    const now = clock.now();
    const due: Slot[] = [];
    let ahead = 0;
    for (const slot of queue.state.slots) {
      const { state, address } = slot;
      const isFree = state.type === "available" || state.type === "reserved";
      const isInUse = state.type === "skipped" && state.conflict?.type === "in-use";
      if (!isFree && !isInUse) {
        // When it is given back, it has to be looked at again.
        this.#quiet.delete(address);
        continue;
      }
      if (isFree && ++ahead > AHEAD) break;
      if (!isInSubnet(address, subnet)) continue;
      const asked = this.#quiet.get(address);
      if (asked === undefined || now - asked >= (isInUse ? IN_USE_MS : QUIET_MS)) due.push(slot);
      if (due.length >= AT_ONCE) break;
    }
    return due;
  }

  #after(delayMs: number, ring: () => void): void {
    const { clock } = this.#parts;
    if (this.#isStopped) return;
    const cancel = clock.alarm(later(clock.now(), delayMs), () => {
      this.#waits.delete(cancel);
      ring();
    });
    this.#waits.add(cancel);
  }

  /** Never ends when it is stopped before. */
  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.#after(delayMs, resolve));
  }
}

/** So many free slots are looked at ahead of time, so many of them at once. */
const AHEAD = 256;
const AT_ONCE = 64;
/** So long the system believes what it knows of a neighbour without asking again; then it asks after 5 s, three times. */
const TRUSTED_MS = 50_000;
const ASKED_AGAIN_MS = 9_000;
const PAUSE_MS = 200;
const AGAIN_MS = 30_000;
const QUIET_MS = 10 * 60_000;
const IN_USE_MS = 25_000;
