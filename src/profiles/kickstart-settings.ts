import { z } from "zod";
import { oneOf, textLike } from "../std/field.ts";
import { identity } from "./linux-accounts.ts";
import { cluster, firstBoot } from "./linux-first-boot.ts";
import { network } from "./linux-network.ts";
import { timezone } from "./proxmox-fields.ts";
import * as field from "./system-fields.ts";

/** What a profile of the kind `kickstart` may say besides `kind`; the rules between these are in `kickstart.ts`. */
export const KickstartSettings = z.strictObject({
  image: field.image,
  kernel_args: field.kernelArgs,
  installed_kernel_args: field.kernelArgs.describe("Kernel arguments that the installed system keeps."),
  repo: field.httpUrl.describe(
    "Where everything is installed from: the folder with `.treeinfo`, such as `…/9/BaseOS/x86_64/os` of Rocky Linux.",
  ),
  repos: z
    .record(textLike("name", "a name of letters and digits", /^[A-Za-z][A-Za-z0-9_-]{0,30}$/), field.httpUrl, {
      error: "expected a table of names and addresses",
    })
    .prefault({})
    .describe("More repositories by name, such as AppStream."),
  language: field.locale.default("en_US.UTF-8").describe("Language of the installed system."),
  keyboard: field.keyboardLayout.default("us").describe("Keyboard layout of XKB."),
  timezone: timezone.default("UTC").describe("Time zone: a name of `zone.tab`, or `UTC`."),
  identity,
  network,
  storage: z
    .strictObject({
      disk: field.disk.describe(
        "**This disk is wiped without a question.** A link below `/dev/disk/by-id` stays the same.",
      ),
      type: oneOf(["lvm", "plain", "btrfs", "thinp"]).default("lvm").describe("What the disk is divided into."),
      filesystem: oneOf(["ext4", "xfs"]).optional().meta({
        description: "File system of each part; not with btrfs.",
        "x-default": "the distribution's",
      }),
      home: z
        .boolean({ error: "expected true or false" })
        .default(false)
        .describe("Whether `/home` is a part of its own."),
    })
    .prefault({} as never)
    .describe("Its disk."),
  selinux: oneOf(["enforcing", "permissive", "disabled"]).default("enforcing").describe("SELinux."),
  firewall: z
    .boolean({ error: "expected true or false" })
    .default(true)
    .describe("Whether there is a firewall that lets SSH in."),
  packages: z
    .array(
      textLike(
        "package",
        "a package, a group such as @core or an environment such as @^minimal-environment; - before it leaves it out",
        /^-?(@\^?)?[A-Za-z0-9][A-Za-z0-9+._-]*$/,
      ),
      { error: "expected a list of packages" },
    )
    .prefault(["@^minimal-environment"])
    .describe("Packages and groups."),
  late_commands: field.commands.describe(
    "Shell commands of the installer at the end; the system is mounted at `/mnt/sysroot`. One that fails fails the install.",
  ),
  first_boot: firstBoot,
  cluster,
});

export type KickstartSettings = z.infer<typeof KickstartSettings>;
