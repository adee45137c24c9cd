import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Appliance } from "../support/lab/appliance.ts";
import { Lab } from "../support/lab/lab.ts";
import { Machine } from "../support/lab/machine.ts";
import { patiently } from "../support/lab/patience.ts";
import { VirtualBmc } from "../support/lab/virtual-bmc.ts";

// Nobody touches a button: the machines are off and would boot their disks, and a BMC that speaks Redfish has them both.

describe("two machines behind one BMC", () => {
  let lab: Lab;
  let appliance: Appliance;
  let bmc: VirtualBmc;
  let machines: readonly [Machine, Machine];

  before(async () => {
    lab = new Lab();
    machines = [new Machine(lab, 1, "bios", { diskFirst: true }), new Machine(lab, 2, "bios", { diskFirst: true })];
    bmc = new VirtualBmc(lab, machines);
    await bmc.open();
    appliance = new Appliance(lab, { slots: 2, moreConfig: bmc.configText() });
    await appliance.start();
  });
  after(async () => {
    await bmc.bmc.close();
    lab.close();
  });

  test("one that is off is switched on, installed, and boots its disk: `bootqueue rebuild` is all; the other stays off", async () => {
    const [one, other] = machines;
    appliance.command("register", one.macs[0]);
    // Only machines with a slot are rebuilt with all others.
    appliance.command("register", other.macs[0], "--slot", "2");
    appliance.command("--yes", "rebuild", one.macs[0]);
    await isReady(one);
    await patiently(
      "its disk",
      () => one.localBoots.length === 1,
      () => one.console.tail(10).join("\n"),
    );
    assert.equal(other.isOn, false);
    assert.equal(bmc.bmc.sessions.size, 0);
    const host = await appliance.hostOf(one.macs[0]);
    assert.ok(host);
    const { operations } = await appliance.detailOf(host);
    const step = operations.at(-1)?.steps.find(({ name }) => name === "restart it");
    assert.equal(step?.state, "succeeded", JSON.stringify(step));
    assert.match(step?.notes.at(-1)?.text ?? "", /switched on \(On\), the next boot is Pxe/);
  });

  test("all at once: the one that runs its system is restarted, the other is switched on; `bootqueue rebuild --all` is all", async () => {
    const [one, other] = machines;
    assert.match(await appliance.commandBeside("power", "status", one.macs[0]), /is on, health ok \(redfish\)/);
    appliance.command("--yes", "rebuild", "--all", "--parallel", "2", "--detach");
    await isReady(one);
    await isReady(other);
    await patiently(
      "its disk again",
      () => one.localBoots.length === 2,
      () => one.console.tail(10).join("\n"),
    );
    assert.notEqual(one.localBoots[0], one.localBoots[1]);
    await patiently(
      "the other's disk",
      () => other.localBoots.length === 1,
      () => other.console.tail(10).join("\n"),
    );
  });

  test("`bootqueue power off` switches off that one", async () => {
    const [one, other] = machines;
    assert.match(
      await appliance.commandBeside("--yes", "power", "off", "--now", one.macs[0]),
      /switched off \(ForceOff\)/,
    );
    assert.deepEqual([one.isOn, other.isOn], [false, true]);
    assert.match(await appliance.commandBeside("power", "status", one.macs[0]), /is off/);
  });

  async function isReady(machine: Machine): Promise<void> {
    await patiently(
      "the install",
      async () => {
        const [stopped] = machine.console.lines(/^standin: STOPPED/);
        if (stopped !== undefined) throw new Error(stopped);
        const host = await appliance.hostOf(machine.macs[0]);
        if (host?.state === "failed") throw new Error(host.reason);
        return host?.state === "ready";
      },
      () => [...machine.console.tail(10), ...appliance.logTail(5)].join("\n"),
    );
  }
});
