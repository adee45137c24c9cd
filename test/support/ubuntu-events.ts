/**
 * What the installer of Ubuntu 24.04 posts in the course of an install, in the wire form of curtin's webhook. Written by
 * hand from the names in canonical/subiquity and a recording in its `examples/curtin-events/`; not a capture of ours.
 */
export interface UbuntuEvent {
  readonly name: string;
  readonly event_type: "start" | "finish" | "info" | "warning" | "error";
  readonly description: string;
  readonly origin: string;
  readonly timestamp: number;
  readonly level: string;
  readonly result?: "SUCCESS" | "WARN" | "FAIL";
}

let clock = 1_795_161_472;

export function event(
  name: string,
  event_type: UbuntuEvent["event_type"],
  more: Partial<UbuntuEvent> = {},
): UbuntuEvent {
  clock += 0.5;
  return { name, description: "", event_type, origin: "curtin", timestamp: clock, level: "INFO", ...more };
}

const start = (name: string, description = "") => event(name, "start", { description });
const finish = (name: string, description = "") => event(name, "finish", { description, result: "SUCCESS" });
export const fail = (name: string, description: string) =>
  event(name, "finish", { description, result: "FAIL", level: "ERROR" });

const INSTALL = "subiquity/Install/install";
const CURTIN = `${INSTALL}/curtin_install/run_curtin_step/cmd-install`;

const BEGIN: readonly UbuntuEvent[] = [
  event("subiquity/Meta/status_GET", "start", { level: "DEBUG" }),
  event("subiquity/Meta/status_GET", "finish", { level: "DEBUG", result: "SUCCESS" }),
  start("subiquity/core_validation"),
  finish("subiquity/core_validation"),
  start("subiquity/Early/run"),
  finish("subiquity/Early/run"),
  start("subiquity/Some/new_thing", "nobody knows this one"),
  start(INSTALL),
  start(`${INSTALL}/configure_apt`),
  finish(`${INSTALL}/configure_apt`),
  start(`${INSTALL}/curtin_install`, "installing system"),
  start(`${CURTIN}/stage-partitioning`, "configuring storage"),
  start(`${CURTIN}/stage-partitioning/builtin/cmd-block-meta`, "curtin command block-meta"),
  start(`${CURTIN}/stage-partitioning/builtin/cmd-block-meta`, "configuring disk: disk-sda"),
  finish(`${CURTIN}/stage-partitioning/builtin/cmd-block-meta`, "configuring disk: disk-sda"),
  start(`${CURTIN}/stage-partitioning/builtin/cmd-block-meta`, "configuring partition: partition-0"),
];

const MIDDLE: readonly UbuntuEvent[] = [
  finish(`${CURTIN}/stage-partitioning`, "configuring storage"),
  start(`${CURTIN}/stage-extract`, "writing install sources to disk"),
  start(`${CURTIN}/stage-extract/builtin/cmd-extract`, "acquiring and extracting image from cp:///tmp/tmp5x"),
  finish(`${CURTIN}/stage-extract/builtin/cmd-extract`),
  finish(`${CURTIN}/stage-extract`, "writing install sources to disk"),
  start(`${CURTIN}/stage-curthooks`, "configuring installed system"),
  start(`${CURTIN}/stage-curthooks/builtin/cmd-curthooks`, "installing kernel"),
  finish(`${CURTIN}/stage-curthooks`, "configuring installed system"),
  finish(`${INSTALL}/curtin_install`, "installing system"),
  start(`${INSTALL}/postinstall`),
  start(`${INSTALL}/postinstall/install_openssh-server`, "installing openssh-server"),
  start(`${INSTALL}/postinstall/install_openssh-server/retrieving`, "retrieving openssh-server"),
  finish(`${INSTALL}/postinstall/install_openssh-server`, "installing openssh-server"),
  start(`${INSTALL}/postinstall/run_unattended_upgrades`, "downloading and installing security updates"),
  fail(`${INSTALL}/postinstall/run_unattended_upgrades`, "apt would not"),
  finish(`${INSTALL}/postinstall`),
];

const LATE: readonly UbuntuEvent[] = [
  start("subiquity/Late/run"),
  start("subiquity/Late/run/command_0", "curl http://10.97.0.1/api/hosts/x/installed/TOKEN"),
  finish("subiquity/Late/run/command_0"),
  finish("subiquity/Late/run"),
];

/** Each of them proves that the system is installed. */
export const PROOFS: readonly UbuntuEvent[] = [finish(INSTALL), start("subiquity/Shutdown/shutdown", "mode=REBOOT")];

export const GOOD_INSTALL: readonly UbuntuEvent[] = [
  ...BEGIN,
  ...MIDDLE,
  ...LATE,
  PROOFS[0] as UbuntuEvent,
  start("subiquity/Shutdown/copy_logs_to_target"),
  finish("subiquity/Shutdown/copy_logs_to_target"),
  PROOFS[1] as UbuntuEvent,
];

export const NO_SPACE = "CalledProcessError: mkfs.ext4: no space left on /dev/sda2";

/** Ends while it writes to the disk; the last four say so, each in its way. */
export const FAILED_INSTALL: readonly UbuntuEvent[] = [
  ...BEGIN,
  fail(`${CURTIN}/stage-partitioning/builtin/cmd-block-meta`, NO_SPACE),
  fail(`${INSTALL}/curtin_install`, NO_SPACE),
  fail(INSTALL, NO_SPACE),
  start("subiquity/Error/run"),
  finish("subiquity/Error/run"),
];

/** Ends before the disk is touched. */
export const BAD_DOCUMENT: readonly UbuntuEvent[] = [
  start("subiquity/core_validation"),
  fail("subiquity/core_validation", "Malformed autoinstall in 'storage' section"),
];

export const LATE_COMMAND_FAILED: readonly UbuntuEvent[] = [
  ...BEGIN,
  ...MIDDLE,
  start("subiquity/Late/run"),
  fail("subiquity/Late/run/command_0", "Command '['sh', '-c', 'false']' returned non-zero exit status 1."),
  fail("subiquity/Late/run", "Command '['sh', '-c', 'false']' returned non-zero exit status 1."),
  start("subiquity/Error/run"),
];
