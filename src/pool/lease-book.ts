import type { Ipv4Address } from "../net/ipv4-address.ts";
import type { Clock } from "../std/clock.ts";
import type { PoolLease, PoolState } from "./lease.ts";
import { type PoolEvent, type PoolRules, type PoolVerdict, poolStep } from "./pool-step.ts";

/** Where leases survive. */
export interface LeaseStore {
  /** null: nothing saved yet. Rejects when there is something and it cannot be read. */
  load(): Promise<readonly PoolLease[] | null>;
  /** Resolves when a power cut can no longer undo it. One call at a time. */
  save(leases: readonly PoolLease[]): Promise<void>;
}

export interface LeaseBookParts {
  readonly state: PoolState;
  readonly rules: PoolRules;
  readonly store: LeaseStore;
  readonly clock: Clock;
  /** Addresses that are somebody's for another reason. */
  readonly isTaken: (address: Ipv4Address) => boolean;
  /** Called once, when a save failed: no address may be given any more, and the daemon has to stop. */
  readonly onBroken: (cause: unknown) => void;
}

interface Waiter {
  readonly verdict: PoolVerdict;
  readonly resolve: (verdict: PoolVerdict) => void;
  readonly reject: (cause: unknown) => void;
}

/** The one writer of leases. For each event: decide, save, answer; decisions made during a save share the next one. */
export class LeaseBook {
  readonly #parts: LeaseBookParts;
  #state: PoolState;
  #waiters: Waiter[] = [];
  #isSaving = false;
  #isUnsaved = false;
  #broken: Error | null = null;

  constructor(parts: LeaseBookParts) {
    this.#parts = parts;
    this.#state = parts.state;
  }

  /** Immutable; during a save it is ahead of the disk. */
  get state(): PoolState {
    return this.#state;
  }

  get rules(): PoolRules {
    return this.#parts.rules;
  }

  /** Resolves when a power cut can no longer undo the outcome; rejects when it could not be saved. */
  dispatch(event: PoolEvent): Promise<PoolVerdict> {
    if (this.#broken !== null) return Promise.reject(this.#broken);
    const { rules, clock, isTaken } = this.#parts;
    const { verdict, state, lasting } = poolStep(this.#state, event, clock.now(), rules, isTaken);
    this.#state = state;
    if (lasting) this.#isUnsaved = true;
    if (!this.#isSaving && !lasting) return Promise.resolve(verdict);
    return new Promise((resolve, reject) => {
      this.#waiters.push({ verdict, resolve, reject });
      if (!this.#isSaving) void this.#saveGroups();
    });
  }

  async #saveGroups(): Promise<void> {
    this.#isSaving = true;
    while (this.#waiters.length > 0) {
      const group = this.#waiters;
      this.#waiters = [];
      try {
        if (this.#isUnsaved) {
          this.#isUnsaved = false;
          await this.#parts.store.save([...this.#state.leases.values()]);
        }
      } catch (cause) {
        this.#broken = new Error("leases could not be saved, so no more are given", { cause });
        for (const waiter of [...group, ...this.#waiters]) waiter.reject(this.#broken);
        this.#waiters = [];
        this.#parts.onBroken(cause);
        return;
      }
      for (const waiter of group) waiter.resolve(waiter.verdict);
    }
    this.#isSaving = false;
  }
}
