import type { HostStateType } from "../queue/host.ts";
import type { QueueState } from "../queue/state.ts";
import { type Html, html } from "./html.ts";
import { counted } from "./names.ts";
import { type Part, part } from "./page.ts";
import { HOST_LOOKS, shapeOf } from "./state-mark.ts";

/** How many hosts are in which state, and how many slots are left. Stands in the page's one live region. */
export function summary(state: QueueState): Part {
  const counts = new Map<HostStateType, number>();
  for (const host of state.hosts) counts.set(host.state.type, (counts.get(host.state.type) ?? 0) + 1);
  const states = (Object.keys(HOST_LOOKS) as HostStateType[]).filter((type) => counts.has(type));
  return part(
    "summary",
    html`<ul id="summary" class="summary">
      <li><strong>${state.hosts.length}</strong> ${state.hosts.length === 1 ? "machine" : "machines"}</li>
      ${states.map((type) => countOf(type, counts.get(type) ?? 0))}
      <li class="slots">${freeSlots(state)}</li>
    </ul>`,
  );
}

function countOf(type: HostStateType, count: number): Html {
  const look = HOST_LOOKS[type];
  return html`<li data-tone="${look.tone}">${shapeOf(look)}<strong>${count}</strong> ${look.word}</li>`;
}

function freeSlots(state: QueueState): string {
  const free = state.slots.filter((slot) => slot.state.type === "available").length;
  return `${free} of ${counted(state.slots.length, "slot")} free`;
}
