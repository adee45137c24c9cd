import { err, ok, type Result } from "../std/result.ts";

/** What a node says of its cluster (`/cluster/status`). */
export interface ClusterStatus {
  readonly name: string;
  readonly quorate: boolean;
  readonly nodes: readonly ClusterNode[];
}

export interface ClusterNode {
  readonly name: string;
  readonly online: boolean;
  /** The one that was asked. */
  readonly local: boolean;
  /** null: not known yet, as right after a join. */
  readonly address: string | null;
}

/** null: the node stands alone. Booleans come as 0 and 1, as numbers or as text. */
export function readClusterStatus(body: unknown): Result<ClusterStatus | null, "not-a-cluster-status"> {
  if (!Array.isArray(body) || body.length === 0) return err("not-a-cluster-status");
  const entries: Entry[] = [];
  for (const entry of body as unknown[]) {
    if (typeof entry !== "object" || entry === null) return err("not-a-cluster-status");
    entries.push(entry as Entry);
  }
  const nodes = entries.flatMap((entry) => nodeOf(entry) ?? []);
  const cluster = entries.find(({ type }) => type === "cluster");
  if (nodes.length === 0) return err("not-a-cluster-status");
  if (cluster === undefined) return ok(null);
  if (typeof cluster.name !== "string") return err("not-a-cluster-status");
  return ok({ name: cluster.name, quorate: isSet(cluster.quorate), nodes });
}

export function parseClusterStatus(text: string): Result<ClusterStatus | null, "not-a-cluster-status"> {
  try {
    return readClusterStatus(JSON.parse(text));
  } catch {
    return err("not-a-cluster-status");
  }
}

export function isOnline(status: ClusterStatus, name: string): boolean {
  return status.nodes.some((node) => node.name.toLowerCase() === name.toLowerCase() && node.online);
}

export function findNode(status: ClusterStatus, name: string): ClusterNode | undefined {
  return status.nodes.find((node) => node.name.toLowerCase() === name.toLowerCase());
}

type Entry = Readonly<Record<string, unknown>>;

function nodeOf({ type, name, online, local, ip }: Entry): ClusterNode | null {
  if (type !== "node" || typeof name !== "string") return null;
  return { name, online: isSet(online), local: isSet(local), address: typeof ip === "string" && ip !== "" ? ip : null };
}

function isSet(flag: unknown): boolean {
  return flag === 1 || flag === "1" || flag === true;
}
