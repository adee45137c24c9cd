import { z } from "zod";
import { oneOf, textLike, whole } from "../std/field.ts";
import { ClusterEntry } from "./clusters.ts";
import * as field from "./fields.ts";
import { MenuSection } from "./menu.ts";
import { PowerEntry, PowerSection } from "./power.ts";
import { RegistrationEntry } from "./registrations.ts";
import { HostEntry, profileSettings, ServerTypeEntry } from "./server-types.ts";

/**
 * The configuration file, `bootqueue.toml`: every setting once, with its check, its default and its line in the
 * reference. Keys are written as in the file. What follows from other settings is added by `load.ts`.
 */

const NetworkSection = z.strictObject({
  interface: field.interfaceName
    .optional()
    .describe("The interface on the boot network. Left out: the one that bears `address`."),
  address: field.ipv4Address.describe(
    "Our own address on the boot network; also the DHCP server identifier (option 54).",
  ),
  subnet: field.ipv4Subnet.describe("The boot network."),
  router: field.ipv4Address
    .optional()
    .meta({ description: "The default router of the machines (option 3).", "x-default": "`network.address`" }),
  dns: z
    .array(field.ipv4Address, { error: "expected a list of one to eight IPv4 addresses" })
    .min(1, { error: "expected a list of one to eight IPv4 addresses" })
    .max(8, { error: "expected a list of one to eight IPv4 addresses" })
    .optional()
    .meta({
      description: "Their name servers (option 6). An installed Proxmox system gets the first one.",
      "x-default": "`[network.router]`",
    }),
  domain: field.domainName.describe("Their domain (option 15); with the slot's hostname it makes the full name."),
  lease_seconds: whole(60, 86_400).default(3600).describe("How long a client may keep its address (option 51)."),
  allow_shared_host: z
    .boolean()
    .default(false)
    .describe(
      "Start without sockets from systemd on a host with several networks, although broadcasts of the others are heard too.",
    ),
});

const SubnetEntry = z.strictObject({
  name: textLike("name", "a name of up to 64 letters, digits and . _ -", /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/).describe(
    "What people call it, in messages.",
  ),
  subnet: field.ipv4Subnet.describe("The network. Its relay passes DHCP on to `network.address`."),
  router: field.ipv4Address.describe("The default router of its machines (option 3)."),
  dns: z
    .array(field.ipv4Address, { error: "expected a list of one to eight IPv4 addresses" })
    .min(1, { error: "expected a list of one to eight IPv4 addresses" })
    .max(8, { error: "expected a list of one to eight IPv4 addresses" })
    .optional()
    .meta({ description: "Their name servers (option 6).", "x-default": "`network.dns`" }),
  domain: field.domainName
    .optional()
    .meta({ description: "Their domain (option 15).", "x-default": "`network.domain`" }),
});

const PoolSection = z.strictObject({
  first: field.ipv4Address.describe("The first address."),
  last: field.ipv4Address.describe("The last address, in the same network as the first."),
  lease_seconds: whole(60, 604_800).default(3600).describe("How long a client may keep its address."),
});

const OptionEntry = z.strictObject({
  code: whole(1, 254)
    .refine((code) => !OWN_OPTIONS.has(code), { error: "expected an option that bootqueue does not set itself" })
    .describe("Number of the DHCP option."),
  hex: field.optionHex.describe("Its content, octet by octet; blanks and colons are allowed."),
});

/** Options that are part of every reply, or that the server must echo or decide. */
const OWN_OPTIONS: ReadonlySet<number> = new Set([
  1, 3, 6, 12, 15, 28, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 66, 67, 82, 97, 250, 251,
]);

const BootFilesSection = z.strictObject({
  bios: field.assetName.default("undionly.kpxe").describe("For BIOS machines (architecture 0)."),
  uefi_x64: field.assetName.default("snponly.efi").describe("For 64-bit x86 UEFI (7, 9; over HTTP 16)."),
  uefi_arm64: field.assetName.default("arm64/snponly.efi").describe("For 64-bit ARM UEFI (11; over HTTP 19)."),
  uefi_ia32: field.assetName.default("i386/snponly.efi").describe("For 32-bit x86 UEFI (6; over HTTP 15)."),
  uefi_x64_secure: field.assetName
    .default("secure-boot/shimx64.efi")
    .describe("For 64-bit x86 UEFI with a profile that says `secure_boot`; GRUB lies beside it."),
  uefi_arm64_secure: field.assetName
    .default("secure-boot/arm64/shimaa64.efi")
    .describe("For 64-bit ARM UEFI with such a profile."),
});

const DhcpSection = z.strictObject({
  mode: oneOf(["authoritative", "proxy"])
    .default("authoritative")
    .describe(
      "`authoritative`: the only DHCP server of this network, which gives addresses too. `proxy`: beside another server that gives the addresses; only what to boot is answered.",
    ),
  allow_other_servers: z
    .boolean()
    .default(false)
    .describe(
      "Start although another DHCP server answers on the boot network, and do not look for one before the start. Machines then get whichever answer comes first.",
    ),
  conflict_probe: z
    .boolean()
    .default(true)
    .describe(
      "Ask whether anybody has an address of the boot network (ARP) before it is offered; one that is in use is skipped.",
    ),
  provisioned: oneOf(["ignore", "local-boot"])
    .default("ignore")
    .describe("What an installed machine gets: silence, or a boot script that goes on to its disk at once."),
  bogus_uuids: z
    .array(field.uuidText)
    .prefault([])
    .describe("UUIDs that several boards share; a machine that shows one is known by its MAC addresses alone."),
  proxy_asks_4011: z
    .array(oneOf(["bios", "uefi_ia32", "uefi_x64", "uefi_arm64"]))
    .prefault([])
    .describe(
      "Firmware that cannot boot from a proxy's offer alone: it is left to ask port 4011 for its boot file (option 43 is left out of the offer).",
    ),
  options: z
    .array(OptionEntry)
    .prefault([])
    .describe('More DHCP options for every reply: `[{ code = 42, hex = "0a0b0001" }]`.'),
  boot_files: BootFilesSection.prefault({}).describe("Which boot loader firmware is given, by architecture."),
});

const TftpSection = z.strictObject({
  blksize_max: whole(8, 65_464).default(1468).describe("Largest block we agree to, in octets (RFC 2348)."),
  windowsize_max: whole(1, 65_535).default(16).describe("Most blocks in flight that we agree to (RFC 7440)."),
  transfers_max: whole(1, 10_000)
    .default(512)
    .describe("Transfers at one time; more get no answer until there is room, and firmware asks again."),
  single_port: z
    .boolean()
    .default(false)
    .describe(
      "Answer every transfer from port 69 itself instead of from a port of its own, where a firewall lets nothing else through.",
    ),
});

const HttpSection = z.strictObject({
  port: whole(1, 65_535).default(80).describe("Where machines find us, on `network.address`."),
  tls_port: whole(1, 65_535).optional().meta({
    description:
      "With it, installers get their answer file and first-boot script, and report, over HTTPS on this port (443), with a certificate whose fingerprint they are told (option 251 and the answer file). It is made at the first start; `bootqueue tls rotate` makes another or takes yours, without breaking installs under way.",
    "x-default": "no HTTPS",
  }),
});

const OperatorSection = z.strictObject({
  listen: field.listen
    .optional()
    .meta({ description: "The page and the API, for people.", "x-default": "`network.address` with port 8080" }),
  socket: field.socketPath
    .default("/run/bootqueue/bootqueue.sock")
    .describe("The command line's way in, for root only."),
});

/** Thirty days. */
const MINUTES_MAX = 43_200;

const LimitsSection = z.strictObject({
  pxe_ready: whole(1, MINUTES_MAX).default(15).describe("From taking a slot to fetching the boot script, in minutes."),
  armed: whole(1, MINUTES_MAX).default(1440).describe("The same for a machine that the operator armed, in minutes."),
  pxe_booted: whole(1, MINUTES_MAX).default(15).describe("From the boot script to the answer file, in minutes."),
  installing: whole(1, MINUTES_MAX).default(60).describe("From the answer file to the installer's report, in minutes."),
  installed: whole(1, MINUTES_MAX).default(30).describe("From the report to the first sign of life, in minutes."),
  first_boot: whole(1, MINUTES_MAX).default(60).describe("For the first-boot steps, in minutes."),
  joining: whole(1, MINUTES_MAX).default(30).describe("For joining the cluster, in minutes."),
});

const QueueSection = z.strictObject({
  approval: z
    .boolean()
    .default(false)
    .describe("true: an unknown machine takes no slot until the operator has approved it."),
  attempts_max: whole(1, 100)
    .default(3)
    .describe("Answer files for one armed machine; one more and it counts as looping."),
  hold_seconds: whole(10, 3600).default(120).describe("How long an offered slot is kept for a machine that asked."),
  limits: LimitsSection.prefault({}).describe("How long a machine may stay in each waiting state."),
});

/** Where assets are when nobody says. */
export const ASSETS_FOLDER = "/var/lib/bootqueue/assets";

const PathsSection = z.strictObject({
  state: field.absolutePath.default("/var/lib/bootqueue").describe("The state file and the timeline."),
  assets: field.absolutePath
    .default(ASSETS_FOLDER)
    .describe("Boot loaders, kernels and images, as machines fetch them."),
  profiles: field.absolutePath.default("/etc/bootqueue/profiles").describe("The profiles: one file each, `NAME.toml`."),
  server_types: field.absolutePath.optional().meta({
    description:
      "Server types that have a file of their own, `NAME.toml`, with the keys of `[[server_type]]` but for `name`.",
    "x-default": "`/etc/bootqueue/server-types`, if there is such a folder",
  }),
});

const LogSection = z.strictObject({
  level: oneOf(["debug", "info", "warn", "error"])
    .default("info")
    .describe("From which level up lines are written; `debug` has every packet."),
});

const SlotEntry = z.strictObject({
  ip: field.ipv4Address.describe("The machine's address."),
  hostname: field.hostname.optional().meta({
    description: "Its name, without the domain.",
    "x-default": "as its server type names slots (`hostname_prefix`), with the last number of `ip`",
  }),
  profile: field.profileName.describe("What is installed on it."),
  labels: field.labels,
  mac: field.unicastMac.optional().describe("Kept for the machine with this address."),
  port: field.relayPort
    .optional()
    .describe(
      "Kept for the machine at this switch port, as the relay or switch names it in option 82: remote id, slash, circuit id, each in ASCII or as `0x` and hexadecimal. Nothing before the slash: whatever the remote id is.",
    ),
  server_type: field.serverTypeName.optional().describe("Kept for a machine of this type."),
  settings: profileSettings.describe(
    "Settings of the profile that are others in this slot; they win over those of a server type.",
  ),
  link0: field.ipv4Address
    .optional()
    .meta({ description: "The machine's address on the first link of its cluster.", "x-default": "`ip`" }),
  link1: field.ipv4Address.optional().describe("Its address on the second link; all of a cluster have one, or none."),
  board_serial: field.serialNumber
    .optional()
    .describe("Only a machine with this serial number, its own or its board's, is installed here; another is refused."),
  disk_serials: z
    .array(field.diskSerial, { error: 'expected a list of serial numbers such as ["S4EVNX0R"]' })
    .max(3, { error: "expected at most three disks: an installer's filter cannot name more" })
    .prefault([])
    .describe(
      "Serial numbers of the disks that may be wiped. They take the place of the disks in the profile: an installer that finds none of them stops.",
    ),
  power: PowerEntry.optional().describe(
    "How the power of the machine in this slot is switched. Other machines than the one that is meant are refused. See how-to/power-control.md.",
  ),
});

const SlotRangeEntry = z.strictObject({
  first: field.ipv4Address.describe("The first address."),
  count: whole(1, 4096).describe("How many slots."),
  hostname: textLike(
    "host name pattern",
    "a host name with {n}, {nn} or {nnn} for the number such as node{nn}",
    /\{n{1,3}\}/,
  )
    .optional()
    .meta({
      description: "Their names: `{n}` is the number, `{nn}` and `{nnn}` fill it up with zeros.",
      "x-default": "as their server type names slots (`hostname_prefix`)",
    }),
  first_number: whole(0, 100_000).default(1).describe("The number of the first one."),
  profile: field.profileName.describe("What is installed on them."),
  labels: field.labels,
  server_type: field.serverTypeName.optional().describe("Kept for machines of this type."),
  settings: profileSettings.describe("Settings of the profile that are others in these slots."),
  link0: field.ipv4Address
    .optional()
    .meta({ description: "Their first address on the first link of their cluster.", "x-default": "`first`" }),
  link1: field.ipv4Address.optional().describe("Their first address on the second link."),
});

export const ConfigFile = z.strictObject({
  // Prefilled although it cannot stay empty: so each missing key is named, not only the section.
  network: NetworkSection.prefault({} as never).describe("The boot network."),
  subnet: z.array(SubnetEntry).prefault([]).describe("One more network, behind a DHCP relay."),
  pool: PoolSection.optional().describe(
    "Addresses for clients that do not boot from the network. Left out: they get none.",
  ),
  dhcp: DhcpSection.prefault({}).describe("How DHCP requests are answered."),
  tftp: TftpSection.prefault({}).describe("What TFTP clients may ask for."),
  http: HttpSection.prefault({}).describe("HTTP for machines."),
  operator: OperatorSection.prefault({}).describe("HTTP for people."),
  queue: QueueSection.prefault({}).describe("How machines move through the queue."),
  menu: MenuSection.optional().describe(
    "What machines that boot from the network and are to install nothing may choose from (iPXE). Left out: silence.",
  ),
  registration: z.array(RegistrationEntry).prefault([]).describe("A system that is told of every host that is ready."),
  cluster: z
    .array(ClusterEntry)
    .prefault([])
    .describe("One cluster, which hosts join whose profile says `cluster`. See how-to/join-a-cluster.md."),
  power: PowerSection.prefault({}).describe("How the power of machines is switched. See how-to/power-control.md."),
  paths: PathsSection.prefault({}).describe("Folders."),
  log: LogSection.prefault({}).describe("The log on standard output."),
  slot: z.array(SlotEntry).prefault([]).describe("One slot. Slots are given out in the order of the file."),
  slot_range: z.array(SlotRangeEntry).prefault([]).describe("Several slots with consecutive addresses."),
  server_type: z
    .array(ServerTypeEntry)
    .prefault([])
    .describe("A model of machine, and what is others on it. See how-to/server-types.md."),
  host: z.array(HostEntry).prefault([]).describe("What is others on one machine, in whichever slot it is."),
});

/** As written, checked, with the defaults that do not depend on other settings. */
export type ConfigFile = z.infer<typeof ConfigFile>;
