import type { PoolLease } from "../../src/pool/lease.ts";
import type { LeaseStore } from "../../src/pool/lease-book.ts";

/** Keeps leases in memory; the next save can be made to wait or to fail. */
export class FakeLeaseStore implements LeaseStore {
  saved: readonly PoolLease[] | null = null;
  saves = 0;
  #failure: Error | null = null;
  #held: Promise<void> | null = null;
  #release: () => void = () => {};

  async load(): Promise<readonly PoolLease[] | null> {
    return this.saved;
  }

  async save(leases: readonly PoolLease[]): Promise<void> {
    await this.#held;
    if (this.#failure !== null) throw this.#failure;
    this.saves += 1;
    this.saved = structuredClone(leases);
  }

  fail(failure: Error): void {
    this.#failure = failure;
  }

  hold(): void {
    this.#held = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  release(): void {
    this.#held = null;
    this.#release();
  }
}
