import type { FirstBootStep } from "./step-settings.ts";

/** What each step is called, in marks, on the page and as a file: `01-repositories`. */
export function stepNames(steps: readonly FirstBootStep[]): readonly string[] {
  return steps.map((step, index) => `${String(index + 1).padStart(2, "0")}-${step.name ?? step.type}`);
}
