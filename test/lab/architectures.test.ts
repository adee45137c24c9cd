import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Appliance } from "../support/lab/appliance.ts";
import { Lab } from "../support/lab/lab.ts";

const PATIENCE_MS = 300_000;

interface Firmware {
  readonly what: string;
  readonly program: string;
  readonly machine: readonly string[];
  readonly code: string;
  readonly variables: string;
  readonly tap: string;
  readonly mac: string;
  /** In the words of the timeline. */
  readonly label: string;
  readonly file: string;
}

const FIRMWARE: readonly Firmware[] = [
  {
    what: "AAVMF, UEFI for ARM64",
    program: "qemu-system-aarch64",
    machine: ["-machine", "virt", "-cpu", "cortex-a57", "-m", "1024"],
    code: "/usr/share/AAVMF/AAVMF_CODE.fd",
    variables: "/usr/share/AAVMF/AAVMF_VARS.fd",
    tap: "arm",
    mac: "52:54:00:1a:01:0b",
    label: "UEFI ARM64 firmware",
    file: "arm64/snponly.efi",
  },
  {
    what: "OVMF for 32 bits",
    program: "qemu-system-x86_64",
    machine: ["-machine", "q35,smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on", "-m", "512"],
    code: "/usr/share/OVMF/OVMF32_CODE_4M.secboot.fd",
    variables: "/usr/share/OVMF/OVMF32_VARS_4M.fd",
    tap: "ia32",
    mac: "52:54:00:1a:01:06",
    label: "UEFI IA32 firmware",
    file: "i386/snponly.efi",
  },
];

/** Debian has no iPXE for these two; that the firmware asks for the right file and gets it is what is seen here. */
describe("firmware of another architecture", () => {
  let lab: Lab;
  let appliance: Appliance;

  before(async () => {
    lab = new Lab();
    appliance = new Appliance(lab, { slots: 4 });
    for (const { file } of FIRMWARE) {
      const path = join(lab.folder, "appliance", "assets", file);
      mkdirSync(dirname(path), { recursive: true });
      if (!existsSync(path)) writeFileSync(path, Buffer.alloc(100_000, "not a program "));
    }
    await appliance.start();
  });
  after(() => lab.close());

  for (const { what, program, machine, code, variables, tap, mac, label, file } of FIRMWARE) {
    test(`${what} is offered ${file} and fetches all of it`, async () => {
      const store = join(lab.folder, `${tap}.vars`);
      copyFileSync(variables, store);
      lab.addTap(tap);
      const running = lab.start("sw", tap, [
        ...["nice", program, ...machine, "-accel", "tcg", "-smp", "1", "-display", "none", "-monitor", "none"],
        ...["-nodefaults", "-drive", `if=pflash,format=raw,unit=0,file=${code},readonly=on`],
        ...["-drive", `if=pflash,format=raw,unit=1,file=${store}`],
        ...["-fw_cfg", "name=opt/org.tianocore/IPv6PXESupport,string=n", "-device", "virtio-rng-pci"],
        ...["-netdev", `tap,id=n0,ifname=${tap},script=no,downscript=no,vnet_hdr=off`],
        ...["-device", `virtio-net-pci,netdev=n0,mac=${mac},romfile=,bootindex=1`],
      ]);
      const until = Date.now() + PATIENCE_MS;
      let seen: readonly string[] = [];
      while (Date.now() < until && running.isRunning && !seen.includes(`sent ${file}`)) {
        await sleep(500);
        seen = (await appliance.timelineOf(mac)).map((footprint) => footprint.what);
      }
      running.kill("SIGKILL");
      await running.ended;
      assert.ok(seen.includes(`sent ${file}`), seen.join("\n"));
      assert.ok(
        seen.some((line) => /^ACK 10\.11\.0\.\d+, boot file \S+ to REQUEST from /.test(line) && line.endsWith(label)),
        seen.join("\n"),
      );
    });
  }
});
