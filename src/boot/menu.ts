import type { Host } from "../queue/host.ts";
import { printable, renderScript } from "./boot-script.ts";
import type { Urls } from "./urls.ts";

/** What a machine may be booted with by hand when it is to install nothing. Never an installer of ours. */
export interface Menu {
  readonly title: string;
  /** After that it goes on to its own disk by itself. */
  readonly timeoutSeconds: number;
  readonly entries: readonly MenuEntry[];
}

export interface MenuEntry {
  readonly title: string;
  /** A path below `assets/`, or an HTTP address; the same for `initrds`. */
  readonly kernel: string;
  readonly initrds: readonly string[];
  readonly args: string;
}

/** Whether this machine may see it: one that is nobody's yet, or that no install is armed for. `undefined`: unknown. */
export function mayChoose(host: Host | undefined): boolean {
  if (host === undefined) return true;
  return (host.state.type === "discovered" || host.state.type === "registered") && host.hold === null;
}

/** iPXE script: a list to choose from, whose default is the machine's own disk. */
export function renderMenu({ title, timeoutSeconds, entries }: Menu, reason: string, urls: Urls): string {
  const url = (place: string) => (/^https?:/.test(place) ? place : urls.asset(place));
  return renderScript([
    ":menu",
    `menu ${printable(title)}`,
    `item --gap ${printable(reason)}`,
    "item disk Go on to the local disk",
    ...entries.map((entry, index) => `item entry${index} ${printable(entry.title)}`),
    `choose --default disk --timeout ${timeoutSeconds * 1000} chosen || goto disk`,
    `goto \${chosen}`,
    ":disk",
    "exit 1",
    ...entries.flatMap(({ kernel, initrds, args }, index) => [
      `:entry${index}`,
      // Left over from an entry that could not be loaded.
      "imgfree",
      `kernel ${url(kernel)} ${args} || goto failed`,
      ...initrds.map((initrd) => `initrd ${url(initrd)} || goto failed`),
      "boot || goto failed",
    ]),
    ":failed",
    "echo bootqueue: could not load this; the reason stands above",
    "sleep 10",
    "goto menu",
  ]);
}
