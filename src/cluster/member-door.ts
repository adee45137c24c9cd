import { ok, type Result } from "../std/result.ts";
import type { KnownMember } from "./book.ts";
import type { JoinRun } from "./join-run.ts";
import type { NodeAddress, ProxmoxNode } from "./node.ts";
import type { SshError, SshLogin } from "./ssh.ts";

/** A member that lets us in, and how it does. */
export interface Door {
  readonly way: NodeAddress & { readonly login: SshLogin };
  /** Another one when the session had to be opened anew. */
  node: ProxmoxNode;
}

/**
 * Every way in that we know of: the member that the operator named, then those that joined before. The host's own key
 * opens members that were told of it while it was on its way.
 */
export function memberDoors({ order, key }: JoinRun, members: readonly KnownMember[]): readonly Door["way"][] {
  const { member, privateKey, password } = order.cluster;
  const logins: SshLogin[] = [];
  if (privateKey !== null) logins.push({ type: "key", privateKey });
  if (password !== null) logins.push({ type: "password", password });
  const named = member === null ? [] : [member];
  const known = members.filter(({ address, host }) => host !== order.host && address !== member?.address);
  const own: SshLogin[] = key === null ? [] : [{ type: "key", privateKey: key.privateKey }];
  return [...named, ...known].flatMap(({ address, hostKeys }) =>
    hostKeys.length === 0 ? [] : [...own, ...logins].map((login) => ({ address, hostKeys, login })),
  );
}

export async function knock(run: JoinRun, way: Door["way"]): Promise<Result<Door, SshError>> {
  const opened = await run.tools.openNode(way, way.login, run.signal);
  return opened.ok ? ok({ way, node: run.keep(opened.value) }) : opened;
}
