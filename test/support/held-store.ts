import type { StateStore } from "../../src/queue/ports.ts";
import type { QueueState } from "../../src/queue/state.ts";
import { MemoryStore } from "../../src/store/memory-store.ts";

/** A store whose saves can be held back, or made to fail, to see what happens before one is done. */
export class HeldStore implements StateStore {
  readonly #kept = new MemoryStore();
  #gate: Promise<void> | null = null;
  #open: () => void = () => {};
  #failure: Error | null = null;

  load(): Promise<QueueState | null> {
    return this.#kept.load();
  }

  async save(state: QueueState): Promise<void> {
    await this.#gate;
    if (this.#failure !== null) throw this.#failure;
    await this.#kept.save(state);
  }

  /** From now on saves wait. */
  hold(): void {
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  release(): void {
    this.#open();
    this.#gate = null;
  }

  /** From now on saves reject. */
  fail(failure: Error): void {
    this.#failure = failure;
  }
}
