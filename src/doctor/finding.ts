/** How bad it is: `problem`: machines will not install; `warning`: a person should look, or it could not be checked. */
export type Level = "ok" | "warning" | "problem";

/** One thing that was looked at. */
export interface Finding {
  readonly level: Level;
  /** What was looked at, in a word or three. */
  readonly what: string;
  /** What was found. */
  readonly words: string;
  /** What to do about it; empty: nothing. */
  readonly todo: string;
}

export function fine(what: string, words: string): Finding {
  return { level: "ok", what, words, todo: "" };
}

export function warning(what: string, words: string, todo: string): Finding {
  return { level: "warning", what, words, todo };
}

export function problem(what: string, words: string, todo: string): Finding {
  return { level: "problem", what, words, todo };
}
