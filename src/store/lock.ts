import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Held until `release`, or until the process ends in whatever way. */
export interface FolderLock {
  release(): void;
}

/**
 * Makes this process the only one that uses the state folder. Rejects with a sentence that names the other process.
 *
 * The kernel keeps the lock (flock) and drops it with the process, so `kill -9` leaves nothing behind that would block
 * the next start. Node has no flock of its own: util-linux's `flock` sets it on a descriptor that both processes share,
 * and it stays when that child ends, because it belongs to the open file and not to a process (flock(2)).
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = join(folder, "lock");
  const fd = openLockFile(path);
  let release = () => closeSync(fd);
  try {
    if (!(await flock(fd))) throw new Error(refusal(folder, path));
    ftruncateSync(fd);
    writeSync(fd, `${process.pid}\n`, 0);
  } catch (error) {
    release();
    throw error;
  }
  return {
    release() {
      release();
      release = () => {};
    },
  };
}

function openLockFile(path: string): number {
  try {
    // A plain number and no FileHandle: a handle that nobody holds is closed by the garbage collector.
    return openSync(path, "a+", 0o600);
  } catch (cause) {
    throw new Error(
      `cannot open ${path}: ${(cause as Error).message}; the state folder must exist and belong to the user that runs bootqueue`,
      { cause },
    );
  }
}

/** false: another process holds it. */
async function flock(fd: number): Promise<boolean> {
  const child = spawn("flock", ["--exclusive", "--nonblock", "3"], { stdio: ["ignore", "ignore", "ignore", fd] });
  try {
    const [status] = (await once(child, "close")) as [number | null];
    if (status === 0 || status === 1) return status === 0;
    throw new Error(`flock ended with status ${status}`);
  } catch (cause) {
    throw new Error(
      `cannot lock the state folder: ${(cause as Error).message}; it takes flock, of Debian's util-linux`,
      {
        cause,
      },
    );
  }
}

function refusal(folder: string, path: string): string {
  const pid = readFileSync(path, "utf8").trim();
  const holder = pid === "" ? "another process" : `process ${pid}`;
  return `${folder} is in use by ${holder}: only one bootqueue may run on a state folder; stop it, or set paths.state`;
}
