import type { DhcpReport, RepeatedAnswer } from "../dhcp/policy.ts";
import type { MacAddress } from "../net/mac-address.ts";
import type { Host } from "../queue/host.ts";
import type { ProfileName, Slot } from "../queue/slot.ts";
import { findHostByMac, findSlot, type QueueState, slotOf } from "../queue/state.ts";
import type { Footprint, Tracer } from "../trace/footprint.ts";
import { identifyClient } from "./client.ts";
import { dhcpModeOf, type StandardMode } from "./dhcp-mode.ts";
import type { FloodGuard } from "./flood-guard.ts";
import type { LoopBreaker } from "./loop-breaker.ts";

/** What an answer was made of besides the question. */
export interface StandingParts {
  readonly queue: { readonly state: QueueState };
  readonly tracer: Tracer;
  readonly mode: StandardMode;
  readonly wantsSecureBoot: (profile: ProfileName) => boolean;
  readonly loops: LoopBreaker;
  readonly flood: FloodGuard;
  readonly ages: StateAges;
}

/** Numbers for states, so that one can be told from another long after it is gone. */
export class StateAges {
  #state: QueueState | null = null;
  #age = 0;

  /** The same as last time, if the state is. */
  of(state: QueueState): number {
    if (state !== this.#state) {
      this.#state = state;
      this.#age++;
    }
    return this.#age;
  }
}

export interface Answered extends Pick<DhcpReport, "request" | "reply"> {
  /** As it stands on the timeline. */
  readonly footprint: Omit<Footprint, "at">;
}

/**
 * The answer to a netboot client that has its slot. It stands while host and slot are the same objects in the state:
 * then they are what they were. Guards against floods and loops are asked each time, and the timeline hears of each.
 */
export class StandingAnswer implements RepeatedAnswer {
  readonly #parts: StandingParts;
  readonly #mac: MacAddress;
  readonly #host: Host;
  readonly #slot: Slot;
  readonly #secureBoot: boolean;
  readonly #footprint: Omit<Footprint, "at">;
  /** What it is told to load, if that is a loader that may go round in circles; empty: none. */
  readonly #loader: string;
  readonly #isAck: boolean;
  /** Of the state in which host and slot were last found as they were. */
  #foundAt: number;

  private constructor(parts: StandingParts, mac: MacAddress, host: Host, slot: Slot, answered: Answered) {
    const { request, reply, footprint } = answered;
    const client = request === null ? null : identifyClient(request);
    this.#parts = parts;
    // The host's own, because the datagram's is another copy of it.
    this.#mac = host.macs.find((known) => known === mac) ?? mac;
    this.#host = host;
    this.#slot = slot;
    this.#secureBoot = parts.wantsSecureBoot(slot.profile);
    this.#footprint = footprint;
    const isLoader = client?.type === "firmware" || (client?.type === "ipxe" && !client.http);
    this.#loader = isLoader ? (reply?.options.bootfileName ?? reply?.file ?? "") : "";
    this.#isAck = reply?.type === "ACK";
    this.#foundAt = parts.ages.of(parts.queue.state);
  }

  /** null: it may be another one next time, whatever the state. Only for what was decided out of the state as it is. */
  static of(parts: StandingParts, answered: Answered): StandingAnswer | null {
    const { request, reply } = answered;
    if (request?.mac == null || (reply?.type !== "OFFER" && reply?.type !== "ACK")) return null;
    const { type } = identifyClient(request);
    const host = findHostByMac(parts.queue.state, request.mac);
    const slot = host && slotOf(parts.queue.state, host);
    if (host === undefined || slot === undefined || slot.address !== reply.yiaddr) return null;
    if ((type !== "firmware" && type !== "ipxe") || dhcpModeOf(host, parts.mode) !== "full") return null;
    return new StandingAnswer(parts, request.mac, host, slot, answered);
  }

  again(xid: number): boolean {
    const { wantsSecureBoot, flood, loops, tracer } = this.#parts;
    const mac = this.#mac;
    if (!this.#stands()) return false;
    if (wantsSecureBoot(this.#slot.profile) !== this.#secureBoot || !flood.mayAsk(mac, true)) return false;
    if (this.#loader !== "") {
      if (loops.whyStopped(mac, this.#loader, xid, this.#host.attempt?.armedAt ?? null) !== null) return false;
      if (this.#isAck) loops.leased(mac, this.#loader, xid);
    }
    // With the fields of the first: repeats stand on the timeline as one, and `xid` is not what tells them apart.
    tracer.note(this.#footprint);
    return true;
  }

  /** In a state that was looked at before nothing has to be looked up. */
  #stands(): boolean {
    const { state } = this.#parts.queue;
    const age = this.#parts.ages.of(state);
    if (age === this.#foundAt) return true;
    const stands = findHostByMac(state, this.#mac) === this.#host && findSlot(state, this.#slot.id) === this.#slot;
    if (stands) this.#foundAt = age;
    return stands;
  }
}
