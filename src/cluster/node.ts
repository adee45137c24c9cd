import type { Result } from "../std/result.ts";
import type { ClusterStatus } from "./cluster-status.ts";
import { describeSshError, type SshError, type SshLogin } from "./ssh.ts";

/** What can be done to one Proxmox node from inside. Every answer may be that the way to it broke. */
export interface ProxmoxNode {
  readonly address: string;
  look(): Promise<Result<NodeView, NodeError>>;
  /**
   * Runs a command that goes on without us, whatever becomes of the session or of this daemon; `look` tells how it goes.
   * Does nothing while one is running. `secret`: the one line that it reads.
   */
  startJob(argv: readonly string[], secret?: string): Promise<Result<void, NodeError>>;
  /** Forgets a job that has ended. */
  clearJob(): Promise<Result<void, NodeError>>;
  /**
   * Changes who may log in as root: on a member of a cluster, on all its members. Found by the key's body, whatever its
   * comment. The answer: how many of the removed ones are still there.
   */
  editKeys(change: KeyChange): Promise<Result<number, NodeError>>;
  /** Lets its root open SSH sessions to `address` without being asked about the host's key; `mark` finds it again. */
  trust(address: string, hostKeys: readonly string[], mark: string): Promise<Result<void, NodeError>>;
  distrust(mark: string): Promise<Result<void, NodeError>>;
  /** Takes another node out of the cluster, with what is left of it. */
  removeMember(name: string): Promise<Result<string, NodeError>>;
  close(): void;
}

export interface KeyChange {
  /** Whole lines. */
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

export interface NodeView {
  readonly name: string;
  /** `unknown`: the services that would know are not up. null: it stands alone. */
  readonly cluster: ClusterStatus | null | "unknown";
  /** Files that only a node has which is or was in a cluster. */
  readonly leftovers: readonly string[];
  /** Public key of its root, which other nodes must let in; null: not made yet. */
  readonly rootKey: string | null;
  /** SHA-256 of its certificate; null: it has none yet. */
  readonly fingerprint: string | null;
  readonly job: NodeJob;
}

export type NodeJob =
  | { readonly type: "none" }
  | { readonly type: "running"; readonly output: string }
  /** `code` null: it was killed, or the node was switched off under it. */
  | { readonly type: "ended"; readonly code: number | null; readonly output: string };

export type NodeError = SshError | { readonly type: "failed"; readonly why: string };

/** Where a node is, and how it proves that it is the right one. */
export interface NodeAddress {
  readonly address: string;
  readonly hostKeys: readonly string[];
}

/** Never rejects. */
export type OpenNode = (
  where: NodeAddress,
  login: SshLogin,
  signal: AbortSignal,
) => Promise<Result<ProxmoxNode, SshError>>;

export function describeNodeError(error: NodeError, address: string): string {
  return error.type === "failed" ? `${address}: ${error.why}` : describeSshError(error, address);
}
