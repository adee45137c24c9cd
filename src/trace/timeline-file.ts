import { constants } from "node:fs";
import { type FileHandle, open, rename, stat } from "node:fs/promises";
import type { Clock } from "../std/clock.ts";
import type { Log } from "../std/log.ts";
import { parseEntry } from "./timeline-line.ts";
import type { TraceEntry } from "./trace.ts";

export interface TimelineLimits {
  /** A file that has grown beyond this is put aside as `.1`. */
  readonly sizeBytesMax: number;
  /** How many files that were put aside are kept. */
  readonly filesKept: number;
  /** Entries that wait for the disk; more are dropped and counted. */
  readonly waitingMax: number;
}

const LIMITS: TimelineLimits = { sizeBytesMax: 16 << 20, filesKept: 4, waitingMax: 10_000 };

/**
 * The trace on disk: one JSON object a line, only ever appended to. It explains and decides nothing, so it is never
 * waited for: what a slow disk cannot take is dropped, and the file says how much.
 */
export class TimelineFile {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #limits: TimelineLimits;
  #waiting: string[] = [];
  /** Those that a write took along when it failed, and those that came when too many waited. */
  #lost = 0;
  #dropped = 0;
  #isFailing = false;
  #writing: Promise<void> | null = null;
  /** Ends the pause before a write. */
  #hurry: () => void = () => {};
  #file: { readonly handle: FileHandle; sizeBytes: number } | null = null;

  constructor(path: string, clock: Clock, log: Log, limits: TimelineLimits = LIMITS) {
    this.#path = path;
    this.#clock = clock;
    this.#log = log;
    this.#limits = limits;
  }

  /** Never throws, never waits. Of an entry that keeps repeating, the 2nd, 4th, 8th … are written. */
  append(entry: TraceEntry): void {
    if ((entry.count & (entry.count - 1)) !== 0) return;
    if (this.#waiting.length >= this.#limits.waitingMax) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(`${JSON.stringify(entry)}\n`);
    this.#writing ??= this.#writeWaiting();
  }

  /** Resolves when everything appended so far is written, or could not be. */
  async flush(): Promise<void> {
    while (this.#writing !== null) {
      this.#hurry();
      await this.#writing;
    }
  }

  /** Flushes and closes. What is appended afterwards opens the file again. */
  async close(): Promise<void> {
    await this.flush();
    const file = this.#file;
    this.#file = null;
    await file?.handle.close();
  }

  async #writeWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#pause();
      const [lines, lost, dropped] = [this.#waiting, this.#lost, this.#dropped];
      this.#waiting = [];
      this.#dropped = 0;
      this.#lost = 0;
      try {
        await this.#write([this.#gap(lost), ...lines, this.#gap(dropped)].join(""));
        this.#isFailing = false;
      } catch (error) {
        this.#lost += lost + lines.length + dropped;
        await this.#file?.handle.close().catch(() => {});
        this.#file = null;
        if (!this.#isFailing) {
          this.#log.error("the timeline cannot be written; bootqueue goes on without it", {
            path: this.#path,
            error: (error as Error).message,
          });
        }
        this.#isFailing = true;
      }
    }
    this.#writing = null;
  }

  /** Lets entries gather: a write for each packet would cost more than answering it. */
  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, GATHER_MS);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #write(text: string): Promise<void> {
    this.#file ??= await this.#open();
    if (this.#file.sizeBytes >= this.#limits.sizeBytesMax) {
      await this.#file.handle.close();
      this.#file = null;
      await this.#rotate();
      this.#file = await this.#open();
    }
    await this.#file.handle.appendFile(text);
    this.#file.sizeBytes += Buffer.byteLength(text);
  }

  async #open(): Promise<{ readonly handle: FileHandle; sizeBytes: number }> {
    const handle = await open(this.#path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT, 0o600);
    try {
      const { size } = await handle.stat();
      // A line that a power cut tore in half must not swallow the next one.
      if (size > 0 && (await handle.read(Buffer.alloc(1), 0, 1, size - 1)).buffer[0] !== LINE_FEED) {
        await handle.appendFile("\n");
      }
      return { handle, sizeBytes: size };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async #rotate(): Promise<void> {
    for (let n = this.#limits.filesKept; n >= 1; n--) {
      const from = n === 1 ? this.#path : `${this.#path}.${n - 1}`;
      await rename(from, `${this.#path}.${n}`).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") throw error;
      });
    }
  }

  #gap(missing: number): string {
    if (missing === 0) return "";
    const now = this.#clock.now();
    const what = `${missing} timeline entries are missing here`;
    const why = "the disk could not take them";
    const entry: TraceEntry = { at: now, last: now, count: 1, mac: null, road: "daemon", outcome: "noted", what, why };
    return `${JSON.stringify(entry)}\n`;
  }
}

const GATHER_MS = 50;
const LINE_FEED = 10;
/** As many as the trace keeps in memory. */
const RECENT_MAX = 2000;

/**
 * The newest entries of a timeline and of the files put aside before it, oldest first. Torn and foreign lines are left
 * out; of an entry that kept repeating only the last word is told. Rejects when a file is there and cannot be read.
 */
export async function readTimeline(
  path: string,
  entriesMax: number = RECENT_MAX,
  filesKept: number = LIMITS.filesKept,
): Promise<readonly TraceEntry[]> {
  const found: TraceEntry[] = [];
  for (let n = 0; n <= filesKept && found.length < entriesMax; n++) {
    const text = await readEnd(n === 0 ? path : `${path}.${n}`, entriesMax);
    if (text === null) break;
    const lines = text.split("\n");
    for (let at = lines.length - 1; at >= 0 && found.length < entriesMax; at--) {
      const entry = parseEntry(lines[at] ?? "");
      if (entry !== null && !isRetold(found, entry)) found.push(entry);
    }
  }
  return found.reverse();
}

/** Enough of the end for so many entries; null: no such file. */
async function readEnd(path: string, entriesMax: number): Promise<string | null> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (found === null) return null;
  const handle = await open(path, "r");
  try {
    const length = Math.min(found.size, entriesMax * LINE_OCTETS);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, found.size - length);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** More than an entry usually takes. */
const LINE_OCTETS = 1024;

/** `newer`, newest first, already holds a later count of the same folded entry. */
function isRetold(newer: readonly TraceEntry[], entry: TraceEntry): boolean {
  const { at, mac, what } = entry;
  return newer.slice(-RETOLD_WITHIN).some((other) => other.at === at && other.mac === mac && other.what === what);
}

const RETOLD_WITHIN = 200;
