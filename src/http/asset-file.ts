import { constants, type Stats } from "node:fs";
import { type FileHandle, open, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";

/** A file below assets/, open, as it was when it was opened. Whoever has it releases it once. */
export interface AssetFile {
  readonly handle: FileHandle;
  /** Of no other content that was ever in the folder. */
  readonly identity: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly modified: Date;
  /** Strong: it differs for every other content, also of a file that was put in this one's place (EDK2 resumes by it). */
  readonly etag: string;
  /** How many have it at this moment. */
  readonly users: number;
  /** False: somebody wrote into it since it was opened, so what was read before and after need not fit together. */
  isUnchanged(): Promise<boolean>;
  release(): void;
}

/**
 * The files of one folder, and nothing from outside of it, whatever links lead there. A file that several machines fetch
 * is open once; one that is replaced while it is sent stays the old one to those who began with it.
 */
export class AssetFiles {
  readonly #root: string;
  /** By identity. */
  readonly #opened = new Map<string, OpenFile>();
  /** By the path under which each of them was asked for last; one for each, because `a/./b` has no end of names. */
  readonly #asked = new Map<string, OpenFile>();

  /** `root` need not exist yet: without it every file is missing. */
  constructor(root: string) {
    this.#root = root;
  }

  /** null: for a machine it is not there: missing, a folder, forbidden, a loop of links, or outside. */
  async open(path: string): Promise<AssetFile | null> {
    if (path.includes("\0")) return null;
    const known = await this.#openAlready(path);
    if (known !== null) return known;
    try {
      const [base, real] = await Promise.all([realpath(this.#root), realpath(join(this.#root, path))]);
      if (!real.startsWith(base + sep) || path.endsWith("/")) return null;
      // The path is real already, so a link here appeared this moment. A pipe must not block the open.
      const handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      const file = await this.#shared(handle, real);
      if (file !== null) this.#remember(path, file);
      return file;
    } catch {
      return null;
    }
  }

  /**
   * A rack asks for the same file hundreds of times in a second: then one look at what is there now replaces four ways
   * through the thread pool. What has the identity of a file that was found inside the folder is that file, wherever a
   * link leads by now. null: it has to be opened.
   */
  async #openAlready(path: string): Promise<OpenFile | null> {
    if (!this.#asked.has(path)) return null;
    const found = await stat(join(this.#root, path), { bigint: true }).catch(() => null);
    const file = this.#asked.get(path);
    if (found === null || file === undefined || file.identity !== identityOf(found)) return null;
    file.keep();
    return file;
  }

  async #shared(handle: FileHandle, path: string): Promise<OpenFile | null> {
    let found: BigStats;
    try {
      found = await handle.stat({ bigint: true });
    } catch (error) {
      await handle.close();
      throw error;
    }
    const identity = identityOf(found);
    const known = this.#opened.get(identity);
    if (!found.isFile() || known !== undefined) {
      void handle.close().catch(() => {});
      known?.keep();
      return known ?? null;
    }
    const file: OpenFile = new OpenFile(handle, identity, path, found, () => this.#forget(file));
    this.#opened.set(identity, file);
    return file;
  }

  #remember(path: string, file: OpenFile): void {
    this.#forgetPath(file);
    file.askedAs = path;
    this.#asked.set(path, file);
  }

  #forget(file: OpenFile): void {
    this.#opened.delete(file.identity);
    this.#forgetPath(file);
  }

  #forgetPath(file: OpenFile): void {
    if (file.askedAs !== null && this.#asked.get(file.askedAs) === file) this.#asked.delete(file.askedAs);
  }
}

class OpenFile implements AssetFile {
  readonly handle: FileHandle;
  readonly identity: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly modified: Date;
  readonly etag: string;
  /** null: not known yet. */
  askedAs: string | null = null;
  readonly #stamp: string;
  readonly #closed: () => void;
  #users = 1;

  constructor(handle: FileHandle, identity: string, path: string, found: BigStats, closed: () => void) {
    this.handle = handle;
    this.identity = identity;
    this.path = path;
    this.sizeBytes = Number(found.size);
    this.modified = found.mtime;
    this.#stamp = stampOf(found);
    this.etag = `"${[found.size, found.mtimeNs, found.ino].map((part) => part.toString(16)).join("-")}"`;
    this.#closed = closed;
  }

  get users(): number {
    return this.#users;
  }

  keep(): void {
    this.#users++;
  }

  async isUnchanged(): Promise<boolean> {
    return stampOf(await this.handle.stat({ bigint: true })) === this.#stamp;
  }

  release(): void {
    if (--this.#users > 0) return;
    this.#closed();
    void this.handle.close().catch(() => {});
  }
}

interface BigStats extends Pick<Stats, "isFile" | "mtime"> {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  /** It changes with every write and every change of name or mode. */
  readonly ctimeNs: bigint;
}

function identityOf(found: BigStats): string {
  return `${stampOf(found)}:${found.ctimeNs}`;
}

/** What changes when the content does; a file that was put in another's place has another inode. */
function stampOf({ dev, ino, size, mtimeNs }: BigStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}`;
}
