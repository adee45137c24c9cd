import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { writeSecretFile } from "../std/secret-file.ts";

/**
 * What we did to clusters, so that none is created twice and members are found again. It holds no secret, and is
 * written before anything is done.
 */
export interface ClusterRecord {
  /** Who created it; null: nobody of ours. */
  readonly founder: Founder | null;
  /** Hosts that a member has told us to be online and quorate, in the order in which they joined. */
  readonly members: readonly KnownMember[];
  /** Certificates of hosts that are about to join through the API, by host. */
  readonly certificates?: Readonly<Record<string, PendingJoin>>;
}

export interface PendingJoin {
  readonly attempt: string;
  readonly fingerprint: string;
  /** true: the host was told to join; whether it heard that, nobody knows. */
  readonly ordered: boolean;
}

export interface Founder {
  readonly host: string;
  /** Which of its installs, see `attemptTag`. */
  readonly attempt: string;
  readonly name: string;
  /** false: `create` was ordered, and nobody has seen yet that it worked. */
  readonly done: boolean;
}

export interface KnownMember {
  readonly host: string;
  readonly attempt: string;
  /** As the cluster calls it. */
  readonly name: string;
  readonly address: string;
  readonly hostKeys: readonly string[];
  /** Of its certificate; null: not looked at. */
  readonly fingerprint: string | null;
}

export const NEW_CLUSTER: ClusterRecord = { founder: null, members: [] };

export interface ClusterBook {
  read(cluster: string): ClusterRecord;
  /** Resolves when a power cut can no longer undo it. */
  write(cluster: string, record: ClusterRecord): Promise<void>;
}

/** One JSON file for all clusters. Rejects when there is one that cannot be read: to begin anew could create a cluster twice. */
export async function openClusterBook(path: string): Promise<ClusterBook> {
  const records = new Map<string, ClusterRecord>();
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return null;
    throw cause;
  });
  if (text !== null) for (const [name, record] of readRecords(text, path)) records.set(name, record);
  let writing: Promise<void> = Promise.resolve();
  return {
    read: (cluster) => records.get(cluster) ?? NEW_CLUSTER,
    write(cluster, record) {
      records.set(cluster, record);
      const content = `${JSON.stringify({ version: 1, clusters: Object.fromEntries(records) }, null, 2)}\n`;
      writing = writing
        .catch(() => {})
        .then(() => mkdir(dirname(path), { recursive: true, mode: 0o700 }))
        .then(() => writeSecretFile(path, content));
      return writing;
    },
  };
}

function readRecords(text: string, path: string): [string, ClusterRecord][] {
  const wrong = () =>
    new Error(`cannot read ${path}; restore it from a backup, or remove it if none of its clusters exists any more`);
  let saved: unknown;
  try {
    saved = JSON.parse(text);
  } catch {
    throw wrong();
  }
  if (!isTable(saved) || saved.version !== 1 || !isTable(saved.clusters)) throw wrong();
  return Object.entries(saved.clusters).map(([name, record]) => {
    if (!isRecord(record)) throw wrong();
    return [name, record];
  });
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isRecord(value: unknown): value is ClusterRecord {
  if (!isTable(value) || !Array.isArray(value.members)) return false;
  return (value.founder === null || isFounder(value.founder)) && value.members.every(isMember);
}

function isFounder(value: unknown): boolean {
  return isTable(value) && ["host", "attempt", "name"].every((key) => typeof value[key] === "string");
}

function isMember(value: unknown): boolean {
  if (!isTable(value) || !["host", "attempt", "name", "address"].every((key) => typeof value[key] === "string"))
    return false;
  return Array.isArray(value.hostKeys) && (value.fingerprint === null || typeof value.fingerprint === "string");
}
