import type { Host } from "../queue/host.ts";
import { identityWords } from "../queue/identity.ts";
import type { Slot } from "../queue/slot.ts";
import { hostOf, type QueueState, slotOf } from "../queue/state.ts";
import { formatInstant, type Instant } from "../std/clock.ts";
import type { Footprint } from "../trace/footprint.ts";
import { type FootprintView, HostStateName, type HostView, SlotStateName, type SlotView } from "./contract.ts";

/** Field by field, never by spreading: what is not named here, such as a token, cannot get out. */
export function hostView(state: QueueState, host: Host): HostView {
  const slot = slotOf(state, host);
  const at = host.state;
  return {
    id: host.id,
    uuid: host.uuid,
    macs: [...host.macs],
    bootMac: host.bootMac,
    serverType: host.serverType,
    byOperator: host.byOperator,
    dhcp: host.dhcp,
    slot: slot
      ? {
          number: numberOf(state, slot),
          address: slot.address,
          hostname: slot.hostname,
          profile: slot.profile,
          labels: [...slot.labels],
        }
      : null,
    state: at.type,
    since: formatInstant(at.since),
    deadline: "deadline" in at && at.deadline !== null ? formatInstant(at.deadline) : null,
    reason: host.hold !== null ? `held for approval: ${identityWords(host.hold)}` : "reason" in at ? at.reason : "",
    approved: at.type === "discovered" && at.approved,
    hold: host.hold && { since: formatInstant(host.hold.since), changes: identityWords(host.hold) },
    attempts: host.attempt?.answers ?? 0,
    passages: host.passages.map((passage) => ({
      state: passage.state,
      at: formatInstant(passage.at),
      reason: passage.reason,
    })),
  };
}

export function slotView(state: QueueState, slot: Slot): SlotView {
  const at = slot.state;
  return {
    number: numberOf(state, slot),
    address: slot.address,
    hostname: slot.hostname,
    profile: slot.profile,
    labels: [...slot.labels],
    reservation: slot.reservation,
    state: at.type,
    since: "since" in at ? formatInstant(at.since) : null,
    until: at.type === "held" ? formatInstant(at.until) : null,
    reason: at.type === "skipped" ? at.reason : "",
    host: at.type === "assigned" ? at.host : null,
    holder: at.type === "held" ? at.mac : (hostOf(state, slot)?.bootMac ?? null),
    declared: slot.declared,
  };
}

/** Its place in the line, from 1. */
export function numberOf(state: QueueState, slot: Slot): number {
  return state.slots.indexOf(slot) + 1;
}

/** A footprint, or several of a kind in a row folded into one: `at` is the first of them, `last` the newest. */
export interface TraceEntry extends Footprint {
  /** Absent: one. */
  readonly count?: number;
  readonly last?: Instant;
}

export function footprintView(footprint: TraceEntry): FootprintView {
  return {
    at: formatInstant(footprint.at),
    last: formatInstant(footprint.last ?? footprint.at),
    count: footprint.count ?? 1,
    mac: footprint.mac,
    road: footprint.road,
    outcome: footprint.outcome,
    what: footprint.what,
    why: footprint.why,
    fields: { ...footprint.fields },
  };
}

/** How many slots and hosts are in each state; every state is named. */
export function countStates(state: QueueState): {
  slots: Record<SlotStateName, number>;
  hosts: Record<HostStateName, number>;
} {
  return {
    slots: tally(
      SlotStateName.options,
      state.slots.map((slot) => slot.state.type),
    ),
    hosts: tally(
      HostStateName.options,
      state.hosts.map((host) => host.state.type),
    ),
  };
}

function tally<Name extends string>(names: readonly Name[], found: readonly Name[]): Record<Name, number> {
  const counts = Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
  for (const name of found) counts[name] += 1;
  return counts;
}

/** Slots whose address somebody else has. */
export function conflictWarnings(state: QueueState): readonly string[] {
  return state.slots.flatMap((slot) => {
    if (slot.state.type !== "skipped" || slot.state.conflict === null) return [];
    const then =
      slot.state.conflict.type === "declined"
        ? `; look for that machine, then \`bootqueue unskip ${slot.hostname}\``
        : "; it is free again when nobody answers there any more";
    return [`slot ${slot.hostname} is skipped, because its ${slot.state.reason}${then}`];
  });
}

/** What can be seen from the queue alone that a person should look at. */
export function queueWarnings(state: QueueState, now: Instant): readonly string[] {
  const { slots, hosts } = countStates(state);
  const warnings: string[] = [];
  if (state.paused) warnings.push("the queue is paused: new hosts take no slots until `bootqueue resume`");
  if (hosts.failed > 0) {
    warnings.push(`${count(hosts.failed, "host")} failed: \`bootqueue hosts\` and \`bootqueue show HOST\` say why`);
  }
  const waiting = state.hosts.filter((host) => host.state.type === "discovered" && !host.state.approved).length;
  if (waiting > 0 && slots.available === 0) {
    warnings.push(`${count(waiting, "host")} without a slot and no slot available: add slots or unskip one`);
  } else if (waiting > 0) {
    warnings.push(`${count(waiting, "host")} without a slot: \`bootqueue hosts\` says why`);
  }
  for (const host of state.hosts.filter(({ hold }) => hold !== null)) {
    const name = slotOf(state, host)?.hostname ?? host.id;
    const changes = host.hold === null ? "" : identityWords(host.hold);
    warnings.push(
      `${name} is held for approval: ${changes}; \`bootqueue approve ${name}\` lets exactly this machine be installed, and wiped`,
    );
  }
  warnings.push(...conflictWarnings(state));
  const orphans = state.slots.filter((slot) => !slot.declared).length;
  if (orphans > 0) warnings.push(`${count(orphans, "slot")} in use but gone from the configuration`);
  const late = state.hosts.filter((host) => "deadline" in host.state && (host.state.deadline ?? now) < now).length;
  if (late > 0) warnings.push(`${count(late, "host")} past the deadline; this should pass by itself`);
  return warnings;
}

function count(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? "" : "s"}`;
}
