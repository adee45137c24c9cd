import { stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { type Account, mayAccess } from "./account.ts";
import { type Finding, fine, problem, warning } from "./finding.ts";

export interface FolderCheck {
  readonly what: string;
  readonly folder: string;
  /** `write`: the daemon saves there; `read`: it only serves what lies there. */
  readonly use: "write" | "read";
  readonly account: Account;
  /** Octets that are free, and whether files can be made; tests have a full disk. */
  readonly space?: (folder: string) => Promise<Space>;
}

export interface Space {
  readonly freeBytes: number;
  /** false: no inode is left. */
  readonly hasRoomForFiles: boolean;
}

/** Is the folder there, may the daemon use it, and is there room left? */
export async function folderFindings(check: FolderCheck): Promise<readonly Finding[]> {
  const { what, folder, use, account, space = spaceOf } = check;
  const found = await stat(folder).catch((cause: NodeJS.ErrnoException) => cause);
  if (found instanceof Error) return [cannotLook(check, found)];
  if (!found.isDirectory()) return [problem(what, `${folder} is no folder`, "move it away, or correct [paths]")];
  const [bits, verb] = use === "write" ? [7, "write into"] : [5, "read"];
  const blocked = mayAccess(found, account, bits) ? await closedAbove(folder, account) : folder;
  if (blocked !== null) {
    const words = `${account.name}, as whom the daemon runs, may not ${verb} ${folder}`;
    const cause = blocked === folder ? "" : `, because ${blocked} is closed to it`;
    const owner = use === "write" ? `\`chown -R ${account.name} ${folder}\`` : `\`chmod -R a+rX ${folder}\``;
    return [problem(what, `${words}${cause}`, blocked === folder ? owner : `\`chmod a+x ${blocked}\``)];
  }
  const { freeBytes, hasRoomForFiles } = await space(folder);
  const room = `${Math.floor(freeBytes / MIB)} MiB are free`;
  const todo = "make room on that disk: images that nothing uses go with `bootqueue image remove`";
  if (!hasRoomForFiles) return [problem(what, `the disk of ${folder} can hold no more files`, todo)];
  if (freeBytes < FULL_MIB * MIB) return [problem(what, `the disk of ${folder} is full: ${room}`, todo)];
  if (freeBytes < LOW_MIB * MIB) return [warning(what, `the disk of ${folder} is almost full: ${room}`, todo)];
  return [fine(what, `${account.name} may ${verb} ${folder}; ${room}`)];
}

/** Below this the state, a few MiB and written anew beside the old one, may not fit any more. */
const FULL_MIB = 32;
const LOW_MIB = 512;
const MIB = 1024 * 1024;

function cannotLook({ what, folder, use }: FolderCheck, cause: NodeJS.ErrnoException): Finding {
  if (cause.code === "EACCES") return warning(what, `${folder} cannot be looked at`, "run `bootqueue doctor` as root");
  if (cause.code !== "ENOENT") return problem(what, `${folder} cannot be looked at: ${cause.message}`, "");
  return use === "write"
    ? warning(what, `${folder} does not exist yet`, "the daemon makes it at its first start")
    : problem(what, `${folder} does not exist`, "make it and put the boot loaders there, or correct paths.assets");
}

/** The first folder above that the account may not pass; null: none. */
async function closedAbove(folder: string, account: Account): Promise<string | null> {
  for (let at = dirname(folder); ; at = dirname(at)) {
    const found = await stat(at).catch(() => null);
    if (found !== null && !mayAccess(found, account, 1)) return at;
    if (at === dirname(at)) return null;
  }
}

async function spaceOf(folder: string): Promise<Space> {
  const { bavail, bsize, files, ffree } = await statfs(folder);
  // Some file systems make inodes as they need them, and say that they have none at all.
  return { freeBytes: bavail * bsize, hasRoomForFiles: files === 0 || ffree > 0 };
}
