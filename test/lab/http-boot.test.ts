import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Appliance } from "../support/lab/appliance.ts";
import { Lab } from "../support/lab/lab.ts";

const PATIENCE_MS = 300_000;
const MAC = "52:54:00:1a:01:10";

/** OVMF asks as an HTTPClient (architecture 16) when its PXE is switched off. */
describe("UEFI HTTP Boot", () => {
  let lab: Lab;
  let appliance: Appliance;

  before(async () => {
    lab = new Lab();
    appliance = new Appliance(lab, { slots: 1 });
    await appliance.start();
  });
  after(() => lab.close());

  test("OVMF is offered a URL, fetches iPXE from it, and that gets its script", async () => {
    const variables = join(lab.folder, "http.vars");
    copyFileSync("/usr/share/OVMF/OVMF_VARS_4M.fd", variables);
    lab.addTap("http");
    const running = lab.start("sw", "http", [
      ...["nice", "qemu-system-x86_64", "-machine", "q35", "-accel", "tcg", "-m", "512", "-smp", "1", "-vga", "none"],
      ...["-display", "none", "-monitor", "none", "-nodefaults", "-device", "virtio-rng-pci"],
      ...["-drive", "if=pflash,format=raw,unit=0,file=/usr/share/OVMF/OVMF_CODE_4M.fd,readonly=on"],
      ...["-drive", `if=pflash,format=raw,unit=1,file=${variables}`],
      ...["-fw_cfg", "name=opt/org.tianocore/IPv4PXESupport,string=n"],
      ...["-fw_cfg", "name=opt/org.tianocore/IPv6PXESupport,string=n"],
      ...["-netdev", "tap,id=n0,ifname=http,script=no,downscript=no,vnet_hdr=off"],
      ...["-device", `virtio-net-pci,netdev=n0,mac=${MAC},romfile=,bootindex=1`],
    ]);
    const until = Date.now() + PATIENCE_MS;
    let seen: readonly string[] = [];
    const has = (what: RegExp): boolean => seen.some((line) => what.test(line));
    while (Date.now() < until && running.isRunning && !has(/boot script/)) {
      await sleep(500);
      seen = (await appliance.timelineOf(MAC)).map((footprint) => footprint.what);
    }
    running.kill("SIGKILL");
    await running.ended;
    assert.ok(has(/^ACK 10\.11\.0\.\d+, boot file http:\/\/10\.11\.0\.1\/assets\/\S+/), seen.join("\n"));
    assert.ok(has(/^GET \/?\S*snponly\.efi/), seen.join("\n"));
    assert.ok(has(/boot script/), seen.join("\n"));
  });
});
