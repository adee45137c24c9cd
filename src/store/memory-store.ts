import type { StateStore } from "../queue/ports.ts";
import type { QueueState } from "../queue/state.ts";
import { readSaved, type SavedQueue, toSaved } from "./format.ts";

/** For tests and trials: forgets everything when the process ends, and otherwise behaves like a file. */
export class MemoryStore implements StateStore {
  #saved: SavedQueue | null = null;

  async load(): Promise<QueueState | null> {
    if (this.#saved === null) return null;
    const read = readSaved(structuredClone(this.#saved));
    if (!read.ok) throw new Error(`the saved queue does not fit together: ${JSON.stringify(read.error)}`);
    return read.value;
  }

  async save(state: QueueState): Promise<void> {
    this.#saved = structuredClone(toSaved(state));
  }
}
