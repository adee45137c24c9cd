import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { makeIso, proxmoxFiles } from "../support/iso-maker.ts";
import { Appliance } from "../support/lab/appliance.ts";
import { Lab } from "../support/lab/lab.ts";
import { Machine } from "../support/lab/machine.ts";
import { FIRMWARE_MS, patiently } from "../support/lab/patience.ts";

const STANDIN = fileURLToPath(new URL("../../build/lab/installer/", import.meta.url));

// The road of an operator: an ISO with the layout of Proxmox VE 9.2, one command, and machines that install from it. The
// kernel boots for real and unpacks for real what was put behind its initrd.
describe("an ISO that was added as an image", () => {
  let lab: Lab;
  let appliance: Appliance;

  before(async () => {
    lab = new Lab();
    appliance = new Appliance(lab, { slots: 2, image: "proxmox-ve" });
    const iso = makeIso(join(lab.folder, "proxmox-ve_9.2-1.iso"), {
      ...proxmoxFiles("9.2"),
      "boot/linux26": readFileSync(join(STANDIN, "linux26")),
      "boot/initrd.img": initrdWithoutIso(readFileSync(join(STANDIN, "initrd.img"))),
    });
    const said = appliance.command("image", "add", iso);
    assert.match(said, /^proxmox-ve-9\.2-1 is there now/);
    await appliance.start();
  });
  after(() => lab.close());

  for (const [index, firmware] of (["uefi", "bios"] as const).entries()) {
    test(`installs a ${firmware} machine, whose installer finds the ISO in its initramfs`, async () => {
      const machine = new Machine(lab, index + 1, firmware);
      machine.powerOn();
      await patiently(
        "the machine to be ready",
        async () => {
          const [stopped] = machine.console.lines(/^standin: STOPPED/);
          if (stopped !== undefined) throw new Error(stopped);
          return (await appliance.hostOf(machine.macs[0]))?.state === "ready";
        },
        () => machine.console.tail(10).join("\n"),
        FIRMWARE_MS,
      );
      const files = (await appliance.timelineOf(machine.macs[0])).map(({ what }) => what);
      assert.ok(files.some((what) => /^GET images\/[0-9a-f]{64}\/initrd\.img$/.test(what)));
    });
  }
});

/** The stand-in's initrd has its ISO behind it already: without, it would not start. */
function initrdWithoutIso(initrd: Buffer): Buffer {
  const name = initrd.lastIndexOf("proxmox.iso\0");
  const header = name - 110;
  assert.equal(initrd.toString("latin1", header, header + 6), "070701");
  return initrd.subarray(0, header);
}
