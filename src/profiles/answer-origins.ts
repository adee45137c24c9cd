import type { MergedSettings } from "./layers.ts";

/** A line of an answer file, and where its value comes from; null: the line has none. */
export interface AnswerLine {
  readonly text: string;
  readonly from: string | null;
}

/**
 * The lines of an answer in TOML whose keys are called like the settings that they come from, but for hyphens.
 * `made`: what does not come from a setting, by its key in the answer with underscores; a table stands for all in it.
 */
export function originsOfToml(
  text: string,
  said: MergedSettings["said"],
  made: Readonly<Record<string, string>>,
): readonly AnswerLine[] {
  let section = "";
  return text
    .trimEnd()
    .split("\n")
    .map((line): AnswerLine => {
      const header = /^\[([^\]]+)\]$/.exec(line)?.[1];
      if (header !== undefined) section = header;
      const key = header === undefined ? /^((?:[\w-]+|"(?:[^"\\]|\\.)*"))\s*=/.exec(line)?.[1] : undefined;
      return { text: line, from: key === undefined ? null : originOf(`${section}.${key}`, said, made) };
    });
}

function originOf(key: string, said: MergedSettings["said"], made: Readonly<Record<string, string>>): string {
  const path = key.replaceAll("-", "_");
  const table = path.replace(/\.(?:[\w]+|"(?:[^"\\]|\\.)*")$/, "");
  const own = said.find((setting) => plain(setting.path) === plain(key));
  return own?.layer.name ?? made[path] ?? made[table] ?? "default";
}

/** Without what may be spelt in several ways: hyphens, quotes, and the signs in a MAC address. */
function plain(path: string): string {
  return path.replaceAll(/[-_:"]/g, "").toLowerCase();
}

/** Settings for people to look at, with the file that each stands in. Secrets, and texts that may hold one, are not shown. */
export function settingsForPeople(
  said: MergedSettings["said"],
): readonly { readonly path: string; readonly value: string; readonly from: string; readonly file: string }[] {
  return said.map(({ path, value, layer }) => ({
    path,
    value: shown(path, value),
    from: layer.name,
    file: layer.path === "" ? layer.file : `${layer.file}: ${layer.path}`,
  }));
}

function shown(path: string, value: unknown): string {
  if (SECRET.test(path)) return "(hidden)";
  const text = JSON.stringify(value) ?? "";
  if (typeof value === "string" && value.includes("\n")) return `(${value.trimEnd().split("\n").length} lines)`;
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

const SHOWN_MAX = 80;
const SECRET = /pass|secret|token|subscription|hash|private|credential|machineconfig|patch/i;
