import { z } from "zod";
import { prefixLength } from "../net/ipv4-address.ts";
import { textLike, whole } from "../std/field.ts";
import type { Problem } from "../std/problem.ts";
import { fetchedKind } from "./fetched-kind.ts";
import { kernelLine, ownWordProblems } from "./kernel-args.ts";
import type { InstallTarget, Links } from "./kind.ts";
import {
  cluster,
  firstBoot,
  firstBootFlow,
  firstBootProblems,
  firstBootScript,
  firstBootTargetProblems,
} from "./linux-first-boot.ts";
import * as field from "./system-fields.ts";

export const NixosSettings = z.strictObject({
  image: field.image,
  init: textLike(
    "path in the store",
    "the init= of the image's own iPXE script, such as /nix/store/…-nixos-system-nixos/init",
    /^\/nix\/store\/[a-z0-9]{32}-[A-Za-z0-9._+?=-]+\/init$/,
  ).describe("What the kernel starts: the image's `netboot.ipxe` says it."),
  kernel_args: field.kernelArgs,
  disk: field.disk
    .optional()
    .describe(
      "Told to the command and in `target.json`, for a configuration that wants to know it. **It will be wiped.**",
    ),
  command: z
    .array(z.string({ error: "expected a word as a text" }).min(1, { error: "expected a word, not an empty text" }), {
      error: "expected a list of words",
    })
    .prefault([])
    .describe(
      "Run on the appliance as soon as the machine answers on its SSH port, such as `nixos-anywhere`. In its words `{hostname}`, `{domain}`, `{address}`, `{prefix}`, `{gateway}`, `{mac}` and `{disk}` are those of the machine. Empty: the image installs by itself and reports.",
    ),
  command_minutes: whole(1, 1440).default(60).describe("How long it may take."),
  first_boot: firstBoot,
  cluster,
});

export type NixosSettings = z.infer<typeof NixosSettings>;

/** NixOS: an image of the operator boots into memory, and then nixos-anywhere, or the image itself, installs. */
export const nixos = fetchedKind<NixosSettings>({
  name: "nixos",
  settings: NixosSettings,
  hints: { flake: 'unknown key; put it into the command: "--flake", ".#{hostname}"' },
  check: settingsProblems,
  warnings: () => [],
  flow: firstBootFlow,
  // Its configuration says how it comes by its address; while nobody knows, it gets the slot's if it asks.
  usesDhcpOnceInstalled: () => true,
  image: ({ image }) => ({ name: image, products: ["nixos"], orFolder: true }),
  assets: ({ image }, stored) => (stored === null ? [`${image}/bzImage`, `${image}/initrd`] : []),

  bootPlan({ image, init, kernel_args }, _target, links) {
    const stored = links.image(image);
    const words = [
      `init=${init}`,
      // For an image that installs by itself: where it finds what it has to know.
      `bootqueue.target=${links.plain.answerFile("target.json")}`,
      kernel_args,
    ];
    return {
      kernel: stored?.kernel ?? links.asset(`${image}/bzImage`),
      initrds: stored?.initrds ?? [{ url: links.asset(`${image}/initrd`) }],
      args: kernelLine(words),
    };
  },

  files: ["target.json"],
  decisive: "target.json",
  targetProblems: firstBootTargetProblems,

  render: (settings, target, links) => ({
    "target.json": { contentType: "application/json", content: renderTarget(settings, target, links) },
  }),

  remote: ({ command, command_minutes, disk }, target) =>
    command.length === 0
      ? null
      : { port: 22, command: { words: command.map((word) => filledIn(word, target, disk)), minutes: command_minutes } },

  firstBootScript,
  hideSecrets: (settings) => settings,
});

/** What a word may name. */
const PLACES: Readonly<Record<string, (target: InstallTarget, disk: string | undefined) => string>> = {
  hostname: ({ hostname }) => hostname,
  domain: ({ domain }) => domain,
  address: ({ address }) => address,
  prefix: ({ subnet }) => String(prefixLength(subnet)),
  gateway: ({ router }) => router,
  mac: ({ bootMac }) => bootMac,
  disk: (_, disk) => disk ?? "",
};

function filledIn(word: string, target: InstallTarget, disk: string | undefined): string {
  return word.replaceAll(/\{([a-z]+)\}/g, (all, name: string) => PLACES[name]?.(target, disk) ?? all);
}

function settingsProblems(settings: NixosSettings): readonly Problem[] {
  const problems = [...firstBootProblems(settings)];
  for (const [index, word] of settings.command.entries()) {
    const path = `command[${index}]`;
    for (const [place, name = ""] of word.matchAll(/\{([^}]*)\}/g)) {
      if (!Object.hasOwn(PLACES, name)) {
        const known = Object.keys(PLACES).map((each) => `{${each}}`);
        problems.push({ path, message: `expected one of ${known.join(", ")}, found ${place}` });
      } else if (name === "disk" && settings.disk === undefined) {
        problems.push({ path, message: "expected `disk` to go with {disk}" });
      }
    }
  }
  return [...problems, ...ownWordProblems(settings.kernel_args, /^(initrd=|init=|bootqueue)/)];
}

function renderTarget({ disk }: NixosSettings, target: InstallTarget, links: Links): string {
  const { hostname, domain, address, subnet, router, domainNameServers, bootMac } = target;
  const { installed, failed, progress, firstBootScript: hook } = links.plain;
  return `${JSON.stringify(
    {
      hostname,
      domain,
      address,
      prefix_length: prefixLength(subnet),
      gateway: router,
      dns: domainNameServers,
      mac: bootMac,
      disk: disk ?? null,
      progress_url: progress,
      installed_url: installed,
      failed_url: failed,
      first_boot_script_url: hook,
    },
    null,
    2,
  )}\n`;
}
