import type { Progress } from "../images/progress.ts";
import { formatDuration } from "./words.ts";

/** Where progress is shown. */
export interface ProgressScreen {
  err(text: string): void;
  /** true: a line can be drawn over. */
  readonly errIsTerminal: boolean;
  columns(): number | null;
  /** Milliseconds since 1970. */
  now(): number;
}

/** A bar on a terminal; elsewhere a line for each step, and now and then one for a tenth of a long step. */
export class ProgressDisplay {
  readonly #screen: ProgressScreen;
  #what = "";
  #since = 0;
  #drawnAt = 0;
  #tenth = 0;

  constructor(screen: ProgressScreen) {
    this.#screen = screen;
  }

  show(progress: Progress): void {
    const now = this.#screen.now();
    const isNew = progress.what !== this.#what;
    if (isNew) {
      this.#what = progress.what;
      this.#since = now;
      this.#tenth = 0;
    }
    if (this.#screen.errIsTerminal) {
      if (!isNew && now - this.#drawnAt < DRAW_EVERY_MS) return;
      this.#drawnAt = now;
      // Some terminals say that they have no columns at all.
      const line = renderBar(progress, now - this.#since, this.#screen.columns() || COLUMNS);
      this.#screen.err(`\r\u001b[K${line}`);
      return;
    }
    if (isNew) {
      this.#screen.err(`${progress.what}\n`);
      this.#drawnAt = now;
    }
    const tenth =
      progress.total === null || progress.total === 0 ? 0 : Math.floor((10 * progress.done) / progress.total);
    if (tenth <= this.#tenth || tenth > 9 || now - this.#drawnAt < LINE_EVERY_MS) return;
    this.#tenth = tenth;
    this.#drawnAt = now;
    this.#screen.err(`${progress.what}: ${tenth * 10} %\n`);
  }

  /** Leaves the line to whatever is said next. */
  end(): void {
    if (this.#screen.errIsTerminal && this.#what !== "") this.#screen.err("\r\u001b[K");
    this.#what = "";
  }
}

const DRAW_EVERY_MS = 100;
const LINE_EVERY_MS = 5000;
const COLUMNS = 80;
const BAR_MIN = 10;

/** `reading x.iso  [=====>    ]  52 %  904 MB of 1.7 GB, 310 MB/s, 3 s left`, as much of it as fits. */
export function renderBar({ what, done, total, unit }: Progress, elapsedMs: number, columns: number): string {
  const share = total === null || total === 0 ? null : Math.min(1, done / total);
  const facts: string[] = [];
  if (unit === "octets") {
    facts.push(total === null ? formatSize(done) : `${formatSize(done)} of ${formatSize(total)}`);
    const perMs = elapsedMs > RATE_AFTER_MS ? done / elapsedMs : 0;
    if (perMs > 0) facts.push(`${formatSize(perMs * 1000)}/s`);
    if (perMs > 0 && total !== null && total > done) facts.push(`${formatDuration((total - done) / perMs)} left`);
  }
  const percent = share === null ? "" : `${Math.floor(share * 100)} %`.padStart(5);
  for (let shown = facts.length; shown >= 0; shown--) {
    const tail = [percent, facts.slice(0, shown).join(", ")].filter((part) => part !== "").join("  ");
    const room = columns - 1 - what.length - tail.length - 6;
    if (room < BAR_MIN && shown > 0) continue;
    const bar = share === null || room < BAR_MIN ? "" : barOf(share, Math.min(room, 30));
    return [what, bar, tail]
      .filter((part) => part !== "")
      .join("  ")
      .slice(0, columns - 1);
  }
  return what.slice(0, columns - 1);
}

/** Before that it says nothing. */
const RATE_AFTER_MS = 500;

function barOf(share: number, width: number): string {
  const filled = Math.round(share * width);
  const bar = filled === 0 || filled === width ? "=".repeat(filled) : `${"=".repeat(filled - 1)}>`;
  return `[${bar.padEnd(width)}]`;
}

/** `904 MB`, `1.7 GB`: as disks and publishers count. */
export function formatSize(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  let size = bytes;
  while (size >= 999.5 && at < units.length - 1) {
    size /= 1000;
    at += 1;
  }
  return `${at > 2 && size < 99.5 ? size.toFixed(1) : Math.round(size)} ${units[at]}`;
}

/** `6 GiB`, `512 MiB`: as memory is counted. */
export function formatMemory(mib: number): string {
  return mib >= 1024 ? `${Number((mib / 1024).toFixed(1))} GiB` : `${mib} MiB`;
}
