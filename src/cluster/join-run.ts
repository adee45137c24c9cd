import type { Instant } from "../std/clock.ts";
import type { JoinOrder, JoinTools } from "./join.ts";
import type { KeptKey } from "./key-folder.ts";
import { pause } from "./pause.ts";

/** When this is why a join is aborted, it is to go on after the restart: nothing is taken back. */
export const STOPPING = "the daemon stops";

/** Ends a join from within: caught by `joinCluster` alone. The message is for people. */
export class JoinStop extends Error {
  /** true: the host may be half in the cluster. */
  readonly half: boolean;

  constructor(why: string, half = false) {
    super(why);
    this.half = half;
  }
}

/** What one run of a join has in hand. */
export class JoinRun {
  readonly order: JoinOrder;
  readonly tools: JoinTools;
  readonly signal: AbortSignal;
  readonly #open = new Set<{ close(): void }>();

  constructor(order: JoinOrder, tools: JoinTools, signal: AbortSignal) {
    this.order = order;
    this.tools = tools;
    this.signal = signal;
  }

  /** null: none was made, or it is gone already. */
  get key(): KeptKey | null {
    return this.tools.keys.find(this.order.host, this.order.attempt);
  }

  /** Whether a member has told us of this very install that it is in. */
  get wasVerified(): boolean {
    const { host, attempt, cluster } = this.order;
    const { members } = this.tools.book.read(cluster.name);
    return members.some((member) => member.host === host && member.attempt === attempt);
  }

  /** Runs one step of the join, and tells how it goes. */
  async step<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.check();
    this.tools.report(name, "started", "");
    try {
      const result = await work();
      this.tools.report(name, "succeeded", "");
      return result;
    } catch (error) {
      if (error instanceof JoinStop && !this.signal.aborted) this.tools.report(name, "failed", error.message);
      throw error;
    }
  }

  note(step: string, text: string): void {
    this.tools.report(step, "noted", text);
  }

  /**
   * Asks again and again until there is an answer; after `ms` it stops with `late()`. `attempt`: null means not yet.
   */
  async until<T>(ms: number, everyMs: number, attempt: () => Promise<T | null>, late: () => JoinStop): Promise<T> {
    const end = (this.tools.clock.now() + ms) as Instant;
    for (;;) {
      const found = await attempt();
      this.check();
      if (found !== null) return found;
      if (this.tools.clock.now() + everyMs > end) throw late();
      await this.pause(everyMs);
    }
  }

  async pause(ms: number): Promise<void> {
    await pause(this.tools.clock, ms, this.signal);
    this.check();
  }

  check(): void {
    if (this.signal.aborted) throw new JoinStop("given up");
  }

  /** Closed with the run, unless before. */
  keep<T extends { close(): void }>(open: T): T {
    this.#open.add(open);
    return open;
  }

  close(): void {
    for (const open of this.#open) open.close();
    this.#open.clear();
  }
}

export function minutes(ms: number): string {
  return `${Math.round(ms / 60_000)} min`;
}
