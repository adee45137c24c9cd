import type { Host } from "../queue/host.ts";
import { slotOf } from "../queue/state.ts";
import { hostButtons, signInHint } from "./actions.ts";
import { heldWords } from "./held-words.ts";
import { type Html, html, NOTHING } from "./html.ts";
import { concealToken, counted, hostLink, withCode } from "./names.ts";
import { listPart, type Part, part } from "./page.ts";
import type { Scene } from "./scene.ts";
import { HOST_LOOKS, hostMark } from "./state-mark.ts";
import { elapsed, limitBar, remaining } from "./times.ts";

/** A tile for each host that has or had a slot, in the order in which they were first seen; the failed ones first. */
export function hostTiles(scene: Scene): Part {
  const hosts = scene.state.hosts.filter((host) => host.state.type !== "discovered");
  const failedFirst = [...hosts].sort((a, b) => Number(b.state.type === "failed") - Number(a.state.type === "failed"));
  return listPart(
    "hosts",
    failedFirst.map((host) => part(`host-${host.id}`, tile(scene, host))),
    (inner) =>
      html`<section id="hosts" ${hosts.length === 0 ? html`hidden` : NOTHING}>
        <h2>Machines</h2>
        <div class="tiles">${inner}</div>
      </section>`,
  );
}

function tile(scene: Scene, host: Host): Html {
  const { state, now } = scene;
  return html`<article id="host-${host.id}" class="tile" data-tone="${HOST_LOOKS[host.state.type].tone}" aria-labelledby="name-${host.id}">
    <header>
      <h3>${hostLink(state, host, `name-${host.id}`)}</h3>
      ${hostMark(host.state.type)}
    </header>
    <p class="facts"><span>${slotOf(state, host)?.address ?? "no slot"}</span> <span>${host.bootMac}</span></p>
    ${reasonOf(host)}
    <p class="clock"><span>${elapsed(host.state.since, now)} <span class="aside">· ${attempts(host)}</span></span> ${deadlineOf(host, scene)}</p>
    ${barOf(host, scene)}
  </article>`;
}

function reasonOf(host: Host): Html {
  const words = host.hold !== null ? heldWords(host.hold) : host.state.type === "failed" ? host.state.reason : "";
  return words === "" ? NOTHING : html`<p class="reason">${withCode(concealToken(host, words))}</p>`;
}

/** How often the installer was given its answer, which is how often it can have wiped the disk. */
export function attempts(host: Host): string {
  if (host.attempt === null) return "no install yet";
  return host.attempt.answers === 0 ? "not started" : counted(host.attempt.answers, "attempt");
}

export function deadlineOf(host: Host, scene: Scene): Html {
  const deadline = deadlineIn(host);
  return deadline === null ? NOTHING : html`<span class="limit">${remaining(deadline, scene.now)}</span>`;
}

function barOf(host: Host, scene: Scene): Html {
  const deadline = deadlineIn(host);
  return deadline === null ? NOTHING : limitBar(host.state.since, deadline, scene.now);
}

function deadlineIn(host: Host) {
  return "deadline" in host.state ? host.state.deadline : null;
}

/** Hosts that asked and were not answered: each with the reason, and what to do about it. */
export function waitingHosts(scene: Scene): Part {
  const waiting = scene.state.hosts.filter((host) => host.state.type === "discovered");
  return listPart(
    "waiting",
    waiting.map((host) => part(`host-${host.id}`, waitingHost(scene, host))),
    (inner) =>
      html`<section id="waiting" ${waiting.length === 0 ? html`hidden` : NOTHING}>
        <h2>Waiting for you</h2>
        <ul class="waiting">${inner}</ul>
        ${scene.signedIn ? NOTHING : signInHint("/")}
      </section>`,
  );
}

function waitingHost(scene: Scene, host: Host): Html {
  if (host.state.type !== "discovered") return NOTHING;
  const { reason, approved, since } = host.state;
  return html`<li id="host-${host.id}" data-tone="waiting">
    <div class="who">
      <h3>${hostLink(scene.state, host, `name-${host.id}`)}</h3>
      ${hostMark("discovered")}
      <span class="clock">for ${elapsed(since, scene.now)}</span>
    </div>
    <p class="reason">${withCode(concealToken(host, reason))}</p>
    ${approved ? html`<p class="hint">Approved. It takes the next free slot when it asks again.</p>` : NOTHING}
    ${hostButtons(host, scene.signedIn, "wait")}
  </li>`;
}
