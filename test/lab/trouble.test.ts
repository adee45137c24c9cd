import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Appliance } from "../support/lab/appliance.ts";
import { Lab } from "../support/lab/lab.ts";
import { Machine } from "../support/lab/machine.ts";
import { patiently } from "../support/lab/patience.ts";

// What goes wrong in a rack, with a real machine in it.

describe("an installer that cannot install", () => {
  test("stops and leaves the disk as it was, and its host waits in `installing`", async () => {
    const lab = new Lab();
    try {
      const diskSetup = 'filesystem = "ext4"\nfilter.ID_SERIAL = "NOT-IN-THIS-RACK"';
      const appliance = new Appliance(lab, { slots: 1, diskSetup });
      await appliance.start();
      const machine = new Machine(lab, 1, "bios");
      machine.powerOn();
      const [stopped] = await patiently("it to stop", () => nonEmpty(machine.console.lines(/^standin: STOPPED/)));
      assert.match(stopped ?? "", /installation failed: disk-setup: no disk matches; there are \/dev\/vda/);
      assert.equal((await appliance.hostOf(machine.macs[0]))?.state, "installing");
      const disk = readFileSync(join(lab.folder, "m1.disk"));
      assert.ok(disk.equals(Buffer.alloc(disk.length)), "something was written to the disk");
    } finally {
      lab.close();
    }
  });
});

describe("a daemon that is killed in the middle of an installation", () => {
  test("knows the machine when it starts again: same slot, and the installation completes", async () => {
    const lab = new Lab();
    try {
      // The installer holds for a while between its answer and the disk.
      const appliance = new Appliance(lab, { slots: 2, kernelArgs: "standin.pause=6" });
      await appliance.start();
      const machine = new Machine(lab, 1, "bios");
      const [mac] = machine.macs;
      machine.powerOn();
      await patiently("its answer file", async () => (await appliance.hostOf(mac))?.state === "installing");
      // Neither it nor the real installer asks twice for what it fetches right behind its answer.
      await patiently("its first-boot script", () => machine.console.text().includes("has its first-boot script"));
      await appliance.stop("SIGKILL");
      await appliance.start();
      const restarted = await appliance.hostOf(mac);
      assert.deepEqual([restarted?.state, restarted?.slot?.number], ["installing", 1]);

      await patiently("its report", async () => (await appliance.hostOf(mac))?.state === "ready");
      assert.deepEqual(
        (await appliance.slots()).map(({ state, holder }) => [state, holder]),
        [
          ["assigned", mac],
          ["available", null],
        ],
      );
    } finally {
      lab.close();
    }
  });

  test("and a machine that lost its way then, switched off and on, has the slot that it was given", async () => {
    const lab = new Lab();
    try {
      const appliance = new Appliance(lab, { slots: 2 });
      await appliance.start();
      const machine = new Machine(lab, 1, "bios");
      const [mac] = machine.macs;
      machine.powerOn();
      await patiently("its slot", async () => (await appliance.slots()).some(({ holder }) => holder === mac));
      await appliance.stop("SIGKILL");
      await appliance.start();
      // iPXE does not ask twice for a script; it goes on to the empty disk, where only a person can help.
      await machine.reset();
      await patiently(
        "its report",
        async () => (await appliance.hostOf(mac))?.state === "ready",
        () => machine.console.tail(20).join("\n"),
      );
      assert.equal((await appliance.hostOf(mac))?.slot?.number, 1);
    } finally {
      lab.close();
    }
  });
});

/** null: nothing in it yet. */
function nonEmpty<T>(list: readonly T[]): readonly T[] | null {
  return list.length === 0 ? null : list;
}
