import { parseArgs } from "node:util";
import type { Firmware } from "./machine.ts";

/** What the demo was asked to do. */
export interface DemoOptions {
  /** Of each machine, in the order in which they are switched on. Never empty. */
  readonly firmware: readonly Firmware[];
  /** true: everything stays as it is at the end, until Ctrl-C, and logs and disks stay even then. */
  readonly keep: boolean;
  /** true: the disks hold a whole system, and the machines form a cluster. */
  readonly cluster: boolean;
}

const HOSTS_MAX = 24;

export const DEMO_USAGE = `usage: scripts/demo [--hosts N] [--firmware bios|uefi|mixed] [--cluster] [--keep]

Installs empty virtual machines through a real bootqueue, on a network of its own inside this machine.

  --hosts N      how many machines, 1 to ${HOSTS_MAX} (3)
  --firmware F   bios, uefi, or mixed: in turns, beginning with BIOS (mixed)
  --cluster      install a small Linux with a real sshd, run its first-boot steps, and join all machines to one cluster,
                 one after the other; BIOS machines only
  --keep         leave machines and page running until Ctrl-C, and keep their logs and disks

Needs root. Exit code 0: every machine boots its own disk, and with --cluster a member says that all are in. 1: not, and the last line says which link broke.
64: it was called wrongly.`;

/** What was wrong with the command line, in words; or the options. */
export function parseDemoOptions(argv: readonly string[]): DemoOptions | string {
  let values: { hosts: string; firmware?: string | undefined; keep: boolean; cluster: boolean };
  try {
    values = parseArgs({
      args: [...argv],
      options: {
        hosts: { type: "string", default: "3" },
        firmware: { type: "string" },
        cluster: { type: "boolean", default: false },
        keep: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    return (error as Error).message;
  }
  const hosts = /^\d{1,2}$/.test(values.hosts) ? Number(values.hosts) : 0;
  if (hosts < 1 || hosts > HOSTS_MAX) return `--hosts: wanted a number from 1 to ${HOSTS_MAX}, found "${values.hosts}"`;
  const { keep, cluster } = values;
  const firmware = values.firmware ?? (cluster ? "bios" : "mixed");
  if (firmware !== "bios" && firmware !== "uefi" && firmware !== "mixed") {
    return `--firmware: wanted bios, uefi or mixed, found "${firmware}"`;
  }
  if (cluster && firmware !== "bios") return `--cluster: wanted --firmware bios, found "${firmware}"`;
  const kinds: readonly Firmware[] = firmware === "mixed" ? ["bios", "uefi"] : [firmware];
  return {
    firmware: Array.from({ length: hosts }, (_, index) => kinds[index % kinds.length] as Firmware),
    keep,
    cluster,
  };
}
