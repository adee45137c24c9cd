import { z } from "zod";
import { parsedText } from "../std/field.ts";
import type { Problem } from "../std/problem.ts";
import { fetchedKind } from "./fetched-kind.ts";
import { kernelLine, ownWordProblems } from "./kernel-args.ts";
import { NETWORK_HINTS, network, networkProblems, networkTargetProblems, networkWarnings } from "./linux-network.ts";
import { HASH_PLACEHOLDER } from "./proxmox-fields.ts";
import * as field from "./system-fields.ts";
import { parseMachineConfig, renderMachineConfig } from "./talos-config.ts";
import { withoutSecrets } from "./without-secrets.ts";

export const TalosSettings = z.strictObject({
  image: field.image,
  kernel_args: field.kernelArgs,
  config: parsedText(
    "machine configuration",
    "a machine configuration of `talosctl gen config` in YAML, with the keys version, machine and cluster",
    parseMachineConfig,
  ).describe(
    "The machine configuration, all of it, as `talosctl gen config` writes it. **It is a secret.** Name, network and disk of the machine are filled in.",
  ),
  disk: field.disk.describe(
    "**This disk is wiped without a question.** A link below `/dev/disk/by-id` stays the same.",
  ),
  network,
});

export type TalosSettings = z.infer<typeof TalosSettings>;

/** Talos Linux: it fetches its whole configuration and installs itself; that it is up, its API tells. */
export const talos = fetchedKind<TalosSettings>({
  name: "talos",
  settings: TalosSettings,
  hints: { ...NETWORK_HINTS },
  check: settingsProblems,
  warnings: ({ network }) => networkWarnings(network),
  flow: () => ({ firstBoot: false, cluster: null }),
  usesDhcpOnceInstalled: ({ network }) => network.source === "dhcp",
  image: ({ image }) => ({ name: image, products: ["talos"], orFolder: true }),
  assets: ({ image }, stored) => (stored === null ? [`${image}/vmlinuz`, `${image}/initramfs.xz`] : []),

  bootPlan({ image, kernel_args }, _target, links) {
    const stored = links.image(image);
    const words = [
      "talos.platform=metal",
      "slab_nomerge",
      "pti=on",
      `talos.config=${links.plain.answerFile("config.yaml")}`,
      kernel_args,
    ];
    return {
      kernel: stored?.kernel ?? links.asset(`${image}/vmlinuz`),
      initrds: stored?.initrds ?? [{ url: links.asset(`${image}/initramfs.xz`) }],
      args: kernelLine(words),
    };
  },

  files: ["config.yaml"],
  decisive: "config.yaml",
  targetProblems: ({ network }, target) => networkTargetProblems(network, target),

  render: (settings, target) => ({
    "config.yaml": { contentType: "application/yaml", content: renderMachineConfig(settings, target) },
  }),

  // Its API is there once it runs from the disk, and not while it installs itself.
  remote: () => ({ port: 50_000, command: null }),

  hideSecrets: (settings) => ({ ...settings, config: withoutSecrets(settings.config) }),
});

function settingsProblems({ network, kernel_args, config }: TalosSettings): readonly Problem[] {
  const problems = [...networkProblems(network)];
  if (JSON.stringify(config).includes(HASH_PLACEHOLDER)) {
    problems.push({ path: "config", message: "still to be filled in: the whole output of `talosctl gen config`" });
  }
  return [...problems, ...ownWordProblems(kernel_args, /^(initrd=|talos\.(config|platform)=|slab_nomerge$|pti=)/)];
}
