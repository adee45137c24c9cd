import {
  broadcastAddress,
  type Ipv4Address,
  type Ipv4Subnet,
  ipv4ToNumber,
  networkAddress,
} from "../net/ipv4-address.ts";
import type { MacAddress } from "../net/mac-address.ts";
import { isSameSystem, type SystemUuid, settledPartOf } from "../net/system-uuid.ts";
import type { Instant } from "../std/clock.ts";
import type { Host, HostId } from "./host.ts";
import type { RebuildSet } from "./rebuild-set.ts";
import type { Slot, SlotId } from "./slot.ts";
import { Table } from "./table.ts";
import type { TableChanges } from "./table-changes.ts";
import type { Rows, Shape } from "./table-shape.ts";

/** The whole queue. Immutable: a step makes a new one. */
export interface QueueState {
  /** In the order of the configuration, which is the order in which they are given out. */
  readonly slots: Rows<Slot>;
  /** In the order in which they were first seen. */
  readonly hosts: Rows<Host>;
  /** true: no unknown host takes a slot. */
  readonly paused: boolean;
  /** Hosts that are installed again in turns; null: none were ordered yet. */
  readonly rebuilds: RebuildSet | null;
}

export const EMPTY_QUEUE: QueueState = { slots: [], hosts: [], paused: false, rebuilds: null };

/** The same queue in the form in which nothing has to be searched. */
export function indexed(state: QueueState): QueueState {
  return { ...state, slots: slotTable(state), hosts: hostTable(state) };
}

export function findSlot(state: QueueState, id: SlotId): Slot | undefined {
  return lookUp(SLOTS, state.slots, id, (slot) => slot.id === id);
}

export function findSlotByAddress(state: QueueState, address: Ipv4Address): Slot | undefined {
  return lookUp(SLOTS, state.slots, address, (slot) => slot.address === address);
}

export function findHeldSlot(state: QueueState, mac: MacAddress): Slot | undefined {
  return lookUp(SLOTS, state.slots, mac, (slot) => slot.state.type === "held" && slot.state.mac === mac);
}

/** The slot that is held for a machine with this UUID, but for another NIC than `mac`. */
export function findSlotHeldForOtherNic(state: QueueState, uuid: SystemUuid, mac: MacAddress): Slot | undefined {
  return lookUp(
    SLOTS,
    state.slots,
    uuid,
    (slot) => slot.state.type === "held" && slot.state.uuid === uuid && slot.state.mac !== mac,
  );
}

/** Slots in order, but for neighbours of which no address is in `subnet`, or `mayMatter` says no to all together. */
export function slotsWhere(
  state: QueueState,
  subnet: Ipv4Subnet | undefined,
  mayMatter: (summary: SlotSummary) => boolean,
): Iterable<readonly Slot[]> {
  if (subnet === undefined) return slotTable(state).rowsWhere(mayMatter);
  const [first, last] = [networkAddress(subnet), broadcastAddress(subnet)].map(ipv4ToNumber) as [number, number];
  return slotTable(state).rowsWhere(
    (summary) => mayMatter(summary) && summary.lastAddress >= first && summary.firstAddress <= last,
  );
}

export function findHost(state: QueueState, id: HostId): Host | undefined {
  return lookUp(HOSTS, state.hosts, id, (host) => host.id === id);
}

export function findHostByMac(state: QueueState, mac: MacAddress): Host | undefined {
  return lookUp(HOSTS, state.hosts, mac, (host) => host.macs.includes(mac));
}

/** Also one whose UUID we know with its octets in the other order; see `isSameSystem`. */
export function findHostByUuid(state: QueueState, uuid: SystemUuid): Host | undefined {
  const key = settledPartOf(uuid);
  const found = lookUp(HOSTS, state.hosts, key, (host) => host.uuid !== null && isSameSystem(host.uuid, uuid));
  if (found === undefined || found.uuid === uuid) return found;
  return lookUp(HOSTS, state.hosts, key, (host) => host.uuid === uuid) ?? found;
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

/** Hosts that wait unknown and unapproved: how many, and the one that was seen first. */
export function strangersOf(state: QueueState): { readonly count: number; readonly first: Host | undefined } {
  const hosts = hostTable(state);
  for (const some of hosts.rowsWhere((summary) => summary.strangers > 0)) {
    return { count: hosts.summary.strangers, first: some.find(isStranger) };
  }
  return { count: 0, first: undefined };
}

/** When the nearest hold or wait ends; null: nobody waits. */
export function nearestDeadline(state: QueueState): Instant | null {
  return earlier(slotTable(state).summary.deadline, hostTable(state).summary.deadline);
}

/** Slots that are held and hosts that wait no longer than until `now`. */
export function overdue(state: QueueState, now: Instant): { readonly slots: Slot[]; readonly hosts: Host[] } {
  const isOver = (deadline: Instant | null) => deadline !== null && deadline <= now;
  const mayMatter = (summary: { readonly deadline: Instant | null }) => isOver(summary.deadline);
  const slots: Slot[] = [];
  const hosts: Host[] = [];
  for (const some of slotTable(state).rowsWhere(mayMatter)) slots.push(...some.filter((s) => isOver(holdEndOf(s))));
  for (const some of hostTable(state).rowsWhere(mayMatter)) hosts.push(...some.filter((h) => isOver(deadlineOf(h))));
  return { slots, hosts };
}

/** What makes `before` into `after`. */
export interface QueueChanges {
  readonly slots: TableChanges<Slot>;
  readonly hosts: TableChanges<Host>;
}

/** null: rows that stayed changed their order. What did not change is not even looked at. */
export function changesBetween(before: QueueState, after: QueueState): QueueChanges | null {
  const slots = before.slots === after.slots ? NONE : slotTable(after).changesSince(slotTable(before));
  const hosts = hostChanges(before, after);
  return slots === null || hosts === null ? null : { slots, hosts };
}

/** The same of hosts alone. */
export function hostChanges({ hosts: before }: QueueState, { hosts: after }: QueueState): TableChanges<Host> | null {
  if (before === after) return NONE;
  // The store and everybody who watches the queue ask for the same step, one behind the other.
  if (compared?.before !== before || compared.after !== after) {
    const changes = Table.of(HOSTS, after).changesSince(Table.of(HOSTS, before));
    compared = { before, after, changes };
  }
  return compared.changes;
}

/** The newest comparison: what it says follows from the rows in it. */
let compared: {
  readonly before: Rows<Host>;
  readonly after: Rows<Host>;
  readonly changes: TableChanges<Host> | null;
} | null = null;

const NONE = { gone: [], set: [], was: [] };

export function slotTable(state: QueueState): Table<Slot, SlotSummary> {
  return Table.of(SLOTS, state.slots);
}

export function hostTable(state: QueueState): Table<Host, HostSummary> {
  return Table.of(HOSTS, state.hosts);
}

/** What some slots come to together. */
export interface SlotSummary {
  /** One is free for whoever comes. */
  readonly hasForAnybody: boolean;
  /** One is free for somebody in particular. */
  readonly hasForSomebody: boolean;
  /** When the oldest of the holds began, and when the first will end; null: none is held. */
  readonly heldSince: Instant | null;
  readonly deadline: Instant | null;
  /** The lowest and the highest, as numbers. */
  readonly firstAddress: number;
  readonly lastAddress: number;
}

const SLOTS: Shape<Slot, SlotSummary> = {
  idOf: (slot) => slot.id,
  // The id is the address.
  keysOf: ({ id, state }) => {
    if (state.type !== "held") return [id];
    return state.uuid === null ? [id, state.mac] : [id, state.mac, state.uuid];
  },
  summaryOf(slots, before) {
    let [hasForAnybody, hasForSomebody] = [false, false];
    let heldSince: Instant | null = null;
    let deadline: Instant | null = null;
    for (const { state, reservation } of slots) {
      if (state.type === "held") {
        heldSince = earlier(heldSince, state.since);
        deadline = earlier(deadline, state.until);
      } else if (state.type === "reserved" || (state.type === "skipped" && state.conflict?.type === "in-use")) {
        hasForSomebody = true;
      } else if (state.type === "available") {
        if (reservation === null) hasForAnybody = true;
        else hasForSomebody = true;
      }
    }
    // A slot is its address, so the same slots in other states have the same ones.
    const numbers = before === null ? slots.map((slot) => ipv4ToNumber(slot.address)) : [];
    const firstAddress = before?.firstAddress ?? Math.min(...numbers);
    const lastAddress = before?.lastAddress ?? Math.max(...numbers);
    return { hasForAnybody, hasForSomebody, heldSince, deadline, firstAddress, lastAddress };
  },
  merged(summaries) {
    let [hasForAnybody, hasForSomebody] = [false, false];
    let heldSince: Instant | null = null;
    let deadline: Instant | null = null;
    let [firstAddress, lastAddress] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const summary of summaries) {
      hasForAnybody ||= summary.hasForAnybody;
      hasForSomebody ||= summary.hasForSomebody;
      heldSince = earlier(heldSince, summary.heldSince);
      deadline = earlier(deadline, summary.deadline);
      if (summary.firstAddress < firstAddress) firstAddress = summary.firstAddress;
      if (summary.lastAddress > lastAddress) lastAddress = summary.lastAddress;
    }
    return { hasForAnybody, hasForSomebody, heldSince, deadline, firstAddress, lastAddress };
  },
};

interface HostSummary {
  readonly strangers: number;
  readonly deadline: Instant | null;
}

const HOSTS: Shape<Host, HostSummary> = {
  idOf: (host) => host.id,
  keysOf: ({ id, uuid, macs }) => (uuid === null ? [id, ...macs] : [id, settledPartOf(uuid), ...macs]),
  summaryOf(hosts) {
    let strangers = 0;
    let deadline: Instant | null = null;
    for (const host of hosts) {
      if (isStranger(host)) strangers++;
      deadline = earlier(deadline, deadlineOf(host));
    }
    return { strangers, deadline };
  },
  merged(summaries) {
    let strangers = 0;
    let deadline: Instant | null = null;
    for (const summary of summaries) {
      strangers += summary.strangers;
      deadline = earlier(deadline, summary.deadline);
    }
    return { strangers, deadline };
  },
};

function lookUp<Row extends object, Summary>(
  shape: Shape<Row, Summary>,
  rows: Rows<Row>,
  key: string,
  matches: (row: Row) => boolean,
): Row | undefined {
  return rows instanceof Table ? Table.of(shape, rows as Rows<Row>).lookUp(key, matches) : rows.find(matches);
}

function isStranger(host: Host): boolean {
  return host.state.type === "discovered" && !host.state.approved && !host.byOperator && host.dhcp === null;
}

function holdEndOf({ state }: Slot): Instant | null {
  return state.type === "held" ? state.until : null;
}

/** null: it does not wait, or it waits for its turn to join, which has no end of its own. */
function deadlineOf({ state }: Host): Instant | null {
  return "deadline" in state ? state.deadline : null;
}

function earlier(a: Instant | null, b: Instant | null): Instant | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}
