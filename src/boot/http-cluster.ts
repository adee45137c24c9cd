import type { Ipv4Address } from "../net/ipv4-address.ts";

/** A cluster whose members take new ones by HTTP, as the configuration says it. */
export interface HttpCluster {
  readonly name: string;
  readonly scheme: "http" | "https";
  /** Where a member's API listens. */
  readonly port: number;
  /** Where members speak with each other. */
  readonly raftPort: number;
  readonly role: "control-plane" | "worker" | "all-in-one";
  readonly healthPath: string;
  readonly addPath: string;
  /** Of the list of members; null: it has none. */
  readonly membersPath: string | null;
  /** More lists of peers in the configuration of a node, by name, with the port of each. */
  readonly peers: Readonly<Record<string, number>>;
  /** API of members of a cluster that exists already: then nobody begins one. */
  readonly members: readonly string[];
}

/** A node of it that is one of our hosts. */
export interface ClusterNode {
  readonly hostname: string;
  readonly address: Ipv4Address;
}

export type JoinPart = "bootstrap" | "join";

/** What a node does to begin the cluster or to join it, line by line, as the first-boot agent reads it. */
export function renderJoinPlan(
  cluster: HttpCluster,
  part: JoinPart,
  node: ClusterNode,
  members: readonly ClusterNode[],
  founding: number | null,
): string {
  const apiOf = ({ address }: ClusterNode) => `${cluster.scheme}://${address}:${cluster.port}`;
  const apis = [...members.map(apiOf), ...cluster.members];
  const lines: [word: string, rest: string][] = [
    ["cluster", cluster.name],
    ["founding", founding === null ? "unknown" : String(founding)],
    ["node", node.hostname],
    ["config", JSON.stringify(clusterConfig(cluster, part, node, members, part === "join" ? apis[0] : undefined))],
    ["health", `${apiOf(node)}${cluster.healthPath}`],
  ];
  if (part === "join") {
    lines.push(["payload", JSON.stringify({ id: node.hostname, raft_addr: `${node.address}:${cluster.raftPort}` })]);
    for (const api of apis) lines.push(["member", `${api}${cluster.addPath}`]);
    if (cluster.membersPath !== null) for (const api of apis) lines.push(["members", `${api}${cluster.membersPath}`]);
  }
  return [part, ...lines.map(([word, rest]) => `${word} ${rest}`)].map((line) => `${line}\n`).join("");
}

/** `cluster-config.json` of one node. `leader` undefined: the node itself. */
function clusterConfig(
  cluster: HttpCluster,
  part: JoinPart,
  node: ClusterNode,
  members: readonly ClusterNode[],
  leader: string | undefined,
) {
  const nodes = part === "bootstrap" ? [node] : members;
  const peersAt = (port: number) => nodes.map(({ address }) => `${address}:${port}`);
  return {
    node_id: node.hostname,
    node_role: cluster.role,
    bootstrap: part === "bootstrap",
    cluster_name: cluster.name,
    leader_url: leader ?? `${cluster.scheme}://${node.address}:${cluster.port}`,
    raft_addr: `${node.address}:${cluster.raftPort}`,
    initial_peers: peersAt(cluster.raftPort),
    ...Object.fromEntries(Object.entries(cluster.peers).map(([name, port]) => [name, peersAt(port)])),
  };
}
