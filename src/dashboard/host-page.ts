import type { Host, HostId } from "../queue/host.ts";
import { findHost, slotOf } from "../queue/state.ts";
import { button, hostButtons, signInHint } from "./actions.ts";
import { footprintList } from "./footprints.ts";
import { foreignLines, foreignText } from "./foreign-text.ts";
import { heldWords } from "./held-words.ts";
import { attempts, deadlineOf } from "./host-tiles.ts";
import { type Html, html, NOTHING } from "./html.ts";
import { inventoryCard } from "./inventory-card.ts";
import { lifecycle } from "./lifecycle.ts";
import { concealToken, hostPath, nameOfHost, withCode } from "./names.ts";
import { operationsCard } from "./operations-card.ts";
import { type Page, part } from "./page.ts";
import { lastOf, type Scene, type TraceEntry } from "./scene.ts";
import { HOST_LOOKS, hostMark } from "./state-mark.ts";
import { elapsed } from "./times.ts";

/** Everything about one machine: where it is, how it came there, what it is made of, and what can be done with it. */
export const HOST_PAGE: Page = {
  path: "/hosts/:id",
  render(scene, id) {
    const host = findHost(scene.state, id as HostId);
    if (!host) return null;
    return {
      title: nameOfHost(scene.state, host),
      parts: [
        part("host", headline(scene, host)),
        part("lifecycle", lifecycle(host, scene)),
        part("operations", operationsCard(host, scene)),
        part("actions", actions(scene, host)),
        part("inventory", inventoryCard(host.inventory)),
        part("answer", answerPreview(scene, host)),
        part("timeline", timeline(scene, host)),
      ],
    };
  },
};

function headline(scene: Scene, host: Host): Html {
  const { state, now } = scene;
  const slot = slotOf(state, host);
  const story = foreignLines(concealToken(host, scene.explain(host.id)), STORY_MAX)
    .split(/\n+/)
    .filter(Boolean);
  const waits = host.state.type === "failed" || host.state.type === "discovered" ? host.state.reason : "";
  const reason = host.hold === null ? waits : heldWords(host.hold);
  return html`<section id="host" data-tone="${HOST_LOOKS[host.state.type].tone}">
    <p class="up"><a id="up" href="/"><span aria-hidden="true">← </span>Queue</a></p>
    <div class="headline">
      <h1><bdi>${nameOfHost(state, host)}</bdi></h1>
      ${hostMark(host.state.type)}
      <span class="clock">for ${elapsed(host.state.since, now)} ${deadlineOf(host, scene)}</span>
    </div>
    ${reason === "" ? NOTHING : html`<p class="reason">${withCode(concealToken(host, reason))}</p>`}
    ${story.map((line) => html`<p class="story">${withCode(line, STORY_MAX)}</p>`)}
    <dl class="facts-list">
      ${fact("Address", slot?.address ?? "none: it has no slot", "code")}
      ${fact("Profile", slot ? foreignText(slot.profile, 60) : "none")}
      ${fact("Boots from", host.bootMac, "code")}
      ${host.macs.length > 1 ? fact("All its NICs", host.macs.join(" "), "code") : NOTHING}
      ${fact("SMBIOS UUID", host.uuid ?? "none that names it", host.uuid ? "code" : "")}
      ${typeFacts(scene, host)}
      ${fact("DHCP", host.dhcp === null ? "as the configuration says" : `${host.dhcp}, whatever the configuration says`)}
      ${fact("Installs", attempts(host))}
    </dl>
  </section>`;
}

const STORY_MAX = 2000;

function typeFacts(scene: Scene, host: Host): Html {
  const type = scene.machineType(host);
  if (type === null) return host.serverType === null ? NOTHING : fact("Server type", foreignText(host.serverType, 60));
  const { name, displayName, gpu } = type;
  return html`${fact("Server type", displayName === null ? foreignText(name, 60) : `${foreignText(displayName, 100)} (${foreignText(name, 60)})`)}
      ${gpu === "" ? NOTHING : fact("GPU", foreignText(gpu, 100))}`;
}

function fact(name: string, value: string, look = ""): Html {
  return html`<div><dt>${name}</dt><dd class="${look}">${value}</dd></div>`;
}

function actions(scene: Scene, host: Host): Html {
  return html`<section id="actions">
    <h2>Actions</h2>
    ${hostButtons(host, scene.signedIn, "do")}
    <div class="buttons">
      ${scene.powerType(host) === null ? NOTHING : button(`${hostPath(host)}/power`, "Power…", `do-power-${host.id}`, scene.signedIn)}
      ${button(`${hostPath(host)}/mode`, "DHCP mode…", `do-mode-${host.id}`, scene.signedIn)}
    </div>
    ${scene.signedIn ? html`<p class="hint">Each asks again before anything happens.</p>` : signInHint(hostPath(host))}
  </section>`;
}

function answerPreview(scene: Scene, host: Host): Html {
  const preview = scene.previewAnswer(host.id);
  if (preview === null) return html`<section id="answer" hidden></section>`;
  return html`<section id="answer">
    <h2>Answer file</h2>
    <details id="answer-text">
      <summary>Show it, with its secrets masked</summary>
      <pre tabindex="0" id="answer-lines" data-scrolls>${foreignLines(concealToken(host, preview), PREVIEW_MAX)}</pre>
    </details>
  </section>`;
}

const PREVIEW_MAX = 64_000;

/** What any of its NICs did, newest first. */
function timeline(scene: Scene, host: Host): Html {
  const all = new Set<TraceEntry>(host.macs.flatMap((mac) => scene.trace.footprintsOf(mac)));
  const newest = [...all]
    .sort((a, b) => lastOf(a) - lastOf(b))
    .slice(-TIMELINE_MAX)
    .reverse();
  return html`<section id="timeline">
    <h2>Timeline</h2>
    ${newest.length === 0 ? html`<p class="hint">Nothing was seen of it since the daemon started.</p>` : footprintList(newest, scene, "of-one-host")}
    ${all.size > TIMELINE_MAX ? html`<p class="hint">The latest ${TIMELINE_MAX} of ${all.size}; <code>bootqueue logs</code> has all.</p>` : NOTHING}
  </section>`;
}

const TIMELINE_MAX = 200;
