import type { Host } from "../queue/host.ts";
import type { Operation, OperationStep } from "../queue/operation.ts";
import type { Instant } from "../std/clock.ts";
import { foreignText } from "./foreign-text.ts";
import { type Html, html, NOTHING } from "./html.ts";
import { concealToken } from "./names.ts";
import type { Scene } from "./scene.ts";
import { elapsed, formatDuration, moment } from "./times.ts";

/** The installs of a host: the last one with its steps, the earlier ones folded away. */
export function operationsCard(host: Host, scene: Scene): Html {
  const last = host.operations.at(-1);
  if (last === undefined) return html`<section id="operations" hidden></section>`;
  const earlier = host.operations.slice(0, -1).reverse();
  return html`<section id="operations">
    <h2>Installs</h2>
    ${operationItem(last, host, scene)}
    ${earlier.length === 0 ? NOTHING : html`<details id="earlier-installs"><summary>${earlier.length} before</summary>${earlier.map((operation) => operationItem(operation, host, scene))}</details>`}
  </section>`;
}

const OUTCOME_WORDS = {
  running: "running",
  succeeded: "succeeded",
  failed: "failed",
  skipped: "skipped",
  "given-up": "given up",
} as const;

function operationItem(operation: Operation, host: Host, scene: Scene): Html {
  const state = operation.ended?.outcome ?? "running";
  const reason = operation.ended?.reason || operation.reason;
  return html`<div class="operation" data-state="${state}">
    <p><strong>Install ${operation.id}</strong> ${OUTCOME_WORDS[state]}, ${moment(operation.startedAt, scene.now)}, ${took(operation, scene.now)}
      ${reason === "" ? NOTHING : html`<span class="why">${foreignText(concealToken(host, reason), 300)}</span>`}</p>
    <ol class="operation-steps">${operation.steps.map((step) => stepItem(step, host, scene))}</ol>
  </div>`;
}

function stepItem(step: OperationStep, host: Host, { now }: Scene): Html {
  const state = step.ended?.outcome ?? "running";
  return html`<li data-state="${state}">
    <span class="word">${foreignText(concealToken(host, step.name), 80)}</span>
    <span class="took">${OUTCOME_WORDS[state]}, ${took(step, now)}</span>
    ${step.notes.map(({ at, text }) => html`<span class="note">${moment(at, now)} ${foreignText(concealToken(host, text), 500)}</span>`)}
  </li>`;
}

/** How long it took, or has been going on. */
function took(
  of: { readonly startedAt: Instant; readonly ended: { readonly at: Instant } | null },
  now: Instant,
): Html | string {
  return of.ended === null ? elapsed(of.startedAt, now) : formatDuration(of.ended.at - of.startedAt);
}
