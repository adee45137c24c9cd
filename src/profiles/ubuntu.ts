import { fetchedKind } from "./fetched-kind.ts";
import { kernelLine } from "./kernel-args.ts";
import { firstBootFlow, firstBootScript } from "./linux-first-boot.ts";
import { HIDDEN } from "./masked-links.ts";
import { readProgress } from "./ubuntu-progress.ts";
import { settingsProblems, settingsWarnings, targetProblems } from "./ubuntu-rules.ts";
import { hasAgent, renderSeed } from "./ubuntu-seed.ts";
import { UbuntuSettings } from "./ubuntu-settings.ts";
import { withoutSecrets } from "./without-secrets.ts";

const NO_CLEAR_TEXT =
  "passwords are not kept in clear text; make a hash with: mkpasswd --method=yescrypt (package whois), and give it as password_hash";

/** Ubuntu Server 24.04 by its own autoinstall, from the live-server ISO. */
export const ubuntu = fetchedKind<UbuntuSettings>({
  name: "ubuntu",
  settings: UbuntuSettings,

  hints: {
    "identity.password": NO_CLEAR_TEXT,
    "identity.hostname": "unknown key; the name is the slot's hostname",
    "network.addresses": "unknown key; the address is the slot's",
    "storage.layout.name": 'unknown key; write layout = "lvm"',
    reporting: "unknown key; bootqueue adds its own",
  },

  check: settingsProblems,
  warnings: settingsWarnings,
  flow: firstBootFlow,
  usesDhcpOnceInstalled: ({ network }) => network.source === "dhcp",
  image: ({ image }) => ({ name: image, products: ["ubuntu-server"], orFolder: true }),

  assets({ image, iso }, stored) {
    return stored === null ? [`${image}/vmlinuz`, `${image}/initrd`, `${image}/${iso}`] : [];
  },

  bootPlan({ image, iso, kernel_args, installed_kernel_args }, _target, links) {
    const stored = links.image(image);
    const url = stored?.extras.iso ?? links.asset(`${image}/${iso}`);
    const words = [
      "ip=dhcp",
      `url=${url}`,
      // cloud-init would take the address of the ISO for one of its own, and load it a second time.
      "cloud-config-url=/dev/null",
      "autoinstall",
      `ds=nocloud;s=${links.plain.answerFile("")}`,
      kernel_args,
      // What follows stays on the installed system.
      "---",
      installed_kernel_args,
    ];
    return {
      kernel: stored?.kernel ?? links.asset(`${image}/vmlinuz`),
      initrds: stored?.initrds ?? [{ url: links.asset(`${image}/initrd`) }],
      args: kernelLine(words),
    };
  },

  files: ["user-data", "meta-data", "vendor-data", "network-config"],
  decisive: "user-data",
  targetProblems,
  render: renderSeed,
  readProgress,
  firstBootScript: (settings, target, links) => (hasAgent(settings) ? firstBootScript(settings, target, links) : null),

  hideSecrets: (settings) => ({
    ...settings,
    identity: { ...settings.identity, password_hash: HIDDEN },
    user_data: withoutSecrets(settings.user_data),
    autoinstall: withoutSecrets(settings.autoinstall),
    storage: withoutSecrets(settings.storage),
  }),
});
