import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type Ran, runAs } from "./cli-bench.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const TSX = fileURLToPath(new URL("../../node_modules/tsx/dist/loader.mjs", import.meta.url));

/** `bootqueue image` with folders of assets that go when the tests have ended: call `close` then. */
export async function imageBench() {
  const folder = await mkdtemp(join(tmpdir(), "bootqueue-images-"));
  // Others than root look into it.
  await chmod(folder, 0o755);
  let folders = 0;
  return {
    folder,
    close: () => rm(folder, { recursive: true, force: true }),
    async newAssets(): Promise<string> {
      const assets = join(folder, `assets-${++folders}`);
      await mkdir(assets);
      return assets;
    },
    run,
    start,
    added,
  };
}

/** In this process. */
export async function run(assets: string, words: readonly string[], stdin?: Readable): Promise<Ran> {
  const more = stdin === undefined ? {} : { stdin };
  return await runAs({}, ["image", "--assets", assets, ...words], Date.now, more);
}

/** In one of its own, which can be killed. */
export function start(
  assets: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): ChildProcess {
  return spawn(process.execPath, ["--import", TSX, MAIN, "image", "--assets", assets, ...words], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
}

export async function ended(child: ChildProcess): Promise<Omit<Ran, "code"> & { readonly code: number | null }> {
  const said = { out: "", err: "" };
  for (const [name, stream] of [
    ["out", child.stdout],
    ["err", child.stderr],
  ] as const) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      said[name] += text;
    });
  }
  const [code] = (await once(child, "close")) as [number | null];
  return { ...said, code };
}

/** What is wrong, and the hint, without the lines of progress before. */
export function said({ err }: { readonly err: string }): string {
  return err.slice(Math.max(0, err.indexOf("bootqueue: ")));
}

/** Everything below `assets/images` but the lock: nothing half-made may be there. */
export async function contentOf(assets: string): Promise<readonly string[]> {
  const names = await readdir(join(assets, "images"), { recursive: true }).catch(() => []);
  return names.filter((name) => name !== ".lock").sort();
}

export function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** What `image add --json` prints. */
export interface AddedView {
  readonly name: string;
  readonly folder: string;
  readonly isNew: boolean;
  readonly isChecked: boolean;
  readonly attended: string | null;
  readonly files: readonly {
    readonly role: string;
    readonly path: string;
    readonly sizeBytes: number;
    readonly sha256: string;
  }[];
}

async function added(assets: string, words: readonly string[]): Promise<AddedView> {
  const ran = await run(assets, ["add", "--json", ...words]);
  if (ran.code !== 0) throw new Error(ran.err);
  return JSON.parse(ran.out) as AddedView;
}
