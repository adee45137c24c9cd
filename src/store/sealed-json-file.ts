import type { z } from "zod";
import { checkDocument } from "../std/check-document.ts";
import { formatProblem } from "../std/problem.ts";
import { sealJson, unsealJson } from "./checksum.ts";
import { type Disk, realDisk } from "./disk.ts";

/** One small JSON file with a checksum, replaced whole or not at all. */
export class SealedJsonFile<Content extends Readonly<Record<string, unknown>>> {
  readonly #path: string;
  readonly #schema: z.ZodType<Content>;
  readonly #without: string;
  readonly #disk: Disk;

  /** The folder of `path` must exist. `without`: what happens when one goes on without it, after "move it away: ". */
  constructor(path: string, schema: z.ZodType<Content>, without: string, disk: Disk = realDisk) {
    this.#path = path;
    this.#schema = schema;
    this.#without = without;
    this.#disk = disk;
  }

  /** null: nothing was ever saved. Rejects, and says how to go on, when it is damaged. */
  async load(): Promise<Content | null> {
    const bytes = await this.#disk.read(this.#path);
    if (bytes === null) return null;
    const unsealed = unsealJson(bytes);
    if (!unsealed.ok) throw this.unreadable(`found ${unsealed.error}`);
    const read = checkDocument(this.#schema, unsealed.value.content);
    if (!read.ok) throw this.unreadable(read.error.slice(0, 3).map(formatProblem).join("; "));
    return read.value;
  }

  /** Resolves when a power cut can no longer undo it. */
  async save(content: Content): Promise<void> {
    const temporary = `${this.#path}.tmp`;
    const { text } = await sealJson(content);
    await this.#disk.writeSynced(temporary, text);
    await this.#disk.rename(temporary, this.#path);
    await this.#disk.syncFolder(this.#path);
  }

  /** For contents that are well formed and cannot be true. */
  unreadable(found: string): Error {
    return new Error(`cannot read ${this.#path}: ${found}. To go on without it, move it away: ${this.#without}`);
  }
}
