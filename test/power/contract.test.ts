import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import type { UdpSocket } from "../../src/net/udp-socket.ts";
import { BmcTurns } from "../../src/power/bmc-turns.ts";
import { ipmiControl } from "../../src/power/ipmi-control.ts";
import { failureWords, type PowerControl } from "../../src/power/power-control.ts";
import { orderPower, type PowerAction, startInstall } from "../../src/power/power-orders.ts";
import { RejectedLogins } from "../../src/power/rejected-logins.ts";
import { wakeOnLanControl } from "../../src/power/wake-on-lan.ts";
import { FakeMachine } from "../support/power/bmc-machine.ts";
import { FakeIpmitool } from "../support/power/fake-ipmitool.ts";
import { FakePowerTime, identityOf, LIMITS, passwordFile, redfishBench } from "../support/power/power-bench.ts";

/** One way to the power of one machine, and what a test may do to that way. */
interface Bench {
  readonly control: PowerControl;
  readonly machine: FakeMachine;
  /** Nobody answers from now on. */
  cut(): void | Promise<void>;
}

type OpenBench = (t: TestContext, isOn: boolean) => Promise<Bench>;

const BENCHES: Readonly<Record<string, OpenBench>> = {
  async redfish(t, isOn) {
    const bench = await redfishBench(t, { machines: [new FakeMachine(1, "1", isOn)] });
    const cut = () => {
      bench.bmc.faults.unwell = 1000;
    };
    return { control: bench.control(), machine: bench.machine, cut };
  },
  async ipmi(t, isOn) {
    const machine = new FakeMachine(1, "1", isOn);
    const tool = new FakeIpmitool(machine);
    const parts = { turns: new BmcTurns(), rejected: new RejectedLogins(), time: new FakePowerTime(), run: tool.run };
    const settings = {
      type: "ipmi",
      address: "10.0.9.5",
      user: "operator",
      passwordFile: await passwordFile(t, tool.password),
      boot: "auto",
      limits: LIMITS,
    } as const;
    const control = ipmiControl(settings, { ...parts, stopping: new AbortController().signal });
    const cut = () => {
      tool.isReachable = false;
    };
    return { control, machine, cut };
  },
  async "wake-on-lan"(_, isOn) {
    const machine = new FakeMachine(1, "1", isOn);
    let isCut = false;
    const from = "10.11.0.1" as Ipv4Address;
    const openUdp = async (): Promise<UdpSocket> => {
      if (isCut) throw new Error("network is down");
      return {
        local: { address: from, port: 40_000 },
        // A card that is listened to by a machine that is off, and by none that is on.
        send: (bytes) => {
          const mac = Buffer.from(bytes.subarray(6, 12))
            .toString("hex")
            .replaceAll(/(..)(?=.)/g, "$1:");
          if (!machine.isOn() && mac === machine.macs[0]) machine.turnOn("usual");
        },
        onDatagram: () => {},
        onSendError: () => {},
        close: async () => {},
      };
    };
    const parts = { from, openUdp, time: new FakePowerTime(), stopping: new AbortController().signal };
    const control = wakeOnLanControl({ type: "wake-on-lan", broadcast: "10.11.3.255" as Ipv4Address }, parts);
    const cut = () => {
      isCut = true;
    };
    return { control, machine, cut };
  },
};

const ALWAYS = { wasInterrupted: false, mayStill: async () => true };
const ACTIONS: readonly PowerAction[] = ["on", "off", "off-now", "cycle", "pxe"];

for (const [name, open] of Object.entries(BENCHES)) {
  describe(`power by ${name}`, () => {
    test("switches a machine on that is off", async (t) => {
      const { control, machine } = await open(t, false);
      const done = await orderPower(control, identityOf(machine), "on");
      assert.ok(done.ok, JSON.stringify(done));
      assert.equal(machine.isOn(), true);
    });

    test("does nothing to a machine that is on and is to be", async (t) => {
      const { control, machine } = await open(t, true);
      assert.ok((await orderPower(control, identityOf(machine), "on")).ok);
      assert.deepEqual(machine.history, []);
    });

    test("tells whether a machine is on, or that it cannot", async (t) => {
      for (const isOn of [true, false]) {
        const { control, machine } = await open(t, isOn);
        const read = await control.visit(identityOf(machine), (power) => power.read());
        const wanted = !control.abilities.has("read") ? "unknown" : isOn ? "on" : "off";
        assert.equal(read.ok ? read.value.state : "", wanted);
      }
    });

    test("does what it says it can, and refuses the rest in words", async (t) => {
      for (const action of ACTIONS) {
        const { control, machine } = await open(t, true);
        const ability = action === "pxe" ? "boot-once" : action === "on" ? null : "off";
        const done = await orderPower(control, identityOf(machine), action);
        const can = ability === null || control.abilities.has(ability);
        assert.equal(done.ok, can, `${action}: ${JSON.stringify(done)}`);
        if (!done.ok) assert.equal(done.error.type, "unsupported");
        if (can && action.startsWith("off")) assert.equal(machine.isOn(), false);
        if (can && action === "cycle") assert.deepEqual(machine.history, ["off", "on"]);
      }
    });

    test("brings a machine that is off to its installer", async (t) => {
      const { control, machine } = await open(t, false);
      const done = await startInstall(control, identityOf(machine), ALWAYS);
      assert.ok(done.ok && done.value !== null, JSON.stringify(done));
      assert.equal(done.value.isSure, control.abilities.has("read"));
      assert.deepEqual(machine.history, [control.abilities.has("boot-once") ? "on network" : "on"]);
    });

    test("fails with words, and neither throws nor says the password, when nobody answers", async (t) => {
      for (const action of ACTIONS) {
        const { control, machine, cut } = await open(t, false);
        await cut();
        const done = await orderPower(control, identityOf(machine), action);
        assert.match(done.ok ? "" : failureWords(done.error), /.{10}/, action);
        assert.doesNotMatch(JSON.stringify(done), /correct horse/);
        assert.deepEqual(machine.history, []);
      }
    });
  });
}
