import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "smol-toml";
import { type MachineSettings, NO_MACHINE_SETTINGS } from "../../src/boot/machine-settings.ts";
import { slotIdOf } from "../../src/queue/slot.ts";
import { type MachineBench, machineBench, slotAddress } from "../support/machine-bench.ts";
import { machine } from "../support/netboot-machine.ts";
import { answerRequest } from "../support/proxmox-installer.ts";
import { serverType } from "../support/server-type.ts";

const peach = machine(1);
const daisy = machine(2);
const FIRST = slotAddress(1);
const SECOND = slotAddress(2);
const KEPT = { reservations: { 2: { type: "server-type", serverType: "gpu" } } } as const;

const settings = (changes: Partial<MachineSettings>): MachineSettings => ({ ...NO_MACHINE_SETTINGS, ...changes });
const answer = (bench: MachineBench, from = FIRST) =>
  bench.post(`/api/boot/answer/${bench.tokenOf(peach)}`, from, answerRequest(peach));

async function disksOf(response: Response): Promise<object> {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  const { filesystem, ...disks } = (parse(text) as Record<string, Record<string, unknown>>)["disk-setup"] ?? {};
  return JSON.parse(JSON.stringify(disks)) as object;
}

describe("a slot that is kept for a server type", () => {
  const machines = settings({ serverTypes: [serverType("gpu", { macPrefixes: ["52:54:00:00:01"] })] });

  test("is given to a machine with such a MAC address at its first DISCOVER", async () => {
    const bench = await machineBench({ ...KEPT, machines });
    assert.equal((await bench.takeSlot(peach)).yiaddr, SECOND);
  });

  test("is given to a machine that the configuration says is of it", async () => {
    const assigned = new Map([[peach.macs[0], "gpu"]]);
    const bench = await machineBench({ ...KEPT, machines: settings({ assigned }) });
    assert.equal((await bench.takeSlot(peach)).yiaddr, SECOND);
    assert.equal((await bench.takeSlot(daisy)).yiaddr, FIRST);
  });

  test("is given to nobody else, even when no other is left", async () => {
    const none = settings({ serverTypes: [serverType("gpu", { macPrefixes: ["aa:bb:cc"] })] });
    const bench = await machineBench({ ...KEPT, slots: 2, machines: none });
    assert.equal((await bench.takeSlot(peach)).yiaddr, FIRST);
    await assert.rejects(bench.takeSlot(daisy), /no OFFER/);
  });

  test("does not install a machine whose firmware says that it is of another", async () => {
    const both = settings({
      serverTypes: [...machines.serverTypes, serverType("desktop", { products: ["OptiPlex*"] })],
    });
    const bench = await machineBench({ ...KEPT, machines: both });
    await bench.bring(peach, "pxe_booted");
    const response = await answer(bench, SECOND);
    assert.equal(response.status, 409);
    assert.match(await response.text(), /kept for server type gpu, and this machine is a desktop/);
    assert.equal(bench.hostOf(peach)?.state.type, "pxe_booted");
  });
});

describe("the answer file is made for", () => {
  test("the type that the machine's firmware names, with its boot disk", async () => {
    const hardware = { bootDisk: { model: "Samsung*" }, managementNic: null };
    const machines = settings({ serverTypes: [serverType("desktop", { products: ["optiplex ????"], hardware })] });
    const bench = await machineBench({ machines });
    await bench.bring(peach, "pxe_booted");
    assert.deepEqual(await disksOf(await answer(bench)), { filter: { ID_MODEL: "Samsung*" } });
    assert.equal(bench.hostOf(peach)?.serverType, "desktop");
  });

  test("that type also while the installer runs, which fetches the first-boot script", async () => {
    const settingsOfType = { first_boot: { script: "#!/bin/sh\n# of the desktop\n" } };
    const machines = settings({
      serverTypes: [serverType("desktop", { products: ["OptiPlex*"], settings: settingsOfType })],
    });
    const bench = await machineBench({ machines });
    await bench.bring(peach, "pxe_booted");
    assert.equal((await answer(bench)).status, 200);
    const script = await bench.request(`/api/hosts/${peach.host}/first-boot-script/${bench.tokenOf(peach)}`, FIRST);
    assert.equal(script.status, 200);
    assert.match(await script.text(), /# of the desktop/);
  });

  test("the slot, and the host in it", async () => {
    const layer = (name: string, values: object) => ({
      name,
      file: "bootqueue.toml",
      path: name,
      values: { ...values },
    });
    const machines = settings({
      ofSlots: new Map([
        [slotIdOf(FIRST), layer("slot", { disk_setup: { disk_list: ["vda"], lvm: { swapsize: 1 } } })],
      ]),
      // Known by a NIC that it does not boot from.
      ofHosts: new Map([[peach.macs[1], layer("host", { disk_setup: { lvm: { swapsize: 2 } } })]]),
    });
    const bench = await machineBench({ machines });
    await bench.bring(peach, "pxe_booted");
    await bench.happen({ type: "answer-fetched", host: peach.host, macs: peach.macs, uuid: null });
    assert.deepEqual(await disksOf(await answer(bench)), { "disk-list": ["vda"], lvm: { swapsize: 2 } });
  });
});

describe("settings that the installer would refuse", () => {
  const wrong = {
    name: "slot",
    file: "bootqueue.toml",
    path: "slot[0].settings",
    values: { global: { country: "xk" } },
  };
  const ofSlots = new Map([[slotIdOf(FIRST), wrong]]);

  test("keep a machine from booting the installer, with words", async () => {
    const bench = await machineBench({ machines: settings({ ofSlots }) });
    await bench.takeSlot(peach);
    const response = await bench.request("/ipxe/52-54-00-00-01-01", FIRST);
    assert.equal(response.status, 409);
    assert.match(await response.text(), /^bootqueue\.toml: slot\[0\]\.settings\.global\.country: expected a country/);
  });

  test("are found out when it asks for its answer, where its firmware might yet change them", async () => {
    const serverTypes = [serverType("desktop", { products: ["Other*"] })];
    const bench = await machineBench({ machines: settings({ ofSlots, serverTypes }) });
    await bench.takeSlot(peach);
    assert.equal((await bench.request("/ipxe/52-54-00-00-01-01", FIRST)).status, 200);
    const response = await answer(bench);
    assert.equal(response.status, 409);
    assert.match(await response.text(), /slot\[0\]\.settings\.global\.country: expected a country/);
    assert.equal(bench.hostOf(peach)?.attempt?.answers, 0);
  });
});
