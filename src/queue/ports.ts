import type { Effect } from "./effect.ts";
import type { QueueState } from "./state.ts";

/** Where the state survives. Every implementation passes the contract in `test/store/stores.test.ts`. */
export interface StateStore {
  /** null: nothing saved yet. Rejects when there is something and it cannot be read. */
  load(): Promise<QueueState | null>;
  /** Resolves when a power cut can no longer undo it. Holds are left out: they live in memory only. */
  save(state: QueueState): Promise<void>;
}

/** Carries out an effect. It may be asked twice for the same one, after a restart. */
export type RunEffect = (effect: Effect) => void;
