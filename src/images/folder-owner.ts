import { stat } from "node:fs/promises";
import { ImageFailure } from "./image-failure.ts";

/**
 * Makes what this process writes readable for everybody, whatever its umask was: the daemon serves it to every machine.
 * Where root works in a folder of somebody else, it becomes that user for the rest of this process: what is made then
 * belongs to the daemon's user, and no link in his folder leads root anywhere. For everybody else, nothing happens.
 */
export async function becomeOwner(folder: string): Promise<void> {
  process.umask(0o022);
  const { geteuid, setgroups, setgid, setuid } = process;
  if (!geteuid || !setgroups || !setgid || !setuid || geteuid() !== 0) return;
  const { uid, gid } = await stat(folder).catch(() => ({ uid: 0, gid: 0 }));
  if (uid === 0) return;
  try {
    setgroups([gid]);
    setgid(gid);
    setuid(uid);
  } catch (cause) {
    throw new ImageFailure(
      "refused",
      `cannot become the owner of ${folder} (user ${uid}): ${(cause as Error).message}`,
    );
  }
}
