import type { MacAddress } from "../net/mac-address.ts";
import type { SystemUuid } from "../net/system-uuid.ts";
import { type Instant, later } from "../std/clock.ts";
import { holdApproved } from "./holding.ts";
import { ARMED, type AttemptToken, BEYOND_INSTALLING, type DhcpMode, type HostId, wasInstalled } from "./host.ts";
import { bearerOf, withDeclaredName } from "./naming.ts";
import { powerEffectsOf, withPowerWanted } from "./powering.ts";
import type { QueueRules } from "./rules.ts";
import { isFreeFor, type SlotId } from "./slot.ts";
import { findHost, findHostByMac, findHostByUuid, findSlot, type QueueState, slotOf } from "./state.ts";
import {
  entered,
  moved,
  refused,
  type Step,
  unchanged,
  withHost,
  withoutHost,
  withSlotReleased,
  withSlotState,
} from "./step.ts";
import { newAttempt, newHost, nextSlot, typeOf, withSlotGivenBack } from "./taking.ts";

export function slotSkipped(state: QueueState, event: { slot: SlotId; reason: string }, now: Instant): Step {
  const slot = findSlot(state, event.slot);
  if (!slot) return refused(state, "unknown-slot");
  if (slot.state.type === "assigned") return refused(state, "slot-in-use");
  if (slot.state.type === "skipped" && slot.state.waitsForName !== true) return unchanged(state);
  return moved(withSlotState(state, slot, { type: "skipped", since: now, reason: event.reason, conflict: null }));
}

export function slotUnskipped(state: QueueState, event: { slot: SlotId }): Step {
  const slot = findSlot(state, event.slot);
  if (!slot) return refused(state, "unknown-slot");
  if (slot.state.type !== "skipped") return unchanged(state);
  return bearerOf(state, slot.hostname, slot.id) === undefined
    ? moved(withSlotReleased(state, slot))
    : refused(state, "hostname-in-use");
}

export function hostRegistered(
  state: QueueState,
  event: { mac: MacAddress; uuid: SystemUuid | null; serverType: string | null; slot: SlotId | null },
  now: Instant,
): Step {
  const known =
    findHostByMac(state, event.mac) ?? (event.uuid === null ? undefined : findHostByUuid(state, event.uuid));
  if (known !== undefined && known.state.type !== "discovered") return refused(state, "not-in-this-state");
  const slot = event.slot === null ? undefined : findSlot(state, event.slot);
  if (event.slot !== null && slot === undefined) return refused(state, "unknown-slot");
  if (slot !== undefined && !isFreeFor(slot, event.mac)) return refused(state, "slot-in-use");
  const asked = { ...(known ?? newHost(event, now)), serverType: event.serverType, byOperator: true, slot: event.slot };
  const host = entered(asked, { type: "registered", since: now });
  const next = withHost(state, host);
  return moved(slot === undefined ? next : withSlotState(next, slot, { type: "assigned", host: host.id, since: now }));
}

export function hostApproved(state: QueueState, event: { host: HostId }): Step {
  const host = findHost(state, event.host);
  if (!host) return refused(state, "unknown-host");
  if (ARMED.has(host.state.type)) return holdApproved(state, host);
  if (host.state.type !== "discovered") return refused(state, "not-in-this-state");
  if (host.state.approved) return unchanged(state);
  const reason = "approved; it takes a slot when it next asks";
  return moved(withHost(state, { ...host, state: { ...host.state, approved: true, reason } }));
}

/** Arms an install: from here on the host is served an installer. */
export function rebuildOrdered(
  state: QueueState,
  event: { host: HostId; token: AttemptToken; byHand?: boolean },
  now: Instant,
  rules: QueueRules,
): Step {
  const host = findHost(state, event.host);
  if (!host) return refused(state, "unknown-host");
  const { type } = host.state;
  if (type === "pxe_booted" || type === "installing" || type === "joining") return refused(state, "install-under-way");
  const slot = slotOf(state, host) ?? nextSlot(state, { mac: host.bootMac }, typeOf(host, host.bootMac, rules));
  if (!slot) return refused(state, "no-slot");
  const hostname = rules.hostnameOf?.(slot.id) ?? slot.hostname;
  if (bearerOf(state, hostname, slot.id) !== undefined) return refused(state, "hostname-in-use");
  const deadline = later(now, rules.limitMs.armed);
  const entering = entered(
    { ...host, slot: slot.id, attempt: newAttempt(event.token, now), hold: null },
    { type: "pxe_ready", since: now, deadline, requested: false },
    "armed by the operator",
  );
  const armed = event.byHand === true ? entering : withPowerWanted(entering, rules, false);
  const next = withSlotState(withHost(state, armed), slot, { type: "assigned", host: host.id, since: now });
  return moved(next, powerEffectsOf(armed));
}

/** The operator vouches for it: it is installed, whatever we saw of it, and gets no installer. */
export function hostMarkedInstalled(state: QueueState, event: { host: HostId }, now: Instant): Step {
  const host = findHost(state, event.host);
  if (!host) return refused(state, "unknown-host");
  if (host.state.type === "ready") return unchanged(state);
  if (host.state.type === "joining") return refused(state, "not-in-this-state");
  const why = "marked by the operator";
  const installed = BEYOND_INSTALLING.has(host.state.type)
    ? host
    : entered(host, { type: "installed", since: now, deadline: null }, why);
  return moved(withHost(state, entered(installed, { type: "ready", since: now }, why)));
}

export function hostReset(
  state: QueueState,
  event: { host: HostId; evenInstalled: boolean; forget?: boolean },
  now: Instant,
  rules: QueueRules,
): Step {
  const host = findHost(state, event.host);
  if (!host) return refused(state, "unknown-host");
  if (wasInstalled(host) && !event.evenInstalled) return refused(state, "installed-needs-insistence");
  const released = withSlotGivenBack(withDeclaredName(state, host, rules), host);
  if (event.forget === true) return moved(withoutHost(released.state, host));
  if (!host.byOperator) {
    // What the operator found out about its firmware is still true.
    if (host.dhcp === null) return moved(withoutHost(released.state, host));
    const { id, uuid, macs, bootMac, dhcp } = host;
    return moved(withHost(released.state, { ...newHost({ mac: bootMac, uuid }, now), id, macs, dhcp }));
  }
  const blank = { ...released.host, attempt: null, inventory: null, identity: null, founding: null };
  return moved(withHost(released.state, entered(blank, { type: "registered", since: now }, "reset by the operator")));
}

/** Also for a machine that nobody entered: it is then kept, without a slot, because of what was said of it. */
export function hostModeSet(state: QueueState, event: { mac: MacAddress; mode: DhcpMode | null }, now: Instant): Step {
  const known = findHostByMac(state, event.mac);
  if (known?.dhcp === event.mode || (known === undefined && event.mode === null)) return unchanged(state);
  const host = known ?? newHost({ mac: event.mac, uuid: null }, now);
  return moved(withHost(state, { ...host, dhcp: event.mode }));
}

export function queuePaused(state: QueueState, paused: boolean): Step {
  return state.paused === paused ? unchanged(state) : moved({ ...state, paused });
}
