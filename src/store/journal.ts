import { createHash } from "node:crypto";
import { err, ok, type Result } from "../std/result.ts";

type Row = Readonly<Record<string, unknown>>;

/** What leaves a list, by id, and then what takes the place of the row with its id, or the end. */
export interface ListChanges {
  readonly gone?: readonly string[];
  readonly set?: readonly object[];
}

/** What one save changed. What is left out did not change. */
export interface JournalEntry {
  readonly paused?: boolean;
  readonly rebuilds?: object | null;
  readonly slots?: ListChanges;
  readonly hosts?: ListChanges;
}

/** What stands in a journal, up to where a power cut tore it. */
export interface Journal {
  /** SHA-256 of the state file that it continues; null: there is no whole entry. */
  readonly continues: string | null;
  readonly entries: readonly JournalEntry[];
}

/** What is wrong, and how many octets before it are sound. */
export interface JournalDamage {
  readonly found: string;
  readonly soundBytes: number;
}

/**
 * One line: the length of the text, its SHA-256, a check of these two, the text. `after` is the SHA-256 of the entry
 * before, or of the state file, so that an entry cannot be taken for one of another history. `sha256` goes into the next.
 */
export function encodeEntry(after: string, entry: JournalEntry): { readonly line: Buffer; readonly sha256: string } {
  const text = JSON.stringify({ after, ...entry });
  // As octets only once: they are counted, digested and written.
  const line = Buffer.allocUnsafe(STAMP_SIZE + Buffer.byteLength(text) + 1);
  line.write(text, STAMP_SIZE);
  line[line.length - 1] = LINE_FEED;
  const sha256 = digest(line.subarray(STAMP_SIZE, line.length - 1));
  const stamp = `${(line.length - STAMP_SIZE - 1).toString(16).padStart(LENGTH_DIGITS, "0")} ${sha256}`;
  line.write(`${stamp} ${checkOf(stamp)} `, "latin1");
  return { line, sha256 };
}

/**
 * Reads what can have been acknowledged. The last line may end before its end, or in the zeros that some file systems
 * leave where a power cut hit: then its save was never acknowledged. Anything else that does not fit is damage: the stamp
 * in front has a check of its own, so that a flipped bit in a length cannot pass for a line that is too short.
 */
export function decodeJournal(bytes: Buffer): Result<Journal, JournalDamage> {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  const entries: JournalEntry[] = [];
  let continues: string | null = null;
  let before: string | null = null;
  for (let at = 0; at < end; ) {
    const damaged = (found: string): Result<never, JournalDamage> =>
      err({ found: `${found} in entry ${entries.length + 1}, at octet ${at}`, soundBytes: at });
    if (end - at < STAMP_SIZE) break;
    const [, stamp, length, sha256, check] = STAMP.exec(bytes.toString("latin1", at, at + STAMP_SIZE)) ?? [];
    if (stamp === undefined || sha256 === undefined || checkOf(stamp) !== check) return damaged("no sound stamp");
    const from = at + STAMP_SIZE;
    const to = from + Number.parseInt(length ?? "", 16);
    if (to >= bytes.length || (to >= end && bytes.length > end)) break;
    const text = bytes.subarray(from, to);
    if (digest(text) !== sha256) return damaged("content that does not match its checksum");
    if (bytes[to] !== LINE_FEED) return damaged("no line feed at the end");
    const { after, ...entry } = JSON.parse(text.toString("utf8")) as JournalEntry & { readonly after: string };
    if (before !== null && after !== before) return damaged("something that does not continue what stands before it");
    continues ??= after;
    before = sha256;
    entries.push(entry);
    at = to + 1;
  }
  return ok({ continues, entries });
}

/** The content of a state file as it was after these saves. What they say is not checked here. */
export function replayed(content: Row, entries: readonly JournalEntry[]): Row {
  let paused = content.paused;
  let rebuilds = content.rebuilds;
  const slots = rowsById(content.slots);
  const hosts = rowsById(content.hosts);
  for (const entry of entries) {
    paused = entry.paused ?? paused;
    if (entry.rebuilds !== undefined) rebuilds = entry.rebuilds;
    apply(slots, entry.slots);
    apply(hosts, entry.hosts);
  }
  return {
    ...content,
    paused,
    ...(rebuilds === undefined ? {} : { rebuilds }),
    slots: [...slots.values()],
    hosts: [...hosts.values()],
  };
}

/** A Map does just that: a known id keeps its place, a new one goes to the end. */
function apply(rows: Map<unknown, object>, { gone = [], set = [] }: ListChanges = {}): void {
  for (const id of gone) rows.delete(id);
  for (const row of set) rows.set((row as { readonly id?: unknown }).id, row);
}

function rowsById(rows: unknown): Map<unknown, object> {
  return new Map((rows as readonly { readonly id: unknown }[]).map((row) => [row.id, row]));
}

const LENGTH_DIGITS = 8;
const STAMP = /^(([0-9a-f]{8}) ([0-9a-f]{64})) ([0-9a-f]{8}) $/;
const STAMP_SIZE = LENGTH_DIGITS + 1 + 64 + 1 + 8 + 1;
const LINE_FEED = 10;

function checkOf(stamp: string): string {
  return digest(stamp).slice(0, 8);
}

function digest(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
