import { settingsProblems, settingsWarnings, targetProblems } from "./debian-rules.ts";
import { DebianSettings } from "./debian-settings.ts";
import { fetchedKind } from "./fetched-kind.ts";
import { renderFinishScript } from "./finish-script.ts";
import { firstBootFlow, firstBootScript } from "./linux-first-boot.ts";
import { HIDDEN } from "./masked-links.ts";
import { finishCommands, installerArgs, renderPreseed } from "./preseed.ts";

const NO_CLEAR_TEXT =
  "passwords are not kept in clear text; make a hash with: mkpasswd --method=yescrypt (package whois), and give it as";

/** Debian by its own installer, from the netboot kernel and initrd; everything else comes from a mirror. */
export const debian = fetchedKind<DebianSettings>({
  name: "debian",
  settings: DebianSettings,

  hints: {
    "identity.password": `${NO_CLEAR_TEXT} password_hash`,
    "identity.root_password": `${NO_CLEAR_TEXT} root_password_hash`,
    "identity.hostname": "unknown key; the name is the slot's hostname",
    "network.address": "unknown key; the address is the slot's",
  },

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
      args: words
        .flatMap((word) => word.split(/ +/))
        .filter((word) => word !== "")
        .join(" "),
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

  hideSecrets(settings) {
    const { identity, preseed } = settings;
    const hide = (hash: string | undefined) => (hash === undefined ? undefined : HIDDEN);
    return {
      ...settings,
      identity: {
        ...identity,
        password_hash: hide(identity.password_hash),
        root_password_hash: hide(identity.root_password_hash),
      },
      preseed: preseed.map((line) =>
        line.replace(/^(\S+ \S*(?:password|secret|passphrase)\S* \S+) .*$/, `$1 ${HIDDEN}`),
      ),
    };
  },
});
