import { join } from "node:path";
import type { Neighbours } from "./boot/neighbours.ts";
import { PoolPolicy } from "./boot/pool-policy.ts";
import { subnetAt } from "./boot/subnets.ts";
import type { Config } from "./config/load.ts";
import { servedNetworks } from "./daemon-settings.ts";
import { EMPTY_POOL } from "./pool/lease.ts";
import { LeaseBook } from "./pool/lease-book.ts";
import type { Engine } from "./queue/engine.ts";
import { findSlotByAddress } from "./queue/state.ts";
import { systemClock } from "./std/clock.ts";
import { LeaseFile } from "./store/lease-file.ts";
import type { Tracer } from "./trace/footprint.ts";

/** Addresses for clients that boot nothing from here, and what answers with them. */
export interface Pool {
  readonly book: LeaseBook;
  readonly policy: PoolPolicy;
}

/** null: the configuration has none. Rejects when the leases of an earlier run cannot be read. */
export async function openPool(
  engine: Engine,
  config: Config,
  neighbours: Neighbours | null,
  tracer: Tracer,
  onBroken: (cause: unknown) => void,
): Promise<Pool | null> {
  const { pool, network, dhcp, paths } = config;
  if (pool === undefined) return null;
  const served = servedNetworks(config);
  const within = subnetAt(served, pool.first) ?? served;
  const store = new LeaseFile(join(paths.state, "leases.json"));
  const leases = (await store.load()) ?? [];
  const book = new LeaseBook({
    state: { ...EMPTY_POOL, leases: new Map(leases.map((lease) => [lease.address, lease])) },
    rules: { first: pool.first, last: pool.last, leaseMs: pool.lease_seconds * 1000 },
    store,
    clock: systemClock,
    isTaken: (address) => address === network.address || findSlotByAddress(engine.state, address) !== undefined,
    onBroken,
  });
  const policy = new PoolPolicy({
    book,
    network: within,
    leaseSeconds: pool.lease_seconds,
    extra: dhcp.options.map(({ code, hex }) => ({ code, bytes: Buffer.from(hex, "hex"), onlyIfAsked: false })),
    // Only neighbours on our own network answer ARP.
    neighbours: within.subnet === network.subnet ? neighbours : null,
    clock: systemClock,
    tracer,
  });
  return { book, policy };
}
