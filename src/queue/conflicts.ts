import type { Ipv4Address } from "../net/ipv4-address.ts";
import type { MacAddress } from "../net/mac-address.ts";
import type { Instant } from "../std/clock.ts";
import { ARMED, mayBeInstalled } from "./host.ts";
import { isFreeFor } from "./slot.ts";
import { findHostByMac, findSlotByAddress, type QueueState } from "./state.ts";
import {
  entered,
  failed,
  moved,
  refused,
  type Step,
  unchanged,
  withHost,
  withSlotReleased,
  withSlotState,
} from "./step.ts";

/** The client found somebody else at the address it was given (RFC 2131 §4.3.3): nobody gets it until a person looked. */
export function addressDeclined(
  state: QueueState,
  event: { readonly mac: MacAddress; readonly address: Ipv4Address },
  now: Instant,
): Step {
  const slot = findSlotByAddress(state, event.address);
  if (!slot) return refused(state, "unknown-slot");
  const reason = `address ${slot.address} is in use by another machine, says ${event.mac} (DHCPDECLINE)`;
  const skipped = withSlotState(state, slot, { type: "skipped", since: now, reason, conflict: { type: "declined" } });
  if (slot.state.type === "held" && slot.state.mac === event.mac) return moved(skipped);
  const host = findHostByMac(state, event.mac);
  if (slot.state.type !== "assigned" || slot.state.host !== host?.id || !ARMED.has(host.state.type)) {
    return refused(state, "address-not-yours");
  }
  const without = { ...host, slot: null };
  // One that was armed to be installed again is that under its own name, or not at all.
  if (host.state.type === "installing" || mayBeInstalled(host))
    return moved(withHost(skipped, failed(without, reason, now)));
  if (host.byOperator) return moved(withHost(skipped, entered(without, { type: "registered", since: now }, reason)));
  return moved(withHost(skipped, entered(without, { type: "discovered", since: now, reason, approved: true }, reason)));
}

/**
 * Somebody was found at an address before it was given out (RFC 2131 §2.2): the next slot is used in its place. A
 * machine that this slot is meant for, or offered to, may live there already.
 */
export function addressInUse(
  state: QueueState,
  { address, mac }: { readonly address: Ipv4Address; readonly mac: MacAddress },
  now: Instant,
): Step {
  const slot = findSlotByAddress(state, address);
  if (!slot) return refused(state, "unknown-slot");
  if (slot.state.type === "assigned") return refused(state, "slot-in-use");
  if (slot.reservation?.type === "mac" && slot.reservation.mac === mac) return unchanged(state);
  if (slot.state.type === "held" ? slot.state.mac === mac : !isFreeFor(slot, mac)) return unchanged(state);
  if (slot.state.type === "skipped") return unchanged(state);
  const reason = `address ${address} is in use already: ${mac} answers there`;
  return moved(withSlotState(state, slot, { type: "skipped", since: now, reason, conflict: { type: "in-use", mac } }));
}

/** Nobody answers there any more. What a client declined, or the operator set aside, waits for the operator. */
export function addressQuiet(state: QueueState, { address }: { readonly address: Ipv4Address }): Step {
  const slot = findSlotByAddress(state, address);
  if (!slot) return refused(state, "unknown-slot");
  if (slot.state.type !== "skipped" || slot.state.conflict?.type !== "in-use") return unchanged(state);
  return moved(withSlotReleased(state, slot));
}
