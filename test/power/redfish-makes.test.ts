import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startInstall } from "../../src/power/power-orders.ts";
import { FakeMachine } from "../support/power/bmc-machine.ts";
import { MAKES, PLAIN } from "../support/power/bmc-traits.ts";
import { identityOf, redfishBench } from "../support/power/power-bench.ts";

const ALWAYS = { wasInterrupted: false, mayStill: async () => true };

for (const [make, traits] of Object.entries({ ...MAKES, "the plain standard": PLAIN })) {
  describe(`a BMC like ${make}'s`, () => {
    test("boots the machine from the network once, and from its disk the next time", async (t) => {
      const { control, machine, bmc } = await redfishBench(t, { traits });
      const done = await startInstall(control(), identityOf(machine), ALWAYS);
      assert.ok(done.ok, JSON.stringify(done));
      assert.deepEqual(machine.history, ["off", "on network"]);
      assert.equal(bmc.nextBoot(machine.id), null);
      await control().visit(identityOf(machine), (power) => power.restart());
      assert.deepEqual(machine.history.slice(2), ["off", "on"]);
    });

    test("chooses UEFI, or Legacy where that is configured", async (t) => {
      const { control, machine, bmc } = await redfishBench(t, { traits });
      const visit = (boot: "uefi" | "legacy") =>
        control({ boot }).visit(identityOf(machine), (power) => power.bootFromNetworkOnce());
      assert.ok((await visit("uefi")).ok);
      assert.equal(bmc.nextBoot(machine.id), "Pxe UEFI");
      // Where the mode is read-only it stays what it is.
      assert.ok((await visit("legacy")).ok);
      assert.equal(bmc.nextBoot(machine.id), traits.mode === "read-only" ? "Pxe UEFI" : "Pxe Legacy");
    });

    test("switches a machine on that is off, and off again, and leaves no session behind", async (t) => {
      const { control, bmc, machine } = await redfishBench(t, {
        traits,
        machines: [new FakeMachine(1, traits.systemId, false)],
      });
      const done = await control().visit(identityOf(machine), async (power) => {
        await power.turnOn();
        return await power.turnOff("softly");
      });
      assert.ok(done.ok, JSON.stringify(done));
      assert.deepEqual(machine.history, ["on", "asked to shut down"]);
      assert.equal(bmc.sessions.size, 0);
    });

    test("is spoken to in fewer words the second time, because what worked is remembered", async (t) => {
      const { control, machine, bmc } = await redfishBench(t, { traits });
      const patches = async () => {
        const before = bmc.requests.length;
        await control().visit(identityOf(machine), (power) => power.bootFromNetworkOnce());
        return bmc.requests.slice(before).filter((request) => request.startsWith("PATCH")).length;
      };
      const first = await patches();
      assert.ok((await patches()) <= first);
    });
  });
}
