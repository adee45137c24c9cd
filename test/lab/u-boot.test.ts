// U-Boot, as on boards without UEFI of their own: it looks for a script of its own first, as an ordinary client, and then
// boots by EFI, in the words of UEFI firmware. Needs root, and the Debian packages qemu-system-arm and u-boot-qemu.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { BareDaemon, until } from "../support/lab/bare-daemon.ts";
import { Lab } from "../support/lab/lab.ts";

const CODE = "/usr/lib/u-boot/qemu_arm64/u-boot.bin";
const FILE = "arm64/snponly.efi";

const CONFIG = `[network]
address = "10.11.0.1"
subnet = "10.11.0.0/22"
domain = "lab.example"
[dhcp]
allow_other_servers = true
[pool]
first = "10.11.1.10"
last = "10.11.1.20"
[[slot_range]]
first = "10.11.0.10"
count = 3
hostname = "node{nn}"
profile = "pve"
`;

describe("U-Boot for ARM64", () => {
  let lab: Lab;
  let daemon: BareDaemon;

  before(async () => {
    lab = new Lab();
    daemon = new BareDaemon(lab, CONFIG);
    mkdirSync(join(lab.folder, "daemon", "assets", "arm64"));
    writeFileSync(join(lab.folder, "daemon", "assets", FILE), Buffer.alloc(100_000, "not a program "));
    await daemon.start();
  });
  after(async () => {
    await daemon?.stop();
    lab?.close();
  });

  test(`gets an address of the pool for its own script, then a slot and ${FILE}, and fetches all of it`, async () => {
    lab.addTap("uboot");
    const running = lab.start("sw", "uboot", [
      ...["nice", "qemu-system-aarch64", "-machine", "virt", "-cpu", "cortex-a57", "-m", "512", "-accel", "tcg"],
      ...["-smp", "1", "-display", "none", "-monitor", "none", "-nodefaults", "-bios", CODE],
      ...["-netdev", "tap,id=n0,ifname=uboot,script=no,downscript=no,vnet_hdr=off"],
      ...["-device", "virtio-net-pci,netdev=n0,mac=52:54:00:1a:02:0b,romfile="],
    ]);
    let lines: readonly string[] = [];
    try {
      await until(
        "its boot loader",
        async () => {
          // Its own settings name another hardware address than QEMU does, so everybody's timeline is looked at.
          lines = await daemon.timeline();
          return lines.some((line) => line.includes(`sent ${FILE}`));
        },
        150_000,
      ).catch((cause: unknown) => assert.fail(`${cause}\n${lines.join("\n")}`));
    } finally {
      running.kill("SIGKILL");
      await running.ended;
    }
    const said = lines.join("\n");
    assert.match(said, /ACK 10\.11\.1\.\d+ to REQUEST from an ordinary DHCP client for U-Boot ARM64 \(U-Boot\.armv8\)/);
    assert.match(said, /ACK 10\.11\.0\.10, boot file arm64\/snponly\.efi to REQUEST from UEFI ARM64 firmware/);
    assert.match(await daemon.slots(), /^node01 assigned, node02 available/);
  });
});
