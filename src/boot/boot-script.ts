import type { BootPlan } from "../profiles/kind.ts";

/** iPXE script that loads what the plan says. The name of the first initrd is what the kernel is told to look for. */
export function renderBootScript(plan: BootPlan, title: string): string {
  const [first] = plan.initrds;
  const initrd = first === undefined ? "" : ` initrd=${fileName(first.url)}`;
  return script([
    `echo bootqueue: ${printable(title)}`,
    `kernel ${plan.kernel}${initrd} ${plan.args} || goto failed`,
    ...plan.initrds.map(({ url, as }) => `initrd ${url}${as === undefined ? "" : ` ${as}`} || goto failed`),
    "boot || goto failed",
    ":failed",
    "echo bootqueue: could not load this; the reason stands above. Trying again in 30 seconds.",
    "sleep 30",
    "reboot",
  ]);
}

/** iPXE script that leaves the network and lets the firmware go on to the next device, its own disk. */
export function renderLocalBootScript(reason: string): string {
  return script([
    `echo bootqueue: ${printable(reason)}`,
    "echo bootqueue: leaving to the local disk",
    "sleep 3",
    "exit 1",
  ]);
}

function script(lines: readonly string[]): string {
  return `${["#!ipxe", ...lines].join("\n")}\n`;
}

/** The last part of the path, which is the name that iPXE gives an image. */
function fileName(url: string): string {
  return url.slice(url.lastIndexOf("/") + 1);
}

/** iPXE expands `${…}` and ends a command at `||`, `&&` and line ends; what is shown must do none of that. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]|[$|&;`\\"'#]/g, " ");
}
