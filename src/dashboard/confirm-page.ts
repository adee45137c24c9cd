import type { Host } from "../queue/host.ts";
import type { Slot } from "../queue/slot.ts";
import { slotOf } from "../queue/state.ts";
import { HOST_ACTIONS, type HostVerb, mayHoldSystem } from "./actions.ts";
import { foreignText } from "./foreign-text.ts";
import { type Html, html, NOTHING } from "./html.ts";
import { diskTable } from "./inventory-card.ts";
import { hostPath, nameOfHost, slotPath } from "./names.ts";
import type { Scene } from "./scene.ts";
import { hostMark } from "./state-mark.ts";

/** true: the order is only carried out when the operator has typed the host's name. */
export function needsTypedName(verb: HostVerb, host: Host): boolean {
  return HOST_ACTIONS[verb].wipes && mayHoldSystem(host);
}

/** Asks again: which machine, what is lost, and how to go back. `problem`: why the last try was not carried out. */
export function confirmHostAction(scene: Scene, verb: HostVerb, host: Host, problem: string | null): Html {
  const { label, consequence, wipes } = HOST_ACTIONS[verb];
  const name = nameOfHost(scene.state, host);
  const slot = slotOf(scene.state, host);
  const typed = needsTypedName(verb, host);
  return html`<h1>${label} <bdi>${name}</bdi>?</h1>
    ${problem === null ? NOTHING : html`<p class="problem" role="alert" id="problem">${problem}</p>`}
    <p>${hostMark(host.state.type)}</p>
    <dl class="facts-list">
      <div><dt>Address</dt><dd class="code">${slot?.address ?? "none"}</dd></div>
      <div><dt>Boots from</dt><dd class="code">${host.bootMac}</dd></div>
      ${boardOf(host)}
    </dl>
    <p>${consequence}</p>
    ${wipes ? whatIsLost(host) : NOTHING}
    <form method="post" action="${hostPath(host)}/${verb}" class="decision" autocomplete="off">
      <input type="hidden" name="seen" value="${host.state.type}">
      ${
        typed
          ? html`<label for="name">Type <strong class="code"><bdi>${name}</bdi></strong> to confirm</label>
      <input id="name" name="name" type="text" required autofocus autocapitalize="none" spellcheck="false" ${problem === null ? NOTHING : html`aria-describedby="problem"`}>`
          : NOTHING
      }
      <div class="buttons">
        <button class="${typed ? "grave" : "main"}" ${scene.signedIn ? NOTHING : html`disabled`}>${label} ${name}</button>
        <a class="quiet" href="${hostPath(host)}">Leave it as it is</a>
      </div>
    </form>`;
}

function boardOf({ inventory }: Host): Html {
  const { product = null, serial = null } = inventory?.board ?? {};
  if (product === null && serial === null) return NOTHING;
  const text = [product, serial && `serial number ${serial}`].filter(Boolean).join(", ");
  return html`<div><dt>Machine</dt><dd><bdi>${foreignText(text, 200)}</bdi></dd></div>`;
}

function whatIsLost({ inventory }: Host): Html {
  if (inventory === null || inventory.disks.length === 0) {
    return html`<p class="hint">Its disks are not known, as no install has reported yet; its profile chooses the one that is wiped.</p>`;
  }
  return diskTable(inventory.disks, "What is on these disks may be lost");
}

/** Asks for the reason, or whether the slot is to be given out again. */
export function confirmSlotAction(scene: Scene, verb: "skip" | "unskip", slot: Slot, problem: string | null): Html {
  const name = foreignText(slot.hostname, 100);
  const label = verb === "skip" ? "Skip" : "Unskip";
  return html`<h1>${label} slot <bdi>${name}</bdi>?</h1>
    ${problem === null ? NOTHING : html`<p class="problem" role="alert">${problem}</p>`}
    <dl class="facts-list">
      <div><dt>Address</dt><dd class="code">${slot.address}</dd></div>
      <div><dt>Profile</dt><dd>${foreignText(slot.profile, 60)}</dd></div>
    </dl>
    <p>${verb === "skip" ? "No machine is given this slot until it is unskipped." : "The next machine that fits may take this slot."}</p>
    <form method="post" action="${slotPath(slot)}/${verb}" class="decision" autocomplete="off">
      ${
        verb === "skip"
          ? html`<label for="reason">Reason, for whoever looks at the queue</label>
      <input id="reason" name="reason" type="text" maxlength="200" autofocus>`
          : NOTHING
      }
      <div class="buttons">
        <button class="main" ${scene.signedIn ? NOTHING : html`disabled`}>${label} ${name}</button>
        <a class="quiet" href="/">Leave it as it is</a>
      </div>
    </form>`;
}
