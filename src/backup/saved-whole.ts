import { systemClock } from "../std/clock.ts";
import { err, ok, type Result } from "../std/result.ts";
import { sealJson } from "../store/checksum.ts";
import type { Disk } from "../store/disk.ts";
import { toSaved } from "../store/format.ts";
import { JsonFileStore } from "../store/json-file-store.ts";

/**
 * The text of a state file that needs no journal beside it. `path`: of the state file, for messages. `saved`, `journal`
 * null: there is none. null in the answer: nothing was ever saved.
 */
export async function savedWhole(
  path: string,
  saved: Uint8Array | null,
  journal: Uint8Array | null,
): Promise<Result<string | null, string>> {
  const store = new JsonFileStore(path, systemClock, pictureOf(path, saved, journal));
  try {
    const state = await store.load();
    return ok(state === null ? null : (await sealJson(toSaved(state))).text);
  } catch (cause) {
    return err((cause as Error).message);
  }
}

/** A disk that has these two files and takes no more. */
function pictureOf(path: string, saved: Uint8Array | null, journal: Uint8Array | null): Disk {
  const bytesOf = (content: Uint8Array | null) => (content === null ? null : Buffer.from(content));
  const readOnly = () => Promise.reject(new Error("this is a picture of a disk"));
  return {
    read: async (asked) => (asked === path ? bytesOf(saved) : asked.endsWith(".journal") ? bytesOf(journal) : null),
    list: async () => [],
    look: async () => null,
    writeSynced: readOnly,
    create: readOnly,
    rename: readOnly,
    link: readOnly,
    remove: readOnly,
    syncFolder: readOnly,
  };
}
