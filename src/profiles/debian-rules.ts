import type { Problem } from "../std/problem.ts";
import type { DebianSettings } from "./debian-settings.ts";
import type { InstallTarget } from "./kind.ts";
import { firstBootProblems, firstBootTargetProblems } from "./linux-first-boot.ts";

/** What would leave the installer at a question that nobody answers, or the machine without a way in. */
export function settingsProblems(settings: DebianSettings): readonly Problem[] {
  const { identity, network, preseed, kernel_args } = settings;
  const problems: Problem[] = [...firstBootProblems(settings)];
  const say = (path: string, message: string) => problems.push({ path, message });
  const { username, password_hash, root_password_hash, authorized_keys } = identity;
  if (password_hash === undefined && root_password_hash === undefined && authorized_keys.length === 0) {
    say("identity", "expected a password_hash, a root_password_hash or authorized_keys: nobody could log in");
  }
  if (username === undefined && (password_hash !== undefined || identity.realname !== undefined)) {
    say("identity.username", "missing: expected the user to go with password_hash or realname");
  }
  if (network.source === "dhcp" && network.dns !== undefined) {
    say("network.dns", 'expected no dns with source = "dhcp": it comes from DHCP');
  }
  for (const [index, line] of preseed.entries()) {
    const own = OWN.find(([question]) => line.split(" ")[1] === question);
    if (own !== undefined) say(`preseed[${index}]`, `expected no answer to ${own[0]} here: ${own[1]}`);
  }
  const word = kernel_args
    .split(/ +/)
    .find((each) =>
      /^(---|initrd=|auto=|url=|preseed\/url=|priority=|hostname=|domain=|interface=|netcfg\/)/.test(each),
    );
  if (word !== undefined) say("kernel_args", `expected no ${word}: it is set already`);
  return problems;
}

const OWN: readonly (readonly [string, string])[] = [
  ["preseed/late_command", "use late_commands; bootqueue's own reports the end"],
  ["preseed/early_command", "bootqueue writes it"],
  ["partman-auto/disk", "use storage.disk"],
  ["finish-install/reboot_in_progress", "bootqueue writes it"],
];

/** Not wrong, but worth knowing. */
export function settingsWarnings({ network, storage }: DebianSettings): readonly Problem[] {
  const warnings: Problem[] = [];
  if (network.source === "dhcp") {
    const message = "the system has an address only as long as the appliance runs";
    warnings.push({ path: "network.source", message });
  }
  if (storage.method === "regular" && storage.filesystem === "btrfs" && storage.recipe !== "atomic") {
    warnings.push({
      path: "storage.recipe",
      message: "with btrfs these become file systems of their own, no subvolumes",
    });
  }
  return warnings;
}

/** Rules between the settings and the slot. */
export function targetProblems(settings: DebianSettings, target: InstallTarget): readonly Problem[] {
  const { network } = settings;
  const problems = [...firstBootTargetProblems(settings, target)];
  if (network.source === "static" && network.dns === undefined && target.domainNameServers.length === 0) {
    const message = "missing: the network has no name server, and the installer needs one to find its mirror";
    problems.push({ path: "network.dns", message });
  }
  return problems;
}
