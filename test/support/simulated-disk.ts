import { basename, dirname } from "node:path";
import type { Disk, GrowingFile } from "../../src/store/disk.ts";

interface Inode {
  content: Buffer;
  /** What a power cut leaves of it; null: nothing was ever synced. */
  synced: Buffer | null;
}

type NameChange = { readonly name: string; readonly inode: Inode | null };

/**
 * A disk in memory that is as unreliable as the standards allow: what was not synced may be there after a power cut,
 * in part or not at all, and so may each change of a name until its folder was synced.
 */
export class SimulatedDisk implements Disk {
  #names = new Map<string, Inode>();
  #syncedNames = new Map<string, Inode>();
  #unsynced: NameChange[][] = [];
  #steps = 0;
  #failAt = Number.POSITIVE_INFINITY;
  #isOff = false;
  #powerCutAt = Number.POSITIVE_INFINITY;

  /** How many steps were taken so far. */
  get steps(): number {
    return this.#steps;
  }

  /** The step with this number, counted from 1 on from now, fails with EIO after it was half done. */
  failAtStep(step: number): void {
    this.#failAt = this.#steps + step;
  }

  /** From this step on nothing happens any more. */
  cutPowerAtStep(step: number): void {
    this.#powerCutAt = this.#steps + step;
  }

  /** The disk as it may be found when the power is back. */
  afterPowerCut(random: () => number): SimulatedDisk {
    const names = new Map(this.#syncedNames);
    // Journals keep the order of changes; other file systems need not.
    const keepsOrder = random() < 0.5;
    const upTo = Math.floor(random() * (this.#unsynced.length + 1));
    this.#unsynced.forEach((changes, n) => {
      if (keepsOrder ? n >= upTo : random() < 0.5) return;
      for (const { name, inode } of changes) {
        if (inode === null) names.delete(name);
        else names.set(name, inode);
      }
    });
    const found = new SimulatedDisk();
    const survivors = new Map<Inode, Inode>();
    for (const [name, inode] of names) {
      const content = contentAfterPowerCut(inode, random);
      const survivor = survivors.get(inode) ?? { content, synced: content };
      survivors.set(inode, survivor);
      found.#names.set(name, survivor);
    }
    found.#syncedNames = new Map(found.#names);
    return found;
  }

  /** Puts a file there as if it had always been there. */
  put(path: string, content: Buffer): void {
    const inode = { content, synced: content };
    this.#names.set(path, inode);
    this.#syncedNames.set(path, inode);
  }

  async read(path: string): Promise<Buffer | null> {
    return this.#names.get(path)?.content ?? null;
  }

  async writeSynced(path: string, content: string): Promise<void> {
    const inode: Inode = { content: Buffer.alloc(0), synced: null };
    await this.#step(() => this.#change([{ name: path, inode }]));
    const bytes = Buffer.from(content);
    inode.content = bytes.subarray(0, bytes.length / 2);
    await this.#step(() => {
      inode.content = bytes;
    });
    await this.#step(() => {
      inode.synced = bytes;
    });
  }

  async create(path: string): Promise<GrowingFile> {
    const inode: Inode = { content: Buffer.alloc(0), synced: null };
    await this.#step(() => this.#change([{ name: path, inode }]));
    return {
      append: async (bytes) => {
        const before = inode.content;
        await this.#step(() => {
          inode.content = Buffer.concat([before, bytes.subarray(0, bytes.length / 2)]);
        });
        await this.#step(() => {
          inode.content = Buffer.concat([before, bytes]);
        });
        await this.#step(() => {
          inode.synced = inode.content;
        });
      },
      close: async () => {},
    };
  }

  rename(from: string, to: string): Promise<void> {
    return this.#step(() => {
      const inode = this.#existing(from);
      this.#change([
        { name: to, inode },
        { name: from, inode: null },
      ]);
    });
  }

  link(from: string, to: string): Promise<void> {
    return this.#step(() => {
      if (this.#names.has(to)) throw Object.assign(new Error(`EEXIST: ${to}`), { code: "EEXIST" });
      this.#change([{ name: to, inode: this.#existing(from) }]);
    });
  }

  remove(path: string): Promise<void> {
    return this.#step(() => this.#change([{ name: path, inode: null }]));
  }

  syncFolder(): Promise<void> {
    return this.#step(() => {
      this.#syncedNames = new Map(this.#names);
      this.#unsynced = [];
    });
  }

  async list(folder: string): Promise<readonly string[]> {
    return [...this.#names.keys()].filter((path) => dirname(path) === folder).map((path) => basename(path));
  }

  async look(path: string): Promise<{ readonly changedMs: number; readonly sizeBytes: number } | null> {
    const inode = this.#names.get(path);
    return inode === undefined ? null : { changedMs: 0, sizeBytes: inode.content.length };
  }

  async #step(take: () => void): Promise<void> {
    // Every step yields, so that callers really overlap.
    await new Promise((resolve) => setImmediate(resolve));
    this.#steps++;
    if (this.#steps >= this.#powerCutAt) this.#isOff = true;
    // A machine without power neither succeeds nor fails; for the test it is the end of this caller.
    if (this.#isOff) throw new Error("the power is off");
    if (this.#steps === this.#failAt) throw Object.assign(new Error("EIO: i/o error"), { code: "EIO" });
    take();
  }

  #change(changes: NameChange[]): void {
    for (const { name, inode } of changes) {
      if (inode === null) this.#names.delete(name);
      else this.#names.set(name, inode);
    }
    this.#unsynced.push(changes);
  }

  #existing(path: string): Inode {
    const inode = this.#names.get(path);
    if (inode === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" });
    return inode;
  }
}

/** What was synced, and a part of what was not; sometimes the new length is there and the octets are not. */
function contentAfterPowerCut({ content, synced }: Inode, random: () => number): Buffer {
  const certain = synced ?? Buffer.alloc(0);
  if (!content.subarray(0, certain.length).equals(certain)) return certain;
  const kept = content.subarray(0, certain.length + Math.floor(random() * (content.length - certain.length + 1)));
  if (random() < 0.7) return kept;
  return Buffer.concat([kept, Buffer.alloc(Math.floor(random() * (content.length - kept.length + 1)))]);
}
