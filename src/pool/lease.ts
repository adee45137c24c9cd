import type { Ipv4Address } from "../net/ipv4-address.ts";
import type { MacAddress } from "../net/mac-address.ts";
import type { Instant } from "../std/clock.ts";

/** An address of the pool that is or was somebody's. One that is not listed was never given out. */
export interface PoolLease {
  readonly address: Ipv4Address;
  /** Whose it is, or was last: it comes back to it while nobody else needs it. */
  readonly mac: MacAddress;
  readonly state: LeaseState;
}

export type LeaseState =
  /** May be used until then; afterwards it is free again, though nobody says so. */
  | { readonly type: "bound"; readonly since: Instant; readonly until: Instant }
  /** Given back (RELEASE). */
  | { readonly type: "released"; readonly at: Instant }
  /** Somebody else was found at the address; until then it is nobody's. */
  | { readonly type: "in-conflict"; readonly until: Instant };

/** The whole pool. Immutable: a step makes a new one. */
export interface PoolState {
  readonly leases: ReadonlyMap<Ipv4Address, PoolLease>;
  /** What was offered and not yet requested, by whom. In memory only: after a restart it is simply free again. */
  readonly offers: ReadonlyMap<MacAddress, PoolOffer>;
}

export interface PoolOffer {
  readonly address: Ipv4Address;
  readonly until: Instant;
}

export const EMPTY_POOL: PoolState = { leases: new Map(), offers: new Map() };

/** The lease of a client, whatever has become of it: the address that it should get again. */
export function leaseOfMac(state: PoolState, mac: MacAddress): PoolLease | undefined {
  for (const lease of state.leases.values()) {
    if (lease.mac === mac && lease.state.type !== "in-conflict") return lease;
  }
  return undefined;
}

/** Whether the lease still runs. */
export function isBound(lease: PoolLease, now: Instant): boolean {
  return lease.state.type === "bound" && lease.state.until > now;
}
