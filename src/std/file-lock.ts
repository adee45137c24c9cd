import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";

/** Held until `release`, or until the process ends in whatever way. */
export interface FileLock {
  release(): void;
}

/** Somebody else has the lock. `holder`: the process that left its id in the file; null: it left none. */
export interface LockHeld {
  readonly heldBy: string | null;
}

/**
 * Locks a file, which is made where it is missing, for this process alone. Rejects when the file cannot be opened, or
 * when there is no `flock`.
 *
 * The kernel keeps the lock (flock) and drops it with the process, so `kill -9` leaves nothing behind that would block
 * the next start. Node has no flock of its own: util-linux's `flock` sets it on a descriptor that both processes share,
 * and it stays when that child ends, because it belongs to the open file and not to a process (flock(2)).
 */
export async function lockFile(path: string): Promise<FileLock | LockHeld> {
  // A plain number and no FileHandle: a handle that nobody holds is closed by the garbage collector.
  const fd = openSync(path, "a+", 0o600);
  let release = () => closeSync(fd);
  try {
    if (!(await flock(fd))) {
      const pid = readFileSync(path, "utf8").trim();
      release();
      return { heldBy: pid === "" ? null : pid };
    }
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

/** false: another process holds it. */
async function flock(fd: number): Promise<boolean> {
  const child = spawn("flock", ["--exclusive", "--nonblock", "3"], { stdio: ["ignore", "ignore", "ignore", fd] });
  const [status] = (await once(child, "close")) as [number | null];
  if (status === 0 || status === 1) return status === 0;
  throw new Error(`flock ended with status ${status}`);
}
