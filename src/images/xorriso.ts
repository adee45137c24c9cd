import { spawn } from "node:child_process";
import { ImageFailure } from "./image-failure.ts";
import type { AddedFile } from "./iso-content.ts";

/** Rejects when xorriso is not installed; before gigabytes are copied. */
export async function checkXorriso(signal: AbortSignal): Promise<void> {
  await run(["-version"], signal);
}

/** One line for each regular file of the ISO, for `parseListing`. */
export async function listIso(iso: string, signal: AbortSignal): Promise<string> {
  // The names are encoded, so that none can pretend to be a line of its own.
  const find = ["-find", "/", "-type", "f", "-exec", "report_lba", "--"];
  return await run([...QUIET, "-backslash_codes", "encode_results", "-indev", `stdio:${iso}`, ...find], signal);
}

/**
 * Writes a copy of the ISO without one folder and with one more file, whose text is in the file `added.from`. The copy
 * boots from no drive: what is in it for firmware is left out.
 */
export async function remasterIso(
  iso: string,
  to: string,
  changes: { readonly without: string; readonly adds: AddedFile; readonly from: string },
  signal: AbortSignal,
  onPercent: (percent: number) => void,
): Promise<void> {
  const { without, adds, from } = changes;
  const words = ["-boot_image", "any", "discard", "-indev", `stdio:${iso}`, "-outdev", `stdio:${to}`];
  await run([...NOTES, ...words, "-rm_r", without, "--", "-map", from, adds.path, "-commit"], signal, (line) => {
    const [, percent] = /UPDATE :.*?([\d.]+)% done/.exec(line) ?? [];
    if (percent !== undefined) onPercent(Number(percent));
  });
}

const NOTES = ["-abort_on", "FAILURE", "-return_with", "SORRY", "32", "-iso_rr_pattern", "off", "-disk_pattern", "off"];
const QUIET = [...NOTES, "-report_about", "WARNING"];

/** More is no listing of an installation disc: the largest have some ten thousand files. */
const OUTPUT_MAX = 64 * 1024 * 1024;
const ERROR_MAX = 8 * 1024;

/** Standard output. Rejects with what xorriso said when it fails. */
async function run(words: readonly string[], signal: AbortSignal, onLine?: (line: string) => void): Promise<string> {
  // First of all: no start-up file of anybody changes what follows.
  const child = spawn("xorriso", ["-no_rc", ...words], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LC_ALL: "C", HOME: "/nonexistent" },
  });
  const stop = () => void child.kill("SIGKILL");
  signal.addEventListener("abort", stop, { once: true });
  let tooLong = false;
  let lengthOut = 0;
  const out: Buffer[] = [];
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => {
    lengthOut += chunk.length;
    tooLong ||= lengthOut > OUTPUT_MAX;
    if (tooLong) stop();
    else out.push(chunk);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err = (err + text).slice(-ERROR_MAX);
    if (onLine) for (const line of text.split(/[\r\n]/)) onLine(line);
  });
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    if (signal.aborted) throw new ImageFailure("aborted", "stopped");
    if (tooLong) throw new ImageFailure("unusable", "expected an installation ISO, found one with far too many files");
    if (status !== 0) throw new ImageFailure("unusable", `xorriso cannot read this ISO: ${reasonIn(err, status)}`);
    return Buffer.concat(out).toString("utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    throw new ImageFailure("refused", "ISOs are read with xorriso, which is not installed", "apt-get install xorriso");
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** The first thing that went wrong, in one line. */
function reasonIn(text: string, status: number | null): string {
  const bad = text.split(/[\r\n]+/).find((line) => /: (?:SORRY|MISHAP|FAILURE|FATAL|ABORT) :/.test(line));
  const words = bad?.replace(/^[a-z]+ : [A-Z]+ : /, "").replaceAll(/[^\x20-\x7e]/g, "?");
  return (words ?? `it ended with status ${status ?? "unknown"}`).slice(0, 300);
}
