import { findHostByMac } from "../queue/state.ts";
import { foreignText } from "./foreign-text.ts";
import { type Html, html, NOTHING } from "./html.ts";
import { concealToken, hostLink, withCode } from "./names.ts";
import { lastOf, type Scene, type TraceEntry } from "./scene.ts";
import { moment } from "./times.ts";

/** What was seen, answered and left unanswered, in the order it is given. `with-hosts`: says whose each one was. */
export function footprintList(entries: readonly TraceEntry[], scene: Scene, whose: "with-hosts" | "of-one-host"): Html {
  return html`<ol class="footprints">${entries.map((entry, index) => footprint(entry, index, scene, whose))}</ol>`;
}

const OUTCOMES: Record<TraceEntry["outcome"], { readonly sign: string; readonly word: string }> = {
  answered: { sign: "→", word: "answered" },
  dropped: { sign: "×", word: "not answered" },
  noted: { sign: "·", word: "noted" },
};

const ROADS: Record<TraceEntry["road"], string> = {
  dhcp: "DHCP",
  tftp: "TFTP",
  http: "HTTP",
  queue: "queue",
  operator: "operator",
  daemon: "daemon",
};

function footprint(entry: TraceEntry, index: number, scene: Scene, whose: "with-hosts" | "of-one-host"): Html {
  const host = entry.mac === null ? undefined : findHostByMac(scene.state, entry.mac);
  const { sign, word } = OUTCOMES[entry.outcome];
  const who = host
    ? hostLink(scene.state, host, `seen-${index}-${host.id}`)
    : html`<span class="code">${entry.mac ?? "unknown"}</span>`;
  return html`<li data-outcome="${entry.outcome}">
    ${moment(lastOf(entry), scene.now)}
    <span class="road">${ROADS[entry.road]}</span>
    <span class="sign" title="${word}"><span aria-hidden="true">${sign}</span><span class="unseen">${word}</span></span>
    <span class="what">${whose === "with-hosts" ? html`<span class="whose">${who}</span> ` : NOTHING}${foreignText(concealToken(host, entry.what))}${times(entry, scene.now)}
      ${entry.why === "" ? NOTHING : html`<span class="why">${withCode(concealToken(host, entry.why))}</span>`}</span>
  </li>`;
}

function times(entry: TraceEntry, now: Scene["now"]): Html {
  return entry.count === undefined || entry.count < 2
    ? NOTHING
    : html` <span class="times">${entry.count} times since ${moment(entry.at, now)}</span>`;
}
