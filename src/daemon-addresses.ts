import type { Config } from "./config/load.ts";
import { openPool, type Pool } from "./daemon-pool.ts";
import { openNeighbours, startConflictProbe } from "./daemon-watch.ts";
import type { Engine } from "./queue/engine.ts";
import type { Log } from "./std/log.ts";
import type { Trace } from "./trace/trace.ts";

export interface AddressParts {
  readonly engine: Engine;
  readonly config: Config;
  readonly trace: Trace;
  readonly log: Log;
  /** Told what closes each part, in the order in which they were opened. */
  readonly opened: (close: () => unknown) => void;
  /** Called when leases cannot be saved, after it was logged. */
  readonly onBroken: () => void;
}

/** What looks after addresses: whether they are in use already, and the pool; null: there is no pool. */
export async function openAddresses({
  engine,
  config,
  trace,
  log,
  opened,
  onBroken,
}: AddressParts): Promise<Pool | null> {
  const neighbours = await openNeighbours(config);
  if (neighbours !== null) {
    opened(() => neighbours.close());
    const probe = await startConflictProbe(engine, config, neighbours, trace, log);
    opened(() => probe.stop());
  }
  return await openPool(engine, config, neighbours, trace, (cause) => {
    log.error("leases cannot be saved; stopping, because none may be given that is not on disk", {
      why: (cause as Error).message,
    });
    onBroken();
  });
}
