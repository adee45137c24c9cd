import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Appliance } from "../support/lab/appliance.ts";
import { askWithDhclient } from "../support/lab/dhclient.ts";
import { Lab } from "../support/lab/lab.ts";
import { Machine } from "../support/lab/machine.ts";
import { patiently } from "../support/lab/patience.ts";

// Who else asks for an address on a boot network, beside one machine that was installed there.

describe("on the boot network of an installed machine", () => {
  let lab: Lab;
  let appliance: Appliance;
  let machine: Machine;

  before(async () => {
    lab = new Lab({ home: true });
    appliance = new Appliance(lab, { slots: 3, moreConfig: "" });
    // The gateway has a second network: whoever asks there is none of ours.
    lab.run("gw", ["ip", "link", "set", "eth1", "down"]);
    await appliance.start();
    machine = new Machine(lab, 1, "bios");
    machine.powerOn();
    await patiently("its report", async () => (await appliance.hostOf(machine.macs[0]))?.state === "ready");
    await machine.powerOff();
  });
  after(() => lab.close());

  /** How many slots somebody has or is offered. */
  const slotsInUse = async () => (await appliance.slots()).filter(({ state }) => state !== "available").length;

  test("its second network card was known from the answer request on, and cost no slot", async () => {
    assert.deepEqual((await appliance.hostOf(machine.macs[1]))?.macs, machine.macs);
    assert.equal(await slotsInUse(), 1);
  });

  test("a laptop gets nothing, costs no slot, and the timeline says why", async () => {
    const mac = "02:00:00:00:00:77";
    assert.equal(await askWithDhclient(lab, "laptop", { mac, seconds: 12 }), null);
    assert.equal(await slotsInUse(), 1);
    const [dropped] = await appliance.timelineOf(mac);
    assert.equal(dropped?.outcome, "dropped");
    assert.notEqual(dropped?.why, "");
  });

  test("firmware on its second network card is ignored: a machine is all its cards", async () => {
    const asked = { mac: machine.macs[1], pxe: { architecture: 0, uuid: machine.uuid }, seconds: 12 };
    assert.equal(await askWithDhclient(lab, "second", asked), null);
    assert.equal(await slotsInUse(), 1);
  });

  test("firmware on a card that was plugged in later is known by the board's UUID", async () => {
    const asked = { mac: "02:00:00:00:00:99", pxe: { architecture: 7, uuid: machine.uuid }, seconds: 12 };
    assert.equal(await askWithDhclient(lab, "later", asked), null);
    assert.equal(await slotsInUse(), 1);
  });

  test("firmware of another machine gets the next slot", async () => {
    const asked = { mac: "02:00:00:00:00:55", pxe: { architecture: 7, uuid: "4c4c4544-0043-5110-8031-c7c04f515131" } };
    assert.equal(await askWithDhclient(lab, "other", { ...asked, seconds: 20 }), "10.11.0.3");
    assert.equal(await slotsInUse(), 2);
  });
});
