import assert from "node:assert/strict";
import { closeSync, copyFileSync, openSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Appliance } from "../support/lab/appliance.ts";
import { Lab } from "../support/lab/lab.ts";
import { Machine } from "../support/lab/machine.ts";
import { patiently } from "../support/lab/patience.ts";
import { hideIpxe } from "../support/lab/plain-pxe.ts";

const MARKED_DISK = fileURLToPath(new URL("../../build/lab/disk.img", import.meta.url));

/** A boot loader that gives up the hard way, in x86 code: `mov al, 0xfe`, `out 0x64, al` (reset), `hlt`. */
const RESTARTS = Buffer.concat([Buffer.from("b0fee664f4", "hex"), Buffer.alloc(2043)]);

describe("a BIOS machine whose boot loader restarts it at once", () => {
  let lab: Lab;
  let appliance: Appliance;

  before(async () => {
    lab = new Lab();
    const loader = join(lab.folder, "restarts");
    writeFileSync(loader, RESTARTS);
    appliance = new Appliance(lab, { slots: 1, assets: { "undionly.kpxe": loader } });
    await appliance.start();
  });
  after(() => lab.close());

  test("gets it three times, then none, and goes on to its disk; its timeline, `show` and the page say why", async () => {
    const machine = new Machine(lab, 1, "bios");
    const [mac] = machine.macs;
    installed(join(lab.folder, "m1.disk"));
    hideIpxe(lab, "m1a");
    machine.powerOn();
    const told = () => machine.console.tail(10).join("\n");
    const [boot] = await patiently(
      "it to boot from its disk",
      () => (machine.localBoots.length > 0 ? machine.localBoots : null),
      told,
    );
    assert.equal(boot?.trim(), "LOCAL-BOOT what-it-had-before");

    const timeline = await appliance.timelineOf(mac);
    const words = timeline.map(({ road, what, why }) => `${road} ${what}: ${why}`);
    const all = words.join("\n");
    const stopped = words.findIndex((line) => /^daemon no more undionly\.kpxe for 5 min: it goes round/.test(line));
    assert.ok(stopped >= 0, all);
    const [before, behind] = [words.slice(0, stopped), words.slice(stopped + 1)];
    const loads = (lines: readonly string[]) => lines.filter((line) => line.startsWith("tftp sent undionly.kpxe"));
    // On a very slow machine the first one may be more than a minute before the last.
    assert.ok(loads(before).length >= 3, all);
    assert.deepEqual(loads(behind), [], all);
    assert.deepEqual(
      behind.filter((line) => /^dhcp (OFFER|ACK)/.test(line)),
      [],
      all,
    );

    const why = /it loaded undionly\.kpxe 3 times within a minute and never got on/;
    assert.match(appliance.command("show", mac), why);
    const { warnings } = (await appliance.ask("GET", "/api/status")) as { readonly warnings: readonly string[] };
    assert.ok(
      warnings.some((line) => line.includes(`${mac} loaded undionly.kpxe over and over`)),
      warnings.join("\n"),
    );
    assert.equal((await appliance.hostOf(mac))?.slot?.number, 1);
    await machine.powerOff();
  });
});

/** Puts the marked disk there, as an earlier installation would have left it. */
function installed(path: string): void {
  copyFileSync(MARKED_DISK, path);
  truncateSync(path, 64 * 1024 * 1024);
  const text = Buffer.alloc(512);
  text.write("LOCAL-BOOT what-it-had-before\r\n");
  const disk = openSync(path, "r+");
  writeSync(disk, text, 0, text.length, text.length);
  closeSync(disk);
}
