import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { FootprintView } from "../../src/http/contract.ts";
import { brokenLink } from "../support/lab/broken-link.ts";

/** `road outcome what: why`, one a line, as the daemon notes them on a good day. */
const GOOD_DAY = `
dhcp answered OFFER 10.11.0.2, boot file snponly.efi to DISCOVER from UEFI x64 firmware
dhcp answered ACK 10.11.0.2, boot file snponly.efi to REQUEST from UEFI x64 firmware
tftp answered sent snponly.efi
dhcp answered OFFER 10.11.0.2, boot file http://10.11.0.1/ipxe/x to DISCOVER from iPXE on UEFI x64
dhcp answered ACK 10.11.0.2, boot file http://10.11.0.1/ipxe/x to REQUEST from iPXE on UEFI x64
http answered boot script
http answered GET lab-installer/linux26
http answered GET lab-installer/initrd.img
dhcp answered OFFER 10.11.0.2 to DISCOVER from Proxmox installer
dhcp answered ACK 10.11.0.2 to REQUEST from Proxmox installer
http answered answer file
http answered installation report
dhcp dropped DISCOVER from UEFI x64 firmware: it is installed`
  .trim()
  .split("\n");

const GOOD_CONSOLE = `UEFI
standin: release 9.2, efi
standin: wrote install=0badcafe to /dev/vda
LOCAL-BOOT peach-beach 10.11.0.2 peach-beach.lab.example install=0badcafe`;

/** The good day up to a line of it, and what came instead of the rest. */
function dayUntil(prefix: string, ...instead: string[]): readonly FootprintView[] {
  const end = GOOD_DAY.findIndex((line) => line.startsWith(prefix));
  assert.notEqual(end, -1, prefix);
  return [...GOOD_DAY.slice(0, end), ...instead].map(footprint);
}

function footprint(line: string): FootprintView {
  const [, road, outcome, what, why] = /^(\w+) (\w+) (.*?)(?:: (.*))?$/.exec(line) ?? [];
  return { at: "", mac: null, road, outcome, what, why: why ?? "", fields: {} } as FootprintView;
}

const cases: readonly {
  readonly what: string;
  readonly footprints: readonly FootprintView[];
  readonly console?: string;
  readonly state?: string;
  readonly sentence: RegExp;
}[] = [
  {
    what: "a machine that does not run",
    footprints: [],
    console: "",
    sentence: /^no DHCP request .* printed nothing/,
  },
  {
    what: "a cable that is not connected",
    footprints: [],
    console: "UEFI\n",
    sentence: /^no DHCP request .* although its firmware runs/,
  },
  {
    what: "a queue without a free slot",
    footprints: [footprint("dhcp dropped DISCOVER from iPXE on BIOS: no slot is free")],
    sentence: /left unanswered: .*no slot is free/,
  },
  {
    what: "an offer that nobody requests",
    footprints: dayUntil("dhcp answered ACK"),
    sentence: /offered an address but never requested it/,
  },
  {
    what: "a boot loader that is not there",
    footprints: dayUntil("tftp", "tftp dropped refused snponly.efi: no such file"),
    sentence: /did not fetch the boot loader by TFTP: .*no such file/,
  },
  {
    what: "a boot loader that does not start",
    footprints: dayUntil("dhcp answered OFFER 10.11.0.2, boot file http"),
    sentence: /iPXE never asked for an address/,
  },
  {
    what: "a boot script that is never asked for",
    footprints: dayUntil("http answered boot"),
    sentence: /not its boot script: it never asked/,
  },
  {
    what: "an initrd that is missing",
    footprints: dayUntil("http answered GET lab-installer/initrd", "http dropped GET lab-installer/initrd.img: 404"),
    sentence: /did not load kernel and initrd: .*404/,
  },
  {
    what: "a kernel that panics",
    footprints: dayUntil("dhcp answered OFFER 10.11.0.2 to"),
    console: "Kernel panic - not syncing: VFS",
    sentence: /installer did not start: Kernel panic - not syncing: VFS/,
  },
  {
    what: "an answer that is refused",
    footprints: dayUntil("http answered answer", "http dropped answer file refused: no install is armed"),
    console: "standin: release 9.2\nstandin: STOPPED: http status: 409",
    sentence: /did not get its answer file: .*no install is armed; its console says: http status: 409/,
  },
  {
    what: "a disk that is not there",
    footprints: dayUntil("http answered installation"),
    console: "standin: release 9.2\nstandin: STOPPED: no disk matches",
    sentence: /did not install; its console says: no disk matches/,
  },
  {
    what: "a webhook that is never called",
    footprints: dayUntil("http answered installation"),
    sentence: /report did not arrive: the webhook was never called/,
  },
  {
    what: "an answer to DHCP after the installation",
    footprints: dayUntil("dhcp dropped", "dhcp answered OFFER 10.11.0.2, boot file snponly.efi to DISCOVER"),
    sentence: /asked for an address after the installation and was answered: OFFER/,
  },
  {
    what: "a machine that never asks again",
    footprints: dayUntil("dhcp dropped"),
    sentence: /never asked for an address again/,
  },
  {
    what: "a disk that does not boot",
    footprints: GOOD_DAY.map(footprint),
    console: "standin: release 9.2\nstandin: wrote install=1",
    sentence: /did not boot from its disk/,
  },
  {
    what: "a disk with another machine's name",
    footprints: GOOD_DAY.map(footprint),
    console: GOOD_CONSOLE.replace("LOCAL-BOOT peach-beach", "LOCAL-BOOT amber-cliff"),
    sentence: /does not boot as peach-beach but says: LOCAL-BOOT amber-cliff/,
  },
  {
    what: "a host that failed",
    footprints: GOOD_DAY.map(footprint),
    state: "failed",
    sentence: /the host is failed and not ready/,
  },
];

describe("brokenLink()", () => {
  for (const { what, footprints, console = GOOD_CONSOLE, state = "ready", sentence } of cases) {
    test(`names ${what}`, () => {
      // Of the host only its state and reason are looked at.
      const host = { state, reason: "" } as Parameters<typeof brokenLink>[0]["host"];
      assert.match(brokenLink({ host, footprints, console, hostname: "peach-beach" }), sentence);
    });
  }
});
