import type { Problem } from "../std/problem.ts";
import { err, ok, type Result } from "../std/result.ts";

/** A text in which `{{NAME}}` stands for something of the slot or the install. */
export interface Template {
  /** The file's name, for messages. */
  readonly name: string;
  readonly text: string;
}

/** What stands for each name: a text, a number or a list of texts; null: it has no value here. */
export type Placeholders = Readonly<Record<string, string | number | boolean | readonly string[] | null>>;

/** Names that stand for nothing, and braces that do not close. `known`: every name there is. */
export function templateProblems({ name, text }: Template, known: readonly string[]): readonly Problem[] {
  const problems: Problem[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (isComment(line)) continue;
    const say = (message: string) =>
      problems.push({ path: "template", message: `${name}, line ${index + 1}: ${message}` });
    for (const [, found = ""] of line.matchAll(PLACEHOLDER)) {
      if (!known.includes(found)) say(`there is no placeholder {{${found}}}; known are ${known.join(", ")}`);
    }
    if (line.replaceAll(PLACEHOLDER, "").includes("{{"))
      say("expected a placeholder such as {{fqdn}}, found {{ without its end");
  }
  return problems;
}

/**
 * The template with its placeholders replaced. Inside quotes a text is written so that TOML reads it as it is; a line
 * with a placeholder that has no value here is left out.
 */
export function fillTemplate(template: Template, values: Placeholders): Result<string, readonly Problem[]> {
  const problems = templateProblems(template, Object.keys(values));
  if (problems.length > 0) return err(problems);
  const lines = template.text.split("\n").flatMap((line) => {
    if (isComment(line)) return [line];
    const names = [...line.matchAll(PLACEHOLDER)].map(([, name = ""]) => name);
    if (names.some((name) => values[name] === null)) return [];
    return [line.replaceAll(PLACEHOLDER, (_, name: string) => written(values[name] ?? ""))];
  });
  return ok(lines.join("\n"));
}

function isComment(line: string): boolean {
  return line.trimStart().startsWith("#");
}

const PLACEHOLDER = /\{\{\s*([\w.-]+)\s*\}\}/g;

function written(value: NonNullable<Placeholders[string]>): string {
  const json = JSON.stringify(value);
  return typeof value === "string" ? json.slice(1, -1) : json;
}
