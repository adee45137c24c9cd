import { readFile, stat } from "node:fs/promises";

/** A user of this host, as far as files are concerned. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  /** For people. */
  readonly name: string;
}

/** Whose the daemon is: the owner of its socket, else the user that `scripts/install` makes, else whoever asks. */
export async function daemonAccount(socket: string | null, passwdFile = "/etc/passwd"): Promise<Account> {
  const users = parsePasswd(await readFile(passwdFile, "utf8").catch(() => ""));
  const owner = socket === null ? null : await stat(socket).catch(() => null);
  const named = (uid: number) => users.find((user) => user.uid === uid)?.name ?? `user ${uid}`;
  if (owner !== null) return { uid: owner.uid, gid: owner.gid, name: named(owner.uid) };
  const own = process.getuid?.() ?? 0;
  return users.find(({ name }) => name === "bootqueue") ?? { uid: own, gid: process.getgid?.() ?? 0, name: named(own) };
}

/** passwd(5): `name:password:uid:gid:comment:home:shell`. Other lines are left out. */
export function parsePasswd(text: string): readonly Account[] {
  return text.split("\n").flatMap((line) => {
    const [name = "", , uid = "", gid = ""] = line.split(":");
    return name !== "" && /^\d+$/.test(uid) && /^\d+$/.test(gid) ? [{ name, uid: Number(uid), gid: Number(gid) }] : [];
  });
}

/** What the mode bits say. `wanted`: 4 read, 2 write, 1 search, or their sum. Groups besides the first do not count. */
export function mayAccess(
  file: { readonly uid: number; readonly gid: number; readonly mode: number },
  { uid, gid }: Account,
  wanted: number,
): boolean {
  if (uid === 0) return true;
  const shift = file.uid === uid ? 6 : file.gid === gid ? 3 : 0;
  return ((file.mode >> shift) & wanted) === wanted;
}
