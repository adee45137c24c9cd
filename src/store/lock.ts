import { join } from "node:path";
import { type FileLock, lockFile } from "../std/file-lock.ts";

/** Makes this process the only one that uses the state folder. Rejects with a sentence that names the other process. */
export async function lockFolder(folder: string): Promise<FileLock> {
  const path = join(folder, "lock");
  const lock = await lockFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new Error(
      cause.syscall === "open"
        ? `cannot open ${path}: ${cause.message}; the state folder must exist and belong to the user that runs bootqueue`
        : `cannot lock the state folder: ${cause.message}; ${cause.code === "ENOSPC" ? "make room on that disk" : "it takes flock, of Debian's util-linux"}`,
      { cause },
    );
  });
  if ("release" in lock) return lock;
  const holder = lock.heldBy === null ? "another process" : `process ${lock.heldBy}`;
  throw new Error(
    `${folder} is in use by ${holder}: only one bootqueue may run on a state folder; stop it, or set paths.state`,
  );
}
