import type { Host, HostStateType, Passage } from "../queue/host.ts";
import { type Html, html, NOTHING } from "./html.ts";
import { withCode } from "./names.ts";
import type { Scene } from "./scene.ts";
import { HOST_LOOKS, shapeOf } from "./state-mark.ts";
import { elapsed, formatDuration, moment } from "./times.ts";

/** The road of a host that meets no trouble. Each step is a move that `MOVES` allows; a test says so. */
export const ROAD = [
  "pxe_ready",
  "pxe_booted",
  "installing",
  "installed",
  "first_boot",
  "joining",
  "ready",
] as const satisfies readonly HostStateType[];

/** One step of the road, as one host has gone it. */
export interface Step {
  readonly state: HostStateType;
  /** `left-out`: it went on without it, as its profile does not ask for it. */
  readonly progress: "done" | "now" | "ahead" | "left-out" | "broken";
  /** When it was reached; null: not yet, never, or too long ago to be remembered. */
  readonly passage: Passage | null;
  /** null: it is still there, or never was. */
  readonly stayedMs: number | null;
}

/** The steps of the install that is or was under way: what came before the last arming is another story. */
export function stepsOf(host: Host): readonly Step[] {
  const start = host.passages.findLastIndex((passage) => !onRoad(passage.state) && passage.state !== "failed");
  const armed = host.passages.findLastIndex((passage) => passage.state === "pxe_ready");
  const current = host.passages.slice(Math.max(0, start, armed));
  const { type } = host.state;
  const broken = host.state.type === "failed" ? host.state.from : null;
  const road: readonly HostStateType[] = onRoad(type) || broken !== null ? ROAD : [type, ...ROAD];
  const reached = road.indexOf(broken ?? type);
  return road.map((state, index) => {
    const at = current.findLastIndex((passage) => passage.state === state);
    const passage = current[at] ?? null;
    const next = at < 0 ? undefined : current[at + 1];
    const stayedMs = passage && next ? next.at - passage.at : null;
    return { state, progress: progressOf(index, reached, passage, broken !== null), passage, stayedMs };
  });
}

function progressOf(index: number, reached: number, passage: Passage | null, broken: boolean): Step["progress"] {
  if (index === reached) return broken ? "broken" : "now";
  if (index > reached) return "ahead";
  return passage === null ? "left-out" : "done";
}

function onRoad(state: HostStateType): boolean {
  return (ROAD as readonly HostStateType[]).includes(state);
}

/** The road as a row of steps, with what each one took. */
export function lifecycle(host: Host, scene: Scene): Html {
  return html`<section id="lifecycle">
    <h2>Progress</h2>
    <ol class="steps">${stepsOf(host).map((step) => stepItem(step, host, scene))}</ol>
    ${history(host, scene)}
  </section>`;
}

const PROGRESS_WORDS: Record<Step["progress"], string> = {
  done: "done",
  now: "now",
  ahead: "to come",
  "left-out": "not needed",
  broken: "stopped here",
};

function stepItem(step: Step, host: Host, { now }: Scene): Html {
  const look = step.progress === "broken" ? HOST_LOOKS.failed : HOST_LOOKS[step.state];
  return html`<li data-progress="${step.progress}" ${step.progress === "now" ? html`aria-current="step"` : NOTHING}>
    ${shapeOf(look)}
    <span class="word">${HOST_LOOKS[step.state].word}</span>
    <span class="took">${took(step, host, now)}</span>
  </li>`;
}

function took(step: Step, host: Host, now: Scene["now"]): Html | string {
  if (step.progress === "now")
    return step.state === "ready" ? moment(host.state.since, now) : elapsed(host.state.since, now);
  if (step.progress === "done" && step.stayedMs !== null) return formatDuration(step.stayedMs);
  if (step.progress === "ahead" && host.state.type === "failed") return "not reached";
  return PROGRESS_WORDS[step.progress];
}

/** Every move that is remembered, newest first. */
function history(host: Host, { now }: Scene): Html {
  const rows = [...host.passages]
    .reverse()
    .map(
      (passage) =>
        html`<li>${moment(passage.at, now)} <span>${HOST_LOOKS[passage.state].word}</span> <span class="why">${withCode(passage.reason)}</span></li>`,
    );
  if (rows.length < 2) return NOTHING;
  return html`<details id="history"><summary>All ${rows.length} moves</summary><ol class="moves">${rows}</ol></details>`;
}
