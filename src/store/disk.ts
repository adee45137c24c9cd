import { constants } from "node:fs";
import { copyFile, link, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** The few things that this room does to a file system. Tests bring one that fails or loses power at a chosen step. */
export interface Disk {
  /** null: no such file. */
  read(path: string): Promise<Buffer | null>;
  /** A new file of mode 0600 in place of whatever is there; resolves when its content is on the medium. */
  writeSynced(path: string, content: string): Promise<void>;
  /** A new, empty file of mode 0600 in place of whatever is there; its name is durable after `syncFolder`. */
  create(path: string): Promise<GrowingFile>;
  /** Replaces `to`; atomic, and durable only after `syncFolder`. Rejects when `from` does not exist. */
  rename(from: string, to: string): Promise<void>;
  /** A second name for the same content: a hard link, or a copy where the file system has none. */
  link(from: string, to: string): Promise<void>;
  /** Does nothing when there is no such file. */
  remove(path: string): Promise<void>;
  /** Resolves when the names in the folder of `path` are on the medium. */
  syncFolder(path: string): Promise<void>;
  /** File names, without the folder. */
  list(folder: string): Promise<readonly string[]>;
  /** Milliseconds since 1970 and octets; null: no such file. */
  look(path: string): Promise<{ readonly changedMs: number; readonly sizeBytes: number } | null>;
}

/** A file that is only ever added to. */
export interface GrowingFile {
  /** Resolves when it is on the medium. */
  append(octets: Buffer): Promise<void>;
  close(): Promise<void>;
}

/** The machine's own disk. */
export const realDisk: Disk = {
  read: (path) => readFile(path).catch(nullWhenMissing),

  async writeSynced(path, content) {
    // A file left by a crash may have another mode or be a link to somewhere else, so it is never written into.
    await rm(path, { force: true });
    const file = await open(path, "wx", 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
  },

  async create(path) {
    await rm(path, { force: true });
    const { O_WRONLY, O_CREAT, O_EXCL, O_APPEND, O_DSYNC } = constants;
    // With O_DSYNC a write is also the fdatasync (open(2)): one way through the thread pool instead of two.
    const file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_DSYNC, 0o600);
    return {
      async append(octets) {
        for (let rest = octets; rest.length > 0; ) rest = rest.subarray((await file.write(rest)).bytesWritten);
      },
      close: () => file.close(),
    };
  },

  rename,

  async link(from, to) {
    try {
      await link(from, to);
    } catch (error) {
      if (!NO_HARD_LINKS.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
      await copyFile(from, to, constants.COPYFILE_EXCL);
    }
  },

  remove: (path) => rm(path, { force: true }),

  async syncFolder(path) {
    const folder = await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },

  list: (folder) => readdir(folder),

  async look(path) {
    const found = await stat(path).catch(nullWhenMissing);
    return found && { changedMs: found.mtimeMs, sizeBytes: found.size };
  },
};

/** What file systems without hard links answer: FAT and some network mounts. */
const NO_HARD_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

function nullWhenMissing(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") return null;
  throw error;
}
