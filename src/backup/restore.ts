import { constants } from "node:fs";
import { chmod, lstat, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { HostId } from "../queue/host.ts";
import type { Instant } from "../std/clock.ts";
import { writeSecretFile } from "../std/secret-file.ts";
import { sealJson } from "../store/checksum.ts";
import { toSaved } from "../store/format.ts";
import { lockFolder } from "../store/lock.ts";
import { agedQueue } from "./aged-queue.ts";
import { STATE } from "./gather.ts";
import { type InstalledSince, installedSince } from "./installed-since.ts";
import { namesIn, readFound } from "./quiet-files.ts";
import type { RestorePlan } from "./restore-plan.ts";
import { isReplaced, JOIN_KEYS_FOLDER } from "./state-names.ts";
import { restoreMarkOf } from "./under-way.ts";

export interface RestoreOptions {
  /** Of the backup, as it is named to people. */
  readonly archive: string;
  /** true: the daemon has not run since the backup was made, so what was armed is still to be installed. */
  readonly keepArmed: boolean;
  /** Of the configuration that is there now, if it has another one; its daemon must not run either. */
  readonly otherStateFolder: string | null;
  /** Milliseconds since 1970. */
  readonly now: Instant;
  /** Called after each single change to the disk. */
  readonly onChange?: (what: string) => void;
}

export interface Restored {
  /** Where everything lies that was there before; null: nothing was. */
  readonly copy: string | null;
  /** Hosts whose install was armed in the backup, and is not any more. */
  readonly disarmed: readonly HostId[];
  /** Machines that would be wiped a second time, as the queue that was there knew. */
  readonly installedSince: readonly InstalledSince[];
}

/**
 * Puts everything into its place. First all that will be replaced or removed is copied; from then to the end a mark stands
 * in the state folder, with which no daemon starts; and every file is replaced whole. So whenever it is cut off, either
 * nothing has changed, or doing it again does the rest. Rejects while a daemon runs.
 */
export async function restore(plan: RestorePlan, options: RestoreOptions): Promise<Restored> {
  const { stateFolder } = plan;
  const isNew = (await lstat(stateFolder).catch(() => null)) === null;
  await mkdir(stateFolder, { recursive: true, mode: 0o700 });
  const locks = [await lockFolder(stateFolder)];
  try {
    const other = options.otherStateFolder;
    if (other !== null && other !== stateFolder && (await lstat(other).catch(() => null)) !== null)
      locks.push(await lockFolder(other));
    const owner = isNew ? null : await ownerOf(stateFolder);
    await owner?.give(join(stateFolder, "lock"), true);
    return await replaceAll(plan, options, owner);
  } finally {
    for (const lock of locks) lock.release();
  }
}

async function replaceAll(plan: RestorePlan, options: RestoreOptions, owner: Owner | null): Promise<Restored> {
  const { stateFolder, backup } = plan;
  const { now, onChange = () => {} } = options;
  const aged =
    plan.queue === null || options.keepArmed
      ? { state: plan.queue, disarmed: [] }
      : agedQueue(plan.queue, backup.madeAt, now);
  const since = aged.state === null || options.keepArmed ? [] : await installedSince(stateFolder, aged.state);
  const targets = new Set(plan.files.map(({ target }) => target));
  const obsolete = (await obsoleteFiles(plan)).filter((path) => !targets.has(path));
  const time = new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const copy = await copyOf([...targets, ...obsolete], join(stateFolder, `before-restore-${time}`), stateFolder);
  onChange("copied what was there");
  const mark = restoreMarkOf(stateFolder);
  await writeSecretFile(mark, `${options.archive}\n${copy ?? "no copy: nothing was there"}\n`);
  await owner?.give(mark, true);
  onChange("marked");
  // The state file comes last of all that is written: without it, or with the old one, nothing else is used.
  const byWeight = plan.files.toSorted((a, b) => Number(isStateFile(a.path)) - Number(isStateFile(b.path)));
  for (const { path, target, mode, isDaemons, content } of byWeight) {
    const isOwn = isDaemons || target.startsWith(`${stateFolder}/`);
    await makeFolder(dirname(target), stateFolder, owner);
    const text = isStateFile(path) && aged.state !== null ? (await sealJson(toSaved(aged.state))).text : content;
    await replaceFile(target, text, mode, isOwn, owner);
    onChange(target);
  }
  for (const path of obsolete) {
    await rm(path, { force: true });
    await syncFolder(dirname(path));
    onChange(path);
  }
  await rm(mark);
  await syncFolder(stateFolder);
  return { copy, disarmed: aged.disarmed, installedSince: since };
}

function isStateFile(path: string): boolean {
  return path === `${STATE}state.json`;
}

/** What is there now, and belongs to what is put away. */
async function obsoleteFiles({ stateFolder, tomlFolders }: RestorePlan): Promise<readonly string[]> {
  const state = (await namesIn(stateFolder)).filter(isReplaced).map((name) => join(stateFolder, name));
  const rest = tomlFolders.map(async (folder) => {
    const names = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT") return [];
      throw cause;
    });
    return names.filter((name) => name.endsWith(".toml") && !name.startsWith(".")).map((name) => join(folder, name));
  });
  return [...state, ...(await Promise.all(rest)).flat()];
}

/** A folder with all of these in it, each below its own path. It has its name only when it is whole. */
async function copyOf(paths: readonly string[], folder: string, stateFolder: string): Promise<string | null> {
  const part = `${folder}.part`;
  await rm(part, { recursive: true, force: true });
  let count = 0;
  for (const path of paths) {
    const found = await readFound(path, path.startsWith(`${stateFolder}/`));
    if (found === null) continue;
    const to = join(part, path);
    await mkdir(dirname(to), { recursive: true, mode: 0o700 });
    await replaceFile(to, found.content, found.mode, false, null);
    count++;
  }
  if (count === 0) return null;
  const names = new Set(await readdir(dirname(folder)));
  let free = folder;
  for (let n = 2; names.has(basename(free)); n++) free = `${folder}-${n}`;
  await rename(part, free);
  await syncFolder(dirname(free));
  return free;
}

/** Whole or not at all; on disk when it resolves. */
async function replaceFile(
  path: string,
  content: string | Uint8Array,
  mode: number,
  isDaemons: boolean,
  owner: Owner | null,
) {
  const beside = `${path}.restoring`;
  // One that was left behind may be a link, so it is never written into.
  await rm(beside, { force: true });
  const file = await open(beside, "wx", 0o600);
  try {
    await file.writeFile(content);
    await file.chmod(mode);
    await file.sync();
  } finally {
    await file.close();
  }
  await owner?.give(beside, isDaemons);
  await rename(beside, path);
  await syncFolder(dirname(path));
}

async function makeFolder(folder: string, stateFolder: string, owner: Owner | null): Promise<void> {
  const found = await lstat(folder).catch(() => null);
  const isOwn = folder.startsWith(`${stateFolder}/`);
  // The daemon's user could have put a link there, and this may be root.
  if (found?.isSymbolicLink() === true && isOwn)
    throw new Error(`${folder} is a link; expected a folder of the daemon's own`);
  if (found !== null) return;
  await mkdir(folder, { recursive: true, mode: 0o750 });
  await chmod(folder, folder.endsWith(JOIN_KEYS_FOLDER) ? 0o700 : 0o750);
  await owner?.give(folder, isOwn);
}

/** To whom files are given when root restores. */
interface Owner {
  /** Of the daemon's user, or of root with the daemon's group. */
  give(path: string, isDaemons: boolean): Promise<void>;
}

/** null: we are not root, so everything is ours. */
async function ownerOf(stateFolder: string): Promise<Owner | null> {
  if (process.geteuid?.() !== 0) return null;
  const { uid, gid } = await stat(stateFolder);
  return {
    async give(path, isDaemons) {
      const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        await file.chown(isDaemons ? uid : 0, gid);
      } finally {
        await file.close();
      }
    },
  };
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  await folder.sync().finally(() => folder.close());
}
