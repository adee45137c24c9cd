import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { describe, type TestContext, test } from "node:test";
import type { PowerTargets } from "../src/config/power.ts";
import { PowerDesk } from "../src/daemon-power.ts";
import { redfishControl } from "../src/power/redfish-control.ts";
import { Engine } from "../src/queue/engine.ts";
import type { QueueEvent } from "../src/queue/event.ts";
import type { Reservation } from "../src/queue/slot.ts";
import { EMPTY_QUEUE, findHost, type QueueState } from "../src/queue/state.ts";
import { MemoryStore } from "../src/store/memory-store.ts";
import { FakeClock } from "./support/fake-clock.ts";
import { FakeMachine } from "./support/power/bmc-machine.ts";
import { redfishBench } from "./support/power/power-bench.ts";
import {
  address,
  answer,
  declaredSlots,
  hostId,
  mac,
  RULES,
  rebuild,
  reported,
  requested,
  script,
  seen,
  slotId,
  token,
} from "./support/queue-builder.ts";

const INSTALLED = [seen(1), requested(1), script(1), answer(1), reported(1)];
const SWITCHING: QueueEvent = { type: "power-switching", host: hostId(1), token: token("again") };

interface Wishes {
  readonly machines?: readonly FakeMachine[];
  readonly reservation?: Reservation;
  /** Happens while the machine's next boot is chosen. */
  readonly meanwhile?: readonly QueueEvent[];
}

/** A queue whose first slot has a BMC behind it, and a daemon that can be killed. */
async function bench(
  t: TestContext,
  { machines = [new FakeMachine(1, "1")], reservation, meanwhile = [] }: Wishes = {},
) {
  const redfish = await redfishBench(t, { machines });
  const rules = { ...RULES, power: { slots: new Set([slotId(1)]), macs: new Set<never>(), cycleStuck: false } };
  const targets: PowerTargets = { slots: new Map([[address(1), redfish.settings]]), hosts: new Map() };
  const store = new MemoryStore();
  const clock = new FakeClock();
  const start = (state: QueueState, doesEffects: boolean) => {
    const running: Promise<void>[] = [];
    const desk = new PowerDesk(
      targets,
      (settings) => {
        assert.equal(settings.type, "redfish");
        const control = redfishControl(settings as typeof redfish.settings, {
          ...redfish.memory,
          time: redfish.time,
          stopping: redfish.stop.signal,
        });
        return {
          ...control,
          visit: (machine, work) =>
            control.visit(machine, (power) =>
              work({
                ...power,
                async bootFromNetworkOnce() {
                  const chosen = await power.bootFromNetworkOnce();
                  for (const event of meanwhile) await engine.dispatch(event);
                  return chosen;
                },
              }),
            ),
        };
      },
      redfish.stop,
    );
    const engine: Engine = new Engine({
      state,
      rules,
      store,
      clock,
      runEffect: (effect) => {
        if (doesEffects && effect.type === "switch-power") running.push(desk.switchForInstall(engine, effect));
      },
      onBroken: () => assert.fail("the store broke"),
    });
    const happen = async (...events: readonly QueueEvent[]) => {
      for (const event of events) await engine.dispatch(event);
      await Promise.all(running);
    };
    return { engine, desk, happen, settled: () => Promise.all(running) };
  };
  const slots = declaredSlots(2, reservation === undefined ? {} : { 1: reservation });
  const first = (doesEffects: boolean) => {
    const daemon = start(EMPTY_QUEUE, doesEffects);
    return { ...daemon, ready: daemon.engine.dispatch({ type: "slots-declared", slots }) };
  };
  /** What a daemon does that is started after the other one was killed. */
  const restarted = async () => {
    const daemon = start((await store.load()) ?? EMPTY_QUEUE, true);
    await daemon.engine.start();
    await daemon.settled();
    return daemon;
  };
  return { ...redfish, first, restarted };
}

function told(state: QueueState) {
  const host = findHost(state, hostId(1));
  const step = host?.operations.at(-1)?.steps.find(({ name }) => name === "restart it");
  return {
    host: `${host?.state.type} ${host?.attempt?.power?.step}`,
    step: `${step?.ended?.outcome}: ${step?.notes.map(({ text }) => text).join("; ")}`,
  };
}

describe("a rebuild of a host whose power can be switched", () => {
  test("restarts it from the network, once, and says so", async (t) => {
    const { first, machine, bmc } = await bench(t);
    const daemon = first(true);
    await daemon.happen(...INSTALLED, rebuild(1, "again"));
    assert.deepEqual(machine.history, ["off", "on network"]);
    const { host, step } = told(daemon.engine.state);
    assert.equal(host, "pxe_ready switched");
    assert.match(step, /succeeded: restarted \(ForceRestart\), the next boot is Pxe \(UEFI\)/);
    assert.equal(bmc.sessions.size, 0);
  });

  test("leaves it armed when it cannot be switched, and says why", async (t) => {
    const { first, machine, passwordFile } = await bench(t);
    await writeFile(passwordFile, "wrong\n");
    const daemon = first(true);
    await daemon.happen(...INSTALLED, rebuild(1, "again"));
    assert.deepEqual(machine.history, []);
    const { host, step } = told(daemon.engine.state);
    assert.equal(host, "pxe_ready failed");
    assert.match(step, /failed: 127\.0\.0\.1:\d+ refused user operator.*It stays armed: restart it by hand/);
    assert.doesNotMatch(JSON.stringify(daemon.engine.state), /wrong\b|correct horse/);
    await daemon.happen(script(1));
    assert.equal(findHost(daemon.engine.state, hostId(1))?.state.type, "pxe_booted", "by hand it still works");
  });

  test("touches nobody when another machine than the BMC's has taken the slot", async (t) => {
    const { first, machines } = await bench(t, { machines: [new FakeMachine(7, "1"), new FakeMachine(8, "2")] });
    const daemon = first(true);
    await daemon.happen(...INSTALLED, rebuild(1, "again"));
    assert.deepEqual(
      machines.flatMap(({ history }) => history),
      [],
    );
    assert.match(told(daemon.engine.state).step, /none of them can be told to be this host/);
  });

  test("does not take a slot that is kept for a machine as proof when it is another one's UUID", async (t) => {
    const reservation = { type: "mac", mac: mac(1) } as const;
    const { first, machine } = await bench(t, { machines: [new FakeMachine(7, "1")], reservation });
    const daemon = first(true);
    await daemon.happen(...INSTALLED, rebuild(1, "again"));
    assert.deepEqual(machine.history, []);
    assert.match(told(daemon.engine.state).step, /system 1 is another machine: its UUID is/);
  });

  for (const [what, meanwhile] of [
    ["came by itself", [seen(1), requested(1)]],
    ["already installs", [script(1), answer(1)]],
  ] as const) {
    test(`does not restart it when it ${what} while its BMC took its time`, async (t) => {
      const { first, machine } = await bench(t, { meanwhile });
      const daemon = first(true);
      await daemon.happen(...INSTALLED, rebuild(1, "again"));
      assert.deepEqual(machine.history, []);
      assert.match(told(daemon.engine.state).step, /skipped: it came to its installer by itself/);
    });
  }
});

describe("a daemon that is started again", () => {
  const killedAfter = async (
    daemon: { happen(...events: readonly QueueEvent[]): Promise<void> },
    ...more: QueueEvent[]
  ) => daemon.happen(...INSTALLED, rebuild(1, "again"), ...more);

  test("restarts a machine that was armed and not restarted yet, once", async (t) => {
    const { first, restarted, machine } = await bench(t);
    await killedAfter(first(false));
    await restarted();
    assert.deepEqual(machine.history, ["off", "on network"]);
    await restarted();
    assert.deepEqual(machine.history, ["off", "on network"], "the second one has nothing to do");
  });

  test("leaves a machine that is on alone, if the other was killed while it restarted it", async (t) => {
    const { first, restarted, machine } = await bench(t);
    await killedAfter(first(false), SWITCHING);
    const daemon = await restarted();
    assert.deepEqual(machine.history, []);
    const { host, step } = told(daemon.engine.state);
    assert.equal(host, "pxe_ready failed");
    assert.match(step, /it was not switched a second time/);
  });

  test("switches a machine on that was left off", async (t) => {
    const { first, restarted, machine } = await bench(t, { machines: [new FakeMachine(1, "1", false)] });
    await killedAfter(first(false), SWITCHING);
    await restarted();
    assert.deepEqual(machine.history, ["on network"]);
  });

  test("leaves a machine alone that installs, or is installed", async (t) => {
    for (const more of [[script(1)], [script(1), answer(1)]]) {
      const { first, restarted, machine } = await bench(t);
      await killedAfter(first(false), SWITCHING, ...more);
      await restarted();
      assert.deepEqual(machine.history, []);
    }
  });
});
