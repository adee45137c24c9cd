import { z } from "zod";
import { proxmoxSteps } from "../firstboot/step-settings.ts";
import { oneOf, textLike, whole } from "../std/field.ts";
import * as field from "./proxmox-fields.ts";
import { PRODUCT_NAMES } from "./proxmox-product.ts";

/**
 * What a profile of the kind `proxmox` may say besides `kind`. The names follow the answer file of Proxmox's automated
 * installation, with underscores; the rules between them are in `proxmox-rules.ts`.
 */

const FqdnTable = z.strictObject(
  {
    source: oneOf(["from-dhcp"]).describe("The host name that DHCP says, which is the slot's (8.4 and later)."),
    domain: field.domainName.optional().describe("Instead of the domain that DHCP says."),
  },
  { error: 'expected a table such as fqdn.source = "from-dhcp": otherwise the name is that of the slot' },
);

const GlobalSection = z.strictObject({
  keyboard: field.keyboard.default("en-us").describe("Keyboard layout."),
  country: field.country.describe("Country, for the package mirror: `de`, `gb`, `us`."),
  timezone: field.timezone.default("UTC").describe("Time zone: a name of `zone.tab`, or `UTC`."),
  domain: field.domainName
    .optional()
    .meta({ description: "The domain in the full name.", "x-default": "`network.domain` of the appliance" }),
  fqdn: FqdnTable.optional().describe("Left out: the slot's hostname in its domain."),
  mailto: field.mailAddress.describe("Where the installed system sends mail for root."),
  root_password_hashed: field.passwordHash.optional().meta({
    description: "Hash of root's password, as `mkpasswd --method=yescrypt` makes it.",
    "x-default": 'none; only with `release = "8.2"` it may be left out',
  }),
  root_password: field.password
    .optional()
    .describe('Root\'s password in clear text, for `release = "8.2"` alone, whose installer takes no hash.'),
  root_ssh_keys: z
    .array(field.sshPublicKey, { error: "expected a list of SSH public keys" })
    .prefault([])
    .describe("Public keys that may log in as root, one per item."),
  reboot_on_error: z
    .boolean({ error: "expected true or false" })
    .default(false)
    .describe("After a failed installation: true reboots (and tries again), false leaves a shell on the console."),
  reboot_mode: oneOf(["reboot", "power-off"])
    .default("reboot")
    .describe("What follows a successful installation (8.4 and later)."),
  subscription_key: textLike(
    "subscription key",
    "a subscription key such as pve2c-0123456789 or pbsc-0123456789",
    /^(pve\d+|pbs|pmg)[cbsp]-[0-9a-f]{10}$/,
  )
    .optional()
    .describe("Activated at the first boot (9.2 and later)."),
});

const PinningSection = z.strictObject({
  enabled: z.boolean({ error: "expected true or false" }).describe("Give every NIC a name that stays."),
  mapping: z
    .record(
      field.nicKey,
      textLike(
        "interface name",
        "a name of 2 to 15 letters, digits and underscores that begins with a letter",
        /^[A-Za-z][A-Za-z0-9_]{1,14}$/,
      ),
    )
    .prefault({})
    .describe(
      "Names by MAC address; `boot` is the NIC that the machine booted from. Other NICs become `nic0`, `nic1` and so on, as far as these names are free.",
    ),
});

const NetworkSection = z.strictObject({
  source: oneOf(["from-answer", "from-dhcp"])
    .default("from-answer")
    .describe("`from-answer`: the slot's address, on the NIC that booted. `from-dhcp`: what DHCP said, made static."),
  dns: field.ipv4Address
    .optional()
    .meta({ description: "The one name server of the installed system.", "x-default": "the first of `network.dns`" }),
  gateway: field.ipv4Address.optional().meta({
    description: "Its default router, inside the slot's network.",
    "x-default": "`network.router` of the appliance",
  }),
  filter: z
    .record(field.udevProperty, field.glob, { error: 'expected a table such as filter.ID_NET_NAME = "enp2s0*"' })
    .optional()
    .meta({
      description:
        "The NIC that gets the slot's address, by udev property; the first that fits any line. It must be on the slot's network.",
      "x-default": "the NIC that booted, by its MAC address",
    }),
  interface_name_pinning: PinningSection.optional().describe("Names of the NICs (9.1 and later)."),
});

const LvmSection = z.strictObject({
  hdsize: field.gibibytes(1).optional().describe("How much of the disk is used."),
  swapsize: field.gibibytes(0).optional().describe("Swap; at most half of `hdsize`."),
  maxroot: field.gibibytes(0).optional().describe("Largest root volume."),
  maxvz: field.gibibytes(0).optional().describe("Largest data volume; 0: none."),
  minfree: field.gibibytes(0).optional().describe("Left free in the volume group."),
});

const ZfsSection = z.strictObject({
  raid: oneOf(["raid0", "raid1", "raid10", "raidz-1", "raidz-2", "raidz-3"]).describe("How disks are combined."),
  ashift: whole(9, 16).optional().describe("Sector size as a power of two; the installer's default is 12."),
  arc_max: whole(64, 16_777_216).optional().describe("Largest ZFS cache in MiB."),
  checksum: oneOf(["on", "fletcher4", "sha256"]).optional().describe("Checksum of the pool."),
  compress: oneOf(["on", "off", "lzjb", "lz4", "zle", "gzip", "zstd"]).optional().describe("Compression of the pool."),
  copies: whole(1, 3).optional().describe("Copies of each block."),
  hdsize: field.gibibytes(1).optional().describe("How much of each disk is used."),
});

const BtrfsSection = z.strictObject({
  raid: oneOf(["raid0", "raid1", "raid10"]).describe("How disks are combined."),
  compress: oneOf(["on", "off", "zlib", "lzo", "zstd"]).optional().describe("Compression."),
  hdsize: field.gibibytes(1).optional().describe("How much of each disk is used."),
});

const DiskSection = z.strictObject({
  filesystem: oneOf(["ext4", "xfs", "zfs", "btrfs"]).describe("File system of the installed system."),
  disk_list: z
    .array(field.diskName, {
      error: "expected a list of disks",
    })
    .min(1, { error: "expected at least one disk" })
    .optional()
    .describe("Disks by name; names may change from boot to boot."),
  filter: z
    .record(field.udevProperty, field.glob, { error: 'expected a table such as filter.ID_SERIAL = "S4EV*"' })
    .optional()
    .describe('Disks by udev property: `filter.ID_SERIAL = "S4EV*"`.'),
  filter_match: oneOf(["any", "all"]).optional().meta({
    description: "Whether a disk must fit any or all lines of `filter` (zfs and btrfs).",
    "x-default": "`any`",
  }),
  lvm: LvmSection.optional().describe("Sizes for ext4 and xfs, in GiB."),
  zfs: ZfsSection.optional().describe("The pool; needed for zfs."),
  btrfs: BtrfsSection.optional().describe("The file system; needed for btrfs."),
});

const FirstBootSection = z.strictObject({
  source: oneOf(["from-url", "from-iso"])
    .default("from-url")
    .describe("`from-iso`: the script that was put into the ISO when it was prepared."),
  url: textLike("URL", "an address such as https://repo.lab.example/first-boot.sh", /^https?:\/\/[!-~]+$/)
    .optional()
    .meta({
      description: "Where else the installer fetches a script of your own. It must answer without a redirect.",
      "x-default": "bootqueue's own address, with `script` and the call that the machine is up",
    }),
  cert_fingerprint: textLike(
    "SHA-256 fingerprint",
    "a SHA-256 fingerprint of 64 hexadecimal digits, with colons or without",
    /^[0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){31}$/,
  )
    .optional()
    .describe("Of the certificate behind `url`."),
  script: textLike("script", "a script that begins with #! such as #!/bin/sh", /^#!/)
    .optional()
    .describe("Run once on the installed system, as root. It must end with 0; else it runs again at the next boot."),
  ordering: oneOf(["before-network", "network-online", "fully-up"])
    .default("fully-up")
    .describe("When: `fully-up` is after the Proxmox services."),
  phone_home: z
    .boolean({ error: "expected true or false" })
    .default(true)
    .describe("Tell bootqueue when the script has ended well; the machine is ready only then."),
  steps: proxmoxSteps,
});

export const ProxmoxSettings = z.strictObject({
  image: field.assetPath.describe(
    "What `bootqueue image list` calls it (`proxmox-ve-9.2-1`), or its product (`proxmox-ve`) for the newest release there is. Or a folder below `assets/` with the `linux26` and `initrd.img` of an ISO prepared by hand.",
  ),
  iso: z
    .union([z.boolean(), field.assetPath], {
      error: 'expected true, false or the name of a file in the image\'s folder such as "proxmox.iso"',
    })
    .default(false)
    .describe(
      "For such a folder. false: the ISO is inside `initrd.img` already. true: `proxmox.iso` lies beside it. A text: the ISO's file name.",
    ),
  kernel_args: field.kernelArgs
    .default("")
    .describe("More kernel arguments; most of them stay on the installed system."),
  release: textLike("release", "a release such as 9.2", /^\d{1,3}\.\d{1,3}$/)
    .optional()
    .meta({
      description:
        "Release of the ISO (of `product`), for an installer that does not say it; also, what the settings are checked for.",
      "x-default": "the newest known",
    }),
  cluster: textLike(
    "cluster",
    "the name of a [[cluster]] of the configuration",
    /^[A-Za-z0-9]([A-Za-z0-9-]{0,13}[A-Za-z0-9])?$/,
  )
    .optional()
    .describe("The cluster that the machine joins when it is installed: a `[[cluster]]` of the configuration."),
  product: oneOf(PRODUCT_NAMES).optional().meta({
    description: "What the image installs: Proxmox VE, Backup Server, Mail Gateway or Datacenter Manager.",
    "x-default": "what the installer says",
  }),
  global: GlobalSection.prefault({} as never).describe("The system in general."),
  network: NetworkSection.prefault({}).describe("Its network."),
  disk_setup: DiskSection.prefault({} as never).describe("Its disks. **They are wiped without a question.**"),
  first_boot: FirstBootSection.optional().describe("What runs when it boots for the first time. Left out: nothing."),
});

export type ProxmoxSettings = z.infer<typeof ProxmoxSettings>;
