import { z } from "zod";
import { oneOf, textLike } from "../std/field.ts";
import type { Problem } from "../std/problem.ts";
import { fetchedKind } from "./fetched-kind.ts";
import { renderIgnition } from "./ignition.ts";
import { kernelLine, ownWordProblems } from "./kernel-args.ts";
import {
  cluster,
  firstBoot,
  firstBootFlow,
  firstBootProblems,
  firstBootScript,
  firstBootTargetProblems,
} from "./linux-first-boot.ts";
import { NETWORK_HINTS, network, networkProblems, networkTargetProblems, networkWarnings } from "./linux-network.ts";
import { HIDDEN } from "./masked-links.ts";
import { passwordHashOf } from "./proxmox-fields.ts";
import * as field from "./system-fields.ts";
import { withoutSecrets } from "./without-secrets.ts";

export const FlatcarSettings = z.strictObject({
  image: field.image,
  kernel_args: field.kernelArgs,
  disk: field.disk.describe(
    "**This disk is wiped without a question.** A link below `/dev/disk/by-id` stays the same.",
  ),
  channel: oneOf(["stable", "beta", "alpha", "lts"])
    .default("stable")
    .describe("Channel that is installed and followed."),
  version: textLike("version", "a version such as 4230.2.0, or current", /^(current|\d+\.\d+\.\d+)$/)
    .default("current")
    .describe("Which release is installed."),
  mirror: field.httpUrl.optional().meta({
    description: "Where the image of the system comes from: the folder that `flatcar-install -b` takes.",
    "x-default": "the server of Flatcar, over the internet",
  }),
  authorized_keys: field.sshKeys.describe("Public keys of the account `core`."),
  password_hash: passwordHashOf("the password")
    .optional()
    .describe("Hash of the password of `core`, for its console. Left out: it has none."),
  network,
  ignition: z
    .record(z.string(), z.unknown(), { error: "expected a table" })
    .prefault({})
    .describe(
      "More of the Ignition configuration of the installed system (version 3.3): its lists are appended to those that bootqueue writes.",
    ),
  first_boot: firstBoot,
  cluster,
});

export type FlatcarSettings = z.infer<typeof FlatcarSettings>;

/** Flatcar Container Linux: it boots into memory, where Ignition starts `flatcar-install`. */
export const flatcar = fetchedKind<FlatcarSettings>({
  name: "flatcar",
  settings: FlatcarSettings,
  hints: { ...NETWORK_HINTS, password: "passwords are not kept in clear text; give their hash as password_hash" },
  check: settingsProblems,
  warnings: ({ network }) => networkWarnings(network),
  flow: firstBootFlow,
  usesDhcpOnceInstalled: ({ network }) => network.source === "dhcp",
  image: ({ image }) => ({ name: image, products: ["flatcar"], orFolder: true }),
  assets: ({ image }, stored) => (stored === null ? [`${image}/${KERNEL}`, `${image}/${INITRD}`] : []),

  bootPlan({ image, kernel_args }, _target, links) {
    const stored = links.image(image);
    const words = [
      "flatcar.first_boot=1",
      `ignition.config.url=${links.plain.answerFile("ignition.json")}`,
      kernel_args,
    ];
    return {
      kernel: stored?.kernel ?? links.asset(`${image}/${KERNEL}`),
      initrds: stored?.initrds ?? [{ url: links.asset(`${image}/${INITRD}`) }],
      args: kernelLine(words),
    };
  },

  files: ["ignition.json"],
  decisive: "ignition.json",

  targetProblems: (settings, target) => [
    ...firstBootTargetProblems(settings, target),
    ...networkTargetProblems(settings.network, target),
  ],

  render: (settings, target, links) => ({
    "ignition.json": { contentType: "application/json", content: renderIgnition(settings, target, links) },
  }),

  firstBootScript,

  hideSecrets: (settings) => ({
    ...settings,
    password_hash: settings.password_hash === undefined ? undefined : HIDDEN,
    ignition: withoutSecrets(settings.ignition),
  }),
});

const KERNEL = "flatcar_production_pxe.vmlinuz";
const INITRD = "flatcar_production_pxe_image.cpio.gz";

function settingsProblems(settings: FlatcarSettings): readonly Problem[] {
  const { network, kernel_args, ignition, authorized_keys, password_hash } = settings;
  const problems = [...networkProblems(network), ...firstBootProblems(settings)];
  const say = (path: string, message: string) => problems.push({ path, message });
  if (authorized_keys.length === 0 && password_hash === undefined) {
    say("authorized_keys", "expected authorized_keys or a password_hash: nobody could log in");
  }
  for (const key of Object.keys(ignition)) {
    if (["storage", "systemd", "passwd", "kernelArguments"].includes(key)) continue;
    const message =
      key === "ignition"
        ? "expected no such key here: bootqueue writes the version"
        : "unknown key; known here: storage, systemd, passwd, kernelArguments";
    say(`ignition.${key}`, message);
  }
  return [...problems, ...ownWordProblems(kernel_args, /^(initrd=|ignition\.|flatcar\.first_boot)/)];
}
