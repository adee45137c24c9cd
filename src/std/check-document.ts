import { z } from "zod";
import { nearest } from "./nearest.ts";
import type { Problem } from "./problem.ts";
import { err, ok, type Result } from "./result.ts";

/** What to say of a key that people try although there is none, by path: `global.root_password`. */
export type KeyHints = Readonly<Record<string, string>>;

/**
 * Holds a document against its schema and reports everything that is wrong at once: the path, what was wanted and what
 * was found, and for a misspelt key the nearest known one. A schema's own messages start with `expected …`; a message
 * that does not is taken as a whole sentence.
 */
export function checkDocument<T>(
  schema: z.ZodType<T>,
  document: unknown,
  hints: KeyHints = {},
): Result<T, readonly Problem[]> {
  const parsed = schema.safeParse(document);
  if (parsed.success) return ok(parsed.data);
  const problems = new Map<string, Problem>();
  for (const issue of parsed.error.issues) {
    for (const problem of problemsOf(issue, schema, document, hints)) {
      problems.set(`${problem.path}\n${problem.message}`, problem);
    }
  }
  return err([...problems.values()]);
}

/** `["slot", 2, "hostname"]` as people write it: `slot[2].hostname`. */
export function formatPath(path: readonly PropertyKey[]): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += (text === "" ? "" : ".") + (/^[\w-]+$/.test(String(step)) ? String(step) : JSON.stringify(step));
  }
  return text;
}

/** A value from a document in a few words. */
export function describeValue(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (value instanceof Date) return "a date";
  if (typeof value === "object" && value !== null) return "a table";
  return String(value);
}

function problemsOf(issue: z.core.$ZodIssue, schema: z.ZodType, document: unknown, hints: KeyHints): Problem[] {
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(schema, issue.path, document);
    return issue.keys.map((key) => unknownKey([...issue.path, key], key, known, hints));
  }
  const path = formatPath(issue.path);
  if (issue.code === "invalid_key") {
    return [{ path, message: `${issue.issues[0]?.message ?? issue.message}, found this key` }];
  }
  const wanted =
    issue.code === "invalid_type" && !issue.message.startsWith("expected") ? typeWanted(issue) : issue.message;
  if (!wanted.startsWith("expected")) return [{ path, message: wanted }];
  const found = valueAt(document, issue.path);
  if (found === undefined) return [{ path, message: `missing: ${wanted}` }];
  const shown = isSecret(issue.path) ? hidden(found) : describeValue(found);
  const near = issue.code === "custom" ? issue.params?.near : undefined;
  return [{ path, message: `${wanted}, found ${shown}${near === undefined ? "" : `; did you mean "${near}"?`}` }];
}

function unknownKey(path: readonly PropertyKey[], key: string, known: readonly string[], hints: KeyHints): Problem {
  const where = formatPath(path);
  const hint = hints[where.replaceAll(/\[\d+\]/g, "")];
  if (hint !== undefined) return { path: where, message: hint };
  const near = nearest(key, known);
  if (near !== null) return { path: where, message: `unknown key; did you mean ${near}?` };
  return { path: where, message: `unknown key; known here: ${known.join(", ")}` };
}

function typeWanted(issue: z.core.$ZodIssueInvalidType): string {
  return `expected ${TYPES[issue.expected] ?? issue.expected}`;
}

const TYPES: Readonly<Partial<Record<string, string>>> = {
  string: "a text in quotes",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a table",
  record: "a table",
};

/** The keys that the schema knows at `path`, read from its JSON Schema so that wrappers do not matter. */
function knownKeys(schema: z.ZodType, path: readonly PropertyKey[], document: unknown): string[] {
  let node: z.core.JSONSchema.BaseSchema = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  for (const step of path) {
    const next = typeof step === "number" ? node.items : (node.properties?.[String(step)] ?? node.additionalProperties);
    if (typeof next !== "object" || Array.isArray(next)) return [];
    node = next;
  }
  // Of several forms, the one that the document says it has.
  const said = valueAt(document, [...path, "type"]);
  const form = node.oneOf?.find(
    (one) => typeof one === "object" && typeof one.properties?.type === "object" && one.properties.type.const === said,
  );
  if (typeof form === "object") node = form;
  return Object.keys(node.properties ?? {});
}

function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  let value = document;
  for (const step of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[step];
  }
  return value;
}

/** Values of such keys are never repeated: messages go to logs and screens. */
function isSecret(path: readonly PropertyKey[]): boolean {
  return path.some((step) => typeof step === "string" && /password|secret|token|subscription/i.test(step));
}

function hidden(value: unknown): string {
  return typeof value === "string" ? `${value.length} characters (not shown)` : describeValue(value);
}
