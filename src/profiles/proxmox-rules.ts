import { stepProblems, stepTargetProblems } from "../firstboot/step-rules.ts";
import { isHostAddress } from "../net/ipv4-address.ts";
import type { Problem } from "../std/problem.ts";
import { kernelWords, ownWordProblems } from "./kernel-args.ts";
import type { InstallTarget } from "./kind.ts";
import { bootNicProblems, pinningProblems } from "./proxmox-pinning.ts";
import { installerOf, PRODUCTS, type Product } from "./proxmox-product.ts";
import { formatRelease, isAtLeast, OLDEST, REPORTING, type Release } from "./proxmox-release.ts";
import type { ProxmoxSettings } from "./proxmox-settings.ts";
import { passwordProblemsFor, silentProblems } from "./proxmox-silent.ts";

/**
 * What the installer would refuse, or worse: accept and then do something else. It asks nothing and wipes the disk, so
 * all of it is found before an answer is served. Sources: proxmox/pve-installer `proxmox-auto-installer/src/utils.rs`
 * and `proxmox-installer-common/src/disk_checks.rs`.
 */
export function settingsProblems(settings: ProxmoxSettings): readonly Problem[] {
  return [
    ...silentProblems(settings),
    ...kernelProblems(settings),
    ...networkProblems(settings.network),
    ...diskProblems(settings.disk_setup),
    ...firstBootProblems(settings.first_boot),
    ...stepProblems(settings.first_boot?.steps ?? [], settings.cluster ?? null),
  ];
}

/** Settings that an installer of this release of this product does not know: one unknown key, and it stops. */
export function releaseProblems(
  settings: ProxmoxSettings,
  release: Release,
  product: Product = "pve",
): readonly Problem[] {
  const installer = installerOf(product, release);
  const name = `${PRODUCTS[product]} ${formatRelease(release)}`;
  if (!isAtLeast(installer, OLDEST)) {
    const message = `${name} has no automated installation; use an ISO as new as Proxmox VE ${formatRelease(OLDEST)} or newer`;
    return [{ path: "release", message }];
  }
  const newer = NEWER.filter(({ isUsed, since }) => isUsed(settings) && !isAtLeast(installer, since)).map(
    ({ path, since }) => {
      const wanted = `Proxmox VE ${formatRelease(since)}`;
      const found = product === "pve" ? formatRelease(release) : name;
      return {
        path,
        message: `needs ${product === "pve" ? "" : "the installer of "}${wanted} or later, found ${found}`,
      };
    },
  );
  return [...passwordProblemsFor(settings, release, product), ...newer];
}

/** What only some of the products can have. */
export function productProblems({ global, disk_setup }: ProxmoxSettings, product: Product): readonly Problem[] {
  const problems: Problem[] = [];
  if (disk_setup.filesystem === "btrfs" && product !== "pve") {
    const message = `expected "ext4", "xfs" or "zfs": the installer of ${PRODUCTS[product]} has no btrfs`;
    problems.push({ path: "disk_setup.filesystem", message });
  }
  if (global.subscription_key !== undefined && !global.subscription_key.startsWith(product)) {
    const message = `expected a subscription key of ${PRODUCTS[product]}, found one of another product`;
    problems.push({ path: "global.subscription_key", message });
  }
  return problems;
}

/** Rules between the settings and the slot. */
export function targetProblems(settings: ProxmoxSettings, target: InstallTarget): readonly Problem[] {
  const problems: Problem[] = [...stepTargetProblems(settings.first_boot?.steps ?? [], target)];
  const say = (path: string, message: string) => problems.push({ path, message });
  const fqdn = fqdnOf(settings, target);
  if (fqdn.length > 253) say("hostname", `expected a full name of at most 253 characters, found ${fqdn.length}`);
  if (/^\d+$/.test(target.hostname)) say("hostname", `expected a name that is not a number, found ${target.hostname}`);
  problems.push(...bootNicProblems(settings.network.interface_name_pinning, target.bootMac));
  if (settings.network.source === "from-dhcp") return problems;
  const { address, subnet } = target;
  const { gateway } = settings.network;
  const router = gateway ?? target.router;
  const routerPath = gateway === undefined ? "router" : "network.gateway";
  if (!isHostAddress(address, subnet)) say("address", `expected the address of a host in ${subnet}, found ${address}`);
  if (!isHostAddress(router, subnet)) say(routerPath, `expected a gateway inside ${subnet}, found ${router}`);
  if (address === router) say("address", `expected another address than the gateway's, found ${address}`);
  if (settings.network.dns === undefined && target.domainNameServers.length === 0) {
    say("network.dns", "missing: the network has no name server, and the answer file needs one");
  }
  return problems;
}

/** The full name that the answer file gives. What DHCP says instead is made of the same two parts. */
export function fqdnOf({ global }: ProxmoxSettings, target: InstallTarget): string {
  return `${target.hostname}.${global.fqdn?.domain ?? global.domain ?? target.domain}`;
}

/** Not wrong, but worth knowing. */
export function settingsWarnings(settings: ProxmoxSettings): readonly Problem[] {
  const { filter, filesystem, filter_match, disk_list } = settings.disk_setup;
  const warnings: Problem[] = [];
  const say = (path: string, message: string) => warnings.push({ path, message });
  const lasting = kernelWords(settings.kernel_args).filter((word) => !PASSING.test(word));
  if (lasting.length > 0) {
    say("kernel_args", `the installed system keeps these on its own command line: ${lasting.join(" ")}`);
  }
  const isSingle = filesystem === "ext4" || filesystem === "xfs";
  if (isSingle && filter !== undefined && Object.keys(filter).length > 1) {
    say("disk_setup.filter", `with ${filesystem} the first disk that fits any one of these lines is wiped`);
  }
  const nics = settings.network.filter;
  if (nics !== undefined && Object.keys(nics).length > 1) {
    say("network.filter", "the first NIC that fits any one of these lines gets the slot's address");
  }
  if (!isSingle && filter !== undefined && filter_match === "all") {
    say("disk_setup.filter_match", "a disk that lacks one of these properties counts as fitting");
  }
  if (settings.global.root_password !== undefined) {
    say("global.root_password", "stands here in clear text; let nobody but root read this file (chmod 600)");
  }
  if (disk_list !== undefined && disk_list.length > 1) {
    say("disk_setup.disk_list", "disk names may change from boot to boot; a filter by ID_SERIAL or ID_PATH is safer");
  }
  return warnings;
}

/** Read by the installer and not handed on to the installed system (`parse_kernel_cmdline` of Proxmox/Install/Config.pm). */
const PASSING = /^(BOOT_IMAGE=|root=|ramdisk_size=|splash=|vga=|ro$|rw$|quiet$|prox(debug|tui|auto)$|proxmox-)/;

const NEWER: readonly {
  readonly path: string;
  readonly since: Release;
  readonly isUsed: (settings: ProxmoxSettings) => boolean;
}[] = [
  { path: "first_boot", since: REPORTING, isUsed: ({ first_boot }) => first_boot !== undefined },
  {
    path: "disk_setup.btrfs.compress",
    since: REPORTING,
    isUsed: ({ disk_setup }) => disk_setup.btrfs?.compress !== undefined,
  },
  {
    path: "global.reboot_mode",
    since: { major: 8, minor: 4 },
    isUsed: ({ global }) => global.reboot_mode !== "reboot",
  },
  {
    path: "global.fqdn",
    since: { major: 8, minor: 4 },
    isUsed: ({ global }) => global.fqdn !== undefined,
  },
  {
    path: "network.interface_name_pinning",
    since: { major: 9, minor: 1 },
    isUsed: ({ network }) => network.interface_name_pinning !== undefined,
  },
  {
    path: "global.subscription_key",
    since: { major: 9, minor: 2 },
    isUsed: ({ global }) => global.subscription_key !== undefined,
  },
];

function kernelProblems({ kernel_args }: ProxmoxSettings): readonly Problem[] {
  return ownWordProblems(kernel_args, /^(initrd=|ramdisk_size=|proxmox-start-auto-installer$|proxauto$)/);
}

function networkProblems({ source, ...network }: ProxmoxSettings["network"]): Problem[] {
  const problems: Problem[] = [];
  for (const key of ["dns", "gateway", "filter"] as const) {
    if (source !== "from-dhcp" || network[key] === undefined) continue;
    const message = `expected no ${key} with source = "from-dhcp": it comes from DHCP`;
    problems.push({ path: `network.${key}`, message });
  }
  if (network.filter !== undefined && Object.keys(network.filter).length === 0) {
    problems.push({ path: "network.filter", message: "expected at least one property" });
  }
  const { interface_name_pinning: pinning } = network;
  return pinning === undefined ? problems : [...problems, ...pinningProblems(pinning)];
}

type DiskSetup = ProxmoxSettings["disk_setup"];

function diskProblems(disks: DiskSetup): Problem[] {
  const problems: Problem[] = [];
  const say = (path: string, message: string) => problems.push({ path: `disk_setup${path}`, message });
  const { filesystem, disk_list, filter, filter_match, lvm } = disks;
  const isSingle = filesystem === "ext4" || filesystem === "xfs";
  if ((disk_list === undefined) === (filter === undefined)) {
    say("", `expected either disk_list or filter, found ${disk_list === undefined ? "neither" : "both"}`);
  }
  if (filter !== undefined && Object.keys(filter).length === 0) say(".filter", "expected at least one property");
  if (filter_match !== undefined && filter === undefined) say(".filter_match", "expected a filter to go with it");
  if (isSingle && filter_match === "all") {
    say(
      ".filter_match",
      `expected any: with ${filesystem} the installer takes the first disk that fits any line of filter`,
    );
  }
  for (const [table, fits] of Object.entries(TABLES)) {
    if (disks[table as keyof typeof TABLES] !== undefined && !fits.includes(filesystem)) {
      say(`.${table}`, `expected no such table with filesystem = "${filesystem}"; it belongs to ${fits.join(" and ")}`);
    }
  }
  if (lvm?.swapsize !== undefined && lvm.hdsize !== undefined && lvm.swapsize > lvm.hdsize / 2) {
    say(".lvm.swapsize", `expected at most half of hdsize (${lvm.hdsize / 2}), found ${lvm.swapsize}`);
  }
  if (filesystem === "zfs" || filesystem === "btrfs") {
    if (disks[filesystem] === undefined) say(`.${filesystem}`, "missing: expected a table with at least raid");
  }
  return [...problems, ...listProblems(disks)];
}

const TABLES = { lvm: ["ext4", "xfs"], zfs: ["zfs"], btrfs: ["btrfs"] } as const satisfies Record<
  "lvm" | "zfs" | "btrfs",
  readonly DiskSetup["filesystem"][]
> as Record<"lvm" | "zfs" | "btrfs", readonly DiskSetup["filesystem"][]>;

function listProblems({ filesystem, disk_list, zfs, btrfs }: DiskSetup): Problem[] {
  if (disk_list === undefined) return [];
  const problems: Problem[] = [];
  const say = (message: string) => problems.push({ path: "disk_setup.disk_list", message });
  const names = disk_list.map((disk) => disk.replace("/dev/", ""));
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) say(`the disk ${twice} is there twice`);
  if (filesystem === "ext4" || filesystem === "xfs") {
    if (names.length !== 1) say(`expected exactly one disk for ${filesystem}, found ${names.length}`);
    return problems;
  }
  const raid = (filesystem === "zfs" ? zfs : btrfs)?.raid;
  if (raid === undefined) return problems;
  if (names.length < DISKS_MIN[raid])
    say(`expected at least ${DISKS_MIN[raid]} disks for ${raid}, found ${names.length}`);
  else if (raid === "raid10" && names.length % 2 === 1)
    say(`expected an even number of disks for raid10, found ${names.length}`);
  return problems;
}

/** How many disks each level needs. */
export const DISKS_MIN = { raid0: 1, raid1: 2, raid10: 4, "raidz-1": 3, "raidz-2": 4, "raidz-3": 5 } as const;

function firstBootProblems(firstBoot: ProxmoxSettings["first_boot"]): Problem[] {
  if (firstBoot === undefined) return [];
  const problems: Problem[] = [];
  const say = (path: string, message: string) => problems.push({ path: `first_boot${path}`, message });
  const { source, url, cert_fingerprint, script, phone_home, ordering, steps } = firstBoot;
  const isOurs = source === "from-url" && url === undefined;
  const whose = source === "from-iso" ? 'source = "from-iso"' : "a url of your own";
  if (source === "from-iso" && url !== undefined) say(".url", 'expected no url with source = "from-iso"');
  if (isOurs && script === undefined && !phone_home) {
    say("", "expected a script or phone_home = true; leave the table out for nothing");
  }
  if (steps.length > 0 && !phone_home) say(".phone_home", "expected true with steps: what becomes of them is told");
  if (!isOurs && script !== undefined) say(".script", `expected no script with ${whose}: only one can run`);
  if (!isOurs && phone_home) {
    say(".phone_home", `expected phone_home = false with ${whose}: that script does not know where to call`);
  }
  if (cert_fingerprint !== undefined && !(url?.startsWith("https://") ?? false)) {
    say(".cert_fingerprint", "expected a url that begins with https:// to go with it");
  }
  if (isOurs && phone_home && ordering === "before-network") {
    say(".ordering", 'expected "network-online" or "fully-up" with phone_home: it needs the network');
  }
  // The installer cuts off what goes beyond 1 MiB without a word; the rest of the script has to fit too.
  if (script !== undefined && Buffer.byteLength(script) > SCRIPT_BYTES_MAX) {
    say(".script", `expected at most ${SCRIPT_BYTES_MAX} octets, found ${Buffer.byteLength(script)}`);
  }
  return problems;
}

const SCRIPT_BYTES_MAX = 1_000_000;
