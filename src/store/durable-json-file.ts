import { basename, dirname } from "node:path";
import type { Clock, Instant } from "../std/clock.ts";
import { err, ok, type Result } from "../std/result.ts";
import { sealJson, type Unsealed, unsealJson } from "./checksum.ts";
import type { Disk } from "./disk.ts";

type Content = Readonly<Record<string, unknown>>;

/** One JSON file that is replaced whole or not at all, with earlier contents beside it. One caller at a time. */
export class DurableJsonFile {
  readonly #path: string;
  readonly #check: (content: Content) => Result<unknown, string>;
  readonly #clock: Clock;
  readonly #disk: Disk;
  #keptAt: Instant | null = null;

  /** `check`: whether the content means anything; its error follows the words "expected a saved queue, found". */
  constructor(path: string, check: (content: Content) => Result<unknown, string>, clock: Clock, disk: Disk) {
    this.#path = path;
    this.#check = check;
    this.#clock = clock;
    this.#disk = disk;
  }

  /** null: there is no such file and never was. Rejects, and names the way out, when there is something unreadable. */
  async read(): Promise<Unsealed | null> {
    const bytes = await this.#disk.read(this.#path);
    if (bytes === null) {
      const generations = await this.#generations();
      if (generations.length > 0) throw new Error(this.#refusal(NO_FILE, generations));
      return null;
    }
    const unsealed = this.#readable(bytes);
    if (!unsealed.ok) throw new Error(this.#refusal(unsealed.error, await this.#generations()));
    return unsealed.value;
  }

  /** Resolves, with the checksum, when a power cut can no longer undo it. */
  async replace(content: Content): Promise<string> {
    const temporary = `${this.#path}.tmp`;
    const { text, sha256 } = await sealJson(content);
    await this.#disk.writeSynced(temporary, text);
    await this.#keepGeneration();
    await this.#disk.rename(temporary, this.#path);
    await this.#disk.syncFolder(this.#path);
    return sha256;
  }

  /** At the first write of this process, and then at most once a minute, what was saved before gets another name. */
  async #keepGeneration(): Promise<void> {
    const now = this.#clock.now();
    if (this.#keptAt !== null && now - this.#keptAt < GENERATION_MS && now >= this.#keptAt) return;
    const names = new Set(await this.#disk.list(dirname(this.#path)));
    const isThere = (path: string) => names.has(basename(path));
    if (isThere(this.#path)) {
      for (let n = GENERATIONS - 1; n >= 1; n--) {
        if (isThere(this.#generation(n))) await this.#disk.rename(this.#generation(n), this.#generation(n + 1));
      }
      // After a crash between these two lines there is one generation fewer, and the file itself is untouched.
      await this.#disk.link(this.#path, this.#generation(1));
    }
    this.#keptAt = now;
  }

  #generation(n: number): string {
    return `${this.#path}.${n}`;
  }

  #readable(bytes: Buffer): Result<Unsealed, string> {
    const unsealed = unsealJson(bytes);
    if (!unsealed.ok) return unsealed;
    const checked = this.#check(unsealed.value.content);
    return checked.ok ? ok(unsealed.value) : err(checked.error);
  }

  async #generations(): Promise<readonly Generation[]> {
    const found: Generation[] = [];
    for (let n = 1; n <= GENERATIONS; n++) {
      const path = this.#generation(n);
      const bytes = await this.#disk.read(path);
      const seen = await this.#disk.look(path);
      if (bytes && seen) found.push({ path, ...seen, isReadable: this.#readable(bytes).ok });
    }
    return found;
  }

  #refusal(found: string, generations: readonly Generation[]): string {
    const folder = dirname(this.#path);
    const newest = generations.find((generation) => generation.isReadable);
    const setAside = found === NO_FILE ? "" : `cp --archive ${this.#path} ${this.#path}.damaged; `;
    // The journal continues the damaged file, and no older one.
    const journal = journalPathOf(this.#path);
    return [
      `cannot read ${this.#path}: expected a saved queue, found ${found}`,
      "An empty queue in its place would install machines a second time, so bootqueue does not start.",
      ...(generations.length === 0 ? ["There are no older generations of it."] : ["Older generations of it:"]),
      ...generations.map(
        ({ path, changedMs, sizeBytes, isReadable }) =>
          `  ${path}  ${new Date(changedMs).toISOString()}  ${sizeBytes} octets  ${isReadable ? "readable" : "damaged as well"}`,
      ),
      ...(newest
        ? [
            "To go on with the newest readable one:",
            `  ${setAside}cp --archive ${newest.path} ${this.#path}`,
            `  test ! -e ${journal} || mv ${journal} ${journal}.damaged`,
            "It does not know what happened after it was written: for every machine that finished installing since then,",
            "run `bootqueue mark-installed HOST` before it boots from the network again.",
          ]
        : ["Restore the file from a backup."]),
      "To begin again with an empty queue, which treats every machine as new:",
      `  mkdir ${folder}/old; mv ${this.#path}* ${journal}* ${folder}/old/`,
    ].join("\n");
  }
}

/** Of the journal that continues a state file: `state.journal` for `state.json`. */
export function journalPathOf(path: string): string {
  return `${path.replace(/\.json$/, "")}.journal`;
}

interface Generation {
  readonly path: string;
  readonly changedMs: number;
  readonly sizeBytes: number;
  readonly isReadable: boolean;
}

const NO_FILE = "no such file, although older generations of it are there";

/** How many earlier contents are kept beside the file, as `.1` (newest) to `.3`. */
const GENERATIONS = 3;
const GENERATION_MS = 60_000;
