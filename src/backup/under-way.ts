import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** Stands in the state folder while a restore replaces files. What is found with it may be half of one and half of another. */
export function restoreMarkOf(stateFolder: string): string {
  return join(stateFolder, "restore-under-way");
}

/** Why nobody may work with this state folder, and the way out; null: no restore was cut off. */
export async function cutOffRestore(stateFolder: string): Promise<string | null> {
  const path = restoreMarkOf(stateFolder);
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return null;
    throw cause;
  });
  if (text === null) return null;
  const [archive = "FILE", copy = ""] = text.split("\n");
  return [
    `a restore was cut off: what is in ${stateFolder} is partly from before it, and partly from the backup`,
    `Run \`bootqueue restore ${archive}\` once more. What was there before it lies in ${copy}.`,
  ].join("\n");
}
