import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LINKS, proxmoxProfile, TARGET } from "../support/proxmox-profile.ts";

const ARGS = "ramdisk_size=16777216 rw quiet splash=silent proxmox-start-auto-installer";

describe("the boot plan", () => {
  test("of an image that holds the ISO has one initrd", () => {
    assert.deepEqual(proxmoxProfile().bootPlan(TARGET, LINKS), {
      kernel: "http://10.11.0.1/assets/pve/linux26",
      initrds: [{ url: "http://10.11.0.1/assets/pve/initrd.img" }],
      args: ARGS,
    });
  });

  for (const [iso, file] of [
    [true, "proxmox.iso"],
    ["pve-9.2-auto.iso", "pve-9.2-auto.iso"],
  ] as const) {
    test(`with iso = ${iso} puts ${file} into the initramfs under the name that the installer looks for`, () => {
      const profile = proxmoxProfile({ image: "images/pve-9.2", iso });
      assert.deepEqual(profile.bootPlan(TARGET, LINKS).initrds, [
        { url: "http://10.11.0.1/assets/images/pve-9.2/initrd.img" },
        { url: `http://10.11.0.1/assets/images/pve-9.2/${file}`, as: "proxmox.iso" },
      ]);
      assert.deepEqual(profile.assets(), [
        "images/pve-9.2/linux26",
        "images/pve-9.2/initrd.img",
        `images/pve-9.2/${file}`,
      ]);
    });
  }

  test("has the profile's own kernel arguments at its end", () => {
    const profile = proxmoxProfile({ kernel_args: " console=tty0   console=ttyS0,115200 " });
    assert.equal(profile.bootPlan(TARGET, LINKS).args, `${ARGS} console=tty0 console=ttyS0,115200`);
  });
});

describe("an installed system", () => {
  test("does not ask DHCP, wherever its address came from", () => {
    for (const source of ["from-answer", "from-dhcp"]) {
      assert.equal(proxmoxProfile({ network: { source } }).usesDhcpOnceInstalled(), false);
    }
  });

  test("is waited for exactly when it phones home", () => {
    assert.deepEqual(proxmoxProfile().flow(), { firstBoot: false, cluster: null });
    assert.deepEqual(proxmoxProfile({ first_boot: {} }).flow(), { firstBoot: true, cluster: null });
    assert.deepEqual(proxmoxProfile({ cluster: "lab" }).flow(), { firstBoot: false, cluster: "lab" });
  });
});
