import { settingsProblems, settingsWarnings, targetProblems } from "./debian-rules.ts";
import { DebianSettings } from "./debian-settings.ts";
import { fetchedKind } from "./fetched-kind.ts";
import { renderFinishScript } from "./finish-script.ts";
import { kernelLine } from "./kernel-args.ts";
import { hiddenIdentity, IDENTITY_HINTS } from "./linux-accounts.ts";
import { firstBootFlow, firstBootScript } from "./linux-first-boot.ts";
import { NETWORK_HINTS } from "./linux-network.ts";
import { HIDDEN } from "./masked-links.ts";
import { finishCommands, installerArgs, renderPreseed } from "./preseed.ts";

/** Debian by its own installer, from the netboot kernel and initrd; everything else comes from a mirror. */
export const debian = fetchedKind<DebianSettings>({
  name: "debian",
  settings: DebianSettings,

  hints: { ...IDENTITY_HINTS, ...NETWORK_HINTS },

  check: settingsProblems,
  warnings: settingsWarnings,
  flow: firstBootFlow,
  usesDhcpOnceInstalled: ({ network }) => network.source === "dhcp",
  image: ({ image }) => ({ name: image, products: ["debian"], orFolder: true }),
  assets: ({ image }, stored) => (stored === null ? [`${image}/linux`, `${image}/initrd.gz`] : []),

  bootPlan(settings, target, links) {
    const { image, kernel_args, installed_kernel_args } = settings;
    const stored = links.image(image);
    // What follows --- stays on the installed system.
    const words = [...installerArgs(settings, target, links), kernel_args, "---", installed_kernel_args];
    return {
      kernel: stored?.kernel ?? links.asset(`${image}/linux`),
      initrds: stored?.initrds ?? [{ url: links.asset(`${image}/initrd.gz`) }],
      args: kernelLine(words),
    };
  },

  files: ["preseed.cfg", "finish.sh"],
  decisive: "preseed.cfg",
  targetProblems,

  render: (settings, target, links) => ({
    "preseed.cfg": { contentType: "text/plain; charset=utf-8", content: renderPreseed(settings, target, links) },
    "finish.sh": {
      contentType: "text/x-shellscript; charset=utf-8",
      content: renderFinishScript(
        { root: "/target", commands: finishCommands(settings, target), hook: settings.first_boot.phone_home },
        target,
        links,
      ),
    },
  }),

  firstBootScript,

  hideSecrets: (settings) => ({
    ...settings,
    identity: hiddenIdentity(settings.identity),
    preseed: settings.preseed.map((line) =>
      line.replace(/^(\S+ \S*(?:password|secret|passphrase)\S* \S+) .*$/, `$1 ${HIDDEN}`),
    ),
  }),
});
