import type { Instant } from "../std/clock.ts";
import type { HostState, HostStateType } from "./host.ts";

/** One install of a host, from its arming to its end, with what was reported on the way. The last one may be running. */
export interface Operation {
  /** Counts up within the host, from 1. */
  readonly id: number;
  readonly startedAt: Instant;
  /** Why it was started; empty: a new machine took a slot. */
  readonly reason: string;
  /** null: it is running. At most one of a host is. */
  readonly ended: OperationEnd | null;
  /** Oldest first; the last `STEPS_MAX`. */
  readonly steps: readonly OperationStep[];
}

export interface OperationEnd {
  readonly at: Instant;
  /** `given-up`: another took its place, or the host gave its slot back. */
  readonly outcome: "succeeded" | "failed" | "given-up";
  readonly reason: string;
}

export interface OperationStep {
  readonly name: string;
  readonly startedAt: Instant;
  readonly ended: StepEnd | null;
  /** Oldest first; the last `NOTES_MAX`. */
  readonly notes: readonly StepNote[];
}

export interface StepEnd {
  readonly at: Instant;
  readonly outcome: StepOutcome;
}

export type StepOutcome = "succeeded" | "failed" | "skipped";

export interface StepNote {
  readonly at: Instant;
  readonly text: string;
}

/** What is told of a step: that it began, a line about it, or how it ended. */
export interface StepReport {
  readonly step: string;
  readonly outcome: "started" | "noted" | StepOutcome;
  readonly text: string;
}

/** What is kept of each host, so that the state stays small whatever a machine reports. */
export const OPERATIONS_MAX = 10;
export const STEPS_MAX = 60;
export const NOTES_MAX = 20;
export const NAME_MAX = 80;
export const TEXT_MAX = 500;

/** What a host does in a state, as a step of its operation. The other states are no part of one. */
const PHASES: Partial<Record<HostStateType, string>> = {
  pxe_ready: "boot from the network",
  pxe_booted: "start the installer",
  installing: "install",
  installed: "boot from its disk",
  first_boot: "first boot",
  joining: "join the cluster",
};

const PHASE_NAMES: ReadonlySet<string> = new Set(Object.values(PHASES));

/** The operations of a host that goes from `before` to `next`. */
export function operationsEntering(
  operations: readonly Operation[],
  before: HostState,
  next: HostState,
  reason: string,
): readonly Operation[] {
  const at = next.since;
  const phase = phaseOf(before, next);
  const current = operations.at(-1);
  if (next.type === "pxe_ready") {
    const id = (current?.id ?? 0) + 1;
    const given = withRunning(operations, (running) => ended(running, { at, outcome: "given-up", reason }));
    const steps = [{ name: PHASES.pxe_ready as string, startedAt: at, ended: null, notes: [] }];
    return [...given, { id, startedAt: at, reason, ended: null, steps }].slice(-OPERATIONS_MAX);
  }
  if (phase !== undefined) {
    // A failed host that finished after all goes on where it stopped; one that was only marked has none to go on with.
    const goesOn = before.type === "failed" && current?.ended?.outcome === "failed";
    const running = goesOn ? [...operations.slice(0, -1), { ...current, ended: null }] : operations;
    const outcome = isStepBack(before.type, next.type) ? "failed" : "succeeded";
    return withRunning(running, (operation) =>
      withStep(endPhases(operation, outcome, at, phase), { step: phase, outcome: "started", text: reason }, at),
    );
  }
  const outcome = next.type === "ready" ? "succeeded" : next.type === "failed" ? "failed" : "given-up";
  return withRunning(operations, (operation) => ended(operation, { at, outcome, reason }));
}

/** A host whose join is tried again waits for its turn in the state before; what it did there is over. */
function phaseOf(before: HostState, next: HostState): string | undefined {
  const waits = (next.type === "installed" || next.type === "first_boot") && next.deadline === null;
  return waits && before.type === "failed" && before.from === "joining" ? PHASES.joining : PHASES[next.type];
}

/** null: none is running. The same list: that was known. */
export function operationsWith(
  operations: readonly Operation[],
  report: StepReport,
  at: Instant,
): readonly Operation[] | null {
  const current = operations.at(-1);
  if (current === undefined || current.ended !== null) return null;
  const next = withStep(current, report, at);
  return next === current ? operations : [...operations.slice(0, -1), next];
}

function withRunning(
  operations: readonly Operation[],
  change: (running: Operation) => Operation,
): readonly Operation[] {
  const current = operations.at(-1);
  return current === undefined || current.ended !== null ? operations : [...operations.slice(0, -1), change(current)];
}

/** A step that was begun again stands there twice; a report that says nothing new leaves everything as it is. */
function withStep(operation: Operation, report: StepReport, at: Instant): Operation {
  const name = report.step.slice(0, NAME_MAX);
  const text = report.text.slice(0, TEXT_MAX);
  const index = operation.steps.findLastIndex((step) => step.name === name);
  const step = operation.steps[index];
  const open = step?.ended === null ? step : undefined;
  const news = text !== "" && step?.notes.at(-1)?.text !== text;
  if (report.outcome === "started" || report.outcome === "noted") {
    if (open !== undefined) return news ? replaced(operation, index, noted(open, text, at)) : operation;
    if (report.outcome === "noted" && step !== undefined && !news) return operation;
    return appended(operation, noted(begun(name, at), text, at));
  }
  const end = { at, outcome: report.outcome };
  if (open !== undefined) return replaced(operation, index, { ...noted(open, news ? text : "", at), ended: end });
  if (step !== undefined && step.ended?.outcome === report.outcome && !news) return operation;
  return appended(operation, { ...noted(begun(name, at), text, at), ended: end });
}

function begun(name: string, at: Instant): OperationStep {
  return { name, startedAt: at, ended: null, notes: [] };
}

function noted(step: OperationStep, text: string, at: Instant): OperationStep {
  return text === "" ? step : { ...step, notes: [...step.notes, { at, text }].slice(-NOTES_MAX) };
}

function appended(operation: Operation, step: OperationStep): Operation {
  return { ...operation, steps: [...operation.steps, step].slice(-STEPS_MAX) };
}

function replaced(operation: Operation, index: number, step: OperationStep): Operation {
  return { ...operation, steps: operation.steps.with(index, step) };
}

/** All but `phase`, which goes on if it is under way. */
function endPhases(operation: Operation, outcome: StepOutcome, at: Instant, phase: string): Operation {
  const steps = operation.steps.map((step) =>
    step.ended === null && step.name !== phase && PHASE_NAMES.has(step.name)
      ? { ...step, ended: { at, outcome } }
      : step,
  );
  return { ...operation, steps };
}

/** No step outlives its operation. */
function ended(operation: Operation, end: OperationEnd): Operation {
  const outcome = end.outcome === "succeeded" ? "succeeded" : end.outcome === "failed" ? "failed" : "skipped";
  const steps = operation.steps.map((step) =>
    step.ended === null ? { ...step, ended: { at: end.at, outcome } } : step,
  );
  return { ...operation, ended: { ...end, reason: end.reason.slice(0, TEXT_MAX) }, steps } as Operation;
}

/** An installer that starts over did not end well the first time. */
function isStepBack(from: HostStateType, to: HostStateType): boolean {
  return from === "installing" && to === "pxe_booted";
}
