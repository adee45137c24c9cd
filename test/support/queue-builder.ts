import type { Hostname } from "../../src/net/hostname.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import type { MacAddress } from "../../src/net/mac-address.ts";
import type { SystemUuid } from "../../src/net/system-uuid.ts";
import type { QueueEvent } from "../../src/queue/event.ts";
import { type AttemptToken, type DhcpMode, hostIdOf } from "../../src/queue/host.ts";
import type { Inventory } from "../../src/queue/inventory.ts";
import type { QueueRules } from "../../src/queue/rules.ts";
import type { ScriptMeaning } from "../../src/queue/script-booting.ts";
import { type DeclaredSlot, type ProfileName, type Reservation, slotIdOf } from "../../src/queue/slot.ts";
import type { QueueState } from "../../src/queue/state.ts";

/** Machine `n`'s first NIC; `nic` 2 is its second. */
export function mac(n: number, nic = 1): MacAddress {
  return `52:54:00:00:0${nic}:${n.toString(16).padStart(2, "0")}` as MacAddress;
}

export function uuid(n: number): SystemUuid {
  return `4c4c4544-0043-5110-8031-c7c04f51${n.toString(16).padStart(4, "0")}` as SystemUuid;
}

export function address(n: number): Ipv4Address {
  return `10.11.0.${n + 1}` as Ipv4Address;
}

export function slotId(n: number) {
  return slotIdOf(address(n));
}

export function hostId(n: number) {
  return hostIdOf(mac(n));
}

export function token(n: number | string): AttemptToken {
  return `token-${n}` as AttemptToken;
}

export function declaredSlots(count: number, reservations: Readonly<Record<number, Reservation>> = {}): DeclaredSlot[] {
  return Array.from({ length: count }, (_, i) => ({
    id: slotId(i + 1),
    address: address(i + 1),
    hostname: `node${i + 1}` as Hostname,
    profile: "pve" as ProfileName,
    labels: [],
    reservation: reservations[i + 1] ?? null,
    boardSerial: null,
    diskSerials: [],
  }));
}

const MINUTE = 60_000;

export const RULES: QueueRules = {
  holdMs: 2 * MINUTE,
  limitMs: {
    pxe_ready: 15 * MINUTE,
    armed: 1440 * MINUTE,
    pxe_booted: 15 * MINUTE,
    installing: 60 * MINUTE,
    installed: 30 * MINUTE,
    first_boot: 60 * MINUTE,
    joining: 30 * MINUTE,
  },
  attemptsMax: 3,
  approval: false,
  flows: new Map([["pve" as ProfileName, { firstBoot: false, cluster: null }]]),
  power: { slots: new Set(), macs: new Set(), cycleStuck: false },
};

export function rulesWith(
  flow: { firstBoot?: boolean; cluster?: string | null },
  more: Partial<QueueRules> = {},
): QueueRules {
  return { ...RULES, ...more, flows: new Map([["pve" as ProfileName, { firstBoot: false, cluster: null, ...flow }]]) };
}

export const INVENTORY: Inventory = {
  system: "Proxmox VE 9.1.2",
  fqdn: null,
  kernel: null,
  bootMode: "efi",
  secureBoot: false,
  filesystem: "ext4",
  machineId: null,
  cpu: null,
  board: { product: null, serial: null, boardSerial: null },
  disks: [],
  nics: [],
  sshHostKeys: {},
};

/** Machine `n`'s events, each as its edge would make it. */
export const seen = (n: number, nic = 1): QueueEvent => ({ type: "host-seen", mac: mac(n, nic), uuid: uuid(n) });
export const requested = (n: number, slot = n, nic = 1): QueueEvent => ({
  type: "slot-requested",
  mac: mac(n, nic),
  uuid: uuid(n),
  address: address(slot),
  token: token(n),
});
/** It fetches its script, having its address from another server; an address in the web tells no UUID. */
export const claimed = (n: number, nic = 1): QueueEvent => ({
  type: "slot-claimed",
  mac: mac(n, nic),
  uuid: null,
  token: token(n),
});
export const modeSet = (n: number, mode: DhcpMode | null, nic = 1): QueueEvent => ({
  type: "host-mode-set",
  mac: mac(n, nic),
  mode,
});
export const script = (n: number): QueueEvent => ({ type: "script-fetched", host: hostId(n) });
/** A script that no answer file follows. */
export const scriptBooted = (n: number, meaning: ScriptMeaning): QueueEvent => ({
  type: "script-booted",
  host: hostId(n),
  meaning,
});
export const answer = (n: number): QueueEvent => ({
  type: "answer-fetched",
  host: hostId(n),
  macs: [mac(n), mac(n, 2)],
  uuid: uuid(n),
});
export const reported = (n: number): QueueEvent => ({
  type: "install-reported",
  host: hostId(n),
  token: token(n),
  inventory: INVENTORY,
});
export const phoned = (n: number): QueueEvent => ({ type: "phoned-home", host: hostId(n), token: token(n) });
export const finished = (n: number): QueueEvent => ({ type: "first-boot-finished", host: hostId(n), token: token(n) });
export const joined = (n: number): QueueEvent => ({ type: "join-succeeded", host: hostId(n) });
export const joinFailed = (n: number): QueueEvent => ({ type: "join-failed", host: hostId(n), reason: "no quorum" });
export const skip = (n: number): QueueEvent => ({ type: "slot-skipped", slot: slotId(n), reason: "by the operator" });
export const unskip = (n: number): QueueEvent => ({ type: "slot-unskipped", slot: slotId(n) });
export const rebuild = (n: number, again: number | string = n): QueueEvent => ({
  type: "rebuild-ordered",
  host: hostId(n),
  token: token(again),
});
export const reset = (n: number, evenInstalled = false): QueueEvent => ({
  type: "host-reset",
  host: hostId(n),
  evenInstalled,
});
export const marked = (n: number): QueueEvent => ({ type: "host-marked-installed", host: hostId(n) });
export const approved = (n: number): QueueEvent => ({ type: "host-approved", host: hostId(n) });
export const registered = (n: number, slot: number | null = null): QueueEvent => ({
  type: "host-registered",
  mac: mac(n),
  uuid: null,
  serverType: null,
  slot: slot === null ? null : slotId(slot),
});

/** `available pxe_ready(1) held`: each slot by its host's state and number, or by its own state. */
export function drawn(state: QueueState): string {
  const slots = state.slots.map((slot) => {
    if (slot.state.type !== "assigned") return slot.state.type;
    const id = slot.state.host;
    const host = state.hosts.find((candidate) => candidate.id === id);
    return host === undefined ? "LOST" : `${host.state.type}(${Number.parseInt(host.id.slice(-2), 16)})`;
  });
  const apart = state.hosts.filter((host) => host.slot === null);
  const others = apart.map((host) => `${host.state.type}(${Number.parseInt(host.id.slice(-2), 16)})`);
  return [slots.join(" "), ...(others.length === 0 ? [] : [`| ${others.join(" ")}`])].join(" ");
}
