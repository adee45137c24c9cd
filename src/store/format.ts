import type { Host } from "../queue/host.ts";
import type { Slot, SlotState } from "../queue/slot.ts";
import type { QueueState } from "../queue/state.ts";
import { checkDocument } from "../std/check-document.ts";
import type { Problem } from "../std/problem.ts";
import { err, ok, type Result } from "../std/result.ts";
import { contradictions } from "./contradictions.ts";
import { migrate } from "./migrations.ts";
import { savedQueue } from "./saved-queue.ts";

/** Which form of the file this program writes. Goes up with every change that an older program could not read. */
export const SAVED_VERSION = 4;

/** The queue as it stands in the file: no holds, because a hold lives in memory only. */
export interface SavedQueue extends Omit<QueueState, "slots" | "hosts"> {
  readonly version: typeof SAVED_VERSION;
  readonly slots: readonly SavedSlot[];
  readonly hosts: readonly Host[];
}

export interface SavedSlot extends Omit<Slot, "state"> {
  readonly state: Exclude<SlotState, { readonly type: "held" }>;
}

/** Keeps the identity of every slot and host that it does not change. */
export function toSaved(state: QueueState): SavedQueue & Readonly<Record<string, unknown>> {
  const slots = state.slots.flatMap((slot) => toSavedSlot(slot) ?? []);
  return { version: SAVED_VERSION, paused: state.paused, rebuilds: state.rebuilds, slots, hosts: [...state.hosts] };
}

/** null: it does not stand in the file. One that the configuration no longer lists was only kept for its hold. */
export function toSavedSlot(slot: Slot): SavedSlot | null {
  if (slot.state.type !== "held") return slot as SavedSlot;
  return slot.declared ? { ...slot, state: { type: slot.reservation === null ? "available" : "reserved" } } : null;
}

/** Looks at everything, brings old versions up to date, and lists all that is wrong; nothing is repaired by guessing. */
export function readSaved(saved: unknown): Result<QueueState, readonly Problem[]> {
  const current = migrate(saved, SAVED_VERSION);
  if (!current.ok) return current;
  const read = checkDocument(savedQueue, current.value);
  if (!read.ok) return read;
  const { paused, rebuilds, slots, hosts } = read.value;
  const state: QueueState = { slots, hosts, paused, rebuilds };
  const problems = contradictions(state);
  return problems.length === 0 ? ok(state) : err(problems);
}
