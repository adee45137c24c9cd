import { z } from "zod";
import { oneOf, textLike, whole } from "../std/field.ts";
import { cluster, firstBoot } from "./linux-first-boot.ts";
import { ipv4Address, passwordHashOf, timezone } from "./proxmox-fields.ts";
import * as field from "./system-fields.ts";

/**
 * What a profile of the kind `ubuntu` may say besides `kind`. The names follow the autoinstall document of Ubuntu Server
 * 24.04, with underscores; the rules between them are in `ubuntu-rules.ts`.
 */

const flag = z.boolean({ error: "expected true or false" });

/** A table that is handed on as it is. */
const passedOn = z.record(z.string(), z.unknown(), { error: "expected a table" });

const IdentitySection = z.strictObject({
  username: field.username.describe("The first account; it may use `sudo`."),
  realname: textLike("text", "a name in one line without : or ,", /^[^\p{Cc}:,]{1,100}$/u)
    .optional()
    .describe("Its full name."),
  password_hash: passwordHashOf("the password").describe("Hash of its password, as `mkpasswd` makes it."),
});

const SshSection = z.strictObject({
  install_server: flag.default(true).describe("Whether an SSH server is installed."),
  allow_password: flag.default(false).describe("Whether passwords are good for logging in over SSH."),
  authorized_keys: field.sshKeys,
});

const NetworkSection = z.strictObject({
  source: field.networkSource,
  dns: z
    .array(ipv4Address, { error: "expected a list of addresses" })
    .optional()
    .meta({ description: "Name servers of the installed system.", "x-default": "`network.dns` of the appliance" }),
  mtu: whole(576, 65_535).optional().describe("MTU of the NIC that booted."),
  netplan: passedOn
    .prefault({})
    .describe("More of netplan's `network:`, for other NICs: `netplan.bonds`, `netplan.vlans`, `netplan.ethernets`."),
});

const text = (what: string) => textLike("glob", `${what}, without line ends`, /^[^\p{Cc}]+$/u).optional();

const MatchSection = z.strictObject({
  serial: text("a serial number or a pattern such as *S4EV*").describe(
    "udev's `ID_SERIAL`, which is model and serial: put `*` around the number on the label.",
  ),
  model: text("a model or a pattern").describe("udev's `ID_MODEL`."),
  vendor: text("a vendor or a pattern").describe("udev's `ID_VENDOR`."),
  path: text("a device such as /dev/nvme0n1").describe("The device; names may change from boot to boot."),
  id_path: text("a path of udev such as pci-0000:01:00.0-nvme-1").describe("udev's `ID_PATH`: where it is plugged in."),
  devpath: text("a path below /sys").describe("udev's `DEVPATH`."),
  ssd: flag.optional().describe("Only disks that do, or do not, rotate."),
  size: oneOf(["largest", "smallest"]).optional().describe("Of several that fit, which."),
});

const StorageSection = z.strictObject({
  layout: oneOf(["lvm", "direct", "zfs"])
    .optional()
    .meta({ description: "A ready-made layout of the one disk of `match`.", "x-default": "`lvm`, without `config`" }),
  sizing_policy: oneOf(["scaled", "all"])
    .default("all")
    .describe("With `lvm`: whether the root volume takes all of the disk, or (`scaled`) leaves room."),
  match: MatchSection.optional().describe("Which disk. **It is wiped without a question.** Needed with a layout."),
  swap_gib: whole(0, 1024)
    .optional()
    .describe("Size of the swap file in GiB; 0: none. Left out: the installer decides."),
  config: z
    .array(passedOn, { error: "expected a list of tables" })
    .optional()
    .describe("Instead of a layout: the actions of curtin's storage configuration, as they are."),
});

const AptSection = z.strictObject({
  mirror: field.httpUrl.optional().meta({
    description: "Archive to install from, and for the installed system.",
    "x-default": "the archive of Ubuntu",
  }),
  fallback: oneOf(["abort", "continue-anyway", "offline-install"])
    .default("offline-install")
    .describe("What happens when no archive can be reached."),
  proxy: field.httpUrl.optional().describe("Proxy for the archive, for the installer and the installed system."),
});

export const UbuntuSettings = z.strictObject({
  image: field.image,
  iso: textLike(
    "file name",
    "the name of a file that ends in .iso: the boot scripts of the installer look for that",
    /^[A-Za-z0-9._-]+\.iso$/,
  )
    .default("ubuntu.iso")
    .describe("The whole ISO, where `image` is a folder: it lies there beside `vmlinuz` and `initrd`."),
  memory_gib: whole(1, 65_535).optional().meta({
    description: "Main memory of the machines in GiB; the installer keeps the ISO there twice over.",
    "x-default": "not known, and warned about",
  }),
  kernel_args: field.kernelArgs,
  installed_kernel_args: field.kernelArgs.describe("Kernel arguments that the installed system keeps."),
  locale: field.locale.default("en_US.UTF-8").describe("Language of the installed system."),
  keyboard: z
    .strictObject({
      layout: field.keyboardLayout.default("us").describe("Layout of XKB."),
      variant: textLike("keyboard variant", "a variant of XKB such as nodeadkeys", /^[a-z0-9_-]*$/)
        .default("")
        .describe("Its variant."),
    })
    .prefault({})
    .describe("The keyboard of the console."),
  timezone: timezone.default("UTC").describe("Time zone: a name of `zone.tab`, or `UTC`."),
  source: oneOf(["ubuntu-server", "ubuntu-server-minimal"])
    .default("ubuntu-server")
    .describe("Which of the ISO's systems is installed."),
  identity: IdentitySection.prefault({} as never).describe("The account to log in with."),
  ssh: SshSection.prefault({}).describe("Access over SSH."),
  network: NetworkSection.prefault({}).describe("Its network."),
  storage: StorageSection.prefault({}).describe("Its disks."),
  apt: AptSection.prefault({}).describe("Where packages come from."),
  packages: field.debianPackages.describe("Packages to install; each has to be there, or the install fails."),
  updates: oneOf(["security", "all"]).default("security").describe("Updates that are installed before the end."),
  early_commands: field.commands.describe("Shell commands of the installer before it looks at disks."),
  late_commands: field.commands.describe(
    "Shell commands of the installer at the end; the system is mounted at `/target`. One that fails fails the install.",
  ),
  error_commands: field.commands.describe("Shell commands of the installer after a failure."),
  user_data: passedOn.prefault({}).describe("cloud-init's configuration for the first boot of the installed system."),
  autoinstall: passedOn
    .prefault({})
    .describe(
      "More keys of the autoinstall document, as they are: `drivers`, `snaps`, `kernel`, `ubuntu-pro` and so on.",
    ),
  first_boot: firstBoot,
  cluster,
});

export type UbuntuSettings = z.infer<typeof UbuntuSettings>;
