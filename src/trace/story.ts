import type { Instant } from "../std/clock.ts";
import type { Footprint } from "./footprint.ts";
import type { Stage } from "./stage.ts";

/**
 * Where a host is on its road, and where it stopped: what probably happened and what to do about it. One sentence or
 * two a line. `footprints`: of this host, oldest first. `stateWords`: the queue's state in words, of which the first is
 * its name (`installing, for 5 min`); empty: no such host. `armedAt`: when the install began that it waits for or is in;
 * what it did before says nothing of that one.
 */
export function explainHost(
  footprints: readonly Footprint[],
  stateWords: string,
  now: Instant,
  armedAt?: Instant,
): string {
  const [stateName = ""] = stateWords.split(/[^a-z_]/, 1);
  const seen = footprints.flatMap((footprint): Seen[] => {
    const [stage, at] = [footprint.stage ?? null, lastOf(footprint)];
    return stage === null || (armedAt !== undefined && at < armedAt) ? [] : [{ stage, footprint, at }];
  });
  const last = seen.at(-1);
  const settled = SETTLED[stateName];
  if (settled !== undefined) {
    const quiet =
      last?.stage === "ignored"
        ? `\nIts last request, ${ago(last.at, now)}, was left unanswered: ${last.footprint.why || "no reason was noted"}.`
        : "";
    return settled + quiet;
  }
  if (last === undefined) return UNSEEN[stateName] ?? NEVER_SEEN;
  const lines = [`${sentence(last)} ${ago(last.at, now)}.`];
  const loop = loopOf(seen, now);
  const { patienceMs, stuck } = STORIES[last.stage];
  if (loop !== null) lines.push(loop);
  else if (now - last.at > patienceMs) lines.push(...stuck(last.footprint));
  else if (patienceMs > 0) lines.push("That is recent; the next step may be under way.");
  return lines.join("\n");
}

interface Seen {
  readonly stage: Stage;
  readonly footprint: Footprint;
  readonly at: Instant;
}

interface Story {
  /** What happened, to be followed by how long ago. */
  readonly happened: (footprint: Footprint) => string;
  /** How long the next step may take; 0: there is nothing to wait for. */
  readonly patienceMs: number;
  /** Said when it took longer: the likely cause, and what to do. */
  readonly stuck: (footprint: Footprint) => readonly string[];
}

const S = 1000;
const MIN = 60 * S;

const PORTFAST =
  "A switch port with spanning tree stays closed for 30 s after each link-up: turn on portfast (edge port) for the ports of the machines.";

/** By how far it came. The causes are those that firmware, iPXE and installers are known for. */
const STORIES: Readonly<Record<Stage, Story>> = {
  ignored: {
    happened: ({ what }) => `It sent a ${what}, which was left unanswered,`,
    patienceMs: 0,
    stuck: ({ why }) => [why === "" ? "No reason was noted." : `Why: ${why}.`],
  },
  "address-refused": {
    happened: () => "It asked for an address that is not its own and was told so (NAK)",
    patienceMs: 20 * S,
    stuck: ({ why }) => [
      `${why === "" ? "" : `Why: ${why}. `}It should have begun again with a DISCOVER; if it does not, switch it off and on.`,
    ],
  },
  "firmware-directed": {
    happened: ({ what }) => `Its firmware was told what to boot, beside another DHCP server (${what})`,
    patienceMs: 20 * S,
    stuck: () => [
      "It never asked for that file: it got no address from the other server (PXE-E51, PXE-E52), or its firmware cannot put two offers together (PXE-E16, PXE-E53).",
      "`bootqueue mode HOST full` gives this machine address and boot file in one offer; `dhcp.proxy_asks_4011` helps firmware that wants to ask port 4011.",
    ],
  },
  "ipxe-directed": {
    happened: () => "iPXE was told where its boot script is, beside another DHCP server",
    patienceMs: 30 * S,
    stuck: () => [
      "It never fetched its boot script over HTTP: it got no address from the other server, or a firewall is before TCP port 80 here.",
      `iPXE shows the reason on the screen. ${PORTFAST}`,
    ],
  },
  "firmware-offered": {
    happened: ({ what }) => `Its firmware was sent an ${what}`,
    patienceMs: 15 * S,
    stuck: () => [
      "It never requested that address (the screen says PXE-E16, PXE-E18 or PXE-E51): either it took the offer of another DHCP server on this network, or the offer did not arrive.",
      "Look for another server with `bootqueue doctor`; check that the machine's switch port is in the right VLAN.",
    ],
  },
  "firmware-leased": {
    happened: ({ what }) => `Its firmware got its address (${what})`,
    patienceMs: 20 * S,
    stuck: ({ what }) =>
      /boot file https?:/.test(what)
        ? [
            "It never fetched that file over HTTP: its firmware may be built without plain http://, or with HTTP boot for another network card.",
            "Choose PXE over IPv4 (not HTTP) in its boot menu.",
          ]
        : [
            "It never asked for its boot file over TFTP (PXE-E32): a firewall between it and UDP port 69 here, or another DHCP server whose answer it mixed with ours.",
            "`bootqueue doctor` fetches the file as the machine would.",
          ],
  },
  "loader-probed": {
    happened: ({ what }) => `It asked only for the size of its boot loader (${what})`,
    patienceMs: 20 * S,
    stuck: () => [
      "Asking for the size first is normal, but it never fetched the file: Secure Boot may forbid it, or the file is too big or made for another kind of firmware.",
      "Switch off Secure Boot, and check `dhcp.boot_files` for this architecture.",
    ],
  },
  "loader-missing": {
    happened: ({ what }) => `Its boot loader was asked for and refused (${what})`,
    patienceMs: 0,
    stuck: ({ why }) => [
      `${why === "" ? "" : `Why: ${why}. `}Put the file into the assets folder, or correct its name in \`dhcp.boot_files\`.`,
    ],
  },
  "loader-broken": {
    happened: ({ what }) => `The transfer of its boot loader broke off (${what})`,
    patienceMs: 30 * S,
    stuck: ({ why }) => [
      `${why === "" ? "" : `Why: ${why}. `}If the machine fell silent in the middle, a firewall blocks the transfer's own UDP port (PXE-E35), or packets are lost: try a smaller \`tftp.blksize_max\` and another cable.`,
    ],
  },
  "loader-sent": {
    happened: ({ what }) => `Its boot loader was sent (${what})`,
    patienceMs: 30 * S,
    stuck: () => [
      "iPXE never came back for an address: it did not start, or it has no driver for this network card, or Secure Boot stopped it, or the link was not up again in time.",
      `Look at the machine's screen, and try the other loader (snponly.efi against ipxe.efi) in \`dhcp.boot_files\`. ${PORTFAST}`,
    ],
  },
  "ipxe-offered": {
    happened: () => "iPXE was offered its address",
    patienceMs: 15 * S,
    stuck: () => [
      "It never requested it: the offer did not arrive, or another DHCP server was quicker.",
      `Look for another server with \`bootqueue doctor\`. ${PORTFAST}`,
    ],
  },
  "ipxe-leased": {
    happened: () => "iPXE got its address",
    patienceMs: 30 * S,
    stuck: () => [
      "It never fetched its boot script over HTTP: a firewall before TCP port 80 here, a boot script set by another DHCP server, or an iPXE built without HTTP.",
      "iPXE shows the URL and an error number on the screen; fetch the same URL from another machine of this network.",
    ],
  },
  "script-refused": {
    happened: () => "It asked for its boot script and was refused",
    patienceMs: 0,
    stuck: ({ why }) => [why === "" ? "No reason was noted." : `Why: ${why}.`],
  },
  "script-sent": {
    happened: () => "It fetched its boot script",
    patienceMs: 60 * S,
    stuck: () => [
      "It never fetched the kernel: iPXE shows an error on the screen, often a machine in the wrong firmware mode for this kernel, or too little memory.",
      "Check with `bootqueue doctor` that the profile's files are in the assets folder.",
    ],
  },
  "menu-sent": {
    happened: () => "It was sent the menu",
    patienceMs: 0,
    stuck: ({ why }) => [`${why === "" ? "" : `Why: ${why}. `}It boots what is chosen on its screen, or its own disk.`],
  },
  "sent-to-disk": {
    happened: () => "It came for its boot script and was sent on to its own disk",
    patienceMs: 0,
    stuck: ({ why }) => [why === "" ? "No reason was noted." : `Why: ${why}.`],
  },
  "asset-missing": {
    happened: ({ what }) => `It asked for a file and did not get it (${what})`,
    patienceMs: 0,
    stuck: ({ why }) => [
      `${why === "" ? "" : `Why: ${why}. `}Put the file into the assets folder, or correct its name in the profile.`,
    ],
  },
  "kernel-sent": {
    happened: ({ what }) => `It fetched its kernel (${what})`,
    patienceMs: 5 * MIN,
    stuck: () => [
      "It never asked for its initrd: iPXE shows why on the screen. Too little memory for the image is the usual cause.",
      "An installer that carries its whole ISO needs about 8 GB of memory.",
    ],
  },
  "initrd-sent": {
    happened: ({ what }) => `It fetched its kernel and initrd (${what})`,
    patienceMs: 8 * MIN,
    stuck: () => [
      "The installer never asked for an address or for its answer file: it did not start (too little memory: about 8 GB are needed for an ISO in the initrd; or `initrd=` missing on the command line), or it brought up another network card.",
      PORTFAST,
    ],
  },
  "installer-offered": {
    happened: ({ what }) => `It was sent an ${what}`,
    patienceMs: 15 * S,
    stuck: () => [`It never requested that address. The installer waits for about 11 s only. ${PORTFAST}`],
  },
  "installer-leased": {
    happened: ({ what }) => `The installer got its address (${what})`,
    patienceMs: 5 * MIN,
    stuck: () => [
      "It never asked for its answer file: the image may not be prepared for automated installation, its clock or name server may be wrong, or it uses another network card.",
      "`bootqueue show HOST` says which image it booted; look at the installer's screen (Alt+F3 for its log).",
    ],
  },
  "certificate-refused": {
    happened: () => "It came by HTTPS and did not take our certificate",
    patienceMs: 0,
    stuck: ({ why }) => [
      `${why === "" ? "" : `Why: ${why}. `}Take a fingerprint that is fixed in its image out of it: DHCP (option 251) and the answer file tell it the right one.`,
      "The installer shows this on its screen and stops there; switch the machine off and on when it is put right.",
    ],
  },
  "answer-refused": {
    happened: () => "Its installer asked for an answer file and was refused",
    patienceMs: 0,
    stuck: ({ why }) => [
      `${why === "" ? "" : `Why: ${why}. `}The installer shows this on its screen and stops there; switch the machine off and on when it is put right.`,
    ],
  },
  "answer-sent": {
    happened: () => "Its installer got the answer file",
    patienceMs: 25 * MIN,
    stuck: () => [
      "The installer has not reported back: it stopped with an error on its screen (a wrong disk name or filter in the profile is the usual one), or its report did not reach us.",
      "If the machine is in fact installed, `bootqueue mark-installed HOST` says so.",
    ],
  },
  "installer-told": {
    happened: ({ why }) => `Its installer told how far it is (${why})`,
    patienceMs: 25 * MIN,
    stuck: () => [
      "It has told nothing since: it stopped with an error on its screen, or what it tells does not reach us any more.",
      "If the machine is in fact installed, `bootqueue mark-installed HOST` says so.",
    ],
  },
  "report-refused": {
    happened: () => "Its installer reported and was refused",
    patienceMs: 0,
    stuck: ({ why }) => [
      `${why === "" ? "" : `Why: ${why}. `}The system is installed nevertheless; \`bootqueue mark-installed HOST\` says so.`,
    ],
  },
  reported: {
    happened: () => "Its installer reported success",
    patienceMs: 15 * MIN,
    stuck: () => [
      "The installed system has not shown itself: it does not boot from its disk, or its first-boot script cannot reach this address.",
    ],
  },
  "first-boot": {
    happened: ({ what }) => `The installed system called (${what})`,
    patienceMs: 30 * MIN,
    stuck: () => ["It has not called again; its journal says why: `journalctl --boot` on that machine."],
  },
  "first-boot-refused": {
    happened: ({ what }) => `The installed system called and was refused (${what})`,
    patienceMs: 0,
    stuck: ({ why }) => [why === "" ? "No reason was noted." : `Why: ${why}.`],
  },
};

/** States in which nothing more is expected of the network. */
const SETTLED: Readonly<Record<string, string>> = {
  joining: "It is installed and joins its cluster; it gets no installer and boots from its own disk.",
  ready: "It is done; it gets no installer and boots from its own disk.",
};

/** What to say of a host that left no footprint, by its state. */
const UNSEEN: Readonly<Record<string, string>> = {
  registered: "It was entered by hand and no install is armed; `bootqueue rebuild HOST` arms one.",
  pxe_ready:
    "An install is armed and it was not seen since. Switch it on, with the network first in its boot order; `bootqueue doctor` tells whether anything arrives here at all.",
};

const NEVER_SEEN =
  "It was not seen since bootqueue started. Is it on, is network boot over IPv4 the first in its boot order, and is its cable in this network?";

/** A loader that is fetched again and again without anything in between loads itself. */
function loopOf(seen: readonly Seen[], now: Instant): string | null {
  const since = seen.findLastIndex(({ stage }) => SCRIPTS.has(stage)) + 1;
  const loads = seen.slice(since).filter(({ stage, at }) => stage === "loader-sent" && now - at < LOOP_MS);
  const count = loads.reduce((sum, { footprint }) => sum + countOf(footprint), 0);
  if (count < LOOP_LOADS) return null;
  return `That was the boot loader for the ${count}th time without a boot script: iPXE loads itself over and over, because another DHCP server answers it, or because what it was given is not iPXE. Look for another server with \`bootqueue doctor\`.`;
}

/** What a boot loader that works comes for. */
const SCRIPTS: ReadonlySet<Stage> = new Set(["script-sent", "script-refused", "menu-sent", "sent-to-disk"]);
const LOOP_MS = 5 * MIN;
const LOOP_LOADS = 4;

function sentence({ stage, footprint }: Seen): string {
  return STORIES[stage].happened(footprint);
}

/** Of a folded entry the newest counts; see `TraceEntry`. */
function lastOf(footprint: Footprint & { readonly last?: Instant }): Instant {
  return footprint.last ?? footprint.at;
}

function countOf(footprint: Footprint & { readonly count?: number }): number {
  return footprint.count ?? 1;
}

function ago(at: Instant, now: Instant): string {
  const seconds = Math.max(0, Math.round((now - at) / S));
  if (seconds < 120) return `${seconds} s ago`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min ago`;
  return `${Math.round(seconds / 3600)} h ago`;
}
