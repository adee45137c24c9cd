import { type Html, html, NOTHING } from "./html.ts";
import { counted } from "./names.ts";
import { type Part, part, type RenderedPage } from "./page.ts";
import type { Scene } from "./scene.ts";
import { moment } from "./times.ts";

/** A living page as a whole document: its script follows `/events` and replaces the parts. */
export function livePage(scene: Scene, page: RenderedPage, path: string, notice: string | null): Html {
  return document(
    scene,
    page.title,
    html`${notice === null ? NOTHING : html`<p class="notice" role="status">${notice}</p>`}${page.parts.map(({ id, html }) => (id === "summary" ? liveRegion(html) : html))}`,
    path,
  );
}

/** A page that stands still, such as a form. */
export function stillPage(scene: Scene, title: string, content: Html): Html {
  return document(scene, title, html`<div class="sheet">${content}</div>`, null);
}

/** What stands above every page and follows the state as well. */
export function applianceBar({ state, status, signedIn }: Scene): Part {
  const warnings = status.warnings.map((warning) => html`<li>${warning}</li>`);
  return part(
    "appliance",
    html`<div id="appliance">
      <div class="modes">
        <span>${status.mode} DHCP</span>
        ${state.paused ? html`<strong class="paused">Paused: new machines wait</strong>` : html`<span>Queue running</span>`}
        ${signedIn ? pauseButton(state.paused) : NOTHING}
      </div>
      ${warnings.length === 0 ? NOTHING : html`<ul class="warnings" aria-label="${counted(warnings.length, "warning")}">${warnings}</ul>`}
    </div>`,
  );
}

// The region itself stays when its content is replaced: only then do screen readers speak the new text.
function liveRegion(summary: Html): Html {
  return html`<div role="status" aria-live="polite" aria-label="Summary">${summary}</div>`;
}

function document(scene: Scene, title: string, content: Html, livePath: string | null): Html {
  const { now, status, signedIn, files } = scene;
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title} · bootqueue</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="${ICON}">
<link rel="stylesheet" href="${files.styleSheet.path}">
${
  livePath === null
    ? NOTHING
    : html`<script src="${files.script.path}" defer></script>
<noscript><meta http-equiv="refresh" content="15"></noscript>`
}
</head>
<body data-now="${now}" data-build="${files.build}" ${livePath === null ? NOTHING : html`data-live="/events?page=${encodeURIComponent(livePath)}"`}>
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
  <a class="brand" href="/">${MARK}<span>bootqueue</span></a>
  <nav aria-label="Pages">
    <a href="/">Queue</a>
    <a href="/register">Register</a>
  </nav>
  <div class="session">
    ${livePath === null ? NOTHING : html`<span id="connection" class="connection" role="status">as of ${moment(now, now)}</span>`}
    ${signedIn ? html`<form method="post" action="/logout"><button class="quiet" id="logout">Sign out</button></form>` : html`<a class="quiet" href="/login${livePath === null ? "" : `?next=${encodeURIComponent(livePath)}`}">Sign in</a>`}
  </div>
  ${applianceBar(scene).html}
</header>
<main id="main" tabindex="-1">
${content}
</main>
<footer><p>bootqueue ${status.version}</p></footer>
</body>
</html>`;
}

function pauseButton(paused: boolean): Html {
  const [path, label] = paused ? ["/queue/resume", "Resume"] : ["/queue/pause", "Pause"];
  return html`<form method="post" action="${path}"><button class="quiet" id="pause">${label}</button></form>`;
}

const MARK = html`<svg class="logo" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false"><rect x="2" y="2.5" width="16" height="4" rx="1"/><rect x="2" y="8" width="11.5" height="4" rx="1"/><rect x="2" y="13.5" width="7" height="4" rx="1"/></svg>`;

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 20 20' fill='%232b6cb0'%3E%3Crect x='2' y='2.5' width='16' height='4' rx='1'/%3E%3Crect x='2' y='8' width='11.5' height='4' rx='1'/%3E%3Crect x='2' y='13.5' width='7' height='4' rx='1'/%3E%3C/svg%3E";
