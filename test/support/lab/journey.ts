import type { FootprintView, HostView } from "../../../src/http/contract.ts";
import type { Appliance } from "./appliance.ts";
import { answeredAfterReport, brokenLink, type Evidence, ignoredAfterReport } from "./broken-link.ts";
import type { Machine } from "./machine.ts";

/** Something a machine was seen to do. */
export interface Milestone {
  /** Short, for tables: a state of the host, `ipxe`, `ignored` or `disk`. */
  readonly name: string;
  /** For people. */
  readonly words: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** One machine's way from an empty disk to a system that boots from it, as the appliance and its console tell. */
export class Journey {
  readonly machine: Machine;
  /** From 1. */
  readonly slot: number;
  readonly hostname: string;
  readonly address: string;
  readonly milestones: Milestone[] = [];
  readonly #joins: boolean;
  #host: HostView | null = null;
  #footprints: readonly FootprintView[] = [];

  /** `joins`: after its first boot it goes on to join a cluster. */
  constructor(
    machine: Machine,
    slot: { readonly number: number; readonly hostname: string; readonly address: string },
    { joins = false } = {},
  ) {
    this.#joins = joins;
    this.machine = machine;
    this.slot = slot.number;
    this.hostname = slot.hostname;
    this.address = slot.address;
  }

  /** Looks again, and returns what is new. Rejects when the appliance does not answer. */
  async look(appliance: Appliance): Promise<readonly Milestone[]> {
    const mac = this.machine.macs[0];
    const [host, footprints] = await Promise.all([appliance.hostOf(mac), appliance.timelineOf(mac)]);
    this.#host = host;
    this.#footprints = footprints;
    const known = this.milestones.length;
    for (const { state, at } of host?.passages ?? []) {
      if (STATE_WORDS[state]) this.#reach(state, STATE_WORDS[state](this), Date.parse(at));
    }
    const ipxe = footprints.find(({ road, what }) => road === "dhcp" && /^ACK .*from iPXE/.test(what));
    if (ipxe) this.#reach("ipxe", "runs iPXE", Date.parse(ipxe.at));
    const ignored = ignoredAfterReport({ footprints });
    if (ignored) {
      const patience = this.machine.firmware === "uefi" ? " (UEFI goes on to the disk after a minute)" : "";
      this.#reach("ignored", `asks DHCP again and is left unanswered${patience}`, Date.parse(ignored.at));
    }
    const [localBoot] = this.machine.localBoots;
    if (localBoot) this.#reach("disk", `boots from its own disk, which says: ${localBoot}`, Date.now());
    const fresh = this.milestones.slice(known);
    this.milestones.sort((one, other) => one.at - other.at);
    return fresh.sort((one, other) => one.at - other.at);
  }

  /** true: it has arrived, in the slot it should have, unanswered after its installation, from its own disk. */
  get isOver(): boolean {
    const names = this.milestones.map(({ name }) => name);
    return (
      this.#host?.slot?.number === this.slot &&
      this.#host.state === "ready" &&
      names.includes("ignored") &&
      names.includes("disk") &&
      answeredAfterReport({ footprints: this.#footprints }) === undefined &&
      this.machine.localBoots.some((line) => line.startsWith(`LOCAL-BOOT ${this.hostname} ${this.address} `))
    );
  }

  /** true: it will not arrive any more, however long one waits. */
  get isLost(): boolean {
    return (
      !this.machine.isOn ||
      this.#host?.state === "failed" ||
      /^standin: STOPPED|Kernel panic|No bootable device/m.test(this.machine.console.text()) ||
      answeredAfterReport({ footprints: this.#footprints }) !== undefined ||
      (this.milestones.some(({ name }) => name === "disk") && !this.#isOnItsWay && !this.isOver)
    );
  }

  /** true: its disk has booted, and it is not through all the same. */
  get #isOnItsWay(): boolean {
    return this.#joins && this.#host?.state !== "ready";
  }

  /** Which link of its chain broke, in one sentence. */
  get brokenLink(): string {
    const name = `machine ${this.machine.number} (${this.machine.macs[0]}, ${FIRMWARE_WORDS[this.machine.firmware]})`;
    if (!this.machine.isOn) return `${name}: QEMU ended by itself; its log says why`;
    const number = this.#host?.slot?.number;
    if (number !== undefined && number !== this.slot) {
      return `${name}: it took slot ${number} and not slot ${this.slot}`;
    }
    const evidence: Evidence = {
      host: this.#host,
      footprints: this.#footprints,
      console: this.machine.console.text(),
      hostname: this.hostname,
    };
    return `${name}: ${brokenLink(evidence)}`;
  }

  #reach(name: string, words: string, at: number): void {
    if (!this.milestones.some((milestone) => milestone.name === name)) this.milestones.push({ name, words, at });
  }
}

export const FIRMWARE_WORDS = { bios: "BIOS", uefi: "UEFI", "uefi-secure": "UEFI with Secure Boot" } as const;

/** The states that a machine passes on its way, as one would tell them. */
const STATE_WORDS: Readonly<Record<string, (journey: Journey) => string>> = {
  pxe_ready: (journey) =>
    `${FIRMWARE_WORDS[journey.machine.firmware]} machine ${journey.machine.number} takes slot ${journey.slot}: ${journey.address}`,
  pxe_booted: () => "has its boot script and loads the installer",
  installing: () => "installs: it was given its answer file",
  installed: () => "reports that it is installed, and restarts",
  first_boot: () => "runs its first-boot steps",
  joining: () => "joins the cluster",
  ready: () => "is ready; from now on DHCP ignores it",
  failed: () => "has failed",
};
