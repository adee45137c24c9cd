import type { FootprintView, HostView } from "../../../src/http/contract.ts";

/** What is known of one machine when it did not arrive. */
export interface Evidence {
  /** null: the appliance has no such host. */
  readonly host: HostView | null;
  /** Of its first network card, oldest first. */
  readonly footprints: readonly FootprintView[];
  /** Its serial log as text. */
  readonly console: string;
  /** What its disk has to print. */
  readonly hostname: string;
}

/**
 * Names the link of the chain that broke, from the first to the last: the sentence that fits first is the answer.
 * Told from what the appliance noted and from what the machine wrote on its serial port.
 */
export function brokenLink(evidence: Evidence): string {
  for (const { broke, sentence } of LINKS) {
    if (broke(evidence)) return sentence(evidence);
  }
  return "it did everything that was asked, only too late";
}

interface Link {
  /** true: the chain ends before this link. Links before it held. */
  readonly broke: (evidence: Evidence) => boolean;
  readonly sentence: (evidence: Evidence) => string;
}

const LINKS: readonly Link[] = [
  {
    broke: ({ footprints }) => !footprints.some(({ road }) => road === "dhcp"),
    sentence: ({ console }) =>
      console.trim() === ""
        ? "no DHCP request of it was seen, and it printed nothing: the machine does not run, or its network card is not connected"
        : "no DHCP request of it was seen, although its firmware runs: its network card is not connected, or not tried",
  },
  {
    broke: (evidence) => !has(evidence, "dhcp", "answered", /^OFFER /),
    sentence: (evidence) => `it asked for an address and was left unanswered: ${lastWhy(evidence, "dhcp", "dropped")}`,
  },
  {
    broke: (evidence) => !has(evidence, "dhcp", "answered", /^ACK /),
    sentence: (evidence) =>
      has(evidence, "dhcp", "dropped", /^NAK/)
        ? `it requested an address and was refused (NAK): ${lastWhy(evidence, "dhcp", "dropped")}`
        : "it was offered an address but never requested it",
  },
  {
    broke: (evidence) =>
      !has(evidence, "dhcp", "answered", /^ACK .*from iPXE/) && !has(evidence, "tftp", "answered", /^sent /),
    sentence: (evidence) =>
      `it got an address but did not fetch the boot loader by TFTP: ${lastWhy(evidence, "tftp", "dropped", "it never asked for it")}`,
  },
  {
    broke: (evidence) => !has(evidence, "dhcp", "answered", /^ACK .*from iPXE/),
    sentence: () => "the boot loader was fetched, but iPXE never asked for an address: it did not start",
  },
  {
    broke: (evidence) => !has(evidence, "http", "answered", /^boot script/),
    sentence: (evidence) =>
      `iPXE got its address but not its boot script: ${lastWhy(evidence, "http", "dropped", "it never asked for it")}`,
  },
  {
    broke: (evidence) => !has(evidence, "http", "answered", /initrd/),
    sentence: (evidence) =>
      `iPXE got its boot script but did not load kernel and initrd: ${lastWhy(evidence, "http", "dropped", "it never asked for them")}`,
  },
  {
    broke: ({ console }) => !/^standin: release/m.test(console),
    sentence: ({ console }) =>
      `kernel and initrd were fetched, but the installer did not start${/Kernel panic.*/.exec(console)?.[0].replace(/^/, ": ") ?? ""}`,
  },
  {
    broke: (evidence) => !has(evidence, "dhcp", "answered", /^ACK .*Proxmox installer/),
    sentence: (evidence) => `the installer started but got no address by DHCP${stopped(evidence)}`,
  },
  {
    broke: (evidence) => !has(evidence, "http", "answered", /^answer/),
    sentence: (evidence) =>
      `the installer did not get its answer file: ${lastWhy(evidence, "http", "dropped", "it never asked for it")}${stopped(evidence)}`,
  },
  {
    broke: ({ console }) => !/^standin: wrote install=/m.test(console),
    sentence: (evidence) => `the installer got its answer file but did not install${stopped(evidence)}`,
  },
  {
    broke: (evidence) => !has(evidence, "http", "answered", /^install/),
    sentence: (evidence) =>
      `the disk was written, but the installer's report did not arrive: ${lastWhy(evidence, "http", "dropped", "the webhook was never called")}${stopped(evidence)}`,
  },
  {
    broke: ({ host }) => host?.state !== "ready",
    sentence: ({ host }) =>
      `the installation was reported, but the host is ${host?.state ?? "forgotten"} and not ready${host?.reason ? `: ${host.reason}` : ""}`,
  },
  {
    broke: (evidence) => answeredAfterReport(evidence) !== undefined,
    sentence: (evidence) =>
      `it asked for an address after the installation and was answered: ${answeredAfterReport(evidence)?.what}`,
  },
  {
    broke: (evidence) => ignoredAfterReport(evidence) === undefined,
    sentence: () => "after the installation it never asked for an address again, so that it was ignored is not proven",
  },
  {
    broke: ({ console }) => !/^.*LOCAL-BOOT /m.test(console),
    sentence: () => "it was ignored by DHCP as it must be, but did not boot from its disk",
  },
  {
    broke: ({ console, hostname }) => !console.includes(`LOCAL-BOOT ${hostname} `),
    sentence: ({ console, hostname }) =>
      `its disk does not boot as ${hostname} but says: ${/LOCAL-BOOT .*/.exec(console)?.[0]}`,
  },
];

/** The first answer it got to a DHCP request after its report; it must have none. */
export function answeredAfterReport({ footprints }: Pick<Evidence, "footprints">): FootprintView | undefined {
  return afterReport(footprints).find(({ road, outcome }) => road === "dhcp" && outcome === "answered");
}

/** The first DISCOVER after its report that was left unanswered: the proof that it asked. */
export function ignoredAfterReport({ footprints }: Pick<Evidence, "footprints">): FootprintView | undefined {
  return afterReport(footprints).find(
    ({ road, outcome, what }) => road === "dhcp" && outcome === "dropped" && what.startsWith("DISCOVER"),
  );
}

function afterReport(footprints: readonly FootprintView[]): readonly FootprintView[] {
  const report = footprints.findIndex(
    ({ road, outcome, what }) => road === "http" && outcome === "answered" && what.startsWith("install"),
  );
  return report === -1 ? [] : footprints.slice(report + 1);
}

function has(
  { footprints }: Evidence,
  road: FootprintView["road"],
  outcome: FootprintView["outcome"],
  what: RegExp,
): boolean {
  return footprints.some((one) => one.road === road && one.outcome === outcome && what.test(one.what));
}

function lastWhy(
  { footprints }: Evidence,
  road: FootprintView["road"],
  outcome: FootprintView["outcome"],
  otherwise = "no reason was noted",
): string {
  const last = footprints.filter((one) => one.road === road && one.outcome === outcome).at(-1);
  if (last === undefined) return otherwise;
  return last.why === "" ? last.what : `${last.what}, ${last.why}`;
}

function stopped({ console }: Evidence): string {
  const reason = /^standin: STOPPED: (.*)$/m.exec(console)?.[1];
  return reason === undefined ? "" : `; its console says: ${reason}`;
}
