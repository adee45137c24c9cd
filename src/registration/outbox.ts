import { type Clock, type Instant, later } from "../std/clock.ts";
import type { ReadyNode } from "./ready-node.ts";
import type { Registrar } from "./registrar.ts";

/** What has become of telling one registrar of one node. */
export interface Dispatch {
  /** Name of the registrar. */
  readonly registrar: string;
  /** Id of the host. */
  readonly host: string;
  readonly readyAt: Instant;
  readonly state: DispatchState;
}

export type DispatchState =
  | { readonly type: "waiting"; readonly attempts: number; readonly nextAt: Instant; readonly reason: string }
  | { readonly type: "done"; readonly at: Instant; readonly what: string }
  /** Given up until somebody asks again. */
  | { readonly type: "dead"; readonly attempts: number; readonly at: Instant; readonly reason: string };

/** Where dispatches survive. */
export interface DispatchStore {
  /** null: nothing was ever saved. */
  load(): Promise<readonly Dispatch[] | null>;
  save(dispatches: readonly Dispatch[]): Promise<void>;
}

export interface OutboxParts {
  readonly registrars: readonly Registrar[];
  readonly store: DispatchStore;
  readonly clock: Clock;
  /** From 0 to 1, for the delays between attempts. */
  readonly random: () => number;
  /** Every host that is ready now. */
  readonly readyNodes: () => readonly ReadyNode[];
  /** Called after each attempt. */
  readonly onAttempt: (dispatch: Dispatch, node: ReadyNode) => void;
  readonly onSaveFailed: (why: string) => void;
}

/** How often a registrar is asked before it is given up: with doubling delays, about a day and a half. */
export const ATTEMPTS_MAX = 20;
const FIRST_DELAY_MS = 5_000;
const DELAY_MAX_MS = 3 * 3_600_000;

/**
 * Sees to it that every registrar hears of every node that is ready, at least once. What was told is kept on disk; should
 * that be lost, everybody is told again, and takes it as a repeat.
 */
export class Outbox {
  readonly #parts: OutboxParts;
  readonly #dispatches = new Map<string, Dispatch>();
  readonly #stopping = new AbortController();
  #cancelAlarm = () => {};
  #running: Promise<void> | null = null;

  constructor(parts: OutboxParts, dispatches: readonly Dispatch[]) {
    this.#parts = parts;
    for (const dispatch of dispatches) this.#dispatches.set(keyOf(dispatch), dispatch);
  }

  get dispatches(): readonly Dispatch[] {
    return [...this.#dispatches.values()];
  }

  /** Looks who is ready and has not been told of. Call it when that may have changed. */
  look(): void {
    if (this.#stopping.signal.aborted) return;
    const nodes = this.#parts.readyNodes();
    const wanted = new Set<string>();
    for (const { name } of this.#parts.registrars) {
      for (const { id, readyAt } of nodes) {
        const key = keyOf({ registrar: name, host: id });
        wanted.add(key);
        if (this.#dispatches.get(key)?.readyAt === readyAt) continue;
        const state = { type: "waiting", attempts: 0, nextAt: this.#parts.clock.now(), reason: "" } as const;
        this.#dispatches.set(key, { registrar: name, host: id, readyAt, state });
      }
    }
    for (const key of this.#dispatches.keys()) if (!wanted.has(key)) this.#dispatches.delete(key);
    this.#wake();
  }

  /** Begins anew with all that were given up. The answer is how many. */
  retry(): number {
    const dead = this.dispatches.filter(({ state }) => state.type === "dead");
    for (const dispatch of dead) {
      const state = { type: "waiting", attempts: 0, nextAt: this.#parts.clock.now(), reason: "" } as const;
      this.#dispatches.set(keyOf(dispatch), { ...dispatch, state });
    }
    this.#wake();
    return dead.length;
  }

  /** Resolves when no attempt is under way any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#cancelAlarm();
    await this.#running;
  }

  #wake(): void {
    if (this.#running !== null || this.#stopping.signal.aborted) return;
    this.#cancelAlarm();
    const due = this.dispatches
      .flatMap(({ state }) => (state.type === "waiting" ? [state.nextAt] : []))
      .reduce<Instant | null>((first, at) => (first === null || at < first ? at : first), null);
    if (due === null) return;
    this.#cancelAlarm = this.#parts.clock.alarm(due, () => {
      this.#running = this.#sendDue().finally(() => {
        this.#running = null;
        this.#wake();
      });
    });
  }

  /** One after the other: an inventory is not made for a whole rack at the same moment. */
  async #sendDue(): Promise<void> {
    const { clock, registrars } = this.#parts;
    const nodes = new Map(this.#parts.readyNodes().map((node) => [node.id, node]));
    for (const dispatch of this.dispatches) {
      const { state, host } = dispatch;
      if (state.type !== "waiting" || state.nextAt > clock.now()) continue;
      const registrar = registrars.find(({ name }) => name === dispatch.registrar);
      const node = nodes.get(host);
      if (registrar === undefined || node === undefined || node.readyAt !== dispatch.readyAt) {
        this.#dispatches.delete(keyOf(dispatch));
        continue;
      }
      const outcome = await registrar.register(node, this.#stopping.signal);
      if (this.#stopping.signal.aborted) return;
      const attempts = state.attempts + 1;
      const now = clock.now();
      const next: DispatchState = outcome.ok
        ? { type: "done", at: now, what: outcome.value.what }
        : outcome.error.isFinal || attempts >= ATTEMPTS_MAX
          ? { type: "dead", attempts, at: now, reason: outcome.error.message }
          : { type: "waiting", attempts, nextAt: this.#nextAt(attempts), reason: outcome.error.message };
      const after = { ...dispatch, state: next };
      // It may have become another install meanwhile, which has a dispatch of its own.
      if (this.#dispatches.get(keyOf(dispatch)) !== dispatch) continue;
      this.#dispatches.set(keyOf(dispatch), after);
      this.#parts.onAttempt(after, node);
      await this.#save();
    }
  }

  /** Doubled each time, with full jitter: many that failed together do not come back together. */
  #nextAt(attempts: number): Instant {
    const limitMs = Math.min(DELAY_MAX_MS, FIRST_DELAY_MS * 2 ** attempts);
    return later(this.#parts.clock.now(), Math.ceil(limitMs * (0.1 + 0.9 * this.#parts.random())));
  }

  async #save(): Promise<void> {
    try {
      await this.#parts.store.save(this.dispatches);
    } catch (cause) {
      this.#parts.onSaveFailed((cause as Error).message);
    }
  }
}

function keyOf({ registrar, host }: { readonly registrar: string; readonly host: string }): string {
  return `${registrar}\n${host}`;
}
