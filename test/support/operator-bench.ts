import { createOperatorApp } from "../../src/http/operator-app.ts";
import type { OperatorDeps } from "../../src/http/operator-deps.ts";
import { OperatorFeed } from "../../src/http/operator-feed.ts";
import { Sessions } from "../../src/http/sessions.ts";
import { Engine } from "../../src/queue/engine.ts";
import type { QueueEvent } from "../../src/queue/event.ts";
import type { AttemptToken } from "../../src/queue/host.ts";
import type { QueueRules } from "../../src/queue/rules.ts";
import { EMPTY_QUEUE } from "../../src/queue/state.ts";
import { silentLog } from "../../src/std/log.ts";
import { MemoryStore } from "../../src/store/memory-store.ts";
import { Trace } from "../../src/trace/trace.ts";
import { FakeClock } from "./fake-clock.ts";
import { declaredSlots, RULES } from "./queue-builder.ts";

/** The operator's half of a daemon: a real queue in memory, a real trace, a clock moved by hand. */
export async function operatorBench(changes: Partial<OperatorDeps> = {}, rules: QueueRules = RULES) {
  const clock = new FakeClock();
  const startedAt = clock.now();
  const broken: unknown[] = [];
  const engine = new Engine({
    state: EMPTY_QUEUE,
    rules,
    store: new MemoryStore(),
    clock,
    runEffect: () => {},
    onBroken: (cause) => broken.push(cause),
  });
  const trace = new Trace(clock, silentLog);
  const feed = new OperatorFeed({ queue: engine, trace, clock });
  let kept: string | null = null;
  const sessions = new Sessions(
    {
      get sha256() {
        return kept;
      },
      async replace(sha256) {
        kept = sha256;
      },
    },
    clock,
  );
  let tokens = 0;
  const deps: OperatorDeps = {
    queue: engine,
    tracer: trace,
    trace,
    feed,
    sessions,
    clock,
    log: silentLog,
    newToken: () => `token-made-${++tokens}` as AttemptToken,
    about: () => ({
      version: "1.2.3",
      mode: "authoritative",
      startedAt,
      listen: [
        { what: "dhcp", address: "10.11.0.1:67" },
        { what: "http", address: "10.11.0.1:80" },
      ],
      warnings: [],
    }),
    explain: (host) => `It is ${host.state.type}.`,
    previewAnswer: () => null,
    notReady: () => [],
    registrations: () => null,
    leases: () => null,
    power: {
      typeOf: () => null,
      read: async () => ({ ok: false, error: { type: "unsupported", message: "nothing says how", hint: "" } }),
      order: async () => ({ ok: false, error: { type: "unsupported", message: "nothing says how", hint: "" } }),
    },
    trusted: false,
    hostnames: ["10.11.0.1", "bootqueue.lab.example"],
    pages: null,
    ...changes,
  };
  await engine.dispatch({ type: "slots-declared", slots: declaredSlots(3) });
  return {
    clock,
    engine,
    trace,
    feed,
    sessions,
    deps,
    app: createOperatorApp(deps),
    async happen(...events: readonly QueueEvent[]) {
      for (const event of events) await engine.dispatch(event);
    },
  };
}

export type OperatorBench = Awaited<ReturnType<typeof operatorBench>>;

/** How every request of a test reaches the app, as a browser or curl on the operator's network would. */
export const ORIGIN = "http://10.11.0.1:8080";
