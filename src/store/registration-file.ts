import { z } from "zod";
import type { Dispatch, DispatchStore } from "../registration/outbox.ts";
import { type Disk, realDisk } from "./disk.ts";
import { SealedJsonFile } from "./sealed-json-file.ts";

/** Who was told of which host, in one JSON file. */
export class RegistrationFile implements DispatchStore {
  readonly #file: SealedJsonFile<z.infer<typeof savedDispatches>>;

  /** `path`: of `registrations.json`; its folder must exist. */
  constructor(path: string, disk: Disk = realDisk) {
    this.#file = new SealedJsonFile(path, savedDispatches, WITHOUT, disk);
  }

  async load(): Promise<readonly Dispatch[] | null> {
    return (await this.#file.load())?.dispatches ?? null;
  }

  save(dispatches: readonly Dispatch[]): Promise<void> {
    return this.#file.save({ version: VERSION, dispatches: [...dispatches] });
  }
}

const WITHOUT = "every host that is ready is then registered once more";
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
