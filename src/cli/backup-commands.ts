import { lstat, readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { relative, resolve } from "node:path";
import type { Command } from "commander";
import type { InstalledSince } from "../backup/installed-since.ts";
import type { RestorePlan } from "../backup/restore-plan.ts";
import { loadConfig, SERVER_TYPES_FOLDER } from "../config/load.ts";
import { readCatalogue } from "../images/catalogue.ts";
import type { Instant } from "../std/clock.ts";
import { formatProblem } from "../std/problem.ts";
import { writeSecretFile } from "../std/secret-file.ts";
import type { CliContext } from "./cli-context.ts";
import { CliFailure, EXIT } from "./exit-code.ts";
import { formatSize } from "./progress-display.ts";
import { oneLine, renderFacts } from "./table.ts";

/** `bootqueue backup` and `bootqueue restore`: all that it takes to stand the appliance up again, in one file. */
export function addBackupCommands(program: Command, context: CliContext): void {
  program
    .command("backup")
    .description(
      "save configuration, profiles, server types, state, certificates and secrets to one file (tar.gz, mode 0600), while the daemon runs or when it does not; images are only listed in it",
    )
    .argument("<file>", "where to; one that is there is replaced after asking")
    .action(async (name: string) => backUp(context, resolve(name)));

  program
    .command("restore")
    .description(
      "put a backup into its place, with the daemon stopped; what was there before is kept beside it. The queue is paused afterwards, and nothing is armed: the backup does not know what was installed since",
    )
    .argument("<file>", "what `bootqueue backup` has made")
    .option("--check", "only look at the file, and change nothing")
    .option(
      "--keep-armed",
      "the daemon has not run since the backup: what was armed stays armed, and the queue goes on",
    )
    .option("--allow <folder...>", "may be written to as well, beside the folders of bootqueue")
    .action(async (name: string, options: RestoreFlags) => restoreFrom(context, resolve(name), options));
}

interface RestoreFlags {
  readonly check?: boolean;
  readonly keepArmed?: boolean;
  readonly allow?: readonly string[];
}

async function backUp(context: CliContext, file: string): Promise<void> {
  const { io } = context;
  // Only here: neither the daemon nor any other command needs it.
  const { gatherBackup } = await import("../backup/gather.ts");
  const { packBackup } = await import("../backup/backup-file.ts");
  const loaded = await loadConfig(context.configFile);
  if (!loaded.ok) {
    const words = loaded.error.map(formatProblem).join("\n");
    throw new CliFailure(
      EXIT.usage,
      words,
      "a backup of this could not be restored; `bootqueue config check` checks it",
    );
  }
  const { config } = loaded.value;
  if (isBelow(file, config.paths.assets))
    throw new CliFailure(
      EXIT.usage,
      `${file} is below ${config.paths.assets}, which every machine may read`,
      "name another place",
    );
  if ((await lstat(file).catch(() => null)) !== null) {
    await context.confirm(`${file} is there already.\n`, "Replace it?");
  }
  const about = { program: io.version, host: hostname() };
  const gathered = await said(() => gatherBackup(config, about, io.now()));
  if (!gathered.ok) throw new CliFailure(EXIT.refused, gathered.error, "nothing was written");
  const archive = packBackup(gathered.value);
  await said(() => writeSecretFile(file, archive), file);
  const { files, images, madeAt } = gathered.value;
  const done = { file, sizeBytes: archive.length, files: files.length, images: images.map(({ name }) => name), madeAt };
  context.print(done, () =>
    [
      `${file}: ${files.length} files, ${formatSize(archive.length)}`,
      "it holds keys and password hashes: keep it where nobody else can read it, and not on this machine alone",
      ...(images.length === 0 ? [] : [`not in it: the images ${done.images.join(", ")}; keep their ISOs`]),
    ]
      .map((line) => `${line}\n`)
      .join(""),
  );
}

async function restoreFrom(context: CliContext, file: string, flags: RestoreFlags): Promise<void> {
  const { configFile } = context;
  const { planRestore, strayTargets, usualFolders } = await import("../backup/restore-plan.ts");
  const { restore } = await import("../backup/restore.ts");
  const bytes = await said(() => readFile(file), file);
  const planned = planRestore(bytes, resolve(configFile));
  if (!planned.ok)
    throw new CliFailure(EXIT.unusable, `${file}: expected a backup, found ${planned.error}`, "nothing was changed");
  const plan = planned.value;
  if (flags.check === true) {
    context.print({ ok: true, ...planView(plan) }, () => `${file} is a whole backup\n${planWords(plan)}`);
    return;
  }
  const present = await loadConfig(configFile);
  const { paths } = present.ok ? present.value.config : { paths: null };
  const own = paths === null ? [] : [paths.state, paths.profiles, paths.server_types ?? SERVER_TYPES_FOLDER];
  const allowed = [
    ...usualFolders(resolve(configFile)),
    ...own,
    ...(flags.allow ?? []).map((folder) => resolve(folder)),
  ];
  const stray = strayTargets(plan, allowed);
  if (stray.length > 0)
    throw new CliFailure(
      EXIT.usage,
      `${file} would also write ${stray.join(", ")}`,
      "if that is right, name the folders with --allow; nothing was changed",
    );
  const intro = "Everything below is REPLACED by what is in the backup; what is there now is copied first.\n\n";
  await context.confirm(intro + planWords(plan), "Restore it?");
  const otherStateFolder = paths?.state ?? null;
  const keepArmed = flags.keepArmed === true;
  const restored = await said(() =>
    restore(plan, { archive: file, keepArmed, otherStateFolder, now: context.io.now() as Instant }),
  );
  const there = new Set(
    (await readCatalogue(plan.config.paths.assets)).images.map(({ manifest }) => manifest.source.sha256),
  );
  const missing = plan.backup.images.filter(({ sha256 }) => !there.has(sha256));
  const paused = plan.queue !== null && !keepArmed;
  const done = { ...planView(plan), ...restored, paused, missingImages: missing.map(({ name }) => name) };
  context.print(done, () =>
    [
      `restored ${plan.files.length} files of ${plan.backup.host}, as they were at ${plan.backup.madeAt}`,
      ...(restored.copy === null ? [] : [`what was there before: ${restored.copy}`]),
      ...missing.map(
        ({ name, title }) => `image ${name} (${title}) is missing: bootqueue image add ISO --name ${name}`,
      ),
      ...restored.disarmed.map((id) => `${id} was armed, and counts as failed now: it may have been installed since`),
      ...restored.installedSince.map(sinceWords),
      ...(paused
        ? [
            "the queue is paused. Start the daemon, then tell it what it cannot know: `bootqueue mark-installed HOST` for what was",
            "installed since, `register` for machines that came since; and then `bootqueue resume`",
          ]
        : []),
    ]
      .map((line) => `${oneLine(line)}\n`)
      .join(""),
  );
}

/** What to type, so that a machine is not wiped a second time. */
function sinceWords({ mac, where, address, isKnown }: InstalledSince): string {
  const register = isKnown ? "" : `bootqueue register ${mac}${address === null ? "" : ` --slot ${address}`}; `;
  return `${mac}${where === "" ? "" : ` (${where})`} may have been installed since, as the queue that was there before knew: ${register}bootqueue mark-installed ${mac}`;
}

function planView({ backup, files, queue }: RestorePlan) {
  const { host, madeAt, program, images } = backup;
  const targets = files.map(({ target }) => target);
  return {
    host,
    madeAt,
    program,
    images,
    files: targets,
    slots: queue?.slots.length ?? 0,
    hosts: queue?.hosts.length ?? 0,
  };
}

function planWords(plan: RestorePlan): string {
  const { backup, files, queue } = plan;
  const inState = files.filter(({ target }) => isBelow(target, plan.stateFolder));
  const others = files.filter((file) => !inState.includes(file));
  return renderFacts(
    [
      ["made", `${backup.madeAt} on ${backup.host}, by bootqueue ${backup.program}`],
      ["queue", queue === null ? "none" : `${queue.slots.length} slots, ${queue.hosts.length} hosts`],
      ...others.map(({ target }) => ["file", target] as const),
      ["state", `${inState.length} files in ${plan.stateFolder}`],
      ["images", `${backup.images.map(({ name }) => name).join(", ") || "none"} (not in the backup)`],
    ].map(([name = "", words = ""]) => [name, oneLine(words)] as const),
    "  ",
  );
}

function isBelow(path: string, folder: string): boolean {
  return !/^(\.\.(\/|$)|\/)/.test(relative(folder, path));
}

/** What the file system says, in words, and what to do. */
const FILE_FAILURES: Readonly<Record<string, readonly [why: string, hint: string]>> = {
  ENOENT: ["there is no such file or folder", "name one that is there"],
  ENOTDIR: ["what should be a folder is a file", "name another place"],
  EISDIR: ["expected a file, found a folder", "name a file in it"],
  EACCES: ["it may not be opened", "the files are root's and the daemon's: try with sudo"],
  EPERM: ["it may not be opened", "the files are root's and the daemon's: try with sudo"],
  EROFS: ["the file system is mounted read-only", "name a place on another one"],
  ENOSPC: ["the disk is full", "make room, or name a place on another one"],
};

/** What the file system, or another process, has against it. */
async function said<T>(work: () => Promise<T>, file?: string): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const { code = "", message, path: named } = cause as NodeJS.ErrnoException;
    const path = file ?? named;
    const [why, hint] = FILE_FAILURES[code] ?? [message, ""];
    throw new CliFailure(EXIT.refused, path === undefined || why === message ? message : `${path}: ${why}`, hint);
  }
}
