import { z } from "zod";
import type { LeaseState, PoolLease } from "../pool/lease.ts";
import type { LeaseStore } from "../pool/lease-book.ts";
import { checkDocument } from "../std/check-document.ts";
import { formatProblem } from "../std/problem.ts";
import { sealJson, unsealJson } from "./checksum.ts";
import { type Disk, realDisk } from "./disk.ts";

/** The leases of the pool in one JSON file, replaced whole or not at all. */
export class LeaseFile implements LeaseStore {
  readonly #path: string;
  readonly #disk: Disk;

  /** `path`: of `leases.json`; its folder must exist. */
  constructor(path: string, disk: Disk = realDisk) {
    this.#path = path;
    this.#disk = disk;
  }

  async load(): Promise<readonly PoolLease[] | null> {
    const bytes = await this.#disk.read(this.#path);
    if (bytes === null) return null;
    const unsealed = unsealJson(bytes);
    if (!unsealed.ok) throw this.#unreadable(`found ${unsealed.error}`);
    const read = checkDocument(savedLeases, unsealed.value.content);
    if (!read.ok) throw this.#unreadable(read.error.slice(0, 3).map(formatProblem).join("; "));
    const { leases } = read.value;
    const addresses = new Set(leases.map(({ address }) => address));
    if (addresses.size < leases.length) throw this.#unreadable("an address is in it twice");
    return leases;
  }

  async save(leases: readonly PoolLease[]): Promise<void> {
    const temporary = `${this.#path}.tmp`;
    const { text } = await sealJson({ version: VERSION, leases });
    await this.#disk.writeSynced(temporary, text);
    await this.#disk.rename(temporary, this.#path);
    await this.#disk.syncFolder(this.#path);
  }

  #unreadable(found: string): Error {
    return new Error(
      `cannot read ${this.#path}: ${found}. To go on without it, move it away: until the leases that it knew have run ` +
        "out, an address may be given to a second client (most are found out before, because they answer)",
    );
  }
}

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
