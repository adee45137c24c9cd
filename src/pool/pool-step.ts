import { type Ipv4Address, ipv4FromNumber, ipv4ToNumber } from "../net/ipv4-address.ts";
import type { MacAddress } from "../net/mac-address.ts";
import { type Instant, later } from "../std/clock.ts";
import { unreachable } from "../std/unreachable.ts";
import { isBound, leaseOfMac, type PoolLease, type PoolState } from "./lease.ts";

/** What the configuration says of the pool. */
export interface PoolRules {
  readonly first: Ipv4Address;
  readonly last: Ipv4Address;
  readonly leaseMs: number;
}

export type PoolEvent =
  /** A client looks for an address (DISCOVER). `wanted`: the one that it would like; null: it does not say. */
  | { readonly type: "address-wanted"; readonly mac: MacAddress; readonly wanted: Ipv4Address | null }
  /** It takes or extends one (REQUEST); durable before the ACK. */
  | { readonly type: "address-requested"; readonly mac: MacAddress; readonly address: Ipv4Address }
  | { readonly type: "address-released"; readonly mac: MacAddress; readonly address: Ipv4Address }
  /** It found somebody else there (DECLINE). */
  | { readonly type: "address-declined"; readonly mac: MacAddress; readonly address: Ipv4Address }
  /** We found somebody else there, before it was given out. */
  | { readonly type: "address-in-use"; readonly mac: MacAddress; readonly address: Ipv4Address };

export type PoolVerdict =
  | { readonly type: "given"; readonly address: Ipv4Address }
  /** The event was no question. */
  | { readonly type: "noted" }
  | { readonly type: "refused"; readonly reason: PoolRefusal };

export type PoolRefusal = "no-address-free" | "address-not-yours";

export interface PoolStep {
  readonly verdict: PoolVerdict;
  /** The same object as before when nothing changed. */
  readonly state: PoolState;
  /** false: what changed lives in memory only. */
  readonly lasting: boolean;
}

/**
 * The whole life of the pool. Pure. `isTaken`: an address that is somebody's for another reason, such as a slot that the
 * configuration no longer lists.
 */
export function poolStep(
  state: PoolState,
  event: PoolEvent,
  now: Instant,
  rules: PoolRules,
  isTaken: (address: Ipv4Address) => boolean,
): PoolStep {
  switch (event.type) {
    case "address-wanted": {
      const address = choose(state, event, now, rules, isTaken);
      if (address === null) return refused(state, "no-address-free");
      const offers = new Map(state.offers);
      for (const [mac, offer] of offers) if (offer.until <= now) offers.delete(mac);
      offers.set(event.mac, { address, until: later(now, OFFER_MS) });
      return { verdict: { type: "given", address }, state: { ...state, offers }, lasting: false };
    }
    case "address-requested": {
      const { mac, address } = event;
      if (!isInPool(address, rules) || isTaken(address) || !mayHave(state, mac, address, now))
        return refused(state, "address-not-yours");
      const before = state.leases.get(address);
      const since = before?.mac === mac && before.state.type === "bound" ? before.state.since : now;
      const lease: PoolLease = { address, mac, state: { type: "bound", since, until: later(now, rules.leaseMs) } };
      const leases = new Map(state.leases);
      // Its old address is free: a client has one.
      for (const old of leases.values())
        if (old.mac === mac && old.state.type !== "in-conflict") leases.delete(old.address);
      leases.set(address, lease);
      const offers = new Map(state.offers);
      offers.delete(mac);
      return { verdict: { type: "given", address }, state: { leases, offers }, lasting: true };
    }
    case "address-released": {
      const lease = state.leases.get(event.address);
      if (lease?.mac !== event.mac || lease.state.type !== "bound") return noted(state);
      return changed(state, { ...lease, state: { type: "released", at: now } });
    }
    case "address-declined":
    case "address-in-use": {
      const { address, mac } = event;
      const lease = state.leases.get(address);
      const isIts = lease?.mac === mac || state.offers.get(mac)?.address === address;
      // Anybody can say that an address is in use; it counts from whom the address was given to.
      if (!isInPool(address, rules) || !isIts) return noted(state);
      const offers = new Map(state.offers);
      offers.delete(mac);
      const until = later(now, CONFLICT_MS);
      return changed({ ...state, offers }, { address, mac, state: { type: "in-conflict", until } });
    }
    default:
      return unreachable(event);
  }
}

/** How long an offer is kept for whom it was made (RFC 2131 §4.3.1). */
const OFFER_MS = 60_000;
/** How long an address at which somebody else was found is left alone. */
const CONFLICT_MS = 60 * 60_000;

export function isInPool(address: Ipv4Address, { first, last }: PoolRules): boolean {
  const number = ipv4ToNumber(address);
  return number >= ipv4ToNumber(first) && number <= ipv4ToNumber(last);
}

/**
 * In the order of RFC 2131 §4.3.1: its own, also one that has run out; the one it would like; one that was never given
 * out; then the one that its last owner has not used for the longest time. null: all are in use.
 */
function choose(
  state: PoolState,
  { mac, wanted }: { readonly mac: MacAddress; readonly wanted: Ipv4Address | null },
  now: Instant,
  rules: PoolRules,
  isTaken: (address: Ipv4Address) => boolean,
): Ipv4Address | null {
  const offered = new Set<Ipv4Address>();
  for (const [other, offer] of state.offers) if (other !== mac && offer.until > now) offered.add(offer.address);
  const isUsable = (address: Ipv4Address) => isInPool(address, rules) && !isTaken(address) && !offered.has(address);
  const own = leaseOfMac(state, mac)?.address ?? state.offers.get(mac)?.address;
  if (own !== undefined && isUsable(own) && isFree(state.leases.get(own), mac, now)) return own;
  if (wanted !== null && isUsable(wanted) && isFree(state.leases.get(wanted), mac, now)) return wanted;
  const last = ipv4ToNumber(rules.last);
  for (let number = ipv4ToNumber(rules.first); number <= last; number++) {
    const address = ipv4FromNumber(number);
    if (!state.leases.has(address) && isUsable(address)) return address;
  }
  let oldest: PoolLease | null = null;
  for (const lease of state.leases.values()) {
    if (!isUsable(lease.address) || !isFree(lease, mac, now)) continue;
    if (oldest === null || endOf(lease) < endOf(oldest)) oldest = lease;
  }
  return oldest?.address ?? null;
}

/** Whether it may take this address: it is offered to it, its own, or nobody's. */
function mayHave(state: PoolState, mac: MacAddress, address: Ipv4Address, now: Instant): boolean {
  if (!isFree(state.leases.get(address), mac, now)) return false;
  for (const [other, offer] of state.offers) {
    if (other !== mac && offer.address === address && offer.until > now) return false;
  }
  return true;
}

function isFree(lease: PoolLease | undefined, mac: MacAddress, now: Instant): boolean {
  if (lease === undefined) return true;
  if (lease.state.type === "in-conflict") return lease.state.until <= now;
  return lease.mac === mac || !isBound(lease, now);
}

function endOf({ state }: PoolLease): number {
  return state.type === "released" ? state.at : state.until;
}

function changed(state: PoolState, lease: PoolLease): PoolStep {
  const leases = new Map(state.leases);
  leases.set(lease.address, lease);
  return { verdict: { type: "noted" }, state: { ...state, leases }, lasting: true };
}

function noted(state: PoolState): PoolStep {
  return { verdict: { type: "noted" }, state, lasting: false };
}

function refused(state: PoolState, reason: PoolRefusal): PoolStep {
  return { verdict: { type: "refused", reason }, state, lasting: false };
}
