import { ipv4ToNumber } from "../net/ipv4-address.ts";
import type { PoolLease, PoolState } from "../pool/lease.ts";
import type { PoolRules } from "../pool/pool-step.ts";
import { formatInstant, type Instant } from "../std/clock.ts";
import type { LeasesView, LeaseView } from "./contract.ts";

/** The pool as people and programs see it. null: there is none. */
export function leasesView(
  pool: { readonly state: PoolState; readonly rules: PoolRules } | null,
  now: Instant,
): LeasesView {
  if (pool === null) return { pool: null, leases: [] };
  const { first, last } = pool.rules;
  const leases = [...pool.state.leases.values()]
    .toSorted((one, other) => ipv4ToNumber(one.address) - ipv4ToNumber(other.address))
    .map((lease) => leaseView(lease, now));
  const size = ipv4ToNumber(last) - ipv4ToNumber(first) + 1;
  const inUse = leases.filter(({ state }) => state === "bound" || state === "in-conflict");
  return { pool: { first, last, size, free: Math.max(0, size - inUse.length) }, leases };
}

function leaseView({ address, mac, state }: PoolLease, now: Instant): LeaseView {
  switch (state.type) {
    case "bound":
      return state.until > now
        ? { address, mac, state: "bound", since: formatInstant(state.since), until: formatInstant(state.until) }
        : { address, mac, state: "expired", since: null, until: formatInstant(state.until) };
    case "released":
      return { address, mac, state: "released", since: null, until: null };
    case "in-conflict":
      return state.until > now
        ? { address, mac, state: "in-conflict", since: null, until: formatInstant(state.until) }
        : { address, mac, state: "released", since: null, until: null };
  }
}
