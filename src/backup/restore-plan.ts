import { dirname, join, relative } from "node:path";
import { type Config, parseConfig, SERVER_TYPES_FOLDER } from "../config/load.ts";
import { type DeclaredServerType, parseServerType } from "../config/server-types.ts";
import { missingProfiles } from "../config/slots.ts";
import type { QueueState } from "../queue/state.ts";
import { formatProblem } from "../std/problem.ts";
import { err, ok, type Result } from "../std/result.ts";
import { unsealJson } from "../store/checksum.ts";
import { readSaved } from "../store/format.ts";
import { type BackedUpFile, type Backup, unpackBackup } from "./backup-file.ts";
import { CONFIG_PATH, PROFILES, SECRETS, SERVER_TYPES, STATE } from "./gather.ts";
import { filesNamedIn } from "./named-files.ts";
import { isKept } from "./state-names.ts";

/** What a restore would do. Nothing was changed yet, and everything in it was looked at. */
export interface RestorePlan {
  readonly backup: Backup;
  /** As it will be. */
  readonly config: Config;
  readonly files: readonly PlannedFile[];
  /** null: nothing was ever saved. */
  readonly queue: QueueState | null;
  readonly stateFolder: string;
  /** Folders whose `*.toml` are those of the backup afterwards, and no others. */
  readonly tomlFolders: readonly string[];
}

export interface PlannedFile extends BackedUpFile {
  /** Where it goes. */
  readonly target: string;
}

/** `configFile`: where the configuration goes. The error says what was found, to follow "expected a backup, found …". */
export function planRestore(bytes: Uint8Array, configFile: string): Result<RestorePlan, string> {
  const backup = unpackBackup(bytes);
  if (!backup.ok) return backup;
  const { files } = backup.value;
  const types = files.filter(({ path }) => path.startsWith(SERVER_TYPES)).map(serverTypeIn);
  const wrongType = types.find((type) => !type.ok);
  if (wrongType?.ok === false) return wrongType;
  const text = textOf(files.find(({ path }) => path === CONFIG_PATH));
  if (text === null) return err(`no ${CONFIG_PATH} in it`);
  const parsed = parseConfig(
    text,
    configFile,
    types.flatMap((type) => (type.ok ? [type.value] : [])),
  );
  const profiles = new Set(files.flatMap(({ path }) => nameIn(PROFILES, path) ?? []));
  const problems = parsed.ok ? missingProfiles(parsed.value, profiles) : parsed.error;
  if (!parsed.ok || problems.length > 0) {
    const words = problems.slice(0, PROBLEMS_SHOWN).map(formatProblem).join("; ");
    return err(`a configuration in it that this bootqueue does not take: ${words}`);
  }
  const config = parsed.value;
  const named = new Set(filesNamedIn(config));
  const planned: PlannedFile[] = [];
  for (const file of files) {
    const target = targetOf(file, config, configFile, named);
    if (target === null) return err(`${JSON.stringify(file.path)}, which is no file of any backup`);
    planned.push({ ...file, target });
  }
  const queue = queueIn(files);
  if (!queue.ok) return queue;
  const { state: stateFolder, profiles: profileFolder, server_types } = config.paths;
  const tomlFolders = [profileFolder, server_types ?? SERVER_TYPES_FOLDER];
  return ok({ backup: backup.value, config, files: planned, queue: queue.value, stateFolder, tomlFolders });
}

/** Files that would go where no configuration of this machine has anything: the backup alone says so. */
export function strayTargets({ files }: RestorePlan, folders: readonly string[]): readonly string[] {
  const isIn = (target: string, folder: string) => !/^(\.\.(\/|$)|\/)/.test(relative(folder, target));
  return files.map(({ target }) => target).filter((target) => !folders.some((folder) => isIn(target, folder)));
}

/** Where an appliance has its files that nobody has told otherwise. */
export function usualFolders(configFile: string): readonly string[] {
  return [dirname(configFile), "/etc/bootqueue", "/var/lib/bootqueue"];
}

const PROBLEMS_SHOWN = 3;

/** null: there is no place for a file of that name. */
function targetOf(
  { path, original }: BackedUpFile,
  { paths }: Config,
  configFile: string,
  named: ReadonlySet<string>,
): string | null {
  if (path === CONFIG_PATH) return configFile;
  const profile = nameIn(PROFILES, path);
  if (profile !== null) return join(paths.profiles, `${profile}.toml`);
  const type = nameIn(SERVER_TYPES, path);
  if (type !== null) return join(paths.server_types ?? SERVER_TYPES_FOLDER, `${type}.toml`);
  if (path.startsWith(SECRETS)) return named.has(original) ? original : null;
  const name = path.startsWith(STATE) ? path.slice(STATE.length) : "";
  return isKept(name) ? join(paths.state, name) : null;
}

/** `pve` of `profiles/pve.toml`; null: not the path of such a file. */
function nameIn(folder: string, path: string): string | null {
  if (!path.startsWith(folder)) return null;
  return /^([^/.][^/]*)\.toml$/.exec(path.slice(folder.length))?.[1] ?? null;
}

function serverTypeIn(file: BackedUpFile): Result<DeclaredServerType, string> {
  const name = nameIn(SERVER_TYPES, file.path);
  if (name === null) return err(`${JSON.stringify(file.path)}, which is no file of any backup`);
  const type = parseServerType(name, file.original, textOf(file) ?? "");
  return type.ok ? type : err(`${file.path}, which this bootqueue does not take: ${type.error.map(formatProblem)[0]}`);
}

function queueIn(files: readonly BackedUpFile[]): Result<QueueState | null, string> {
  const file = files.find(({ path }) => path === `${STATE}state.json`);
  if (file === undefined) return ok(null);
  const unsealed = unsealJson(Buffer.from(file.content));
  if (!unsealed.ok) return err(`${file.path} with ${unsealed.error}`);
  const state = readSaved(unsealed.value.content);
  return state.ok ? state : err(`${file.path}: ${state.error.slice(0, PROBLEMS_SHOWN).map(formatProblem).join("; ")}`);
}

function textOf(file: BackedUpFile | undefined): string | null {
  return file === undefined ? null : Buffer.from(file.content).toString("utf8");
}
