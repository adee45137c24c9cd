import { parse, TomlError } from "smol-toml";
import type { Problem } from "./problem.ts";
import { err, ok, type Result } from "./result.ts";

/** Reads TOML into plain values. A syntax error comes with its line and column, and never with the line's text. */
export function parseToml(text: string): Result<unknown, Problem> {
  try {
    return ok(parse(text.startsWith("\ufeff") ? text.slice(1) : text));
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The message goes on with an excerpt of the file, in which a password may stand.
    const reason = error.message.split("\n", 1)[0]?.replace(/^Invalid TOML document: /, "") ?? "";
    return err({ path: `line ${error.line}, column ${error.column}`, message: `not valid TOML: ${reason}` });
  }
}
