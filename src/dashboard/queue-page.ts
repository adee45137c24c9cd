import { footprintList } from "./footprints.ts";
import { hostTiles, waitingHosts } from "./host-tiles.ts";
import { type Html, html } from "./html.ts";
import { type Page, part } from "./page.ts";
import type { Scene } from "./scene.ts";
import { slotTable } from "./slot-table.ts";
import { summary } from "./summary.ts";

/** The first page: how far the rack is, and who waits for a person. */
export const QUEUE_PAGE: Page = {
  path: "/",
  render: (scene) => ({
    title: "Queue",
    parts: [
      summary(scene.state),
      part("next", nextStep(scene)),
      waitingHosts(scene),
      hostTiles(scene),
      slotTable(scene),
      part("recent", recentFootprints(scene)),
    ],
  }),
};

/** What to do when nothing is there yet. */
function nextStep({ state }: Scene): Html {
  if (state.slots.length === 0) {
    return empty(
      "No slots yet",
      html`Write one <code>[[slot]]</code> for each machine into the configuration, with <code>ip</code>, <code>hostname</code>
        and <code>profile</code>, then reload the daemon. They are given out in that order.`,
    );
  }
  if (state.hosts.length === 0) {
    return empty(
      "No machines yet",
      html`Connect the machines to this network, let them boot from it (PXE, IPv4), and switch them on. Each takes the next free
        slot and appears here within seconds.`,
    );
  }
  return html`<div id="next" hidden></div>`;
}

function empty(title: string, text: Html): Html {
  return html`<section id="next" class="empty"><h2>${title}</h2><p>${text}</p></section>`;
}

function recentFootprints(scene: Scene): Html {
  const recent = scene.trace.recent().slice(-RECENT_MAX).reverse();
  if (recent.length === 0) return html`<section id="recent" hidden></section>`;
  return html`<section id="recent">
    <h2>Latest on the network</h2>
    ${footprintList(recent, scene, "with-hosts")}
  </section>`;
}

const RECENT_MAX = 30;
