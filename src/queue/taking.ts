import type { Ipv4Address } from "../net/ipv4-address.ts";
import type { MacAddress } from "../net/mac-address.ts";
import { isAtPort } from "../net/relay-port.ts";
import { isSameSystem, type SystemUuid } from "../net/system-uuid.ts";
import { type Instant, later } from "../std/clock.ts";
import { unreachable } from "../std/unreachable.ts";
import { heldForApproval } from "./holding.ts";
import { type Attempt, type AttemptToken, type Host, hostIdOf } from "./host.ts";
import { withDeclaredName } from "./naming.ts";
import { isWithin, type Place } from "./place.ts";
import { REFUSALS, type Refusal } from "./refusal.ts";
import type { QueueRules } from "./rules.ts";
import { isFreeFor, type Slot } from "./slot.ts";
import {
  findHeldSlot,
  findHostByMac,
  findHostByUuid,
  findSlotByAddress,
  findSlotHeldForOtherNic,
  type QueueState,
  type SlotSummary,
  slotOf,
  slotsWhere,
  strangersOf,
} from "./state.ts";
import {
  entered,
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
  /** Absent: not known. */
  readonly place?: Place;
}

/** A netboot client sent a DISCOVER. */
export function hostSeen(
  before: QueueState,
  asker: Asker & { readonly insistent?: boolean },
  now: Instant,
  rules: QueueRules,
): Step {
  let state = before;
  const known = identify(state, asker);
  if (known === "conflict") return conflicting(state, asker, now, rules);
  if (known !== null && known.state.type !== "discovered") {
    const reason = whyNotArmed(known, asker) ?? whyElsewhere(state, known, asker);
    if (reason !== null) return refused(state, reason);
    // The machine that we know is back.
    return known.hold === null ? unchanged(state) : moved(withHost(state, { ...known, hold: null }));
  }
  const held = findHeldSlot(state, asker.mac);
  if (held !== undefined) {
    if (isWithin(asker.place, held)) return unchanged(state);
    // It was carried to another network since.
    state = withSlotReleased(state, held);
  }
  const reason = whyNoSlot(state, asker, known, rules);
  if (reason !== null) return discovered(state, asker, known, reason, now);
  const serverType = typeOf(known, asker.mac, rules);
  const free = nextSlot(state, asker, serverType);
  const slot = free ?? (asker.insistent === true ? stalestHold(state, asker, serverType, now) : undefined);
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
  if (known === "conflict") return conflicting(state, asker, now, rules);
  const slot = findSlotByAddress(state, asker.address);
  if (known !== null && known.state.type !== "discovered") {
    const reason = whyNotArmed(known, asker) ?? whyElsewhere(state, known, asker);
    if (reason !== null) return refused(state, reason);
    if (slot === undefined || known.slot !== slot.id) return refused(state, "address-not-yours");
    if (known.state.type !== "pxe_ready" || known.state.requested) return unchanged(state);
    const deadline = later(now, rules.limitMs.pxe_ready);
    const seen = {
      ...known,
      hold: null,
      bootMac: asker.mac,
      macs: withMac(known.macs, asker.mac),
      uuid: known.uuid ?? asker.uuid,
    };
    const named = withDeclaredName(state, known, rules);
    return moved(withHost(named, { ...seen, state: { ...known.state, deadline, requested: true } }));
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

/** It took what another server offered (RFC 2131 §4.3.2): what was held for it need not wait until the hold ends. */
export function otherOfferChosen(state: QueueState, { mac }: { readonly mac: MacAddress }): Step {
  const held = findHeldSlot(state, mac);
  return held === undefined ? unchanged(state) : noted(withSlotReleased(state, held));
}

/**
 * It asks for its boot script and has its address from another server: the script is what it takes the slot with. The
 * slot is the one that was held for it when it asked DHCP; after a restart, which forgets holds, the next one.
 */
export function slotClaimed(
  state: QueueState,
  asker: Asker & { readonly token: AttemptToken },
  now: Instant,
  rules: QueueRules,
): Step {
  const seen = hostSeen(state, asker, now, rules);
  if (seen.verdict.type === "refused") return seen;
  const known = identify(seen.state, asker);
  const own = known === null || known === "conflict" ? undefined : slotOf(seen.state, known);
  const slot = own ?? findHeldSlot(seen.state, asker.mac);
  if (slot === undefined) return refused(state, "no-slot");
  const taken = slotRequested(seen.state, { ...asker, address: slot.address }, now, rules);
  return seen.lasting && taken.verdict.type === "unchanged" ? seen : taken;
}

/**
 * The slot that this host would get: where it lives already, one kept for its address, for its switch port, for its
 * type, then the first that is for anybody.
 */
export function nextSlot(
  state: QueueState,
  asker: Pick<Asker, "mac" | "place">,
  serverType: string | null,
): Slot | undefined {
  let best: Slot | undefined;
  let least = Number.POSITIVE_INFINITY;
  // Most have nothing but free slots for anybody, of which the first is as good as the others, or none at all.
  const mayMatter = ({ hasForSomebody, hasForAnybody }: SlotSummary) =>
    hasForSomebody || (best === undefined && hasForAnybody);
  for (const slots of slotsWhere(state, asker.place?.subnet, mayMatter)) {
    for (const slot of slots) {
      if (!isFreeFor(slot, asker.mac)) continue;
      const rank = rankOf(slot, asker, serverType);
      if (rank === null || rank >= least || !isWithin(asker.place, slot)) continue;
      if (rank === 0) return slot;
      best = slot;
      least = rank;
    }
  }
  return best;
}

/** What it was said to be; else what its address says. null: nobody knows. */
export function typeOf(
  known: Pick<Host, "serverType"> | null,
  mac: MacAddress,
  rules: Pick<QueueRules, "typeByMac">,
): string | null {
  return known?.serverType ?? rules.typeByMac?.(mac) ?? null;
}

/** How near a slot is to a host, 0 the nearest; null: it is kept for another. */
function rankOf({ reservation, state }: Slot, { mac, place }: Pick<Asker, "mac" | "place">, serverType: string | null) {
  if (reservation === null) return state.type === "skipped" ? 1 : 4;
  switch (reservation.type) {
    case "mac":
      return reservation.mac === mac ? 0 : null;
    case "port":
      return place !== undefined && place.port !== null && isAtPort(place.port, reservation.port) ? 2 : null;
    case "server-type":
      return reservation.serverType === serverType ? 3 : null;
    default:
      return unreachable(reservation);
  }
}

/** The slot that was offered to somebody longest ago and is still not taken; undefined: all offers are fresh. */
function stalestHold(state: QueueState, asker: Asker, serverType: string | null, now: Instant): Slot | undefined {
  let stalest: Slot | undefined;
  let oldest = now - HOLD_STALE_MS;
  const mayMatter = ({ heldSince }: SlotSummary) => heldSince !== null && heldSince <= oldest;
  for (const slots of slotsWhere(state, asker.place?.subnet, mayMatter)) {
    for (const slot of slots) {
      if (slot.state.type !== "held" || slot.state.since > oldest) continue;
      if (rankOf(slot, asker, serverType) === null || !isWithin(asker.place, slot)) continue;
      stalest = slot;
      oldest = slot.state.since - 1;
    }
  }
  return stalest;
}

/** The slowest firmware that is known requests what it was offered after 4 s (EDK2, which collects offers first). */
const HOLD_STALE_MS = 10_000;

export function newAttempt(token: AttemptToken, now: Instant): Attempt {
  return { token, answers: 0, armedAt: now, approved: null, power: null };
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
    dhcp: null,
    slot: null,
    state,
    attempt: null,
    inventory: null,
    identity: null,
    hold: null,
    passages: [{ state: "discovered", at: now, reason: "" }],
    founding: null,
    operations: [],
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

/** Two hosts in one, which only the operator can take apart; or an armed host with another board, which he may approve. */
function conflicting(state: QueueState, asker: Asker, now: Instant, rules: QueueRules): Step {
  const { mac, uuid } = asker;
  const host = findHostByMac(state, mac);
  const isAlone = uuid !== null && findHostByUuid(state, uuid) === undefined;
  if (!isAlone) return refused(state, "identity-conflict");
  if (host?.state.type !== "pxe_ready" && host?.state.type !== "pxe_booted") return refused(state, "other-board");
  return heldForApproval(state, host, { uuid, serial: null, boardSerial: null, nics: null }, now, rules);
}

/** null: an install is armed for this host, and it asks through the right NIC. */
function whyNotArmed(host: Host, asker: Asker): Refusal | null {
  if (host.hold !== null && !isBack(host, asker)) return "held-for-approval";
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
      return host.macs.includes(asker.mac) ? "already-installed" : "uuid-of-other-host";
    case "failed":
      return host.macs.includes(asker.mac) ? "failed-before" : "uuid-of-other-host";
    case "registered":
    case "discovered":
      return "not-armed";
    default:
      return unreachable(host.state);
  }
}

/** Another board asked by DHCP in its name, and now it is the one that we know. What an installer said stands. */
function isBack({ hold, uuid }: Host, asker: Asker): boolean {
  return hold?.seen.nics === null && uuid !== null && asker.uuid !== null && isSameSystem(uuid, asker.uuid);
}

/** null: its slot's address works where it asks from. */
function whyElsewhere(state: QueueState, host: Host, { place }: Asker): Refusal | null {
  const slot = slotOf(state, host);
  return slot === undefined || isWithin(place, slot) ? null : "other-network";
}

/** null: it may take one, if there is one. */
function whyNoSlot(state: QueueState, asker: Asker, known: Host | null, rules: QueueRules): Refusal | null {
  const approved = known?.state.type === "discovered" && known.state.approved;
  if (state.paused) return "paused";
  if (rules.approval && !approved) return "approval-required";
  // The same machine through its second NIC, or another one with a copied UUID: one hold at a time either way.
  const other = asker.uuid === null ? undefined : findSlotHeldForOtherNic(state, asker.uuid, asker.mac);
  return other === undefined ? null : "other-nic-of-busy-host";
}

/** Held for it, or free and fit for it: after a restart nobody remembers the holds, and the first REQUEST wins. */
function mayTake(state: QueueState, slot: Slot, asker: Asker, known: Host | null, rules: QueueRules): boolean {
  if (whyNoSlot(state, asker, known, rules) !== null || !isWithin(asker.place, slot)) return false;
  if (slot.state.type === "held") return slot.state.mac === asker.mac;
  if (slot.state.type !== "available" && slot.state.type !== "reserved") return false;
  return rankOf(slot, asker, typeOf(known, asker.mac, rules)) !== null;
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
  const { count, first } = strangersOf(state);
  return count < STRANGERS_MAX || first === undefined ? state : withoutHost(state, first);
}

const STRANGERS_MAX = 500;

/** The host without its slot, and the slot free again. */
export function withSlotGivenBack(state: QueueState, host: Host): { state: QueueState; host: Host } {
  const slot = slotOf(state, host);
  const without = { ...host, slot: null };
  return { host: without, state: withHost(slot === undefined ? state : withSlotReleased(state, slot), without) };
}
