import type { Ipv4Address } from "../net/ipv4-address.ts";
import type { MacAddress } from "../net/mac-address.ts";
import { isSameSystem, type SystemUuid } from "../net/system-uuid.ts";
import { type Instant, later } from "../std/clock.ts";
import { unreachable } from "../std/unreachable.ts";
import { ARMED, type AttemptToken, type Host, hostIdOf } from "./host.ts";
import { REFUSALS, type Refusal } from "./refusal.ts";
import type { QueueRules } from "./rules.ts";
import type { Slot } from "./slot.ts";
import { findHeldSlot, findHostByMac, findHostByUuid, findSlotByAddress, type QueueState, slotOf } from "./state.ts";
import {
  entered,
  failed,
  moved,
  noted,
  refused,
  type Step,
  unchanged,
  withHost,
  withoutHost,
  withSlotReleased,
  withSlotState,
} from "./step.ts";

/** Who asks: one NIC of a machine, and the machine's UUID if its firmware has one. */
export interface Asker {
  readonly mac: MacAddress;
  readonly uuid: SystemUuid | null;
}

/** A netboot client sent a DISCOVER. */
export function hostSeen(state: QueueState, asker: Asker, now: Instant, rules: QueueRules): Step {
  const known = identify(state, asker);
  if (known === "conflict") return refused(state, "identity-conflict");
  if (known !== null && known.state.type !== "discovered") {
    const reason = whyNotArmed(known, asker);
    return reason === null ? unchanged(state) : refused(state, reason);
  }
  if (findHeldSlot(state, asker.mac)) return unchanged(state);
  const reason = whyNoSlot(state, asker, known, rules);
  if (reason !== null) return discovered(state, asker, known, reason, now);
  const slot = nextSlot(state, asker.mac, known?.serverType ?? null);
  if (!slot) return discovered(state, asker, known, "no-slot", now);
  const { mac, uuid } = asker;
  return noted(withSlotState(state, slot, { type: "held", mac, uuid, since: now, until: later(now, rules.holdMs) }));
}

/** It sent a REQUEST for `address`: the slot is taken for good. */
export function slotRequested(
  state: QueueState,
  asker: Asker & { readonly address: Ipv4Address; readonly token: AttemptToken },
  now: Instant,
  rules: QueueRules,
): Step {
  const known = identify(state, asker);
  if (known === "conflict") return refused(state, "identity-conflict");
  const slot = findSlotByAddress(state, asker.address);
  if (known !== null && known.state.type !== "discovered") {
    const reason = whyNotArmed(known, asker);
    if (reason !== null) return refused(state, reason);
    if (slot === undefined || known.slot !== slot.id) return refused(state, "address-not-yours");
    if (known.state.type !== "pxe_ready" || known.state.requested) return unchanged(state);
    const deadline = later(now, rules.limitMs.pxe_ready);
    const seen = { ...known, bootMac: asker.mac, macs: withMac(known.macs, asker.mac), uuid: known.uuid ?? asker.uuid };
    return moved(withHost(state, { ...seen, state: { ...known.state, deadline, requested: true } }));
  }
  if (slot === undefined || !mayTake(state, slot, asker, known, rules)) return refused(state, "address-not-yours");
  const host = entered(
    {
      ...(known ?? newHost(asker, now)),
      ...seenAs(known, asker),
      slot: slot.id,
      attempt: newAttempt(asker.token, now),
    },
    { type: "pxe_ready", since: now, deadline: later(now, rules.limitMs.pxe_ready), requested: true },
  );
  return moved(withSlotState(withHost(state, host), slot, { type: "assigned", host: host.id, since: now }));
}

/** The client found somebody else at the address it was given (RFC 2131 §4.3.3): nobody gets it until a person looked. */
export function addressDeclined(
  state: QueueState,
  event: { readonly mac: MacAddress; readonly address: Ipv4Address },
  now: Instant,
): Step {
  const slot = findSlotByAddress(state, event.address);
  if (!slot) return refused(state, "unknown-slot");
  const reason = `address ${slot.address} is in use by another machine, says ${event.mac} (DHCPDECLINE)`;
  const skipped = withSlotState(state, slot, { type: "skipped", since: now, reason });
  if (slot.state.type === "held" && slot.state.mac === event.mac) return moved(skipped);
  const host = findHostByMac(state, event.mac);
  if (slot.state.type !== "assigned" || slot.state.host !== host?.id || !ARMED.has(host.state.type)) {
    return refused(state, "address-not-yours");
  }
  const without = { ...host, slot: null };
  if (host.state.type === "installing") return moved(withHost(skipped, failed(without, reason, now)));
  if (host.byOperator) return moved(withHost(skipped, entered(without, { type: "registered", since: now }, reason)));
  return moved(withHost(skipped, entered(without, { type: "discovered", since: now, reason, approved: true }, reason)));
}

/** The slot that this host would get: one kept for its address, then for its type, then the first that is for anybody. */
export function nextSlot(state: QueueState, mac: MacAddress, serverType: string | null): Slot | undefined {
  const free = state.slots.filter((slot) => slot.state.type === "available" || slot.state.type === "reserved");
  return (
    free.find(({ reservation }) => reservation?.type === "mac" && reservation.mac === mac) ??
    free.find(({ reservation }) => reservation?.type === "server-type" && reservation.serverType === serverType) ??
    free.find(({ reservation }) => reservation === null)
  );
}

export function newAttempt(token: AttemptToken, now: Instant) {
  return { token, answers: 0, armedAt: now };
}

export function newHost(asker: Asker, now: Instant): Host {
  const state = { type: "discovered", since: now, reason: "", approved: false } as const;
  return {
    id: hostIdOf(asker.mac),
    uuid: asker.uuid,
    macs: [asker.mac],
    bootMac: asker.mac,
    serverType: null,
    byOperator: false,
    slot: null,
    state,
    attempt: null,
    inventory: null,
    passages: [{ state: "discovered", at: now, reason: "" }],
  };
}

export function withMac(macs: readonly MacAddress[], mac: MacAddress): readonly MacAddress[] {
  return macs.includes(mac) ? macs : [...macs, mac];
}

/**
 * Which host asks. "conflict": what we know of its address and of its UUID does not fit together, as with a copied
 * UUID, or a NIC that moved into another machine; then silence is safer than a guess.
 */
function identify(state: QueueState, asker: Asker): Host | null | "conflict" {
  const byMac = findHostByMac(state, asker.mac);
  const byUuid = asker.uuid === null ? undefined : findHostByUuid(state, asker.uuid);
  if (byMac === undefined) return byUuid ?? null;
  if (byUuid !== undefined && byUuid !== byMac) return "conflict";
  const changed = byMac.uuid !== null && asker.uuid !== null && !isSameSystem(byMac.uuid, asker.uuid);
  return changed && byMac.state.type !== "discovered" ? "conflict" : byMac;
}

/** null: an install is armed for this host, and it asks through the right NIC. */
function whyNotArmed(host: Host, asker: Asker): Refusal | null {
  switch (host.state.type) {
    case "pxe_ready":
      // The operator armed it before anybody asked: whichever of its NICs asks first is the one it boots from.
      return host.state.requested && host.bootMac !== asker.mac ? "other-nic-of-busy-host" : null;
    case "pxe_booted":
    case "installing":
      return host.bootMac === asker.mac ? null : "other-nic-of-busy-host";
    case "installed":
    case "first_boot":
    case "joining":
    case "ready":
      return "already-installed";
    case "failed":
      return "failed-before";
    case "registered":
    case "discovered":
      return "not-armed";
    default:
      return unreachable(host.state);
  }
}

/** null: it may take one, if there is one. */
function whyNoSlot(state: QueueState, asker: Asker, known: Host | null, rules: QueueRules): Refusal | null {
  const approved = known?.state.type === "discovered" && known.state.approved;
  if (state.paused) return "paused";
  if (rules.approval && !approved) return "approval-required";
  // The same machine through its second NIC, or another one with a copied UUID: one hold at a time either way.
  const sameUuid = (slot: Slot) =>
    slot.state.type === "held" && slot.state.mac !== asker.mac && asker.uuid !== null && slot.state.uuid === asker.uuid;
  return state.slots.some(sameUuid) ? "other-nic-of-busy-host" : null;
}

/** Held for it, or free and fit for it: after a restart nobody remembers the holds, and the first REQUEST wins. */
function mayTake(state: QueueState, slot: Slot, asker: Asker, known: Host | null, rules: QueueRules): boolean {
  if (whyNoSlot(state, asker, known, rules) !== null) return false;
  if (slot.state.type === "held") return slot.state.mac === asker.mac;
  if (slot.state.type !== "available" && slot.state.type !== "reserved") return false;
  const { reservation } = slot;
  if (reservation === null) return true;
  return reservation.type === "mac" ? reservation.mac === asker.mac : reservation.serverType === known?.serverType;
}

/** Writes down in memory who asked in vain, so that the page can show it waiting. */
function discovered(state: QueueState, asker: Asker, known: Host | null, refusal: Refusal, now: Instant): Step {
  const reason = REFUSALS[refusal];
  const verdict = { type: "refused", reason: refusal } as const;
  const before = known?.state.type === "discovered" ? known.state : null;
  if (known !== null && before?.reason === reason) return refused(state, refusal);
  const host = { ...(known ?? newHost(asker, now)), ...seenAs(known, asker) };
  const kept = withRoomForOneMore(known === null ? state : withoutHost(state, known));
  const next = {
    type: "discovered",
    since: before?.since ?? now,
    reason,
    approved: before?.approved ?? false,
  } as const;
  return { verdict, state: withHost(kept, { ...host, state: next }), effects: [], lasting: false };
}

function seenAs(known: Host | null, asker: Asker) {
  return { macs: withMac(known?.macs ?? [], asker.mac), bootMac: asker.mac, uuid: asker.uuid ?? known?.uuid ?? null };
}

/** Strangers cost memory, and anybody can invent one: beyond the limit the one that has waited longest is forgotten. */
function withRoomForOneMore(state: QueueState): QueueState {
  const isStranger = (host: Host) => host.state.type === "discovered" && !host.state.approved && !host.byOperator;
  const strangers = state.hosts.filter(isStranger);
  const oldest = strangers[0];
  return strangers.length < STRANGERS_MAX || oldest === undefined ? state : withoutHost(state, oldest);
}

const STRANGERS_MAX = 500;

/** The host without its slot, and the slot free again. */
export function withSlotGivenBack(state: QueueState, host: Host): { state: QueueState; host: Host } {
  const slot = slotOf(state, host);
  const without = { ...host, slot: null };
  return { host: without, state: withHost(slot === undefined ? state : withSlotReleased(state, slot), without) };
}
