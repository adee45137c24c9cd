import { open } from "node:fs/promises";
import { err, ok, type Result } from "../std/result.ts";

/** The password in a file that only its owner may read: its first line. The error completes "`FILE` …". */
export async function readPasswordFile(path: string): Promise<Result<string, string>> {
  const file = await open(path, "r").catch((cause: NodeJS.ErrnoException) => cause);
  if (file instanceof Error) return err(REASONS[file.code ?? ""] ?? `cannot be read: ${file.message}`);
  try {
    // Of the file that was opened, so that it is the one that is read.
    const found = await file.stat();
    if (!found.isFile()) return err("is not a file");
    if ((found.mode & 0o077) !== 0) {
      const mode = (found.mode & 0o777).toString(8).padStart(4, "0");
      return err(`may be read by others (mode ${mode}); \`chmod 600\` makes it private`);
    }
    if (found.size > SIZE_MAX) return err("is too long for a password");
    const [line = ""] = (await file.readFile("utf8")).split(/\r?\n/);
    return line === "" ? err("has no password in its first line") : ok(line);
  } catch (cause) {
    return err(`cannot be read: ${(cause as Error).message}`);
  } finally {
    await file.close();
  }
}

const SIZE_MAX = 4096;

const REASONS: Readonly<Partial<Record<string, string>>> = {
  ENOENT: "does not exist",
  EACCES: "cannot be read: permission denied",
  ENOTDIR: "does not exist",
};
