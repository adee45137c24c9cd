import { foreignText } from "./foreign-text.ts";
import { type Html, html, NOTHING } from "./html.ts";
import type { Scene } from "./scene.ts";

/** What was typed, to be shown again when it was not accepted. */
export interface Registration {
  readonly mac: string;
  readonly serverType: string;
  readonly slot: string;
}

export const BLANK_REGISTRATION: Registration = { mac: "", serverType: "", slot: "" };

/** The form that makes a machine known before it boots. */
export function registerForm({ state, signedIn }: Scene, typed: Registration, problem: string | null): Html {
  const free = state.slots.filter((slot) => slot.state.type === "available" || slot.state.type === "reserved");
  return html`<h1>Register a machine</h1>
    <p>A registered machine is known and left alone until an install is armed for it.</p>
    ${problem === null ? NOTHING : html`<p class="problem" role="alert" id="problem">${problem}</p>`}
    <form method="post" action="/register" class="decision" autocomplete="off">
      <label for="mac">Hardware address of the NIC it boots from</label>
      <input id="mac" name="mac" type="text" required autofocus placeholder="52:54:00:ab:cd:ef" maxlength="40" value="${typed.mac}" autocapitalize="none" spellcheck="false" ${problem === null ? NOTHING : html`aria-describedby="problem"`}>
      <label for="server-type">Server type <span class="aside">optional</span></label>
      <input id="server-type" name="server-type" type="text" maxlength="64" value="${typed.serverType}" autocapitalize="none" spellcheck="false">
      <label for="slot">Slot</label>
      <select id="slot" name="slot">
        <option value="">none yet</option>
        ${free.map((slot) => html`<option value="${slot.id}" ${slot.id === typed.slot ? html`selected` : NOTHING}>${foreignText(slot.hostname, 100)}, ${slot.address}</option>`)}
      </select>
      <div class="buttons"><button class="main" ${signedIn ? NOTHING : html`disabled`}>Register</button> <a class="quiet" href="/">Back to the queue</a></div>
    </form>
    ${signedIn ? NOTHING : html`<p class="hint"><a href="/login?next=%2Fregister">Sign in</a> to register machines.</p>`}`;
}
