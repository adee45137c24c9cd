import type { Slot } from "../queue/slot.ts";
import { changesBetween, type QueueState } from "../queue/state.ts";
import type { Clock, Instant } from "../std/clock.ts";
import type { Result } from "../std/result.ts";
import type { Disk, GrowingFile } from "./disk.ts";
import { DurableJsonFile, journalPathOf } from "./durable-json-file.ts";
import { toSaved, toSavedSlot } from "./format.ts";
import { decodeJournal, encodeEntry, type JournalEntry, replayed } from "./journal.ts";

type Content = Readonly<Record<string, unknown>>;

/**
 * A lowdb adapter whose `write` resolves only when a power cut can no longer undo it, and whose `read` never takes
 * damage for an empty queue. What a save changed is appended to a journal; now and then the whole queue replaces the
 * state file, and the journal begins anew.
 */
export class JournaledQueue {
  readonly #path: string;
  readonly #journalPath: string;
  readonly #file: DurableJsonFile;
  readonly #read: (content: Content) => Result<QueueState, string>;
  readonly #clock: Clock;
  readonly #disk: Disk;
  #wasRead = false;
  /** What the disk has for certain; null: unknown, or of an earlier process, so the next save writes everything. */
  #saved: QueueState | null = null;
  /** What the disk has, by whichever process; null: unknown. */
  #onDisk: QueueState | null = null;
  /** SHA-256 of the state file; null: there is none yet, or somebody repaired it by hand. */
  #fileSha256: string | null = null;
  #foldedAt: Instant | null = null;
  #journal: { readonly file: GrowingFile; sha256: string; sizeBytes: number } | null = null;
  /** A file of the journal's name is there. Stale: what it says is in the state file already. */
  #journalIs: "none" | "live" | "stale" = "none";
  #writing: Promise<void> | null = null;
  #waiting: Waiting | null = null;

  /** `read`: what the content means; its error follows the words "expected a saved queue, found". */
  constructor(path: string, read: (content: Content) => Result<QueueState, string>, clock: Clock, disk: Disk) {
    this.#path = path;
    this.#journalPath = journalPathOf(path);
    this.#file = new DurableJsonFile(path, ({ continues: _, ...content }) => read(content), clock, disk);
    this.#read = read;
    this.#clock = clock;
    this.#disk = disk;
  }

  /** null: nothing was ever saved. Rejects, and names the way out, when there is something unreadable. */
  async read(): Promise<QueueState | null> {
    const found = await this.#file.read();
    const bytes = await this.#disk.read(this.#journalPath);
    const journal = bytes === null ? null : decodeJournal(bytes);
    if (journal?.ok === false) throw new Error(this.#damaged(journal.error.found, journal.error.soundBytes));
    const entries = journal?.value.entries ?? [];
    const continued = journal?.value.continues ?? null;
    if (found === null) {
      if (journal !== null) throw new Error(this.#orphaned("that file is not there"));
      this.#wasRead = true;
      return null;
    }
    const { continues, ...content } = found.content;
    this.#fileSha256 = found.sha256;
    this.#journalIs = journal === null ? "none" : "live";
    // A power cut came between the new state file and the end of the old journal, or of its name.
    if (continued !== null && continued === continues) this.#journalIs = "stale";
    else if (continued !== null && continued !== found.sha256) {
      throw new Error(this.#orphaned(`${this.#path} is another one, restored or changed by hand`));
    }
    const isContinued = this.#journalIs === "live" && entries.length > 0;
    const state = this.#read(isContinued ? replayed(content, entries) : content);
    if (!state.ok) throw new Error(this.#damaged(`what does not fit ${this.#path} (${state.error})`, 0));
    this.#wasRead = true;
    this.#onDisk = state.value;
    return state.value;
  }

  /** Calls made while a write is under way share the next one, which carries the newest state. */
  write(state: QueueState): Promise<void> {
    // What nobody could read must not be replaced, whoever asks.
    if (!this.#wasRead) return Promise.reject(new Error(`${this.#path} must be read before it is written`));
    return new Promise((resolve, reject) => {
      const callers = this.#waiting?.callers ?? [];
      callers.push({ resolve, reject });
      this.#waiting = { state, callers };
      this.#writing ??= this.#writeWaiting();
    });
  }

  /** Writes everything into the state file, so that it can be read and copied without the journal. */
  async close(): Promise<void> {
    await this.#writing;
    if (this.#onDisk !== null && this.#journalIs === "live") await this.#fold(this.#onDisk);
    await this.#journal?.file.close();
    this.#journal = null;
  }

  async #writeWaiting(): Promise<void> {
    for (let next = this.#waiting; next !== null; next = this.#waiting) {
      this.#waiting = null;
      try {
        await this.#save(next.state);
        for (const caller of next.callers) caller.resolve();
      } catch (error) {
        // How much of it is on the disk nobody knows: the next save begins anew.
        this.#saved = null;
        this.#onDisk = null;
        for (const caller of next.callers) caller.reject(error);
      }
    }
    this.#writing = null;
  }

  async #save(state: QueueState): Promise<void> {
    const before = this.#saved;
    const entry = before === null || this.#isFoldDue() ? null : entryOf(before, state);
    if (entry === null) await this.#fold(state);
    else if (Object.keys(entry).length > 0) await this.#append(entry);
    this.#saved = state;
    this.#onDisk = state;
  }

  #isFoldDue(): boolean {
    const now = this.#clock.now();
    const isLong = (this.#journal?.sizeBytes ?? 0) > JOURNAL_BYTES_MAX;
    return isLong || this.#foldedAt === null || now - this.#foldedAt >= FOLD_MS || now < this.#foldedAt;
  }

  async #append(entry: JournalEntry): Promise<void> {
    try {
      const isNew = this.#journal === null;
      if (this.#journal === null) {
        if (this.#fileSha256 === null) throw new Error("no state file that it could continue");
        const file = await this.#disk.create(this.#journalPath);
        this.#journalIs = "live";
        this.#journal = { file, sha256: this.#fileSha256, sizeBytes: 0 };
      }
      const journal = this.#journal;
      const { line, sha256 } = encodeEntry(journal.sha256, entry);
      await journal.file.append(line);
      journal.sha256 = sha256;
      journal.sizeBytes += line.length;
      if (isNew) await this.#disk.syncFolder(this.#journalPath);
    } catch (cause) {
      throw new Error(`cannot save ${this.#journalPath}: ${(cause as Error).message}`, { cause });
    }
  }

  async #fold(state: QueueState): Promise<void> {
    try {
      await this.#journal?.file.close();
      this.#journal = null;
      await this.#removeStaleJournal();
      const { version, ...content } = toSaved(state);
      // Names the file that the journal continued: found beside this one, that journal is stale.
      this.#fileSha256 = await this.#file.replace({ version, continues: this.#fileSha256, ...content });
      if (this.#journalIs === "live") this.#journalIs = "stale";
      await this.#removeStaleJournal();
      this.#foldedAt = this.#clock.now();
    } catch (cause) {
      throw new Error(`cannot save ${this.#path}: ${(cause as Error).message}`, { cause });
    }
  }

  async #removeStaleJournal(): Promise<void> {
    if (this.#journalIs !== "stale") return;
    await this.#disk.remove(this.#journalPath);
    await this.#disk.syncFolder(this.#journalPath);
    this.#journalIs = "none";
  }

  #damaged(found: string, soundBytes: number): string {
    const path = this.#journalPath;
    return [
      `cannot read ${path}: expected what was decided since ${this.#path} was written, found ${found}`,
      "Without it machines could be installed a second time, so bootqueue does not start.",
      "Restore both files from one backup. Or, to go on without what stands there and behind it:",
      soundBytes === 0
        ? `  mv ${path} ${path}.damaged`
        : `  cp --archive ${path} ${path}.damaged; truncate --size=${soundBytes} ${path}`,
      "Then run `bootqueue mark-installed HOST` for every machine that finished installing since then, before it boots",
      "from the network again.",
    ].join("\n");
  }

  #orphaned(why: string): string {
    const path = this.#journalPath;
    return [
      `cannot read ${path}: expected what was decided since ${this.#path} was written, found the journal of another such file: ${why}`,
      "Without either machines could be installed a second time, so bootqueue does not start.",
      `Restore both files from one backup. Or, to go on with ${this.#path} as it is:`,
      `  mv ${path} ${path}.old`,
      "Then run `bootqueue mark-installed HOST` for every machine that finished installing since it was written, before it",
      "boots from the network again.",
    ].join("\n");
  }
}

interface Waiting {
  readonly state: QueueState;
  readonly callers: { resolve: () => void; reject: (error: unknown) => void }[];
}

/** Read at the next start after a crash, so it bounds how long that takes: a second or so. */
const JOURNAL_BYTES_MAX = 64 << 20;
/** So long may a backup of the state file alone lag behind, while there is anything to save. */
const FOLD_MS = 60_000;

/** What a save has to add to the journal; null: that cannot be said in it. */
function entryOf(before: QueueState, after: QueueState): JournalEntry | null {
  const changes = changesBetween(before, after);
  if (changes === null) return null;
  const slots: object[] = [];
  for (const [n, slot] of changes.slots.set.entries()) {
    const saved = toSavedSlot(slot);
    const was = changes.slots.was[n];
    // A slot that the file does not have would come back at the end of it, wherever its place is.
    if (saved === null || (was !== undefined && toSavedSlot(was) === null)) return null;
    if (was === undefined || !isOnlyHeldOrFree(was, slot)) slots.push(saved);
  }
  return {
    ...(before.paused === after.paused ? {} : { paused: after.paused }),
    ...(before.rebuilds === after.rebuilds ? {} : { rebuilds: after.rebuilds }),
    ...listOf("slots", changes.slots.gone, slots),
    ...listOf("hosts", changes.hosts.gone, changes.hosts.set),
  };
}

/** A hold begins or ends: to the file it is the same. */
function isOnlyHeldOrFree(before: Slot, after: Slot): boolean {
  return (
    isNobodys(before) &&
    isNobodys(after) &&
    before.hostname === after.hostname &&
    before.profile === after.profile &&
    before.labels === after.labels &&
    before.reservation === after.reservation &&
    before.declared === after.declared
  );
}

function isNobodys({ state }: Slot): boolean {
  return state.type === "available" || state.type === "reserved" || state.type === "held";
}

function listOf(name: "slots" | "hosts", gone: readonly string[], set: readonly object[]): JournalEntry {
  if (gone.length + set.length === 0) return {};
  return { [name]: { ...(gone.length === 0 ? {} : { gone }), ...(set.length === 0 ? {} : { set }) } };
}
