import { z } from "zod";
import type { Dispatch, DispatchStore } from "../registration/outbox.ts";
import { checkDocument } from "../std/check-document.ts";
import { formatProblem } from "../std/problem.ts";
import { sealJson, unsealJson } from "./checksum.ts";
import { type Disk, realDisk } from "./disk.ts";

/** Who was told of which host, in one JSON file, replaced whole or not at all. */
export class RegistrationFile implements DispatchStore {
  readonly #path: string;
  readonly #disk: Disk;

  /** `path`: of `registrations.json`; its folder must exist. */
  constructor(path: string, disk: Disk = realDisk) {
    this.#path = path;
    this.#disk = disk;
  }

  async load(): Promise<readonly Dispatch[] | null> {
    const bytes = await this.#disk.read(this.#path);
    if (bytes === null) return null;
    const unsealed = unsealJson(bytes);
    if (!unsealed.ok) throw this.#unreadable(`found ${unsealed.error}`);
    const read = checkDocument(savedDispatches, unsealed.value.content);
    if (!read.ok) throw this.#unreadable(read.error.slice(0, 3).map(formatProblem).join("; "));
    return read.value.dispatches;
  }

  async save(dispatches: readonly Dispatch[]): Promise<void> {
    const temporary = `${this.#path}.tmp`;
    const { text } = await sealJson({ version: VERSION, dispatches });
    await this.#disk.writeSynced(temporary, text);
    await this.#disk.rename(temporary, this.#path);
    await this.#disk.syncFolder(this.#path);
  }

  #unreadable(found: string): Error {
    return new Error(
      `cannot read ${this.#path}: ${found}. To go on without it, move it away: every host that is ready is then registered once more`,
    );
  }
}

const VERSION = 1;

const instant = z.int().min(0) as unknown as z.ZodType<Dispatch["readyAt"]>;
const text = z.string();
const count = z.int().min(0);

const savedDispatches = z.strictObject({
  version: z.literal(VERSION),
  dispatches: z.array(
    z.strictObject({
      registrar: text,
      host: text,
      readyAt: instant,
      state: z.discriminatedUnion("type", [
        z.strictObject({ type: z.literal("waiting"), attempts: count, nextAt: instant, reason: text }),
        z.strictObject({ type: z.literal("done"), at: instant, what: text }),
        z.strictObject({ type: z.literal("dead"), attempts: count, at: instant, reason: text }),
      ]),
    }),
  ),
});
