import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { settingsOfHardware } from "../../src/profiles/proxmox-hardware.ts";
import type { BootDisk, ManagementNic } from "../../src/profiles/server-type.ts";

const disk = (bootDisk: BootDisk) => settingsOfHardware({ bootDisk, managementNic: null });
const nic = (managementNic: ManagementNic) => settingsOfHardware({ bootDisk: null, managementNic });

describe("the boot disk of a server type, for the Proxmox installer,", () => {
  const said: readonly (readonly [BootDisk, object])[] = [
    [{ path: "/dev/nvme0n1" }, { disk_list: ["nvme0n1"] }],
    [{ serial: "S4EV*" }, { filter: { ID_SERIAL_SHORT: "S4EV*" } }],
    [{ model: "Samsung*" }, { filter: { ID_MODEL: "Samsung*" } }],
    [{ path: "/dev/disk/by-path/pci-0000:01:00.0-nvme-1" }, { filter: { ID_PATH: "pci-0000:01:00.0-nvme-1" } }],
    [{ path: "/dev/disk/by-id/wwn-0x5002538e" }, { filter: { ID_WWN: "0x5002538e" } }],
    [{ path: "/dev/disk/by-id/nvme-eui.0025" }, { filter: { ID_WWN: "eui.0025" } }],
    [{ path: "/dev/disk/by-id/ata-WDC_WD40_WD-AB" }, { filter: { ID_SERIAL: "WDC_WD40_WD-AB" } }],
    [
      { serial: "S4EV*", model: "Samsung*" },
      { filter: { ID_SERIAL_SHORT: "S4EV*", ID_MODEL: "Samsung*" }, filter_match: "all" },
    ],
  ];
  for (const [bootDisk, disk_setup] of said) {
    test(`by ${JSON.stringify(bootDisk)} is said so`, () => {
      assert.deepEqual(disk(bootDisk), { ok: true, value: { disk_setup } });
    });
  }

  const refused: readonly (readonly [BootDisk, RegExp])[] = [
    [{ size: "smallest" }, /cannot choose a disk by its size/],
    [{ serial: "x", min_gb: 100 }, /cannot choose a disk by its size/],
    [{ max_gb: 100 }, /cannot choose a disk by its size/],
    [{ path: "/dev/disk/by-uuid/1234" }, /a device such as \/dev\/nvme0n1/],
    [{ path: "/dev/disk/by-id/dm-name-x" }, /a device such as \/dev\/nvme0n1/],
    [{ path: "/dev/sda", serial: "x" }, /cannot join a name and a property/],
  ];
  for (const [bootDisk, says] of refused) {
    test(`by ${JSON.stringify(bootDisk)} is refused with words`, () => {
      const settings = disk(bootDisk);
      assert.ok(!settings.ok);
      assert.equal(settings.error[0]?.path, "boot_disk");
      assert.match(settings.error[0]?.message ?? "", says);
    });
  }
});

test("the management NIC is a filter by property", () => {
  assert.deepEqual(nic({ name: "enp2s0*" }), { ok: true, value: { network: { filter: { ID_NET_NAME: "enp2s0*" } } } });
  assert.deepEqual(nic({ driver: "igc" }), { ok: true, value: { network: { filter: { ID_NET_DRIVER: "igc" } } } });
  assert.deepEqual(nic({ path: "pci-*" }), { ok: true, value: { network: { filter: { ID_PATH: "pci-*" } } } });
});
