import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Appliance } from "../support/lab/appliance.ts";
import { arrivalOfAll, powerOnIntoSlot } from "../support/lab/arrival.ts";
import { ClusterRack } from "../support/lab/cluster-rack.ts";
import { Journey } from "../support/lab/journey.ts";
import { Lab } from "../support/lab/lab.ts";
import { Machine } from "../support/lab/machine.ts";

// From empty disks to a cluster: a Linux on each disk with a real sshd, the first-boot agent, and joins over SSH, with
// stand-ins for what Proxmox brings along.

describe("two machines of a cluster", () => {
  let lab: Lab;
  let rack: ClusterRack;
  let appliance: Appliance;
  const journeys: Journey[] = [];

  before(async () => {
    lab = new Lab();
    rack = new ClusterRack(lab);
    appliance = new Appliance(lab, { slots: 2, cluster: { operatorKey: rack.operatorKey } });
    await appliance.start();
  });
  after(() => lab.close());

  test("install, run their first-boot steps, and join one after the other", async () => {
    for (const [index, slot] of (await appliance.slots()).entries()) {
      const machine = new Machine(lab, index + 1, "bios", { shared: rack.shared });
      journeys.push(new Journey(machine, slot, { joins: true }));
      await powerOnIntoSlot(appliance, machine);
    }
    await arrivalOfAll(appliance, journeys);
  });

  test("a member says that both are in, and lets nobody in but the operator and the nodes", async () => {
    const { words, isWhole } = await rack.ask(appliance, journeys);
    assert.ok(isWhole, words);
  });

  test("the steps of the first boot were run, and each was reported", async () => {
    for (const { address, machine } of journeys) {
      assert.equal(rack.onNode(address, "cat /etc/hello").trim(), "hello");
      const host = await appliance.hostOf(machine.macs[0]);
      assert.ok(host);
      const { operations } = await appliance.detailOf(host);
      assert.equal(operations.length, 1);
      assert.equal(operations[0]?.state, "succeeded");
      const steps = operations[0]?.steps.map(({ name, state }) => `${name}: ${state}`) ?? [];
      for (const step of ["first boot: succeeded", "join the cluster: succeeded"])
        assert.ok(steps.includes(step), step);
      assert.ok(
        steps.some((step) => /say-hello: succeeded/.test(step)),
        steps.join(", "),
      );
    }
  });

  test("no key of the appliance is left beside its state", () => {
    assert.equal(lab.run("gw", ["find", `${lab.folder}/appliance/state`, "-name", "*key*", "-type", "f"]).trim(), "");
  });
});
