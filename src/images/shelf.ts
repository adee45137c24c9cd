import { chmod, lstat, mkdir, open, readdir, rename, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { type FileLock, lockFile } from "../std/file-lock.ts";
import { IMAGES_FOLDER } from "./catalogue.ts";
import { ImageFailure } from "./image-failure.ts";

/** Where images stand, with nobody else changing anything in it. */
export interface Shelf {
  /** `assets/images`. */
  readonly folder: string;
  /** An empty folder beside the images, which is no image yet. */
  stage(): Promise<string>;
  /** Makes the staged folder the image of this name, in one step that survives a power cut; one that was there goes. */
  publish(staged: string, sha256: string): Promise<void>;
  remove(sha256: string): Promise<void>;
  /** Removes what was begun and not finished, and lets others in. */
  close(): Promise<void>;
}

/** Everything that begins with a dot is no image; `readCatalogue` does not look at it. */
const STAGED = ".adding";
const REMOVED = ".removing";

/** Rejects when another process changes images at this moment. Clears away what an interrupted one left. */
export async function openShelf(assets: string): Promise<Shelf> {
  const folder = join(assets, IMAGES_FOLDER);
  await makeFolder(assets, folder);
  const lock = await lockShelf(folder);
  const clear = async () => {
    for (const name of await readdir(folder)) {
      if (name.startsWith(STAGED) || name.startsWith(REMOVED))
        await rm(join(folder, name), { recursive: true, force: true });
    }
  };
  try {
    await clear();
  } catch (cause) {
    lock.release();
    throw notWritable(folder, cause as NodeJS.ErrnoException);
  }
  let removals = 0;
  const moveAway = async (sha256: string) => {
    await rename(join(folder, sha256), join(folder, `${REMOVED}-${removals++}`)).catch(
      (cause: NodeJS.ErrnoException) => {
        if (cause.code !== "ENOENT") throw cause;
      },
    );
  };
  return {
    folder,
    async stage() {
      const staged = join(folder, STAGED);
      await mkdir(staged, { mode: 0o755 });
      await chmod(staged, 0o755);
      return staged;
    },
    async publish(staged, sha256) {
      await syncFolder(staged);
      await moveAway(sha256);
      await rename(staged, join(folder, sha256));
      await syncFolder(folder);
      await clear();
    },
    async remove(sha256) {
      await moveAway(sha256);
      await syncFolder(folder);
      await clear();
    },
    async close() {
      try {
        await clear();
      } finally {
        lock.release();
      }
    },
  };
}

/** Octets that may still be written on the disk of this folder. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function makeFolder(assets: string, folder: string): Promise<void> {
  const found = await stat(assets).catch(() => null);
  if (found === null || !found.isDirectory())
    throw new ImageFailure(
      "refused",
      `expected the folder ${assets}, found none`,
      "scripts/install makes it; paths.assets of the configuration, or --assets, names another",
    );
  try {
    await mkdir(folder, { mode: 0o755 });
    // Whatever the umask is: the daemon may be another user.
    await chmod(folder, 0o755);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw notWritable(assets, cause as NodeJS.ErrnoException);
    // A link could lead anywhere.
    if (!(await lstat(folder)).isDirectory())
      throw new ImageFailure("refused", `expected a folder, found ${folder}, which is none`);
  }
}

async function lockShelf(folder: string): Promise<FileLock> {
  const lock = await lockFile(join(folder, ".lock")).catch((cause: NodeJS.ErrnoException) => {
    throw cause.syscall === "open"
      ? notWritable(folder, cause)
      : new ImageFailure(
          "refused",
          `cannot lock ${folder}: ${cause.message}`,
          "it takes flock, of Debian's util-linux",
        );
  });
  if ("release" in lock) return lock;
  const holder = lock.heldBy === null ? "another process" : `process ${lock.heldBy}`;
  throw new ImageFailure(
    "refused",
    `${holder} is adding or removing an image just now`,
    "images are added one at a time; try again when it has ended",
  );
}

function notWritable(folder: string, cause: NodeJS.ErrnoException): Error {
  if (cause.code !== "EACCES" && cause.code !== "EPERM" && cause.code !== "EROFS") return cause;
  const why = cause.code === "EROFS" ? "it is mounted read-only" : "permission denied";
  return new ImageFailure("refused", `cannot write to ${folder}: ${why}`, "run this as root, or as the folder's owner");
}
