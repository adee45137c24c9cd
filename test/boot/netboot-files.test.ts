import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { renderGrubConfig } from "../../src/boot/grub-config.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import { machineBench, slotAddress } from "../support/machine-bench.ts";
import { BIOS, HTTP_X64, IPXE, machine, says, UEFI_ARM64, UEFI_X64 } from "../support/netboot-machine.ts";
import { proxmoxProfile } from "../support/proxmox-profile.ts";

const peach = machine(1);
const FIRST = slotAddress(1);
const LEASED = "10.97.0.200" as Ipv4Address;
const SECURE = proxmoxProfile({ secure_boot: true });

describe("autoexec.ipxe", () => {
  const names = ["autoexec.ipxe", "/arm64/autoexec.ipxe", "secure-boot\\autoexec.ipxe", "AUTOEXEC.IPXE"];
  for (const name of names) {
    test(`is written when a stock iPXE asks for ${name}, and chains the script of whoever runs it`, async () => {
      const bench = await machineBench();
      const script = await bench.fetchByTftp(name, LEASED);
      assert.match(
        script,
        /^#!ipxe\ndhcp \|\| goto failed\nchain http:\/\/10\.97\.0\.1\/ipxe\/\$\{netX\/mac:hexhyp\} /,
      );
    });
  }

  test("of the operator goes before ours, and an empty one counts as none", async () => {
    const bench = await machineBench({ assets: { "autoexec.ipxe": "#!ipxe\nshell\n", "arm64/autoexec.ipxe": "" } });
    assert.equal(await bench.fetchByTftp("autoexec.ipxe", LEASED), "#!ipxe\nshell\n");
    assert.match(await bench.fetchByTftp("arm64/autoexec.ipxe", LEASED), /^#!ipxe\ndhcp/);
  });

  test("is the only name that is written for anybody: other files stay missing, empty ones stay empty", async () => {
    const bench = await machineBench({ assets: { empty: "" } });
    assert.equal(await bench.fetchByTftp("other.ipxe", LEASED), "1: file not found");
    assert.equal(await bench.fetchByTftp("empty", LEASED), "");
  });
});

describe("a profile with Secure Boot", () => {
  test("gives UEFI shim, BIOS the ordinary loader, iPXE its script, and HTTP Boot words", async () => {
    const expected = [
      [UEFI_X64, "secure-boot/shimx64.efi"],
      [UEFI_ARM64, "secure-boot/arm64/shimaa64.efi"],
      [BIOS, "undionly.kpxe"],
      [IPXE, "http://10.97.0.1/ipxe/52-54-00-00-01-01"],
      [HTTP_X64, undefined],
    ] as const;
    const bench = await machineBench({ profile: SECURE });
    for (const [program, file] of expected) {
      const offer = await bench.dhcp(says(peach, program, "DISCOVER"));
      assert.equal(offer?.options.bootfileName, file);
      // shim reads nothing but these two fields to find GRUB.
      if (file !== undefined) assert.deepEqual([offer?.file, offer?.siaddr], [file, "10.97.0.1"]);
    }
    assert.match(bench.reasons().at(-1) ?? "", /profile wants Secure Boot.*choose PXE, not HTTP Boot/);
  });
});

describe("grub.cfg", () => {
  const names = ["secure-boot/grub.cfg-01-52-54-00-00-01-01", "/grub/grub.cfg", "grub\\grub.cfg"];
  for (const name of names) {
    test(`${name} is the boot script of the host that asks`, async () => {
      const bench = await machineBench({ profile: SECURE });
      await bench.takeSlot(peach);
      const config = await bench.fetchByTftp(name, FIRST);
      assert.match(config, /^if linux \$files\/pve\/linux26 'ramdisk_size=16777216' 'rw' /m);
      assert.match(config, /^ {2}initrd \$files\/pve\/initrd\.img/m);
      assert.equal(bench.slots(), "pxe_booted available available");
    });
  }

  test("beside another DHCP server takes the slot, by the address in its name or by where it asks from", async () => {
    const bench = await machineBench({ profile: SECURE, mode: "proxy" });
    assert.match(await bench.fetchByTftp("grub/grub.cfg", LEASED), /^1: nobody is known at 10\.97\.0\.200/);
    await bench.dhcp(says(peach, UEFI_X64, "DISCOVER"));
    assert.match(await bench.fetchByTftp("grub/grub.cfg-01-52-54-00-00-01-01", LEASED), /linux/);
    assert.match(await bench.fetchByTftp("grub/grub.cfg", LEASED), /linux/);
    assert.equal(bench.slots(), "pxe_booted available available");
  });

  test("from another address is refused, and an installed host is sent to its disk", async () => {
    const bench = await machineBench({ profile: SECURE });
    await bench.bring(peach, "pxe_ready");
    assert.match(await bench.fetchByTftp("grub.cfg-01-52-54-00-00-01-01", LEASED), /^1: this is for 10\.97\.0\.12/);
    assert.match(await bench.fetchByTftp("grub.cfg-01-52-54-00-00-01-09", FIRST), /^1: no host with this hardware/);
    await bench.happen({ type: "host-marked-installed", host: peach.host });
    assert.match(await bench.fetchByTftp("grub.cfg", FIRST), /^echo 'bootqueue: it is installed.*\n.*\n.*\nexit$/m);
  });

  test("of the operator goes before ours", async () => {
    const bench = await machineBench({ profile: SECURE, assets: { "grub/grub.cfg": "normal" } });
    assert.equal(await bench.fetchByTftp("grub/grub.cfg", FIRST), "normal");
  });
});

describe("renderGrubConfig()", () => {
  test("quotes what GRUB's shell would take apart, and puts a second initrd under its name", () => {
    const plan = {
      kernel: "http://10.11.0.1:8081/assets/u/vmlinuz",
      initrds: [{ url: "http://10.11.0.1:8081/assets/u/initrd" }, { url: "http://10.11.0.1/x.iso", as: "x.iso" }],
      args: "ds=nocloud;s=http://10.11.0.1/  quiet it's $HOME",
    };
    assert.equal(
      renderGrubConfig(plan, "node1 | at\n10.11.0.2", "http://10.11.0.1:8081/assets/")
        .split("\n")
        .slice(0, 9)
        .join("\n"),
      [
        "echo 'bootqueue: node1 | at 10.11.0.2'",
        "if [ -e (http,10.11.0.1:8081)/assets/u/vmlinuz ]; then",
        "  set files=(http,10.11.0.1:8081)/assets",
        "else",
        "  set files=(tftp,10.11.0.1)",
        "fi",
        "if linux $files/u/vmlinuz 'ds=nocloud;s=http://10.11.0.1/' 'quiet' 'it'\\''s' '$HOME'; then",
        "  initrd $files/u/initrd newc:x.iso:(http,10.11.0.1)/x.iso",
        "  boot",
      ].join("\n"),
    );
  });
});
