import { formatProblem, type Problem } from "../std/problem.ts";
import { type Finding, fine, problem, warning } from "./finding.ts";

/** What `bootqueue config check` finds. */
export interface CheckedConfig {
  readonly file: string;
  readonly slots: number;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

export function configFindings({ file, slots, problems, warnings }: CheckedConfig): readonly Finding[] {
  const wrong = problems.map((one) =>
    problem(WHAT, formatProblem(one), `correct it, then \`bootqueue config check\`; the daemon refuses it as it is`),
  );
  const odd = warnings.map((one) => warning(WHAT, formatProblem(one), ""));
  return wrong.length > 0 ? [...wrong, ...odd] : [fine(WHAT, `${file} is right: ${slots} slots`), ...odd];
}

const WHAT = "configuration";
