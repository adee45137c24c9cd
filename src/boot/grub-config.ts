import type { BootPlan } from "../profiles/kind.ts";

/**
 * GRUB configuration that loads what the plan says, and shows `title`. Files come by HTTP where this GRUB can, which a
 * signed one has built in or not at all: Debian's has not, Ubuntu's has. `assetsUrl`: where both servers have the same files.
 */
export function renderGrubConfig(plan: BootPlan, title: string, assetsUrl: string): string {
  const { host } = new URL(assetsUrl);
  const file = (url: string) => (url.startsWith(assetsUrl) ? `$files/${url.slice(assetsUrl.length)}` : deviceOf(url));
  const initrds = plan.initrds.map(({ url, as }) => `${as === undefined ? "" : `newc:${as}:`}${file(url)}`);
  const args = plan.args.split(" ").filter((word) => word !== "");
  return lines([
    `echo ${quoted(`bootqueue: ${title}`)}`,
    // `insmod http` would succeed also where there is no such module (GRUB 2.06).
    `if [ -e ${deviceOf(plan.kernel)} ]; then`,
    `  set files=${deviceOf(assetsUrl).replace(/\/$/, "")}`,
    "else",
    `  set files=(tftp,${host.replace(/:\d+$/, "")})`,
    "fi",
    `if ${["linux", file(plan.kernel), ...args.map(quoted)].join(" ")}; then`,
    ...(initrds.length === 0 ? [] : [`  initrd ${initrds.join(" ")}`]),
    "  boot",
    "fi",
    `echo ${quoted("bootqueue: could not load this; the reason stands above. Trying again in 30 seconds.")}`,
    "sleep 30",
    "reboot",
  ]);
}

/** GRUB configuration that lets the firmware go on to the next device, its own disk. */
export function renderGrubLocalBoot(reason: string): string {
  return lines([
    `echo ${quoted(`bootqueue: ${reason}`)}`,
    `echo ${quoted("bootqueue: leaving to the local disk")}`,
    "sleep 3",
    "exit",
  ]);
}

function lines(commands: readonly string[]): string {
  return `${commands.join("\n")}\n`;
}

/** GRUB reads `http://10.11.0.1/assets/x` as a file on a device: `(http,10.11.0.1)/assets/x`. */
function deviceOf(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `(${protocol.slice(0, -1)},${host})${pathname}`;
}

/** One word to GRUB's shell, whatever is in it; unprintable characters are gone. */
function quoted(text: string): string {
  return `'${text.replaceAll(/[^\x20-\x7e]/g, " ").replaceAll("'", "'\\''")}'`;
}
