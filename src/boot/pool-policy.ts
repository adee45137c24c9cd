import type { Exchange } from "../dhcp/exchange.ts";
import type { DhcpDecision, ExtraOption, Lease } from "../dhcp/policy.ts";
import { type Ipv4Address, subnetMask } from "../net/ipv4-address.ts";
import type { MacAddress } from "../net/mac-address.ts";
import { leaseOfMac } from "../pool/lease.ts";
import type { LeaseBook } from "../pool/lease-book.ts";
import { isInPool } from "../pool/pool-step.ts";
import type { Place } from "../queue/place.ts";
import type { Clock } from "../std/clock.ts";
import type { Tracer } from "../trace/footprint.ts";
import { type Neighbours, whoIsAt } from "./neighbours.ts";
import { RateLimit } from "./rate-limit.ts";
import type { SubnetTerms } from "./subnets.ts";

export interface PoolPolicyParts {
  readonly book: LeaseBook;
  /** The network that the pool lies in. */
  readonly network: SubnetTerms;
  readonly leaseSeconds: number;
  readonly extra: readonly ExtraOption[];
  /** null: the network is behind a relay, or the operator does not want it, so nobody is asked. */
  readonly neighbours: Neighbours | null;
  readonly clock: Clock;
  readonly tracer: Tracer;
}

/** Answers clients that boot nothing from here and are no hosts of ours, out of the pool. */
export class PoolPolicy {
  readonly #parts: PoolPolicyParts;
  readonly #offers: RateLimit<"all">;
  #asking = 0;

  constructor(parts: PoolPolicyParts) {
    this.#parts = parts;
    this.#offers = new RateLimit(parts.clock, { perSecond: 1000, burst: 4000, keysMax: 1 });
  }

  /** Whether this address is one that it may give. */
  has(address: Ipv4Address): boolean {
    return isInPool(address, this.#parts.book.rules);
  }

  decide(mac: MacAddress, place: Place, exchange: Exchange): DhcpDecision | Promise<DhcpDecision> {
    const { book, network } = this.#parts;
    const address = "address" in exchange ? exchange.address : null;
    if (place.subnet !== network.subnet) {
      const isOurs = address !== null && exchange.type !== "DISCOVER" && isInPool(address, book.rules);
      return isOurs ? refuse(`${address} does not work on this network`) : silence("the pool is for another network");
    }
    switch (exchange.type) {
      case "DISCOVER":
        return this.#offers.take("all")
          ? this.#offer(mac, address)
          : silence("very many clients want an address at once");
      case "SELECTING":
        return this.#bind(mac, exchange.address);
      case "INIT-REBOOT":
        // It comes from somewhere else, or its lease was forgotten: told so, it asks anew at once.
        if (leaseOfMac(book.state, mac)?.address !== exchange.address)
          return refuse(`${exchange.address} is not yours here; ask for a new address`);
        return this.#bind(mac, exchange.address);
      case "RENEWING":
      case "REBINDING":
        if (!isInPool(exchange.address, book.rules))
          return silence(`its lease on ${exchange.address} is another server's`);
        return this.#bind(mac, exchange.address);
      case "INFORM":
        return this.#lease(exchange.address);
      default:
        return silence(`the pool knows no answer to ${exchange.type}`);
    }
  }

  /** RELEASE or DECLINE. false: the address is not one of the pool. */
  heard(mac: MacAddress, type: "RELEASE" | "DECLINE", address: Ipv4Address): boolean {
    const { book, tracer } = this.#parts;
    if (!isInPool(address, book.rules)) return false;
    const event = type === "RELEASE" ? "address-released" : "address-declined";
    const before = book.state;
    // A rejection has told the daemon already that it cannot save.
    book.dispatch({ type: event, mac, address }).catch(() => {});
    if (type === "DECLINE" && book.state !== before) {
      const what = `address ${address} of the pool is in conflict`;
      const why = "the client found somebody else there; it is left alone for an hour";
      tracer.note({ mac, road: "dhcp", outcome: "noted", what, why });
    }
    return true;
  }

  /** Addresses at which a client found somebody else, and that are left alone for now. */
  warnings(): readonly string[] {
    const { book, clock } = this.#parts;
    const now = clock.now();
    return [...book.state.leases.values()]
      .filter(({ state }) => state.type === "in-conflict" && state.until > now)
      .map(({ address }) => `address ${address} of the pool is in use by somebody it was not given to`);
  }

  async #offer(mac: MacAddress, wanted: Ipv4Address | null): Promise<DhcpDecision> {
    const { book, tracer } = this.#parts;
    for (let tries = 0; tries < TRIES; tries++) {
      const known = leaseOfMac(book.state, mac)?.address ?? book.state.offers.get(mac)?.address;
      const verdict = await book.dispatch({ type: "address-wanted", mac, wanted });
      if (verdict.type !== "given") return silence(NO_ADDRESS);
      const other = verdict.address === known ? null : await this.#whoIsAt(verdict.address);
      if (other === null || other === mac) return this.#lease(verdict.address);
      await book.dispatch({ type: "address-in-use", mac, address: verdict.address });
      const what = `address ${verdict.address} of the pool is in use`;
      tracer.note({
        mac: other,
        road: "dhcp",
        outcome: "noted",
        what,
        why: `${other} answers there; another is offered`,
      });
    }
    return silence("each address that was free for it is in use by somebody else");
  }

  async #bind(mac: MacAddress, address: Ipv4Address): Promise<DhcpDecision> {
    const verdict = await this.#parts.book.dispatch({ type: "address-requested", mac, address });
    if (verdict.type !== "given") return refuse(`${address} is not yours; ask for another`);
    return this.#lease(address);
  }

  /** null: nobody, or so many are asked for already that this client cannot wait for it. */
  async #whoIsAt(address: Ipv4Address): Promise<MacAddress | null> {
    const { neighbours, clock } = this.#parts;
    if (neighbours === null || this.#asking >= ASKING_MAX) return null;
    this.#asking += 1;
    try {
      return await whoIsAt(address, neighbours, clock);
    } finally {
      this.#asking -= 1;
    }
  }

  #lease(address: Ipv4Address): DhcpDecision {
    const { network, leaseSeconds, extra } = this.#parts;
    const lease: Lease = {
      address,
      subnetMask: subnetMask(network.subnet),
      router: network.router,
      domainNameServers: network.domainNameServers,
      hostname: null,
      domainName: network.domain,
      leaseSeconds,
      boot: null,
      extra,
    };
    return { type: "lease", lease };
  }
}

const TRIES = 3;
const ASKING_MAX = 64;
const NO_ADDRESS = "every address of the pool is in use; give it more in the configuration ([pool])";

function silence(reason: string): DhcpDecision {
  return { type: "silence", reason };
}

function refuse(reason: string): DhcpDecision {
  return { type: "refuse", reason };
}
