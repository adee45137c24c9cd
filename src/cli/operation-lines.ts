import type { OperationView } from "../http/contract.ts";
import { oneLine, renderFacts } from "./table.ts";
import { formatDuration, formatTime } from "./words.ts";

/** The installs of a host: the earlier ones in a line each, the last one with its steps. Empty: there was none. */
export function renderOperations(operations: readonly OperationView[], now: number): string {
  const last = operations.at(-1);
  if (last === undefined) return "";
  const earlier = operations.slice(0, -1).map((operation) => `  ${headline(operation, now)}\n`);
  const steps = last.steps.flatMap((step) => [
    [formatTime(step.startedAt), `${step.name}: ${step.state}, ${took(step, now)}`] as const,
    ...step.notes.map(({ at, text }) => [formatTime(at), `  ${oneLine(text)}`] as const),
  ]);
  return `Installs\n${earlier.join("")}  ${headline(last, now)}\n${renderFacts(steps, "    ")}`;
}

/** `3: running for 4 min, armed by the operator` */
function headline(operation: OperationView, now: number): string {
  const why = operation.reason === "" ? "" : `, ${oneLine(operation.reason)}`;
  const when = operation.endedAt === null ? "" : ` at ${formatTime(operation.endedAt)}`;
  return `${operation.id}: ${operation.state}${when}, ${took(operation, now)}${why}`;
}

function took({ startedAt, endedAt }: { startedAt: string; endedAt: string | null }, now: number): string {
  const until = endedAt === null ? now : Date.parse(endedAt);
  return `${endedAt === null ? "for" : "took"} ${formatDuration(until - Date.parse(startedAt))}`;
}
