import type { Problem } from "../std/problem.ts";
import type { DebianSettings } from "./debian-settings.ts";
import { ownWordProblems } from "./kernel-args.ts";
import type { InstallTarget } from "./kind.ts";
import { identityProblems } from "./linux-accounts.ts";
import { firstBootProblems, firstBootTargetProblems } from "./linux-first-boot.ts";
import { networkProblems, networkTargetProblems, networkWarnings } from "./linux-network.ts";

/** What would leave the installer at a question that nobody answers, or the machine without a way in. */
export function settingsProblems(settings: DebianSettings): readonly Problem[] {
  const { identity, network, preseed, kernel_args } = settings;
  const problems: Problem[] = [
    ...identityProblems(identity),
    ...networkProblems(network),
    ...firstBootProblems(settings),
  ];
  const say = (path: string, message: string) => problems.push({ path, message });
  for (const [index, line] of preseed.entries()) {
    const own = OWN.find(([question]) => line.split(" ")[1] === question);
    if (own !== undefined) say(`preseed[${index}]`, `expected no answer to ${own[0]} here: ${own[1]}`);
  }
  return [...problems, ...ownWordProblems(kernel_args, OWN_WORDS)];
}

const OWN_WORDS = /^(---|initrd=|auto=|url=|preseed\/url=|priority=|hostname=|domain=|interface=|netcfg\/)/;

const OWN: readonly (readonly [string, string])[] = [
  ["preseed/late_command", "use late_commands; bootqueue's own reports the end"],
  ["preseed/early_command", "bootqueue writes it"],
  ["partman-auto/disk", "use storage.disk"],
  ["finish-install/reboot_in_progress", "bootqueue writes it"],
];

/** Not wrong, but worth knowing. */
export function settingsWarnings({ network, storage }: DebianSettings): readonly Problem[] {
  const warnings: Problem[] = networkWarnings(network);
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
  return [...firstBootTargetProblems(settings, target), ...networkTargetProblems(settings.network, target)];
}
