import type { Clock } from "../std/clock.ts";
import { err, ok, type Result } from "../std/result.ts";
import type { OpenApi } from "./api.ts";
import { joinOverApi } from "./api-join.ts";
import type { ClusterBook } from "./book.ts";
import { JoinRun, JoinStop } from "./join-run.ts";
import type { KeptKey, KeyFolder } from "./key-folder.ts";
import type { NodeAddress, OpenNode } from "./node.ts";
import { joinOverSsh } from "./ssh-join.ts";

/** A cluster as the operator describes it, with the secrets out of his files. */
export interface ClusterSettings {
  readonly name: string;
  readonly method: "ssh" | "ssh-password" | "api";
  /** null: the first host creates the cluster. */
  readonly member: (NodeAddress & { readonly fingerprint: string | null }) | null;
  /** With which root of every member lets us in; null: none was given. */
  readonly privateKey: string | null;
  readonly password: string | null;
  /** true: an earlier entry of the host may be taken out of the cluster. */
  readonly rejoin: boolean;
  readonly sshMs: number;
  readonly quorumMs: number;
}

/** One host that is to become a member. */
export interface JoinOrder extends NodeAddress {
  readonly host: string;
  /** Which of its installs, see `attemptTag`. */
  readonly attempt: string;
  /** Its hostname, by which the cluster will know it. */
  readonly name: string;
  /** Its own addresses, link 0 first. */
  readonly links: readonly string[];
  readonly cluster: ClusterSettings;
  /** Keys of hosts that are on their way into the same cluster and will need it to let them in. */
  othersOnTheirWay(): readonly KeptKey[];
}

export interface JoinTools {
  readonly openNode: OpenNode;
  readonly openApi: OpenApi;
  readonly book: ClusterBook;
  readonly keys: KeyFolder;
  readonly clock: Clock;
  /** `text` for `noted` and `failed`. */
  readonly report: (
    step: string,
    outcome: "started" | "noted" | "succeeded" | "failed" | "skipped",
    text: string,
  ) => void;
}

export type JoinError =
  | { readonly type: "failed"; readonly why: string /** true: it is neither in nor out. */; readonly half: boolean }
  | { readonly type: "aborted" };

/**
 * Makes the host a member: creates the cluster, or joins it; does nothing if it is a member already, so it may be called
 * again after a crash at any point. Resolves when a member has seen it online and quorate, and its key is gone or left
 * to the janitor. At most one may run at a time, for all clusters. Never rejects.
 */
export type ClusterJoin = (order: JoinOrder, tools: JoinTools, signal: AbortSignal) => Promise<Result<void, JoinError>>;

export const joinCluster: ClusterJoin = async (order, tools, signal) => {
  const run = new JoinRun(order, tools, signal);
  const join = order.cluster.method === "api" ? joinOverApi : joinOverSsh;
  try {
    await join(run);
    return ok(undefined);
  } catch (stop) {
    if (!(stop instanceof JoinStop)) throw stop;
    if (signal.aborted) return err({ type: "aborted" });
    return err({ type: "failed", why: stop.message, half: stop.half });
  } finally {
    run.close();
  }
};
