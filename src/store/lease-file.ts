import { z } from "zod";
import type { LeaseState, PoolLease } from "../pool/lease.ts";
import type { LeaseStore } from "../pool/lease-book.ts";
import { type Disk, realDisk } from "./disk.ts";
import { SealedJsonFile } from "./sealed-json-file.ts";

/** The leases of the pool in one JSON file. */
export class LeaseFile implements LeaseStore {
  readonly #file: SealedJsonFile<z.infer<typeof savedLeases>>;

  /** `path`: of `leases.json`; its folder must exist. */
  constructor(path: string, disk: Disk = realDisk) {
    this.#file = new SealedJsonFile(path, savedLeases, WITHOUT, disk);
  }

  async load(): Promise<readonly PoolLease[] | null> {
    const saved = await this.#file.load();
    if (saved === null) return null;
    const { leases } = saved;
    const addresses = new Set(leases.map(({ address }) => address));
    if (addresses.size < leases.length) throw this.#file.unreadable("an address is in it twice");
    return leases;
  }

  save(leases: readonly PoolLease[]): Promise<void> {
    return this.#file.save({ version: VERSION, leases: [...leases] });
  }
}

const WITHOUT =
  "until the leases that it knew have run out, an address may be given to a second client (most are found out before, because they answer)";
const VERSION = 1;

// As in the saved queue: only canonical forms, and the brands are applied where text becomes a value.
const instant = z.int().min(0) as unknown as z.ZodType<Extract<LeaseState, { type: "bound" }>["since"]>;
const address = z.string().regex(/^(\d{1,3}\.){3}\d{1,3}$/, "expected an IPv4 address") as unknown as z.ZodType<
  PoolLease["address"]
>;
const mac = z.string().regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/, "expected a hardware address") as unknown as z.ZodType<
  PoolLease["mac"]
>;

const savedLeases = z.strictObject({
  version: z.literal(VERSION),
  leases: z.array(
    z.strictObject({
      address,
      mac,
      state: z.discriminatedUnion("type", [
        z.strictObject({ type: z.literal("bound"), since: instant, until: instant }),
        z.strictObject({ type: z.literal("released"), at: instant }),
        z.strictObject({ type: z.literal("in-conflict"), until: instant }),
      ]),
    }),
  ),
});
