import type { ClusterRecord, KnownMember } from "./book.ts";

/** Whether a host creates its cluster or joins it, and at whose door it knocks. */
export type Road =
  | { readonly type: "create" }
  | { readonly type: "join"; readonly members: readonly KnownMember[] }
  | { readonly type: "unclear"; readonly why: string };

/** The host that asks: which install of which machine. */
export interface Asker {
  readonly host: string;
  readonly attempt: string;
}

/**
 * Decided while no other host of any cluster joins. A cluster is created once: by the host that began to create it, or by
 * the same machine after it was wiped, as long as nobody else is a member. `hasMember`: the operator named one.
 */
export function roadOf(record: ClusterRecord, asker: Asker, hasMember: boolean): Road {
  // What this machine was before it was installed anew is gone.
  const members = record.members.filter((member) => member.host !== asker.host);
  if (hasMember || members.length > 0) return { type: "join", members };
  const { founder } = record;
  if (founder === null || founder.host === asker.host) return { type: "create" };
  const state = founder.done
    ? `was created by ${founder.name}, which is a member no longer that we know of`
    : `was begun by ${founder.name}, and nobody knows whether that worked`;
  const why = `the cluster ${state}; rebuild ${founder.name}, or name a member of the cluster in [[cluster]], or remove the cluster from clusters.json while the daemon is stopped`;
  return { type: "unclear", why };
}
