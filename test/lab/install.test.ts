import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Appliance } from "../support/lab/appliance.ts";
import { arrival, arrivalOfAll, powerOnIntoSlot } from "../support/lab/arrival.ts";
import { ignoredAfterReport } from "../support/lab/broken-link.ts";
import { Journey } from "../support/lab/journey.ts";
import { Lab } from "../support/lab/lab.ts";
import { type Firmware, Machine } from "../support/lab/machine.ts";
import { patiently } from "../support/lab/patience.ts";

// The main job: real firmware, the real daemon, and an installer that behaves on the wire as Proxmox's does.

describe("an empty rack", () => {
  let lab: Lab;
  let appliance: Appliance;
  const journeys: Journey[] = [];

  before(async () => {
    lab = new Lab();
    appliance = new Appliance(lab, { slots: 2 });
    await appliance.start();
  });
  after(() => lab.close());

  test("one BIOS and one UEFI machine install hands off, in the order of their slots, and boot their disks", async () => {
    const kinds: readonly Firmware[] = ["bios", "uefi"];
    for (const [index, firmware] of kinds.entries()) {
      const machine = new Machine(lab, index + 1, firmware);
      const slot = (await appliance.slots())[index];
      assert.ok(slot);
      journeys.push(new Journey(machine, slot));
      await powerOnIntoSlot(appliance, machine);
    }
    await arrivalOfAll(appliance, journeys);
  });

  test("the report made the machine's inventory: firmware, both network cards, its disk by serial", async () => {
    const { inventory } = await appliance.detailOf(await hostAt(appliance, "52:54:00:1a:00:02"));
    assert.equal(inventory?.bootMode, "efi");
    assert.deepEqual(
      inventory?.nics.map(({ mac, isManagement }) => ({ mac, isManagement })),
      [
        { mac: "52:54:00:1a:00:02", isManagement: true },
        { mac: "52:54:00:1b:00:02", isManagement: false },
      ],
    );
    assert.deepEqual(
      inventory?.disks.map(({ device, serial, isBootDisk }) => ({ device, serial, isBootDisk })),
      [{ device: "/dev/vda", serial: "LAB-02", isBootDisk: true }],
    );
    assert.deepEqual(Object.keys(inventory?.sshHostKeys ?? {}).sort(), ["ecdsa", "ed25519", "rsa"]);
  });

  test("an installed machine that is switched off and on is ignored again, and boots the same installation", async () => {
    const machine = journeys[0]?.machine;
    assert.ok(machine);
    const [firstBoot] = machine.localBoots;
    await machine.reset();
    const boots = await patiently(
      "a second boot from its disk",
      () => machine.localBoots.length > 1 && machine.localBoots,
    );
    assert.equal(boots[1], firstBoot);
    const footprints = await appliance.timelineOf(machine.macs[0]);
    assert.match(ignoredAfterReport({ footprints })?.why ?? "", /installed/);
  });
});

async function hostAt(appliance: Appliance, mac: string) {
  const host = await appliance.hostOf(mac);
  assert.ok(host, `no host has ${mac}`);
  return host;
}

describe("a release of the installer", () => {
  for (const release of ["8.3", "9.1"]) {
    test(`${release} takes its answer in the dialect of its time, and reports`, async () => {
      const lab = new Lab();
      try {
        const appliance = new Appliance(lab, { slots: 1, kernelArgs: `standin.release=${release}` });
        await appliance.start();
        const machine = new Machine(lab, 1, "bios");
        machine.powerOn();
        await arrival(appliance, machine, "ready");
      } finally {
        lab.close();
      }
    });
  }
});
