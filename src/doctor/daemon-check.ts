import type { Result } from "../std/result.ts";
import { type Finding, fine, problem, warning } from "./finding.ts";

/** What the daemon says of itself on its socket. */
export interface DaemonAnswer {
  readonly version: string;
  readonly warnings: readonly string[];
}

/** Why it did not answer, and what to do. */
export interface DaemonSilence {
  readonly message: string;
  readonly hint: string;
  /** true: whoever asks may not, so nobody knows whether it runs. */
  readonly isForbidden: boolean;
}

/** `known`: words that stand on a line of their own already; the daemon's warning of the same is left out. */
export function daemonFindings(
  answer: Result<DaemonAnswer, DaemonSilence>,
  known: readonly string[],
): readonly Finding[] {
  if (!answer.ok) {
    const { message, hint, isForbidden } = answer.error;
    return [(isForbidden ? warning : problem)(WHAT, message, hint)];
  }
  const { version, warnings } = answer.value;
  const news = warnings.filter((line) => !known.some((words) => words.includes(line) || line.includes(words)));
  return [fine(WHAT, `bootqueue ${version} runs`), ...news.map((line) => warning(WHAT, line, ""))];
}

const WHAT = "daemon";
