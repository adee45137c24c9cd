import { readFile } from "node:fs/promises";
import type { Problem } from "../std/problem.ts";
import { err, ok, type Result } from "../std/result.ts";
import { parseToml } from "../std/toml.ts";
import * as field from "./fields.ts";
import { ASSETS_FOLDER } from "./schema.ts";

/**
 * `paths.assets` of a configuration that may be missing or wrong elsewhere: images are added before there are profiles
 * that use them.
 */
export async function findAssetsFolder(configFile: string): Promise<Result<string, Problem>> {
  let text: string;
  try {
    text = await readFile(configFile, "utf8");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    return code === "ENOENT" ? ok(ASSETS_FOLDER) : err({ path: configFile, message: `cannot be read: ${message}` });
  }
  const document = parseToml(text);
  if (!document.ok) return err({ path: `${configFile}: ${document.error.path}`, message: document.error.message });
  const { paths } = document.value as { readonly paths?: { readonly assets?: unknown } };
  if (paths?.assets === undefined) return ok(ASSETS_FOLDER);
  const folder = field.absolutePath.safeParse(paths.assets);
  if (folder.success) return ok(folder.data);
  return err({ path: `${configFile}: paths.assets`, message: folder.error.issues[0]?.message ?? "expected a folder" });
}
