import type { Instant } from "../std/clock.ts";
import type { Effect } from "./effect.ts";
import { ARMED, type Host, type HostState, type HostStateType, MOVES, PASSAGES_MAX } from "./host.ts";
import { operationsEntering } from "./operation.ts";
import type { Refusal } from "./refusal.ts";
import { restingState, type Slot, type SlotState } from "./slot.ts";
import { hostTable, type QueueState, slotTable } from "./state.ts";

/** What an event came to. A repeat is neither news nor an error: netboot clients repeat themselves all the time. */
export type Verdict =
  | { readonly type: "moved" }
  | { readonly type: "unchanged" }
  | { readonly type: "refused"; readonly reason: Refusal };

/** The outcome of `transition`. */
export interface Step {
  readonly verdict: Verdict;
  /** The same object as before when nothing changed. A refusal may still leave a note of who asked. */
  readonly state: QueueState;
  readonly effects: readonly Effect[];
  /** false: what changed lives in memory only (holds, hosts merely seen), so nothing is written for it. */
  readonly lasting: boolean;
}

export function moved(state: QueueState, effects: readonly Effect[] = []): Step {
  return { verdict: { type: "moved" }, state, effects, lasting: true };
}

/** Moved, but only in memory. */
export function noted(state: QueueState): Step {
  return { verdict: { type: "moved" }, state, effects: [], lasting: false };
}

export function unchanged(state: QueueState): Step {
  return { verdict: { type: "unchanged" }, state, effects: [], lasting: false };
}

export function refused(state: QueueState, reason: Refusal): Step {
  return { verdict: { type: "refused", reason }, state, effects: [], lasting: false };
}

/** The host in its next state, with the passage written down. Throws on a move that is not in `MOVES`: our own mistake. */
export function entered(host: Host, next: HostState, reason = ""): Host {
  const allowed: readonly HostStateType[] = MOVES[host.state.type];
  if (next.type !== host.state.type && !allowed.includes(next.type)) {
    throw new Error(`host ${host.id}: no move from ${host.state.type} to ${next.type}`);
  }
  const passages = [...host.passages, { state: next.type, at: next.since, reason }].slice(-PASSAGES_MAX);
  const operations = operationsEntering(host.operations, host.state, next, reason);
  return { ...host, state: next, passages, operations, hold: ARMED.has(next.type) ? host.hold : null };
}

export function failed(host: Host, reason: string, now: Instant): Host {
  return entered(host, { type: "failed", since: now, reason, from: host.state.type }, reason);
}

/** `state` with `host` in place of the one of the same id, or at the end. */
export function withHost(state: QueueState, host: Host): QueueState {
  return { ...state, hosts: hostTable(state).with(host) };
}

export function withoutHost(state: QueueState, host: Host): QueueState {
  return { ...state, hosts: hostTable(state).without(host.id) };
}

export function withSlotState(state: QueueState, slot: Slot, next: SlotState): QueueState {
  return { ...state, slots: slotTable(state).with({ ...slot, state: next }) };
}

/** The slot is free again; one that the configuration no longer lists is gone with it. */
export function withSlotReleased(state: QueueState, slot: Slot): QueueState {
  if (slot.declared) return withSlotState(state, slot, restingState(slot));
  return { ...state, slots: slotTable(state).without(slot.id) };
}
