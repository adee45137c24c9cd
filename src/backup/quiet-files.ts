import { constants } from "node:fs";
import { lstat, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { JOIN_KEYS_FOLDER } from "./state-names.ts";

/** A file as it was when it was read. */
export interface FoundFile {
  readonly content: Buffer;
  /** Permissions: `0o600`. */
  readonly mode: number;
  readonly uid: number;
}

/**
 * null: there is none. The state folder is the daemon's, and this may be root: with `noLink` a link in it is refused,
 * because it could lead to a file that is nobody else's business.
 */
export async function readFound(path: string, noLink: boolean): Promise<FoundFile | null> {
  const flags = constants.O_RDONLY | (noLink ? constants.O_NOFOLLOW : 0);
  const file = await open(path, flags).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return null;
    if (cause.code === "ELOOP") throw new Error(`${path} is a link; expected a file of the daemon's own`);
    throw cause;
  });
  if (file === null) return null;
  try {
    const { mode, uid } = await file.stat();
    return { content: await file.readFile(), mode: mode & 0o777, uid };
  } finally {
    await file.close();
  }
}

/** Names of what lies in a state folder and in its folder of keys, with slashes. Empty: there is no such folder. */
export async function namesIn(stateFolder: string): Promise<readonly string[]> {
  const own = await namesOf(stateFolder);
  const keys = own.includes(JOIN_KEYS_FOLDER) ? await namesOf(join(stateFolder, JOIN_KEYS_FOLDER)) : [];
  return [...own.filter((name) => name !== JOIN_KEYS_FOLDER), ...keys.map((name) => `${JOIN_KEYS_FOLDER}/${name}`)];
}

/** By which one sees that nobody has replaced or changed any of these files. */
export async function fingerprintOf(folder: string, names: readonly string[]): Promise<string> {
  const prints = await Promise.all(
    [...names].sort().map(async (name) => {
      const found = await lstat(join(folder, name), { bigint: true }).catch(() => null);
      return `${name} ${found?.ino} ${found?.size} ${found?.mtimeNs} ${found?.ctimeNs}`;
    }),
  );
  return prints.join("\n");
}

async function namesOf(folder: string): Promise<readonly string[]> {
  const found = await lstat(folder).catch(() => null);
  if (found === null) return [];
  if (!found.isDirectory()) throw new Error(`${folder} is no folder`);
  return await readdir(folder);
}
