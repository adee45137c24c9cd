import type { BootPlan } from "../profiles/kind.ts";
import type { Urls } from "./urls.ts";

/** iPXE script that loads what the plan says, and shows `title`. */
export function renderBootScript(plan: BootPlan, title: string): string {
  const initrd = plan.initrds.length === 0 ? "" : ` initrd=${initrdName(plan)}`;
  return renderScript([
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
  return renderScript([
    `echo bootqueue: ${printable(reason)}`,
    "echo bootqueue: leaving to the local disk",
    "sleep 3",
    "exit 1",
  ]);
}

/**
 * `autoexec.ipxe`, for an iPXE that nobody told of its script: a signed one, into which none can be built. It runs in
 * place of iPXE's own DHCP, so it does that first.
 */
export function renderAutoexec(urls: Urls): string {
  return renderScript([
    "dhcp || goto failed",
    `chain ${urls.scriptOfAsker} || goto failed`,
    ":failed",
    "echo bootqueue: could not get a boot script; leaving to the local disk",
    "sleep 5",
    "exit 1",
  ]);
}

/** The text of a script with these lines. */
export function renderScript(lines: readonly string[]): string {
  return `${["#!ipxe", ...lines].join("\n")}\n`;
}

/**
 * What a kernel started by UEFI is told to look for (BIOS ignores it). One file has the name that iPXE gives it, the
 * last part of its path; of several, `initrd.magic` is all of them joined (iPXE since May 2021, efi_file.c), while the
 * name of the first would hide the others from it.
 */
function initrdName({ initrds }: BootPlan): string {
  const [first] = initrds;
  return initrds.length > 1 || first === undefined ? "initrd.magic" : first.url.slice(first.url.lastIndexOf("/") + 1);
}

/** iPXE expands `${…}` and ends a command at `||`, `&&` and line ends; what is shown must do none of that. */
export function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]|[$|&;`\\"'#]/g, " ");
}
