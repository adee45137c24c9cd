import { z } from "zod";
import { oneOf, textLike } from "../std/field.ts";
import type { Problem } from "../std/problem.ts";
import { tarGz } from "../std/tar-gz.ts";
import { alpineOverlay } from "./alpine-overlay.ts";
import { fetchedKind } from "./fetched-kind.ts";
import { kernelLine, ownWordProblems } from "./kernel-args.ts";
import { hiddenIdentity, IDENTITY_HINTS, identity, identityProblems } from "./linux-accounts.ts";
import {
  cluster,
  firstBoot,
  firstBootFlow,
  firstBootProblems,
  firstBootScript,
  firstBootTargetProblems,
} from "./linux-first-boot.ts";
import { NETWORK_HINTS, network, networkProblems, networkTargetProblems, networkWarnings } from "./linux-network.ts";
import { timezone } from "./proxmox-fields.ts";
import * as field from "./system-fields.ts";

export const AlpineSettings = z.strictObject({
  image: field.image,
  flavour: oneOf(["lts", "virt"]).default("lts").describe("Which kernel: for machines, or for virtual ones."),
  kernel_args: field.kernelArgs,
  mirror: field.httpUrl
    .default("http://dl-cdn.alpinelinux.org/alpine")
    .describe("Where packages come from; below it are `v3.22/main` and so on."),
  branch: textLike("branch", "a branch such as v3.22", /^(v3\.\d{1,2}|edge|latest-stable)$/).describe(
    "Must be the one that kernel and initramfs are of.",
  ),
  timezone: timezone.default("UTC").describe("Time zone: a name of `zone.tab`, or `UTC`."),
  keyboard: field.keyboardLayout.default("us").describe("Keyboard layout."),
  identity,
  network,
  storage: z
    .strictObject({
      disk: field.disk.describe("**This disk is wiped without a question.**"),
      filesystem: oneOf(["ext4", "xfs", "btrfs"]).default("ext4").describe("File system of the root."),
      swap_mib: z.int({ error: "expected a whole number" }).min(0).max(1_048_576).optional().meta({
        description: "Size of the swap partition in MiB; 0: none.",
        "x-default": "what `setup-disk` thinks right",
      }),
    })
    .prefault({} as never)
    .describe("Its disk."),
  packages: field.debianPackages.describe("Packages beside the base system and the SSH server."),
  late_commands: field.commands.describe(
    "Shell commands at the end of the install; the system is mounted at `/mnt`. One that fails fails the install.",
  ),
  first_boot: firstBoot,
  cluster,
});

export type AlpineSettings = z.infer<typeof AlpineSettings>;

/** Alpine Linux: it boots into memory with an overlay of ours, which runs its `setup-disk`. */
export const alpine = fetchedKind<AlpineSettings>({
  name: "alpine",
  settings: AlpineSettings,
  hints: { ...IDENTITY_HINTS, ...NETWORK_HINTS },
  check: settingsProblems,
  warnings: ({ network }) => networkWarnings(network),
  flow: firstBootFlow,
  usesDhcpOnceInstalled: ({ network }) => network.source === "dhcp",
  image: ({ image }) => ({ name: image, products: ["alpine"], orFolder: true }),

  assets({ image, flavour }, stored) {
    return stored === null ? ["vmlinuz", "initramfs", "modloop"].map((name) => `${image}/${name}-${flavour}`) : [];
  },

  bootPlan({ image, flavour, mirror, branch, kernel_args }, _target, links) {
    const stored = links.image(image);
    const words = [
      "ip=dhcp",
      `alpine_repo=${mirror}/${branch}/main`,
      "modules=loop,squashfs",
      `modloop=${stored?.extras.modloop ?? links.asset(`${image}/modloop-${flavour}`)}`,
      `apkovl=${links.plain.answerFile("overlay.apkovl.tar.gz")}`,
      // The overlay becomes part of the installed system: there this word is missing, and it does nothing.
      "bootqueue.install",
      kernel_args,
    ];
    return {
      kernel: stored?.kernel ?? links.asset(`${image}/vmlinuz-${flavour}`),
      initrds: stored?.initrds ?? [{ url: links.asset(`${image}/initramfs-${flavour}`) }],
      args: kernelLine(words),
    };
  },

  files: ["overlay.apkovl.tar.gz"],
  decisive: "overlay.apkovl.tar.gz",

  targetProblems: (settings, target) => [
    ...firstBootTargetProblems(settings, target),
    ...networkTargetProblems(settings.network, target),
  ],

  render(settings, target, links) {
    const entries = alpineOverlay(settings, target, links);
    const readable = entries
      .filter(({ content }) => content !== "")
      .map(({ path, mode, content }) => `--- ${path} (${mode.toString(8)})\n${content}`)
      .join("\n");
    return { "overlay.apkovl.tar.gz": { contentType: "application/gzip", content: tarGz(entries), readable } };
  },

  firstBootScript,
  hideSecrets: (settings) => ({ ...settings, identity: hiddenIdentity(settings.identity) }),
});

function settingsProblems(settings: AlpineSettings): readonly Problem[] {
  const { identity, network, kernel_args } = settings;
  const problems = [...identityProblems(identity), ...networkProblems(network), ...firstBootProblems(settings)];
  for (const key of ["password_hash", "root_password_hash"] as const) {
    // crypt(3) of musl: others count as no password at all.
    if (!/^\$(2[abxy]|5|6)\$/.test(identity[key] ?? "$6$")) {
      const message = "Alpine knows no hash of this form; make one with: mkpasswd --method=sha-512 (package whois)";
      problems.push({ path: `identity.${key}`, message });
    }
  }
  return [...problems, ...ownWordProblems(kernel_args, OWN_WORDS)];
}

const OWN_WORDS = /^(initrd=|ip=|alpine_repo=|modloop=|apkovl=|modules=|bootqueue)/;
