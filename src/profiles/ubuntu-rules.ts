import { nearest } from "../std/nearest.ts";
import type { Problem } from "../std/problem.ts";
import { ownWordProblems } from "./kernel-args.ts";
import type { InstallTarget } from "./kind.ts";
import { firstBootProblems, firstBootTargetProblems } from "./linux-first-boot.ts";
import type { UbuntuSettings } from "./ubuntu-settings.ts";

/**
 * What the installer would refuse after it has wiped the disk, or take and then do something else. Sources:
 * canonical/subiquity `autoinstall-schema.json` and `doc/reference/autoinstall-reference.rst`.
 */
export function settingsProblems(settings: UbuntuSettings): readonly Problem[] {
  return [
    ...storageProblems(settings.storage),
    ...networkProblems(settings.network),
    ...passedOnProblems(settings),
    ...accessProblems(settings),
    ...kernelProblems(settings),
    ...firstBootProblems(settings),
  ];
}

/** Not wrong, but worth knowing. */
export function settingsWarnings({ memory_gib, storage, network }: UbuntuSettings): readonly Problem[] {
  const warnings: Problem[] = [];
  const say = (path: string, message: string) => warnings.push({ path, message });
  const trouble = `machines with less than ${MEMORY_GIB} GiB stop with "wget: short write", because the ISO is kept in memory`;
  if (memory_gib === undefined) say("memory_gib", `${trouble}; say here how much yours have`);
  else if (memory_gib < MEMORY_GIB) say("memory_gib", `${memory_gib} GiB will hardly do: ${trouble}`);
  const { match } = storage;
  if (match !== undefined && !IDENTIFYING.some((key) => match[key] !== undefined)) {
    say("storage.match", "this may fit another disk than you think, and that is wiped; a serial or id_path is safer");
  }
  if (network.source === "dhcp") say("network.source", "the system has an address only as long as the appliance runs");
  return warnings;
}

/** Twice the size of the 24.04 ISO, and something to work with. */
const MEMORY_GIB = 8;
const IDENTIFYING = ["serial", "id_path", "path", "devpath", "model"] as const;

/** Rules between the settings and the slot. */
export function targetProblems(settings: UbuntuSettings, target: InstallTarget): readonly Problem[] {
  const { network } = settings;
  const problems = [...firstBootTargetProblems(settings, target)];
  if (network.source === "static" && network.dns === undefined && target.domainNameServers.length === 0) {
    const message = "missing: the network has no name server, and the system would have none";
    problems.push({ path: "network.dns", message });
  }
  return problems;
}

function storageProblems({ layout, config, match }: UbuntuSettings["storage"]): Problem[] {
  const problems: Problem[] = [];
  const say = (path: string, message: string) => problems.push({ path: `storage${path}`, message });
  if (config !== undefined) {
    // The installer would use the layout and never look at the configuration.
    if (layout !== undefined) say("", "expected either layout or config, found both");
    if (match !== undefined) say(".match", "expected no match with config: its disks have a match of their own");
    if (config.length === 0) say(".config", "expected at least one action, found an empty list");
    for (const [index, action] of config.entries()) {
      if (typeof action.type !== "string") say(`.config[${index}].type`, "missing: expected the type of the action");
    }
    return problems;
  }
  // Without one it takes the largest disk, which may be the one with the data.
  if (match === undefined) say(".match", 'missing: expected which disk is wiped, such as match.serial = "*S4EV*"');
  else if (Object.values(match).every((value) => value === undefined)) say(".match", "expected at least one property");
  return problems;
}

function networkProblems({ source, dns, netplan }: UbuntuSettings["network"]): Problem[] {
  const problems: Problem[] = [];
  if (source === "dhcp" && dns !== undefined)
    problems.push({ path: "network.dns", message: 'expected no dns with source = "dhcp": it comes from DHCP' });
  for (const key of Object.keys(netplan)) {
    if (NETPLAN.has(key)) continue;
    const near = nearest(key, NETPLAN);
    problems.push({
      path: `network.netplan.${key}`,
      message: `unknown key; ${near === null ? `known here: ${[...NETPLAN].join(", ")}` : `did you mean ${near}?`}`,
    });
  }
  const { ethernets } = netplan;
  if (typeof ethernets === "object" && ethernets !== null && "boot" in ethernets)
    problems.push({ path: "network.netplan.ethernets.boot", message: "the NIC that booted is written by bootqueue" });
  return problems;
}

const NETPLAN = new Set([
  "ethernets",
  "bonds",
  "bridges",
  "vlans",
  "wifis",
  "tunnels",
  "vrfs",
  "dummy-devices",
  "openvswitch",
]);

/** Keys of version 1 that the installer does not know are dropped with a warning that nobody sees. */
function passedOnProblems({ autoinstall, user_data, identity }: UbuntuSettings): Problem[] {
  const problems: Problem[] = [];
  for (const key of Object.keys(autoinstall)) {
    const path = `autoinstall.${key}`;
    const own = OWN[key];
    if (own !== undefined) problems.push({ path, message: `expected no such key here: ${own}` });
    else if (!FURTHER.has(key)) {
      const near = nearest(key, [...FURTHER, ...Object.keys(OWN)]);
      const hint = near === null ? `known here: ${[...FURTHER].join(", ")}` : `did you mean ${near}?`;
      problems.push({ path, message: `the installer knows no such key and would drop it; ${hint}` });
    }
  }
  const { users } = user_data;
  const twice = Array.isArray(users) && users.some((user) => nameOf(user) === identity.username);
  if (twice) {
    const message = `the user ${identity.username} is made by identity already, and the installer would make it twice`;
    problems.push({ path: "user_data.users", message });
  }
  if ("phone_home" in user_data)
    problems.push({ path: "user_data.phone_home", message: "expected no such key here: bootqueue writes its own" });
  return problems;
}

function nameOf(user: unknown): unknown {
  return typeof user === "object" && user !== null && "name" in user ? user.name : user;
}

/** Keys of the 24.04 schema that only `autoinstall` can set. */
const FURTHER = new Set([
  "active-directory",
  "codecs",
  "debconf-selections",
  "drivers",
  "kernel",
  "oem",
  "snaps",
  "ubuntu-advantage",
  "ubuntu-pro",
]);

const OWN: Readonly<Partial<Record<string, string>>> = {
  version: "bootqueue writes it",
  reporting: "bootqueue writes it, to follow the install",
  "interactive-sections": "the installer would wait for a person and report nothing",
  "refresh-installer": "bootqueue writes it, so that each install runs the same installer",
  shutdown: "the machine reboots, which bootqueue counts on",
  apt: "use [apt]",
  identity: "use [identity]",
  keyboard: "use [keyboard]",
  locale: "use locale",
  network: "use [network]",
  packages: "use packages",
  proxy: "use apt.proxy",
  source: "use source",
  ssh: "use [ssh]",
  storage: "use [storage]",
  timezone: "use timezone",
  updates: "use updates",
  "user-data": "use [user_data]",
  "early-commands": "use early_commands",
  "late-commands": "use late_commands",
  "error-commands": "use error_commands",
};

function accessProblems({ ssh }: UbuntuSettings): Problem[] {
  if (ssh.install_server || (ssh.authorized_keys.length === 0 && !ssh.allow_password)) return [];
  return [{ path: "ssh", message: "expected no keys and no passwords with install_server = false" }];
}

function kernelProblems({ kernel_args }: UbuntuSettings): readonly Problem[] {
  return ownWordProblems(kernel_args, /^(---|initrd=|ip=|url=|ds=|autoinstall$|cloud-config-url=)/);
}
