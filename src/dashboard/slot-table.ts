import type { Slot } from "../queue/slot.ts";
import { hostOf, type QueueState } from "../queue/state.ts";
import { button } from "./actions.ts";
import { foreignText } from "./foreign-text.ts";
import { type Html, html, NOTHING } from "./html.ts";
import { counted, slotPath } from "./names.ts";
import { listPart, type Part, part } from "./page.ts";
import type { Scene } from "./scene.ts";
import { hostMark, slotMark } from "./state-mark.ts";
import { remaining } from "./times.ts";

/** The line itself: every slot in the order in which they are given out. */
export function slotTable(scene: Scene): Part {
  const { slots } = scene.state;
  const rows = slots.map((slot, index) => part(`slot-${slot.id}`, row(scene, slot, index + 1)));
  // The roles are spelled out because the narrow layout takes the table display away, and the meaning with it.
  return listPart(
    "slots",
    rows,
    (inner) =>
      html`<section id="slots" ${slots.length === 0 ? html`hidden` : NOTHING}>
        <h2 id="slots-title">Slots</h2>
        <table role="table">
          <caption>${counted(slots.length, "slot")}, given out from the top</caption>
          <thead role="rowgroup"><tr role="row">
            <th role="columnheader" scope="col" class="number">No.</th>
            <th role="columnheader" scope="col">Hostname</th>
            <th role="columnheader" scope="col">Address</th>
            <th role="columnheader" scope="col">Profile</th>
            <th role="columnheader" scope="col">State</th>
            <th role="columnheader" scope="col">Machine</th>
            <th role="columnheader" scope="col"><span class="unseen">Action</span></th>
          </tr></thead>
          <tbody role="rowgroup">${inner}</tbody>
        </table>
      </section>`,
  );
}

function row(scene: Scene, slot: Slot, number: number): Html {
  return html`<tr role="row" id="slot-${slot.id}" data-state="${slot.state.type}" ${isNext(scene.state, slot) ? html`class="next"` : NOTHING}>
    <td role="cell" class="number">${number}</td>
    <th role="rowheader" scope="row"><bdi>${foreignText(slot.hostname, 100)}</bdi></th>
    <td role="cell" class="code">${slot.address}</td>
    <td role="cell">${foreignText(slot.profile, 60)}</td>
    <td role="cell">${slotMark(slot.state.type)} ${detail(scene, slot)}</td>
    <td role="cell">${occupant(scene, slot)}</td>
    <td role="cell" class="act">${action(scene, slot)}</td>
  </tr>`;
}

/** true: the next unknown machine gets this one. */
function isNext(state: QueueState, slot: Slot): boolean {
  return !state.paused && state.slots.find((candidate) => candidate.state.type === "available") === slot;
}

function detail(scene: Scene, slot: Slot): Html {
  if (slot.state.type === "skipped") return html`<span class="aside">${foreignText(slot.state.reason, 120)}</span>`;
  if (slot.state.type === "held") return html`<span class="aside">${remaining(slot.state.until, scene.now)}</span>`;
  if (isNext(scene.state, slot)) return html`<span class="tag">next</span>`;
  if (!slot.declared) return html`<span class="aside">gone from the configuration</span>`;
  return NOTHING;
}

function occupant(scene: Scene, slot: Slot): Html {
  const host = hostOf(scene.state, slot);
  if (host) {
    return html`${hostMark(host.state.type)} <a id="occupant-${slot.id}" class="code" href="/hosts/${encodeURIComponent(host.id)}">${host.bootMac}</a>`;
  }
  if (slot.state.type === "held") return html`<span class="code">${slot.state.mac}</span>`;
  if (slot.reservation?.type === "mac")
    return html`<span class="aside">for</span> <span class="code">${slot.reservation.mac}</span>`;
  if (slot.reservation?.type === "port")
    return html`<span class="aside">for port ${foreignText(slot.reservation.port, 60)}</span>`;
  if (slot.reservation)
    return html`<span class="aside">for server type ${foreignText(slot.reservation.serverType, 60)}</span>`;
  return NOTHING;
}

function action(scene: Scene, slot: Slot): Html {
  if (!scene.signedIn) return NOTHING;
  if (slot.state.type === "skipped") return button(`${slotPath(slot)}/unskip`, "Unskip", `unskip-${slot.id}`, true);
  if (slot.state.type === "assigned" || slot.state.type === "held") return NOTHING;
  return button(`${slotPath(slot)}/skip`, "Skip", `skip-${slot.id}`, true);
}
