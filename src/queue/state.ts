import type { Ipv4Address } from "../net/ipv4-address.ts";
import type { MacAddress } from "../net/mac-address.ts";
import type { SystemUuid } from "../net/system-uuid.ts";
import type { Host, HostId } from "./host.ts";
import type { Slot, SlotId } from "./slot.ts";

/** The whole queue. Immutable: a step makes a new one. */
export interface QueueState {
  /** In the order of the configuration, which is the order in which they are given out. */
  readonly slots: readonly Slot[];
  /** In the order in which they were first seen. */
  readonly hosts: readonly Host[];
  /** true: no unknown host takes a slot. */
  readonly paused: boolean;
}

export const EMPTY_QUEUE: QueueState = { slots: [], hosts: [], paused: false };

export function findSlot(state: QueueState, id: SlotId): Slot | undefined {
  return state.slots.find((slot) => slot.id === id);
}

export function findSlotByAddress(state: QueueState, address: Ipv4Address): Slot | undefined {
  return state.slots.find((slot) => slot.address === address);
}

export function findHeldSlot(state: QueueState, mac: MacAddress): Slot | undefined {
  return state.slots.find((slot) => slot.state.type === "held" && slot.state.mac === mac);
}

export function findHost(state: QueueState, id: HostId): Host | undefined {
  return state.hosts.find((host) => host.id === id);
}

export function findHostByMac(state: QueueState, mac: MacAddress): Host | undefined {
  return state.hosts.find((host) => host.macs.includes(mac));
}

export function findHostByUuid(state: QueueState, uuid: SystemUuid): Host | undefined {
  return state.hosts.find((host) => host.uuid === uuid);
}

export function slotOf(state: QueueState, host: Host): Slot | undefined {
  return host.slot === null ? undefined : findSlot(state, host.slot);
}

export function hostOf(state: QueueState, slot: Slot): Host | undefined {
  return slot.state.type === "assigned" ? findHost(state, slot.state.host) : undefined;
}

/** The NIC that has, or is offered, this address; null: none that we know of. */
export function findMacAt(state: QueueState, address: Ipv4Address): MacAddress | null {
  const slot = findSlotByAddress(state, address);
  if (slot?.state.type === "held") return slot.state.mac;
  return (slot && hostOf(state, slot)?.bootMac) ?? null;
}
