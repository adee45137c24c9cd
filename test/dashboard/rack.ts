import type { TraceEntry } from "../../src/dashboard/scene.ts";
import type { Hostname } from "../../src/net/hostname.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import type { MacAddress } from "../../src/net/mac-address.ts";
import type { SystemUuid } from "../../src/net/system-uuid.ts";
import { type AttemptToken, type Host, type HostState, hostIdOf, type Passage } from "../../src/queue/host.ts";
import type { Inventory } from "../../src/queue/inventory.ts";
import { type ProfileName, type Slot, type SlotState, slotIdOf } from "../../src/queue/slot.ts";
import type { QueueState } from "../../src/queue/state.ts";
import { type Instant, later } from "../../src/std/clock.ts";

/** A rack with a host in every state, as it might look at an instant in the middle of an afternoon. */
export const NOON = Date.UTC(2026, 10, 20, 12, 0, 0) as Instant;

export const MINUTE = 60_000;

export function macOf(n: number): MacAddress {
  return `52:54:00:ab:cd:${n.toString(16).padStart(2, "0")}` as MacAddress;
}

export function idOf(n: number) {
  return hostIdOf(macOf(n));
}

export function slotAt(n: number, hostname: string, state: SlotState): Slot {
  const address = `10.11.0.${n + 1}` as Ipv4Address;
  return {
    id: slotIdOf(address),
    address,
    hostname: hostname as Hostname,
    profile: "pve" as ProfileName,
    labels: [],
    reservation: null,
    boardSerial: null,
    diskSerials: [],
    state,
    declared: true,
  };
}

export function hostIn(n: number, state: HostState, more: Partial<Host> = {}): Host {
  return {
    id: idOf(n),
    uuid: `4c4c4544-0043-5110-8031-c7c04f51${n.toString(16).padStart(4, "0")}` as SystemUuid,
    macs: [macOf(n)],
    bootMac: macOf(n),
    serverType: null,
    byOperator: false,
    dhcp: null,
    slot: slotIdOf(`10.11.0.${n + 1}` as Ipv4Address),
    state,
    attempt: {
      token: `secret-token-${n}` as AttemptToken,
      answers: 1,
      armedAt: later(NOON, -30 * MINUTE),
      approved: null,
      power: null,
    },
    inventory: null,
    identity: null,
    hold: null,
    passages: [{ state: state.type, at: state.since, reason: "" }],
    founding: null,
    operations: [],
    ...more,
  };
}

/** Passages that end in the last state, each a few minutes after the one before. */
export function passagesTo(...states: readonly Passage["state"][]): Passage[] {
  return states.map((state, i) => ({ state, at: later(NOON, (i - states.length) * 7 * MINUTE), reason: "" }));
}

export const INVENTORY: Inventory = {
  system: "Proxmox VE 9.1.2",
  fqdn: "peach-beach.lab.example",
  kernel: "6.14.11-4-pve",
  bootMode: "efi",
  secureBoot: true,
  filesystem: "zfs (RAID1)",
  machineId: null,
  cpu: { model: "AMD Ryzen 7 PRO 5850U", sockets: 1, cores: 8, cpus: 16 },
  board: { product: "ThinkCentre M75q Gen 2", serial: "PC21YB7K", boardSerial: null },
  disks: [
    {
      device: "/dev/nvme0n1",
      model: "SAMSUNG MZVL2512HCJQ",
      serial: "S64KNX0T401122",
      sizeBytes: 512_110_190_592,
      isBootDisk: true,
    },
    {
      device: "/dev/sda",
      model: "WDC WDS400T1R0A",
      serial: "21424E800155",
      sizeBytes: 4_000_787_030_016,
      isBootDisk: false,
    },
  ],
  nics: [
    { name: "eno1", mac: macOf(9), address: "10.11.0.10/22", isManagement: true },
    { name: "enp3s0", mac: "52:54:00:ab:ce:09" as MacAddress, address: null, isManagement: false },
  ],
  sshHostKeys: {
    ed25519: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJqZbL0pUSb9QmYhLJmBRlNVZQvV4NJfsHbV0KXr1kOZ root@peach-beach",
  },
};

const since = (minutes: number) => later(NOON, -minutes * MINUTE);
const deadline = (minutes: number) => later(NOON, minutes * MINUTE);

const NAMES = [
  "bowser-castle",
  "cheep-cheep",
  "choco-island",
  "donut-plains",
  "ghost-valley",
  "koopa-beach",
  "mario-circuit",
  "rainbow-road",
  "peach-beach",
  "vanilla-lake",
  "luigi-raceway",
  "moo-moo-farm",
  "royal-raceway",
  "sherbet-land",
];

/** One host in each state, more slots than hosts, and every state of a slot. */
export function fullRack(): QueueState {
  const hosts: Host[] = [
    hostIn(
      1,
      { type: "pxe_ready", since: since(1.2), deadline: deadline(13.8), requested: true },
      {
        attempt: {
          token: "secret-token-1" as AttemptToken,
          answers: 0,
          armedAt: since(1.2),
          approved: null,
          power: null,
        },
      },
    ),
    hostIn(2, { type: "pxe_booted", since: since(0.4), deadline: deadline(14.6) }),
    hostIn(
      3,
      { type: "installing", since: since(6.3), deadline: deadline(53.7) },
      { passages: passagesTo("pxe_ready", "pxe_booted", "installing") },
    ),
    hostIn(4, { type: "installed", since: since(2.2), deadline: deadline(27.8) }),
    hostIn(5, { type: "first_boot", since: since(3.1), deadline: deadline(56.9) }),
    hostIn(6, { type: "joining", since: since(0.7), deadline: deadline(29.3) }),
    hostIn(
      7,
      {
        type: "failed",
        since: since(18),
        reason: "no report from the installer within 60 min; look at its console",
        from: "installing",
      },
      {
        attempt: {
          token: "secret-token-7" as AttemptToken,
          answers: 2,
          armedAt: since(90),
          approved: null,
          power: null,
        },
        passages: passagesTo("pxe_ready", "pxe_booted", "installing", "failed"),
      },
    ),
    hostIn(8, { type: "registered", since: since(2890) }, { byOperator: true, attempt: null, serverType: "m75q" }),
    hostIn(
      9,
      { type: "ready", since: since(64) },
      { inventory: INVENTORY, passages: passagesTo("pxe_ready", "pxe_booted", "installing", "installed", "ready") },
    ),
    hostIn(
      30,
      {
        type: "discovered",
        since: since(4),
        reason: "the queue is paused; `bootqueue resume` lets new hosts take slots again",
        approved: false,
      },
      { slot: null, attempt: null },
    ),
    hostIn(
      31,
      {
        type: "discovered",
        since: since(2),
        reason: "new hosts need approval; `bootqueue approve HOST` gives it the next slot",
        approved: false,
      },
      { slot: null, attempt: null },
    ),
  ];
  const slots = NAMES.map((name, i) => {
    const host = hosts.find((candidate) => candidate.slot === slotIdOf(`10.11.0.${i + 2}` as Ipv4Address));
    return slotAt(
      i + 1,
      name,
      host ? { type: "assigned", host: host.id, since: host.state.since } : { type: "available" },
    );
  });
  return {
    rebuilds: null,
    slots: slots.map((slot, i) => {
      if (i === 9)
        return { ...slot, state: { type: "held", mac: macOf(40), uuid: null, since: NOON, until: deadline(1.5) } };
      if (i === 10)
        return {
          ...slot,
          state: { type: "skipped", since: since(500), reason: "its switch port is dead", conflict: null },
        };
      if (i === 11) return { ...slot, reservation: { type: "mac", mac: macOf(41) }, state: { type: "reserved" } };
      return slot;
    }),
    hosts,
    paused: false,
  };
}

export function footprint(n: number, more: Partial<TraceEntry>): TraceEntry {
  return { at: NOON, mac: macOf(n), road: "dhcp", outcome: "answered", what: "OFFER 10.11.0.2", why: "", ...more };
}

/** What machine 3 did until its installer had its answer, and a stranger. */
export function footprints(): TraceEntry[] {
  const at = (seconds: number) => later(NOON, seconds * 1000);
  return [
    footprint(3, {
      at: at(-420),
      what: "OFFER 10.11.0.4, snponly.efi",
      why: "the first free slot, choco-island, is held for it",
    }),
    footprint(3, { at: at(-416), what: "ACK 10.11.0.4, snponly.efi" }),
    footprint(3, { at: at(-415), road: "queue", outcome: "noted", what: "took the slot choco-island" }),
    footprint(3, { at: at(-414), road: "tftp", what: "sent snponly.efi, 251904 octets" }),
    footprint(3, { at: at(-409), what: "ACK 10.11.0.4, boot script", why: "it is iPXE now" }),
    footprint(3, { at: at(-408), road: "http", what: "sent its boot script", why: "it installs Proxmox VE" }),
    footprint(99, {
      at: at(-400),
      outcome: "dropped",
      what: "DISCOVER",
      why: "it does not ask for a boot file, so it takes no slot",
      count: 12,
    }),
    footprint(3, { at: at(-380), road: "http", what: "sent linux26, initrd.img" }),
    footprint(3, { at: at(-378), road: "http", what: "sent its answer file" }),
    footprint(9, {
      at: at(-60),
      outcome: "dropped",
      what: "DISCOVER",
      why: "it is installed, so it is left to boot from its own disk",
      count: 4,
    }),
  ];
}
