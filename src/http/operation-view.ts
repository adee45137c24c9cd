import type { Operation } from "../queue/operation.ts";
import { formatInstant, type Instant } from "../std/clock.ts";
import type { OperationView } from "./contract.ts";

/** Field by field, as for hosts: what is not named here cannot get out. */
export function operationView(operation: Operation): OperationView {
  return {
    id: operation.id,
    state: operation.ended?.outcome ?? "running",
    startedAt: formatInstant(operation.startedAt),
    endedAt: endOf(operation),
    reason: operation.ended?.reason || operation.reason,
    steps: operation.steps.map((step) => ({
      name: step.name,
      state: step.ended?.outcome ?? "running",
      startedAt: formatInstant(step.startedAt),
      endedAt: endOf(step),
      notes: step.notes.map(({ at, text }) => ({ at: formatInstant(at), text })),
    })),
  };
}

function endOf({ ended }: { readonly ended: { readonly at: Instant } | null }): string | null {
  return ended === null ? null : formatInstant(ended.at);
}
