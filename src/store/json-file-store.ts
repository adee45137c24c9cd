import { Low } from "lowdb";
import type { StateStore } from "../queue/ports.ts";
import { EMPTY_QUEUE, type QueueState } from "../queue/state.ts";
import type { Clock } from "../std/clock.ts";
import { formatProblem, type Problem } from "../std/problem.ts";
import { err } from "../std/result.ts";
import { type Disk, realDisk } from "./disk.ts";
import { readSaved } from "./format.ts";
import { JournaledQueue } from "./journaled-queue.ts";

/** The queue in one JSON file and its journal: lowdb over an adapter that survives a power cut. Nobody else sees `db.data`. */
export class JsonFileStore implements StateStore {
  readonly #db: Low<QueueState>;
  readonly #adapter: JournaledQueue;

  /** `path`: of `state.json`; its folder must exist. */
  constructor(path: string, clock: Clock, disk: Disk = realDisk) {
    const read = (content: unknown) => {
      const state = readSaved(content);
      return state.ok ? state : err(problemText(state.error));
    };
    this.#adapter = new JournaledQueue(path, read, clock, disk);
    this.#db = new Low<QueueState>(this.#adapter, NOTHING);
  }

  /** Rejects, with the commands that lead on, when something is there and cannot be read. */
  async load(): Promise<QueueState | null> {
    await this.#db.read();
    return this.#db.data === NOTHING ? null : this.#db.data;
  }

  /** Saves made while one is under way share the next write. Rejects before the first `load`. */
  save(state: QueueState): Promise<void> {
    this.#db.data = state;
    return this.#db.write();
  }

  /** After the last save: folds the journal into the file. Nothing is lost without it. */
  close(): Promise<void> {
    return this.#adapter.close();
  }
}

/** What lowdb holds before anything was saved; told apart by identity, never written. */
const NOTHING: QueueState = { ...EMPTY_QUEUE };

/** The first few problems: a damaged file may have thousands. */
function problemText(problems: readonly Problem[]): string {
  const shown = problems.slice(0, PROBLEMS_SHOWN).map(formatProblem);
  const more = problems.length - shown.length;
  return `${shown.join("; ")}${more > 0 ? `; and ${more} more problems` : ""}`;
}

const PROBLEMS_SHOWN = 5;
