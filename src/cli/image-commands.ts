import type { Command } from "commander";
import { findAssetsFolder } from "../config/assets-folder.ts";
import { addImage } from "../images/add-image.ts";
import { type CataloguedImage, readCatalogue } from "../images/catalogue.ts";
import { parseSha256 } from "../images/checksum-file.ts";
import { ImageFailure, type ImageFailureType } from "../images/image-failure.ts";
import { removeImage } from "../images/remove-image.ts";
import { verifyImage } from "../images/verify-image.ts";
import { nearest } from "../std/nearest.ts";
import { formatProblem } from "../std/problem.ts";
import type { CliContext } from "./cli-context.ts";
import { CliFailure, EXIT, type ExitCode } from "./exit-code.ts";
import { imageView, renderImage, renderImages } from "./image-words.ts";
import { formatMemory, formatSize, ProgressDisplay } from "./progress-display.ts";

/** What machines boot, made of ISOs. These commands need no daemon; a running one sees what they did within a minute. */
export function addImageCommands(program: Command, context: CliContext): void {
  const image = program
    .command("image")
    .description("make ISOs bootable from the network; needs no daemon")
    .option("--assets <folder>", "the folder of assets (default: paths.assets of the configuration)");
  const folder = () => assetsFolder(context, image.opts<{ assets?: string }>().assets);

  image
    .command("add")
    .description("make an image of an ISO: installers of Proxmox, Ubuntu, Debian, Fedora, Alpine, and any other Linux")
    .argument("<iso>", "a file, an http or https address, or - for standard input")
    .option("--sha256 <hex>", "its SHA-256 (default: what FILE.sha256 or SHA256SUMS beside the file says)")
    .option("--name <name>", "what profiles call it (default: product and release, as the ISO says)")
    .action(async (iso: string, options: { sha256?: string; name?: string }) => {
      const sha256 = options.sha256 === undefined ? null : parseSha256(options.sha256);
      if (sha256?.ok === false)
        throw new CliFailure(EXIT.usage, `--sha256: expected 64 hexadecimal digits, found ${sha256.error}`);
      const assets = await folder();
      const added = await following(context, (signal, onProgress) =>
        addImage({
          assets,
          from: iso,
          stdin: context.io.stdin,
          sha256: sha256?.value ?? null,
          name: options.name ?? null,
          signal,
          onProgress,
          now: () => context.io.now(),
        }),
      );
      const { manifest } = added.image;
      context.print({ ...imageView(added.image), isNew: added.isNew, isChecked: added.isChecked }, () =>
        [
          `${manifest.name} ${added.isNew ? "is there now" : "was there already"}: ${manifest.title}, ` +
            `${formatSize(sizeOf(added.image))}; machines need about ${formatMemory(manifest.memoryMib)} of memory to boot it`,
          ...(added.isChecked ? ["its SHA-256 is the one that was expected"] : []),
          ...(manifest.attended === null ? [] : [`not for unattended installations: ${manifest.attended}`]),
          `in a profile: image = "${manifest.name}"`,
        ]
          .map((line) => `${line}\n`)
          .join(""),
      );
    });

  image
    .command("list")
    .description("show the images")
    .action(async () => {
      const { images, faults } = await readCatalogue(await folder());
      for (const fault of faults) context.io.err(`${fault}\n`);
      context.print({ images: images.map(imageView), faults }, () => renderImages(images, context.width));
    });

  image
    .command("show")
    .description("show everything that is known of an image")
    .argument("<image>", IMAGE_ARGUMENT)
    .action(async (name: string) => {
      const found = await imageCalled(await folder(), name);
      context.print(imageView(found), () => renderImage(found));
    });

  image
    .command("verify")
    .description("compare the files of an image, or of all, with their checksums; exit code 6 if one differs")
    .argument("[image]", IMAGE_ARGUMENT)
    .action(async (name: string | undefined) => {
      const assets = await folder();
      const { images, faults } = await readCatalogue(assets);
      const chosen = name === undefined ? images : [await imageCalled(assets, name)];
      const results = await following(context, async (_, onProgress) => {
        const all = [];
        for (const one of chosen)
          all.push({ name: one.manifest.name, faults: await verifyImage(assets, one, onProgress) });
        return all;
      });
      const broken = [...(name === undefined ? faults : []), ...results.flatMap((one) => one.faults)];
      if (broken.length > 0) context.exitCode = EXIT.unusable;
      context.print({ ok: broken.length === 0, images: results, faults: name === undefined ? faults : [] }, () =>
        [
          ...broken,
          ...results.filter((one) => one.faults.length === 0).map((one) => `${one.name} is as it was added`),
          ...(broken.length === 0 ? [] : ["remove what is damaged, and add it again: bootqueue image remove NAME"]),
          ...(results.length === 0 && broken.length === 0 ? ["there are no images"] : []),
        ]
          .map((line) => `${line}\n`)
          .join(""),
      );
    });

  image
    .command("remove")
    .description("remove an image and its files")
    .argument("<image>", IMAGE_ARGUMENT)
    .option("--force", "also one that a profile uses")
    .action(async (name: string, { force = false }: { force?: boolean }) => {
      const assets = await folder();
      const found = await imageCalled(assets, name);
      if (!force) await checkUnused(context, found.manifest.name);
      await context.confirm(
        `${renderImage(found)}\n`,
        `Remove ${found.manifest.name}, so that nothing can be installed from it?`,
      );
      await translated(() => removeImage(assets, found));
      context.print({ removed: found.manifest.name }, () => `${found.manifest.name} is removed\n`);
    });
}

const IMAGE_ARGUMENT = "its name, as `bootqueue image list` shows it";

async function assetsFolder(context: CliContext, asked: string | undefined): Promise<string> {
  if (asked !== undefined) return asked;
  const found = await findAssetsFolder(context.configFile);
  if (found.ok) return found.value;
  throw new CliFailure(EXIT.usage, formatProblem(found.error), "name the folder of assets with --assets");
}

async function imageCalled(assets: string, name: string): Promise<CataloguedImage> {
  const { images } = await readCatalogue(assets);
  const found = images.find(({ manifest }) => manifest.name === name);
  if (found !== undefined) return found;
  const names = images.map(({ manifest }) => manifest.name);
  const near = nearest(name, names);
  throw new CliFailure(
    EXIT.unknown,
    `no image is called ${JSON.stringify(name)}${near === null ? "" : `; did you mean ${near}?`}`,
    names.length === 0 ? "there is none yet: bootqueue image add FILE.iso" : "`bootqueue image list` lists them",
  );
}

async function checkUnused(context: CliContext, name: string): Promise<void> {
  const uses = await context.io.imageUses?.(context.configFile);
  if (uses?.ok === false)
    throw new CliFailure(
      EXIT.refused,
      `nobody can tell whether a profile uses ${name}, because the configuration is wrong: ${uses.error.map(formatProblem).join("; ")}`,
      "`bootqueue config check` checks it; --force removes the image all the same",
    );
  const users = (uses?.value ?? []).filter(({ image }) => image === name).map(({ profile }) => profile);
  if (users.length > 0)
    throw new CliFailure(
      EXIT.refused,
      `${name} is used by ${users.length === 1 ? "profile" : "profiles"} ${users.join(", ")}`,
      "let them use another, or remove it all the same with --force",
    );
}

/** Runs something long: shows how far it is, and ends it when somebody presses Ctrl-C. */
async function following<T>(
  context: CliContext,
  run: (signal: AbortSignal, onProgress: ProgressDisplay["show"]) => Promise<T>,
): Promise<T> {
  const { io } = context;
  const stop = new AbortController();
  const forget = io.onInterrupt(() => stop.abort());
  const display = new ProgressDisplay(io);
  // Programs that read JSON read no lines beside it.
  const isShown = io.errIsTerminal || !context.json;
  try {
    return await translated(
      () => run(stop.signal, (progress) => (isShown ? display.show(progress) : undefined)),
      () => display.end(),
    );
  } finally {
    display.end();
    forget();
  }
}

async function translated<T>(run: () => Promise<T>, before: () => void = () => {}): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    before();
    if (!(cause instanceof ImageFailure)) throw cause;
    throw new CliFailure(EXIT_OF[cause.type], cause.message, cause.hint);
  }
}

const EXIT_OF: Readonly<Record<ImageFailureType, ExitCode>> = {
  unusable: EXIT.unusable,
  refused: EXIT.refused,
  unknown: EXIT.unknown,
  aborted: EXIT.aborted,
};

function sizeOf({ manifest }: CataloguedImage): number {
  return manifest.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
