import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Config, SERVER_TYPES_FOLDER } from "../config/load.ts";
import { readCatalogue } from "../images/catalogue.ts";
import { err, ok, type Result } from "../std/result.ts";
import type { BackedUpFile, Backup } from "./backup-file.ts";
import { filesNamedIn } from "./named-files.ts";
import { fingerprintOf, namesIn, readFound } from "./quiet-files.ts";
import { savedWhole } from "./saved-whole.ts";
import { changesTogether, isKept } from "./state-names.ts";
import { cutOffRestore } from "./under-way.ts";

/**
 * Everything that stands the appliance up again, as it was at one moment. Takes no lock: what the daemon replaces
 * meanwhile is read once more, and the journal, which it only adds to, may be read at any time. The error is a sentence.
 */
export async function gatherBackup(
  config: Config,
  about: Pick<Backup, "program" | "host">,
  nowMs: number,
): Promise<Result<Backup, string>> {
  const folder = config.paths.state;
  const cutOff = await cutOffRestore(folder);
  if (cutOff !== null) return err(cutOff);
  const daemon = await stat(folder).catch(() => null);
  const isDaemons = (uid: number) => daemon !== null && uid === daemon.uid;
  const state = await stateFiles(folder, isDaemons);
  if (!state.ok) return state;
  const madeAt = new Date(nowMs).toISOString();
  const named: BackedUpFile[] = [];
  const keep = async (path: string, original: string) => {
    const found = await readFound(original, false);
    if (found === null) return err(`${original} was there and is gone: it is being changed; try again`);
    named.push({ path, original, mode: found.mode, isDaemons: isDaemons(found.uid), content: found.content });
    return ok(null);
  };
  const wanted = [
    [CONFIG_PATH, config.file],
    ...(await tomlIn(config.paths.profiles)).map((file) => [`${PROFILES}${basename(file)}`, file]),
    ...(await tomlIn(config.paths.server_types ?? SERVER_TYPES_FOLDER)).map((file) => [
      `${SERVER_TYPES}${basename(file)}`,
      file,
    ]),
    ...filesNamedIn(config).map((file, n) => [`${SECRETS}${n + 1}`, file]),
  ] as const;
  for (const [path = "", original = ""] of wanted) {
    const kept = await keep(path, original);
    if (!kept.ok) return kept;
  }
  const { images } = await readCatalogue(config.paths.assets);
  return ok({
    ...about,
    madeAt,
    files: [...named, ...state.value],
    images: images.map(({ manifest: { name, title, source } }) => ({ name, title, sha256: source.sha256 })),
  });
}

export const CONFIG_PATH = "config/bootqueue.toml";
export const PROFILES = "profiles/";
export const SERVER_TYPES = "server-types/";
export const SECRETS = "secrets/";
export const STATE = "state/";

/** Looks at them again and again until nothing that belongs together has changed between two looks. */
async function stateFiles(
  folder: string,
  isDaemons: (uid: number) => boolean,
): Promise<Result<readonly BackedUpFile[], string>> {
  for (let look = 1; ; look++) {
    const names = (await namesIn(folder)).filter(isKept);
    const before = await fingerprintOf(folder, names.filter(changesTogether));
    const files: BackedUpFile[] = [];
    for (const name of names) {
      const original = join(folder, name);
      const found = await readFound(original, true);
      if (found !== null)
        files.push({
          path: `${STATE}${name}`,
          original,
          mode: found.mode,
          isDaemons: isDaemons(found.uid),
          content: found.content,
        });
    }
    const journal = await readFound(join(folder, "state.journal"), true);
    const saved = files.find(({ path }) => path === `${STATE}state.json`)?.content ?? null;
    const whole = await savedWhole(join(folder, "state.json"), saved, journal?.content ?? null);
    const after = await fingerprintOf(folder, (await namesIn(folder)).filter(isKept).filter(changesTogether));
    if (before === after) {
      if (!whole.ok) return whole;
      return ok(
        files.map((file) =>
          file.content === saved && whole.value !== null ? { ...file, content: Buffer.from(whole.value) } : file,
        ),
      );
    }
    if (look === LOOKS_MAX)
      return err(`what is in ${folder} changes all the time, and no moment was found at which it is whole; try again`);
    await new Promise((resolve) => setTimeout(resolve, look * 10));
  }
}

const LOOKS_MAX = 20;

async function tomlIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return [];
    throw cause;
  });
  return names
    .filter((name) => name.endsWith(".toml") && !name.startsWith("."))
    .sort()
    .map((name) => join(folder, name));
}
