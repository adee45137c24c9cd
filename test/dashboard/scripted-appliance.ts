import type { Auth } from "../../src/dashboard/auth.ts";
import type { DashboardDeps } from "../../src/dashboard/dashboard.ts";
import type { MachineType, PowerForPages, PowerOutcome } from "../../src/dashboard/machine-facts.ts";
import type { Order, Outcome } from "../../src/dashboard/orders.ts";
import type { ApplianceStatus, TraceEntry } from "../../src/dashboard/scene.ts";
import type { Host, HostId } from "../../src/queue/host.ts";
import { EMPTY_QUEUE, type QueueState } from "../../src/queue/state.ts";
import type { Clock } from "../../src/std/clock.ts";
import type { Footprint } from "../../src/trace/footprint.ts";

export const OPERATOR_TOKEN = "bq_the-operator-token";
export const SESSION_COOKIE = "session=alive";

/** Everything the dashboard asks for, moved by hand: a queue that is told its states, a trace, sessions, orders kept. */
export class ScriptedAppliance {
  readonly orders: Order[] = [];
  outcome: Outcome = { ok: true, message: "done" };
  /** What an order does to the queue; by default nothing. */
  onOrder: (order: Order) => void = () => {};
  status: ApplianceStatus = { mode: "authoritative", warnings: [], version: "0.1.0" };
  preview: string | null = null;
  story = "It stands where it stands.";
  machineType: MachineType | null = null;
  powerType: string | null = null;
  powerReading: Awaited<ReturnType<PowerForPages["read"]>> = { ok: false, message: "its BMC does not answer" };
  powerOutcome: PowerOutcome = { ok: true, message: "done" };
  readonly powerOrders: string[] = [];
  refuseLogin: "refused" | "slow-down" | null = null;
  readonly closing = new AbortController();
  readonly #clock: Clock;
  readonly #footprints: TraceEntry[] = [];
  readonly #queueListeners = new Set<(state: QueueState) => void>();
  readonly #traceListeners = new Set<(footprint: Footprint) => void>();
  #state: QueueState;

  constructor(clock: Clock, state: QueueState = EMPTY_QUEUE) {
    this.#clock = clock;
    this.#state = state;
  }

  get state(): QueueState {
    return this.#state;
  }

  /** How many listen to the queue or the trace. */
  get listeners(): number {
    return this.#queueListeners.size + this.#traceListeners.size;
  }

  publish(state: QueueState): void {
    this.#state = state;
    for (const listener of this.#queueListeners) listener(state);
  }

  /** Puts a changed host in the place of the one with the same id. */
  change(id: HostId, change: (host: Host) => Host): void {
    const hosts = this.#state.hosts.map((host) => (host.id === id ? change(host) : host));
    this.publish({ ...this.#state, hosts });
  }

  note(footprint: TraceEntry): void {
    this.#footprints.push(footprint);
    for (const listener of this.#traceListeners) listener(footprint);
  }

  get deps(): DashboardDeps {
    const scripted = this;
    return {
      queue: {
        get state() {
          return scripted.#state;
        },
        subscribe: (listener) => {
          this.#queueListeners.add(listener);
          return () => this.#queueListeners.delete(listener);
        },
      },
      trace: {
        recent: () => this.#footprints,
        footprintsOf: (mac) => this.#footprints.filter((footprint) => footprint.mac === mac),
        subscribe: (listener) => {
          this.#traceListeners.add(listener);
          return () => this.#traceListeners.delete(listener);
        },
      },
      clock: this.#clock,
      perform: async (order) => {
        this.orders.push(order);
        if (this.outcome.ok) this.onOrder(order);
        return this.outcome;
      },
      previewAnswer: () => this.preview,
      machineType: () => this.machineType,
      power: {
        typeOf: () => this.powerType,
        read: async () => this.powerReading,
        order: async (_, action, force) => {
          this.powerOrders.push(force ? `${action} by force` : action);
          return this.powerOutcome;
        },
      },
      explain: () => this.story,
      status: () => this.status,
      auth: this.#auth,
      closing: this.closing.signal,
    };
  }

  readonly #auth: Auth = {
    sessionOf: (request) => (request.headers.get("cookie") ?? "").includes(SESSION_COOKIE),
    login: async (token) => {
      if (this.refuseLogin !== null) return this.refuseLogin;
      return token === OPERATOR_TOKEN
        ? { setCookie: `${SESSION_COOKIE}; Path=/; HttpOnly; SameSite=Strict` }
        : ("refused" as const);
    },
    logout: async () => ({ setCookie: "session=; Path=/; Max-Age=0" }),
  };
}
