import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Appliance } from "../support/lab/appliance.ts";
import { Lab } from "../support/lab/lab.ts";
import { Machine } from "../support/lab/machine.ts";
import { patiently } from "../support/lab/patience.ts";

const CONFIG = `[pool]
first = "10.11.3.1"
last = "10.11.3.9"

[menu]
title = "rack one"
timeout_seconds = 3

[[menu.entry]]
title = "memory test"
kernel = "memtest.bin"
`;

// Real firmware and iPXE, and nobody at the keyboard.

describe("a machine that has no slot", () => {
  let lab: Lab;
  let appliance: Appliance;
  let machine: Machine;

  before(async () => {
    lab = new Lab();
    appliance = new Appliance(lab, { slots: 0, moreConfig: CONFIG });
    await appliance.start();
    machine = new Machine(lab, 1, "bios");
  });
  after(() => lab.close());

  test("is shown the menu, and goes on to its disk when nobody chooses", async () => {
    machine.powerOn();
    await patiently(
      "its disk",
      () => /rack one[\s\S]*memory test[\s\S]*Booting from Hard Disk/.test(machine.console.text()),
      () => machine.console.text().slice(-2000),
    );
    const timeline = await appliance.timelineOf(machine.macs[0]);
    assert.ok(
      timeline.some(({ road, what }) => road === "http" && what === "menu"),
      JSON.stringify(timeline),
    );
    assert.deepEqual((await appliance.hostOf(machine.macs[0]))?.slot ?? null, null);
  });
});
