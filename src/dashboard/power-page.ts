import type { Host } from "../queue/host.ts";
import { button } from "./actions.ts";
import { foreignText } from "./foreign-text.ts";
import { type Html, html, NOTHING } from "./html.ts";
import type { PowerAction, PowerReading } from "./machine-facts.ts";
import { hostPath, nameOfHost } from "./names.ts";
import type { Scene } from "./scene.ts";
import { hostMark } from "./state-mark.ts";

export const POWER_ACTIONS: Readonly<
  Record<PowerAction, { readonly label: string; readonly consequence: string; readonly loses: boolean }>
> = {
  on: { label: "Switch on", consequence: "It boots as its firmware is told to.", loses: false },
  off: {
    label: "Shut down",
    consequence: "Its system is shut down, and it is switched off when that takes too long.",
    loses: true,
  },
  "off-now": {
    label: "Switch off at once",
    consequence: "It is switched off at once: what it has not written is lost.",
    loses: true,
  },
  cycle: {
    label: "Restart",
    consequence: "It is restarted at once, and what it has not written is lost. One that is off is switched on.",
    loses: true,
  },
};

export const POWER_VERBS = Object.keys(POWER_ACTIONS) as readonly PowerAction[];

/** What is said on the page that follows, by what `?done=` says. */
export const POWER_NOTICES: readonly (readonly [string, string])[] = [
  ...POWER_VERBS.map((action) => [`power-${action}`, `${POWER_ACTIONS[action].label}: done.`] as const),
  ["power-ordered", "Its BMC was told. The timeline says what came of it."],
];

/** What the machine's BMC says, and what can be asked of it. `reading` is a sentence where it said nothing. */
export function powerPage(scene: Scene, host: Host, reading: PowerReading | string): Html {
  const name = nameOfHost(scene.state, host);
  const buttons = POWER_VERBS.map((action) =>
    button(`${hostPath(host)}/power/${action}`, POWER_ACTIONS[action].label, `power-${action}`, scene.signedIn),
  );
  return html`<h1>Power of <bdi>${name}</bdi></h1>
    <p>${hostMark(host.state.type)}</p>
    ${typeof reading === "string" ? html`<p class="problem" role="alert">${foreignText(reading, 500)}</p>` : factsOf(reading)}
    <div class="buttons">${buttons}</div>
    <p class="hint">Each asks again before anything happens. This page shows what was so when it was opened.</p>
    <p><a class="quiet" href="${hostPath(host)}">Back to ${name}</a></p>`;
}

/** Asks again. `problem`: why the last try was not carried out; `needsForce`: that it is being installed. */
export function confirmPower(
  scene: Scene,
  action: PowerAction,
  host: Host,
  problem: string | null,
  needsForce: boolean,
): Html {
  const { label, consequence, loses } = POWER_ACTIONS[action];
  const name = nameOfHost(scene.state, host);
  return html`<h1>${label} <bdi>${name}</bdi>?</h1>
    ${problem === null ? NOTHING : html`<p class="problem" role="alert" id="problem">${foreignText(problem, 500)}</p>`}
    <p>${hostMark(host.state.type)}</p>
    <dl class="facts-list"><div><dt>Boots from</dt><dd class="code">${host.bootMac}</dd></div></dl>
    <p>${consequence}</p>
    <form method="post" action="${hostPath(host)}/power/${action}" class="decision" autocomplete="off">
      <input type="hidden" name="seen" value="${host.state.type}">
      ${needsForce ? html`<label class="tick"><input type="checkbox" name="force" value="yes" id="force"> Do it all the same, although it may be writing its disks</label>` : NOTHING}
      <div class="buttons">
        <button class="${loses ? "grave" : "main"}" ${scene.signedIn ? NOTHING : html`disabled`}>${label} ${name}</button>
        <a class="quiet" href="${hostPath(host)}/power">Leave it as it is</a>
      </div>
    </form>`;
}

function factsOf({ state, health, facts }: PowerReading): Html {
  const all = [
    { name: "Power", value: STATE_WORDS[state] },
    ...(health === null ? [] : [{ name: "Health", value: health }]),
    ...facts,
  ];
  return html`<dl class="facts-list" id="power">${all.map(
    ({ name, value }) =>
      html`<div><dt>${foreignText(name, 60)}</dt><dd><bdi>${foreignText(value, 200)}</bdi></dd></div>`,
  )}</dl>`;
}

const STATE_WORDS: Record<PowerReading["state"], string> = {
  on: "on",
  off: "off",
  changing: "on its way between on and off",
  unknown: "nobody can tell",
};
