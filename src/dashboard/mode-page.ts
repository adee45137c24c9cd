import type { DhcpMode, Host } from "../queue/host.ts";
import { type Html, html, NOTHING } from "./html.ts";
import { hostPath, nameOfHost } from "./names.ts";
import type { Scene } from "./scene.ts";

export type ModeChoice = DhcpMode | "default";

/** How DHCP can serve one machine, in words for the page. */
export const MODE_WORDS: Readonly<Record<ModeChoice, string>> = {
  default: "As the configuration says for all",
  full: "Full: its address and its boot file, as its only DHCP server",
  proxy: "Proxy: the boot file alone, beside another DHCP server",
  ignore: "Ignore: nothing at all, whatever its state",
};

export const MODE_CHOICES = Object.keys(MODE_WORDS) as readonly ModeChoice[];

/** Which one it is. `problem`: why the last try was not carried out. */
export function modePage(scene: Scene, host: Host, problem: string | null): Html {
  const name = nameOfHost(scene.state, host);
  const now = host.dhcp ?? "default";
  const choices = MODE_CHOICES.map(
    (mode) =>
      html`<label class="tick"><input type="radio" name="mode" value="${mode}" id="mode-${mode}" ${mode === now ? html`checked` : NOTHING}> ${MODE_WORDS[mode]}</label>`,
  );
  return html`<h1>DHCP for <bdi>${name}</bdi></h1>
    ${problem === null ? NOTHING : html`<p class="problem" role="alert" id="problem">${problem}</p>`}
    <dl class="facts-list"><div><dt>Boots from</dt><dd class="code">${host.bootMac}</dd></div></dl>
    <p>For a machine whose firmware cannot put two offers together, or one that is to be left alone.</p>
    <form method="post" action="${hostPath(host)}/mode" class="decision" autocomplete="off">
      <fieldset><legend>How it is served</legend>${choices}</fieldset>
      <div class="buttons">
        <button class="main" ${scene.signedIn ? NOTHING : html`disabled`}>Serve it so</button>
        <a class="quiet" href="${hostPath(host)}">Leave it as it is</a>
      </div>
    </form>`;
}
