import { Low } from "lowdb";
import type { StateStore } from "../queue/ports.ts";
import type { QueueState } from "../queue/state.ts";
import type { Clock } from "../std/clock.ts";
import { formatProblem, type Problem } from "../std/problem.ts";
import { err, ok } from "../std/result.ts";
import type { Disk } from "./disk.ts";
import { DurableJsonFile } from "./durable-json-file.ts";
import { readSaved, toSaved } from "./format.ts";

/** The queue in one JSON file: lowdb over an adapter that survives a power cut. Nobody else sees `db.data`. */
export class JsonFileStore implements StateStore {
  readonly #db: Low<Content>;

  /** `path`: of `state.json`; its folder must exist. */
  constructor(path: string, clock: Clock, disk?: Disk) {
    const check = (content: unknown) => {
      const read = readSaved(content);
      return read.ok ? ok(null) : err(problemText(read.error));
    };
    this.#db = new Low<Content>(new DurableJsonFile(path, check, clock, disk), NOTHING);
  }

  /** Rejects, with the commands that lead on, when the file is there and cannot be read. */
  async load(): Promise<QueueState | null> {
    await this.#db.read();
    if (this.#db.data === NOTHING) return null;
    const read = readSaved(this.#db.data);
    if (!read.ok) throw new Error(problemText(read.error));
    return read.value;
  }

  /** Saves made while one is under way share the next write. Rejects before the first `load`. */
  save(state: QueueState): Promise<void> {
    this.#db.data = toSaved(state);
    return this.#db.write();
  }
}

type Content = Readonly<Record<string, unknown>>;

/** What lowdb holds before anything was saved; told apart by identity, never written. */
const NOTHING: Content = {};

/** The first few problems: a damaged file may have thousands. */
function problemText(problems: readonly Problem[]): string {
  const shown = problems.slice(0, PROBLEMS_SHOWN).map(formatProblem);
  const more = problems.length - shown.length;
  return `${shown.join("; ")}${more > 0 ? `; and ${more} more problems` : ""}`;
}

const PROBLEMS_SHOWN = 5;
