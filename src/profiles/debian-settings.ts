import { z } from "zod";
import { oneOf, textLike } from "../std/field.ts";
import { identity } from "./linux-accounts.ts";
import { cluster, firstBoot } from "./linux-first-boot.ts";
import { network } from "./linux-network.ts";
import { timezone } from "./proxmox-fields.ts";
import * as field from "./system-fields.ts";

/** What a profile of the kind `debian` may say besides `kind`; the rules between these are in `debian-rules.ts`. */

const flag = z.boolean({ error: "expected true or false" });

const MirrorSection = z.strictObject({
  host: textLike("host", "the name or address of a mirror such as deb.debian.org", /^[A-Za-z0-9.-]+(:\d{1,5})?$/)
    .default("deb.debian.org")
    .describe("Where the rest of the installer and all packages come from, by HTTP."),
  directory: textLike("path", "a path such as /debian", /^\/[A-Za-z0-9._~/-]*$/)
    .default("/debian")
    .describe("Where on it."),
  proxy: field.httpUrl.optional().describe("Proxy to it."),
  suite: textLike("suite", "a suite such as bookworm", /^[a-z][a-z-]*$/)
    .optional()
    .describe("Left out: the one of the installer."),
});

const StorageSection = z.strictObject({
  disk: field.disk.describe(
    "**This disk is wiped without a question.** A link below `/dev/disk/by-id` stays the same.",
  ),
  method: oneOf(["regular", "lvm"]).default("lvm").describe("Plain partitions, or volumes of LVM."),
  recipe: oneOf(["atomic", "home", "multi"])
    .default("atomic")
    .describe("All in one, `/home` apart, or `/home`, `/var` and `/tmp` apart."),
  filesystem: oneOf(["ext4", "xfs", "btrfs"]).default("ext4").describe("File system of each."),
});

export const DebianSettings = z.strictObject({
  image: field.image,
  kernel_args: field.kernelArgs,
  installed_kernel_args: field.kernelArgs.describe("Kernel arguments that the installed system keeps."),
  locale: field.locale.default("en_US.UTF-8").describe("Language of the installed system."),
  keyboard: field.keyboardLayout.default("us").describe("Keyboard layout of XKB."),
  timezone: timezone.default("UTC").describe("Time zone: a name of `zone.tab`, or `UTC`."),
  identity,
  network,
  mirror: MirrorSection.prefault({}).describe("Debian's archive, or a copy of it."),
  storage: StorageSection.prefault({} as never).describe("Its disk."),
  non_free_firmware: flag.default(true).describe("Whether firmware that is not free may be installed."),
  tasks: z
    .array(oneOf(["standard", "ssh-server", "web-server", "laptop"]), { error: "expected a list of tasks" })
    .prefault(["standard", "ssh-server"])
    .describe("Collections of packages."),
  packages: field.debianPackages.describe("More packages."),
  late_commands: field.commands.describe(
    "Shell commands of the installer at the end; the system is mounted at `/target`. One that fails fails the install.",
  ),
  preseed: z
    .array(
      textLike(
        "line of a preseed",
        "a line in the form OWNER QUESTION TYPE VALUE such as d-i hw-detect/load_firmware boolean false",
        /^[a-z0-9][a-z0-9.+-]* [\w./+-]+ (string|boolean|select|multiselect|password|note|seen)( [^\p{Cc}]*)?$/u,
      ),
      { error: "expected a list of lines" },
    )
    .prefault([])
    .describe("More answers for the installer, after those that bootqueue writes; a later one wins."),
  first_boot: firstBoot,
  cluster,
});

export type DebianSettings = z.infer<typeof DebianSettings>;
