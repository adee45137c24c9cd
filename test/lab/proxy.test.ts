import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { FootprintView } from "../../src/http/contract.ts";
import { Appliance } from "../support/lab/appliance.ts";
import { FOREIGN_ADDRESS, ForeignDhcp } from "../support/lab/foreign-dhcp.ts";
import { Lab } from "../support/lab/lab.ts";
import { Machine } from "../support/lab/machine.ts";
import { hideIpxe, showIpxe } from "../support/lab/plain-pxe.ts";

/** Firmware in software emulation, on cores that others use too. */
const PATIENCE_MS = 240_000;

describe("beside a DHCP server that knows nothing of netboot", () => {
  let lab: Lab;
  let router: ForeignDhcp;
  let appliance: Appliance;

  before(async () => {
    lab = new Lab();
    // The installer is told by the router where its answer is, as one would set up there.
    router = new ForeignDhcp(lab, ["--dhcp-option-force=250,http://10.11.0.1/api/boot/answer"]);
    appliance = new Appliance(lab, { slots: 4, moreConfig: '[dhcp]\nmode = "proxy"\n' });
    await appliance.start();
  });
  after(() => lab.close());

  /** Waits until the machine left such a footprint. */
  async function seen(machine: Machine, what: string, fits: (footprint: FootprintView) => boolean) {
    const until = Date.now() + PATIENCE_MS;
    while (Date.now() < until) {
      const timeline = await appliance.timelineOf(machine.macs[0]);
      const found = timeline.find(fits);
      if (found !== undefined) return found;
      await sleep(100);
    }
    const told = (await appliance.timelineOf(machine.macs[0])).map((f) => `${f.road} ${f.outcome} ${f.what}: ${f.why}`);
    throw new Error(
      [`waited for ${what}`, ...told, ...machine.console.tail(15), ...router.log.split("\n").slice(-20)].join("\n"),
    );
  }

  /** What must be true of every machine that came to its boot script. */
  async function checkRoad(machine: Machine): Promise<void> {
    const [mac] = machine.macs;
    const leases = router.leasesOf(mac);
    assert.ok(leases.length > 0 && leases.every((address) => FOREIGN_ADDRESS.test(address)), leases.join(" "));
    const ours = (await appliance.timelineOf(mac)).filter((footprint) => /^(OFFER|ACK) \d/.test(footprint.what));
    assert.deepEqual(ours, [], "an address came from us");
    assert.equal((await appliance.hostOf(mac))?.slot?.hostname.length !== 0, true);
  }

  const isScript = ({ road, outcome, what }: FootprintView) =>
    road === "http" && outcome === "answered" && what === "boot script";

  test("a BIOS whose ROM is iPXE gets its script and is installed with its slot's address", async () => {
    const machine = new Machine(lab, 1, "bios");
    machine.powerOn();
    await seen(machine, "its boot script", isScript);
    await checkRoad(machine);
    await seen(machine, "the end of its installation", ({ road, what }) => road === "queue" && /^ready/.test(what));
    const host = await appliance.hostOf(machine.macs[0]);
    assert.equal(host?.slot?.address, "10.11.0.2");
    const until = Date.now() + PATIENCE_MS;
    while (machine.localBoots.length === 0 && Date.now() < until) await sleep(500);
    assert.match(machine.localBoots[0] ?? machine.console.tail(10).join("\n"), /^LOCAL-BOOT peach-beach 10\.11\.0\.2 /);
    await machine.powerOff();
  });

  test("a plain BIOS PXE ROM loads iPXE by TFTP, and that gets its script", async () => {
    const machine = new Machine(lab, 2, "bios");
    hideIpxe(lab, "m2a");
    machine.powerOn();
    await seen(machine, "its boot loader", ({ road, what }) => road === "tftp" && what === "sent undionly.kpxe");
    showIpxe(lab, "m2a");
    await seen(machine, "its boot script", isScript);
    await checkRoad(machine);
    await machine.powerOff();
  });

  test("UEFI loads iPXE by TFTP, and that gets its script", async () => {
    const machine = new Machine(lab, 3, "uefi");
    machine.powerOn();
    await seen(machine, "its boot loader", ({ road, what }) => road === "tftp" && what === "sent snponly.efi");
    await seen(machine, "its boot script", isScript);
    await checkRoad(machine);
    await machine.powerOff();
  });

  test("a machine that is to have everything from us is told so by one command, and takes our address", async () => {
    const machine = new Machine(lab, 4, "uefi");
    const [mac] = machine.macs;
    assert.match(appliance.command("mode", mac, "full"), /DHCP serves .* with address and boot file/);
    machine.powerOn();
    const ack = await seen(machine, "an ACK", ({ road, what }) => road === "dhcp" && /^ACK 10\.11\.0\./.test(what));
    assert.match(ack.what, /boot file snponly\.efi/);
    await seen(machine, "its boot script", isScript);
    assert.deepEqual(router.leasesOf(mac), []);
    await machine.powerOff();
  });
});

describe("beside another DHCP server, for firmware that is to ask port 4011", () => {
  const lab = new Lab();
  after(() => lab.close());

  test("UEFI asks there, is answered, and gets its script", async () => {
    const router = new ForeignDhcp(lab);
    const appliance = new Appliance(lab, {
      slots: 1,
      moreConfig: '[dhcp]\nmode = "proxy"\nproxy_asks_4011 = ["uefi_x64"]\n',
    });
    await appliance.start();
    const machine = new Machine(lab, 1, "uefi");
    const [mac] = machine.macs;
    machine.powerOn();
    const until = Date.now() + PATIENCE_MS;
    let seen: readonly FootprintView[] = [];
    while (Date.now() < until && !seen.some(({ what }) => what === "boot script")) {
      await sleep(500);
      seen = await appliance.timelineOf(mac);
    }
    const told = seen.map(({ what, why }) => `${what}: ${why}`).join("\n");
    const answer = seen.find(({ what }) => /^ACK without an address, boot file snponly\.efi/.test(what));
    assert.equal(answer?.fields.to, `${router.leasesOf(mac)[0]}:4011`, told);
    assert.match(told, /^boot script: profile pve$/m);
    await machine.powerOff();
  });
});
