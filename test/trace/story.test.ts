import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Instant, later } from "../../src/std/clock.ts";
import type { Footprint } from "../../src/trace/footprint.ts";
import type { Stage } from "../../src/trace/stage.ts";
import { stageByWords } from "../../src/trace/stage-by-words.ts";
import { explainHost } from "../../src/trace/story.ts";

const NOW = Date.UTC(2026, 10, 20, 12, 0, 0) as Instant;
const MIN = 60_000;

type Step = readonly [road: Footprint["road"], outcome: Footprint["outcome"], what: string, why?: string];

// In the words of the rooms that note them.
const OFFER: Step = ["dhcp", "answered", "OFFER 10.11.0.2, boot file snponly.efi to DISCOVER from UEFI x64 firmware"];
const ACK: Step = ["dhcp", "answered", "ACK 10.11.0.2, boot file snponly.efi to REQUEST from UEFI x64 firmware"];
const HTTP_ACK: Step = [
  "dhcp",
  "answered",
  "ACK 10.11.0.2, boot file http://10.11.0.1/assets/snponly.efi to REQUEST from UEFI x64 firmware",
];
const PROBED: Step = [
  "tftp",
  "answered",
  "asked for the size of snponly.efi",
  "the client ends this with ERROR 8, as UEFI does",
];
const NO_FILE: Step = ["tftp", "dropped", "RRQ snponly.efi refused", "there is no such file"];
const SILENT: Step = ["tftp", "dropped", "gave up sending snponly.efi", "no ACK after block 7"];
const BROKEN_OFF: Step = ["tftp", "noted", "the client broke off snponly.efi", "ERROR 4: illegal operation"];
const LOADER: Step = ["tftp", "answered", "sent snponly.efi"];
const HTTP_LOADER: Step = ["http", "answered", "GET snponly.efi"];
const TOLD: Step = [
  "dhcp",
  "answered",
  "OFFER without an address, boot file snponly.efi to DISCOVER from UEFI x64 firmware",
];
const TOLD_4011: Step = [
  "dhcp",
  "answered",
  "ACK without an address, boot file snponly.efi to REQUEST from BIOS firmware",
];
const IPXE_TOLD: Step = [
  "dhcp",
  "answered",
  "OFFER without an address, boot file http://10.11.0.1/ipxe/52-54 to DISCOVER from iPXE on BIOS",
];
const GRUB_CONFIG: Step = ["tftp", "answered", "sent /grub/grub.cfg"];
const GRUB_KERNEL: Step = ["tftp", "answered", "sent /pve/linux26"];
const GRUB_INITRD: Step = ["tftp", "answered", "sent /pve/initrd.img"];
const IPXE_OFFER: Step = [
  "dhcp",
  "answered",
  "OFFER 10.11.0.2, boot file http://10.11.0.1/ipxe/52-54 to DISCOVER from iPXE on UEFI x64",
];
const IPXE_ACK: Step = [
  "dhcp",
  "answered",
  "ACK 10.11.0.2, boot file http://10.11.0.1/ipxe/52-54 to REQUEST from iPXE on UEFI x64",
];
const SCRIPT: Step = ["http", "answered", "boot script", "profile pve"];
const NO_SCRIPT: Step = ["http", "dropped", "boot script refused", "no host with this hardware address has a slot"];
const KERNEL: Step = ["http", "answered", "GET pve/linux26"];
const INITRD: Step = ["http", "answered", "GET pve/initrd.img"];
const NO_INITRD: Step = ["http", "dropped", "GET pve/initrd.img", "there is no such file below assets/"];
const INSTALLER_OFFER: Step = ["dhcp", "answered", "OFFER 10.11.0.2 to DISCOVER from Proxmox installer"];
const INSTALLER_ACK: Step = ["dhcp", "answered", "ACK 10.11.0.2 to REQUEST from Proxmox installer"];
const ANSWER: Step = ["http", "answered", "answer file"];
const NO_ANSWER: Step = ["http", "dropped", "answer file refused", "no install is armed for it"];
const REPORT: Step = ["http", "answered", "installation report"];
const NO_REPORT: Step = ["http", "dropped", "installation report refused", "the report cannot be read"];
const FIRST_BOOT: Step = ["http", "answered", "first-boot script"];
const PHONED: Step = ["http", "answered", "phone-home", "finished"];
const NOT_PHONED: Step = ["http", "dropped", "phone-home refused", "the token is not that of the install under way"];
const IGNORED: Step = ["dhcp", "dropped", "DISCOVER from BIOS firmware", "no slot is free for it; add slots"];
const INSTALLED: Step = ["dhcp", "dropped", "DISCOVER from BIOS firmware", "it is installed"];
const NAK: Step = [
  "dhcp",
  "dropped",
  "NAK to REQUEST from BIOS firmware",
  "it asks for an address that is not held for it",
];
const PASSAGE: Step = ["queue", "noted", "pxe_ready, slot peach-beach 10.11.0.2"];

describe("stageByWords()", () => {
  const stages: readonly (readonly [Step, Stage | null])[] = [
    [OFFER, "firmware-offered"],
    [TOLD, "firmware-directed"],
    [TOLD_4011, "firmware-directed"],
    [IPXE_TOLD, "ipxe-directed"],
    [GRUB_CONFIG, "script-sent"],
    [GRUB_KERNEL, "kernel-sent"],
    [GRUB_INITRD, "initrd-sent"],
    [ACK, "firmware-leased"],
    [HTTP_ACK, "firmware-leased"],
    [PROBED, "loader-probed"],
    [NO_FILE, "loader-missing"],
    [SILENT, "loader-broken"],
    [BROKEN_OFF, "loader-broken"],
    [LOADER, "loader-sent"],
    [HTTP_LOADER, "loader-sent"],
    [IPXE_OFFER, "ipxe-offered"],
    [IPXE_ACK, "ipxe-leased"],
    [SCRIPT, "script-sent"],
    [NO_SCRIPT, "script-refused"],
    [KERNEL, "kernel-sent"],
    [INITRD, "initrd-sent"],
    [NO_INITRD, "asset-missing"],
    [INSTALLER_OFFER, "installer-offered"],
    [INSTALLER_ACK, "installer-leased"],
    [ANSWER, "answer-sent"],
    [NO_ANSWER, "answer-refused"],
    [REPORT, "reported"],
    [NO_REPORT, "report-refused"],
    [FIRST_BOOT, "first-boot"],
    [PHONED, "first-boot"],
    [NOT_PHONED, "first-boot-refused"],
    [IGNORED, "ignored"],
    [NAK, "address-refused"],
    [PASSAGE, null],
    [["dhcp", "noted", "RELEASE from BIOS firmware"], null],
    [["operator", "noted", "rebuild"], null],
  ];
  for (const [step, stage] of stages) {
    test(`${step[0]}: ${step[2]} ${step[1]} → ${stage}`, () =>
      assert.equal(stageByWords(left([step], NOW)[0] as Footprint), stage));
  }
});

describe("explainHost()", () => {
  const stories: readonly {
    what: string;
    steps: readonly Step[];
    state?: string;
    quietMs?: number;
    says: readonly RegExp[];
  }[] = [
    { what: "was never seen", steps: [], state: "", says: [/was not seen/, /network boot .* first/] },
    { what: "is armed and was not seen", steps: [PASSAGE], says: [/armed and it was not seen/, /boot order/] },
    {
      what: "was offered and never requested",
      steps: [OFFER],
      says: [/sent an OFFER .* 10 min ago/, /never requested/, /PXE-E18/, /another DHCP server/],
    },
    {
      what: "was told by a proxy what to boot",
      steps: [TOLD],
      says: [
        /told what to boot, beside another DHCP server/,
        /PXE-E52/,
        /`bootqueue mode HOST full`/,
        /proxy_asks_4011/,
      ],
    },
    {
      what: "was told by a proxy where its script is",
      steps: [LOADER, IPXE_TOLD],
      says: [/beside another DHCP server/, /TCP port 80/],
    },
    {
      what: "looked in vain for what shim and GRUB ask for in case it is there",
      steps: [
        LOADER,
        ["tftp", "dropped", "RRQ secure-boot/revocations_sbat.efi refused", "file not found"],
        ["tftp", "dropped", "RRQ /grub/x86_64-efi/command.lst refused", "file not found"],
      ],
      says: [/Its boot loader was sent/],
    },
    { what: "was offered a moment ago", steps: [OFFER], quietMs: 3000, says: [/3 s ago/, /recent/] },
    {
      what: "got an address and no file over TFTP",
      steps: [OFFER, ACK],
      says: [/never asked for its boot file over TFTP/, /PXE-E32/, /firewall/],
    },
    {
      what: "got an URL and never fetched it",
      steps: [HTTP_ACK],
      says: [/never fetched that file over HTTP/, /PXE over IPv4/],
    },
    {
      what: "only asked for the size",
      steps: [OFFER, ACK, PROBED],
      says: [/only for the size/, /normal/, /Secure Boot/],
    },
    {
      what: "asked for a loader that is not there",
      steps: [ACK, NO_FILE],
      quietMs: 1000,
      says: [/refused/, /there is no such file/, /assets folder/],
    },
    {
      what: "fell silent in the transfer",
      steps: [ACK, SILENT],
      says: [/broke off/, /no ACK after block 7/, /blksize_max/],
    },
    {
      what: "got its loader and iPXE never came back",
      steps: [ACK, PROBED, LOADER],
      says: [/iPXE never came back/, /driver/, /portfast/],
    },
    {
      what: "was offered as iPXE and never requested",
      steps: [LOADER, IPXE_OFFER],
      says: [/iPXE was offered/, /never requested/],
    },
    { what: "never fetched its script", steps: [LOADER, IPXE_ACK], says: [/never fetched its boot script/, /port 80/] },
    {
      what: "was refused its script",
      steps: [IPXE_ACK, NO_SCRIPT],
      quietMs: 1000,
      says: [/boot script and was refused/, /no host with this hardware/],
    },
    { what: "never fetched the kernel", steps: [IPXE_ACK, SCRIPT], says: [/never fetched the kernel/, /doctor/] },
    { what: "never fetched the initrd", steps: [SCRIPT, KERNEL], says: [/never asked for its initrd/, /memory/] },
    {
      what: "asked for a file that is not there",
      steps: [SCRIPT, KERNEL, NO_INITRD],
      quietMs: 1000,
      says: [/did not get it \(GET pve\/initrd\.img\)/, /no such file/],
    },
    {
      what: "started no installer",
      steps: [SCRIPT, KERNEL, INITRD],
      says: [/never asked for an address or for its answer/, /8 GB/, /portfast/],
    },
    {
      what: "has an installer without an address",
      steps: [INITRD, INSTALLER_OFFER],
      says: [/never requested/, /11 s/, /portfast/],
    },
    {
      what: "never asked for its answer",
      steps: [INITRD, INSTALLER_ACK],
      says: [/never asked for its answer file/, /prepared/],
    },
    { what: "was refused its answer", steps: [INSTALLER_ACK, NO_ANSWER], quietMs: 1000, says: [/no install is armed/] },
    {
      what: "never reported",
      steps: [INSTALLER_ACK, ANSWER],
      state: "installing",
      quietMs: 40 * MIN,
      says: [/has not reported back/, /mark-installed/],
    },
    {
      what: "installs",
      steps: [INSTALLER_ACK, ANSWER],
      state: "installing",
      quietMs: 5 * MIN,
      says: [/got the answer file 5 min ago/, /recent/],
    },
    {
      what: "was refused its report",
      steps: [ANSWER, NO_REPORT],
      state: "installing",
      says: [/installed nevertheless/],
    },
    {
      what: "never called after its installation",
      steps: [ANSWER, REPORT],
      state: "installed",
      quietMs: 60 * MIN,
      says: [/has not shown itself/],
    },
    {
      what: "called and then no more",
      steps: [REPORT, FIRST_BOOT],
      state: "first_boot",
      quietMs: 60 * MIN,
      says: [/called/, /journalctl/],
    },
    {
      what: "is left unanswered for a reason",
      steps: [IGNORED],
      state: "discovered",
      says: [/left unanswered/, /Why: no slot is free for it; add slots\./],
    },
    { what: "asked for a foreign address", steps: [NAK], says: [/NAK/, /not held for it/] },
    { what: "is ready", steps: [REPORT, PHONED], state: "ready", says: [/^It is done; it gets no installer/] },
    {
      what: "is ready and knocks again",
      steps: [PHONED, INSTALLED],
      state: "ready, for 3 h",
      says: [/It is done/, /left unanswered: it is installed\./],
    },
    {
      what: "loads its loader over and over",
      steps: [ACK, LOADER, ACK, LOADER, ACK, LOADER, ACK, LOADER],
      quietMs: 1000,
      says: [/loads itself/, /4th time/],
    },
    {
      what: "loaded its loader often before the script came",
      steps: [LOADER, LOADER, LOADER, LOADER, SCRIPT, IPXE_ACK, LOADER],
      quietMs: 1000,
      says: [/recent/],
    },
  ];
  for (const { what, steps, state = "pxe_ready", quietMs = 10 * MIN, says } of stories) {
    test(`a host that ${what}`, () => {
      const story = explainHost(left(steps, later(NOW, -quietMs)), state, NOW);
      for (const word of says) assert.match(story, word);
      for (const line of story.split("\n")) assert.match(line, /^([A-Z`]|iPXE).*[.?]$/);
    });
  }

  test("what a host did before it was armed again says nothing of the install that it waits for", () => {
    const before = left([SCRIPT, REPORT], later(NOW, -3 * MIN));
    assert.match(
      explainHost(before, "pxe_ready", NOW, later(NOW, -1 * MIN)),
      /^An install is armed and it was not seen/,
    );
    const after = left([LOADER], later(NOW, -2000));
    assert.match(
      explainHost([...before, ...after], "pxe_ready", NOW, later(NOW, -1 * MIN)),
      /^Its boot loader was sent/,
    );
  });

  test("a folded entry counts for what it stands for, and from its newest on", () => {
    const footprint = { ...(left([LOADER], later(NOW, -4 * MIN))[0] as Footprint), last: later(NOW, -2000), count: 7 };
    assert.match(explainHost([footprint], "pxe_ready", NOW), /2 s ago\..*\n.*7th time/s);
  });
});

/** One second apart, the last one at `end`. */
function left(steps: readonly Step[], end: Instant): readonly Footprint[] {
  return steps.map(([road, outcome, what, why = ""], n) => {
    const at = later(end, (n + 1 - steps.length) * 1000);
    return { at, mac: null, road, outcome, what, why, stage: stageByWords({ road, outcome, what }) };
  });
}
