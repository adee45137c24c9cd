import type { Clock, Instant } from "../std/clock.ts";
import type { Effect } from "./effect.ts";
import type { QueueEvent } from "./event.ts";
import type { RunEffect, StateStore } from "./ports.ts";
import type { QueueRules } from "./rules.ts";
import { indexed, type QueueState } from "./state.ts";
import type { Verdict } from "./step.ts";
import { nextDeadline } from "./timing.ts";
import { resume, transition } from "./transition.ts";

interface Waiter {
  readonly verdict: Verdict;
  readonly effects: readonly Effect[];
  readonly lasting: boolean;
  readonly resolve: (verdict: Verdict) => void;
  readonly reject: (cause: unknown) => void;
}

export interface EngineParts {
  readonly state: QueueState;
  readonly rules: QueueRules;
  readonly store: StateStore;
  readonly clock: Clock;
  readonly runEffect: RunEffect;
  /** Called once, when a save failed: nothing may be answered any more, and the daemon has to stop. */
  readonly onBroken: (cause: unknown) => void;
}

/**
 * The one writer. For each event: decide, save, publish, start the effects, answer the caller, in this order.
 * Decisions made while a save is under way share the next one.
 */
export class Engine {
  readonly #parts: EngineParts;
  #rules: QueueRules;
  /** Ahead of `#published` while a save is under way: the next decision must already see it. */
  #decided: QueueState;
  #published: QueueState;
  #waiters: Waiter[] = [];
  #saving = false;
  #broken: { readonly cause: unknown } | null = null;
  /** null: nothing to wait for. */
  #alarm: { readonly at: Instant; readonly cancel: () => void } | null = null;
  readonly #listeners = new Set<(state: QueueState) => void>();

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#rules = parts.rules;
    this.#decided = indexed(parts.state);
    this.#published = this.#decided;
  }

  /** The current snapshot: immutable, and on disk but for what lives in memory only. */
  get state(): QueueState {
    return this.#published;
  }

  /** Ahead of `state` while a save is under way, and a power cut may still undo that: good for what binds nobody. */
  get decided(): QueueState {
    return this.#decided;
  }

  get rules(): QueueRules {
    return this.#rules;
  }

  /** After a reload of the configuration; what is running keeps the deadlines it has. */
  useRules(rules: QueueRules): void {
    this.#rules = rules;
  }

  /** Resumes what a stop interrupted, and begins to watch the clock. */
  async start(): Promise<void> {
    for (const effect of resume(this.#published, this.#rules)) this.#parts.runEffect(effect);
    await this.dispatch({ type: "clock-checked" });
    this.#setAlarm();
  }

  /** Stops watching the clock; what was dispatched before is still saved and answered. */
  stop(): void {
    this.#cancelAlarm();
  }

  /**
   * Resolves when a power cut can no longer undo the outcome, or at once when it lives in memory only, as a hold.
   * Rejects when it could not be saved: then nothing was done, and nobody may be told that it was.
   */
  dispatch(event: QueueEvent): Promise<Verdict> {
    if (this.#broken !== null) return Promise.reject(this.#brokenError());
    const step = transition(this.#decided, event, this.#parts.clock.now(), this.#rules);
    const { verdict, effects, lasting } = step;
    const changed = step.state !== this.#decided;
    this.#decided = step.state;
    // A hold binds nobody, and the next message of that client will wait. A repeat waits for a save under way: it may be
    // the repeat of what is just being saved.
    const isInMemory = !lasting && verdict.type === "moved";
    if (lasting || (this.#saving && !isInMemory)) {
      return new Promise((resolve, reject) => {
        this.#waiters.push({ verdict, effects, lasting, resolve, reject });
        if (!this.#saving) void this.#saveGroups();
      });
    }
    if (changed && !this.#saving) this.#publish(step.state);
    return Promise.resolve(verdict);
  }

  subscribe(listener: (state: QueueState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #saveGroups(): Promise<void> {
    this.#saving = true;
    while (this.#waiters.length > 0) {
      const group = this.#waiters;
      this.#waiters = [];
      const decided = this.#decided;
      try {
        if (group.some((waiter) => waiter.lasting)) await this.#parts.store.save(decided);
      } catch (cause) {
        this.#break(cause, group);
        return;
      }
      this.#publish(decided);
      for (const waiter of group) {
        for (const effect of waiter.effects) this.#parts.runEffect(effect);
        waiter.resolve(waiter.verdict);
      }
    }
    this.#saving = false;
    // With what was held in the meantime, for which nobody waited.
    this.#publish(this.#decided);
  }

  /** Memory goes back to what the disk last confirmed. */
  #break(cause: unknown, group: readonly Waiter[]): void {
    this.#broken = { cause };
    this.#decided = this.#published;
    this.#cancelAlarm();
    for (const waiter of [...group, ...this.#waiters]) waiter.reject(this.#brokenError());
    this.#waiters = [];
    this.#parts.onBroken(cause);
  }

  #brokenError(): Error {
    return new Error("the state could not be saved, so nothing more is decided", { cause: this.#broken?.cause });
  }

  #publish(state: QueueState): void {
    if (state === this.#published) return;
    this.#published = state;
    this.#setAlarm();
    for (const listener of this.#listeners) listener(state);
  }

  #setAlarm(): void {
    const deadline = nextDeadline(this.#decided);
    if (deadline === null || this.#broken !== null) {
      this.#cancelAlarm();
      return;
    }
    // One that rings too early costs less than a new one for each step of each host.
    if (this.#alarm !== null && this.#alarm.at <= deadline) return;
    this.#cancelAlarm();
    const cancel = this.#parts.clock.alarm(deadline, () => {
      this.#alarm = null;
      // A failed save has already told `onBroken`.
      this.dispatch({ type: "time-passed" }).catch(() => {});
      this.#setAlarm();
    });
    this.#alarm = { at: deadline, cancel };
  }

  #cancelAlarm(): void {
    this.#alarm?.cancel();
    this.#alarm = null;
  }
}
