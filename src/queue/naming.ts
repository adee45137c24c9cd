import type { Hostname } from "../net/hostname.ts";
import type { Instant } from "../std/clock.ts";
import { type Host, mayBeInstalled } from "./host.ts";
import type { QueueRules } from "./rules.ts";
import { type DeclaredSlot, restingState, type Slot, type SlotId, type SlotState } from "./slot.ts";
import { findSlot, hostOf, indexed, type QueueState, slotOf } from "./state.ts";
import { moved, type Step, unchanged, withSlotState } from "./step.ts";

/**
 * The slots as the configuration lists them now. A slot that a host has is never forgotten: it stays, undeclared,
 * until the host gives it back. One whose host may be installed keeps its hostname until it boots to be installed
 * again, because that is what the machine is called. A slot whose new hostname such a host still bears waits, skipped.
 */
export function slotsDeclared(state: QueueState, slots: readonly DeclaredSlot[], now: Instant): Step {
  const listed = new Set(slots.map((slot) => slot.id));
  const leftBehind = state.slots
    .filter((slot) => !listed.has(slot.id) && slot.state.type === "assigned")
    .map((slot) => ({ ...slot, declared: false }));
  const borne = borneNames(state, slots, leftBehind);
  const merged = slots.map((slot): Slot => {
    const before = findSlot(state, slot.id);
    if (before?.state.type === "assigned") {
      const keeps = borne.get(before.hostname)?.id === slot.id;
      return listedSlot(slot, keeps ? before.hostname : slot.hostname, before.state);
    }
    const isSetAside = before?.state.type === "skipped" && !waitsForName(before.state);
    const bearer = borne.get(slot.hostname);
    if (bearer !== undefined && !isSetAside) {
      const which = listed.has(bearer.id)
        ? "until that is installed again under its new name"
        : "which the configuration no longer lists";
      const reason = `its hostname still belongs to the host at ${bearer.address}, ${which}`;
      const since = before?.state.type === "skipped" && before.state.reason === reason ? before.state.since : now;
      return listedSlot(slot, slot.hostname, { type: "skipped", since, reason, conflict: null, waitsForName: true });
    }
    const rests = before === undefined || before.state.type === "available" || before.state.type === "reserved";
    return listedSlot(slot, slot.hostname, rests || waitsForName(before.state) ? restingState(slot) : before.state);
  });
  const next = [...merged, ...leftBehind];
  if (JSON.stringify(next) === JSON.stringify(state.slots)) return unchanged(state);
  return moved(indexed({ ...state, slots: next }));
}

/** Another slot than `slot` whose host is called so; undefined: none. */
export function bearerOf(state: QueueState, hostname: Hostname, slot: SlotId): Slot | undefined {
  return state.slots.find(
    (other) => other.hostname === hostname && other.id !== slot && other.state.type === "assigned",
  );
}

/** From here on the host's slot is called what the configuration says, unless another host is still called so. */
export function withDeclaredName(state: QueueState, host: Host, rules: QueueRules): QueueState {
  const slot = slotOf(state, host);
  const hostname = slot && rules.hostnameOf?.(slot.id);
  if (slot === undefined || hostname === undefined || hostname === slot.hostname) return state;
  return bearerOf(state, hostname, slot.id) === undefined
    ? withSlotState(state, { ...slot, hostname }, slot.state)
    : state;
}

/** The slots whose hosts keep their names, by name: those that may be installed, and those that could have no other. */
function borneNames(
  state: QueueState,
  declared: readonly DeclaredSlot[],
  leftBehind: readonly Slot[],
): ReadonlyMap<Hostname, Slot> {
  const assigned = declared.flatMap((slot) => {
    const before = findSlot(state, slot.id);
    return before?.state.type === "assigned" ? [{ before, wanted: slot.hostname }] : [];
  });
  const isKept = (slot: Slot) => {
    const host = hostOf(state, slot);
    return host !== undefined && mayBeInstalled(host);
  };
  const kept = [...leftBehind, ...assigned.flatMap(({ before }) => (isKept(before) ? [before] : []))];
  const borne = new Map(kept.map((slot) => [slot.hostname, slot]));
  // Who would get a name that another keeps cannot be renamed either, and so on.
  for (let isNews = true; isNews; ) {
    isNews = false;
    for (const { before, wanted } of assigned) {
      const isTaken = borne.has(wanted) && borne.get(wanted)?.id !== before.id;
      if (!isTaken || borne.get(before.hostname)?.id === before.id) continue;
      borne.set(before.hostname, before);
      isNews = true;
    }
  }
  return borne;
}

function waitsForName(state: SlotState): boolean {
  return state.type === "skipped" && state.waitsForName === true;
}

/** Put together from another object, each of thousands would have a hidden class of its own, larger than the slot. */
function listedSlot(slot: DeclaredSlot, hostname: Hostname, state: SlotState): Slot {
  const { id, address, profile, labels, reservation, boardSerial, diskSerials } = slot;
  return { id, address, hostname, profile, labels, reservation, boardSerial, diskSerials, declared: true, state };
}
