import { z } from "zod";
import { textLike } from "../std/field.ts";
import type { Problem } from "../std/problem.ts";
import { HIDDEN } from "./masked-links.ts";
import { passwordHashOf } from "./proxmox-fields.ts";
import * as field from "./system-fields.ts";

/** The accounts of an installed Linux: root, one user, or both. */
export const identity = z
  .strictObject({
    username: field.username.optional().describe("The first account; it may use `sudo`. Left out: there is only root."),
    realname: textLike(
      "text",
      "a name in one line of letters, digits, spaces and . ' -",
      /^[\p{L}\p{N}][\p{L}\p{N} .'-]{0,99}$/u,
    )
      .optional()
      .describe("Its full name."),
    password_hash: passwordHashOf("the password")
      .optional()
      .describe("Hash of its password, as `mkpasswd` makes it. Left out: it logs in with a key only."),
    root_password_hash: passwordHashOf("root's password")
      .optional()
      .describe("Hash of root's password. Left out: root logs in with a key only, or not at all."),
    authorized_keys: field.sshKeys.describe("Public keys of that account, or of root where there is none."),
  })
  .prefault({})
  .describe("The accounts to log in with.");

export type Identity = z.infer<typeof identity>;

const NO_CLEAR_TEXT =
  "passwords are not kept in clear text; make a hash with: mkpasswd --method=yescrypt (package whois), and give it as";

export const IDENTITY_HINTS: Readonly<Record<string, string>> = {
  "identity.password": `${NO_CLEAR_TEXT} password_hash`,
  "identity.root_password": `${NO_CLEAR_TEXT} root_password_hash`,
  "identity.hostname": "unknown key; the name is the slot's hostname",
};

export function identityProblems({
  username,
  realname,
  password_hash,
  root_password_hash,
  authorized_keys,
}: Identity): Problem[] {
  const problems: Problem[] = [];
  const say = (path: string, message: string) => problems.push({ path, message });
  if (password_hash === undefined && root_password_hash === undefined && authorized_keys.length === 0) {
    say("identity", "expected a password_hash, a root_password_hash or authorized_keys: nobody could log in");
  }
  if (username === undefined && (password_hash !== undefined || realname !== undefined)) {
    say("identity.username", "missing: expected the user to go with password_hash or realname");
  }
  return problems;
}

export function hiddenIdentity(identity: Identity): Identity {
  const hide = (hash: string | undefined) => (hash === undefined ? undefined : HIDDEN);
  return {
    ...identity,
    password_hash: hide(identity.password_hash),
    root_password_hash: hide(identity.root_password_hash),
  };
}

/** Whose keys `authorized_keys` are. */
export function keyOwner({ username }: Identity): string {
  return username ?? "root";
}
