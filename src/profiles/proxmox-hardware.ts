import type { Problem } from "../std/problem.ts";
import { err, ok, type Result } from "../std/result.ts";
import type { SettingsTable } from "./layers.ts";
import type { BootDisk, Hardware, ManagementNic } from "./server-type.ts";

/**
 * A server type in the words of the answer file: its installer takes disks by name or by a property of udev, and NICs by
 * a property. What it cannot say is refused, so that no other disk is wiped.
 */
export function settingsOfHardware({ bootDisk, managementNic }: Hardware): Result<SettingsTable, readonly Problem[]> {
  const problems: Problem[] = [];
  const disks = bootDisk === null ? ok({}) : disksOf(bootDisk);
  const nic = managementNic === null ? {} : { network: { filter: nicFilter(managementNic) } };
  if (!disks.ok) problems.push(disks.error);
  return disks.ok ? ok({ ...disks.value, ...nic }) : err(problems);
}

function disksOf({ serial, model, path, size, min_gb, max_gb }: BootDisk): Result<SettingsTable, Problem> {
  const refuse = (message: string) => err({ path: "boot_disk", message });
  if (size !== undefined || min_gb !== undefined || max_gb !== undefined) {
    return refuse(
      "expected serial, model or path: the Proxmox installer cannot choose a disk by its size, and takes whichever it finds first",
    );
  }
  const filter: Record<string, string> = {};
  if (serial !== undefined) filter.ID_SERIAL_SHORT = serial;
  if (model !== undefined) filter.ID_MODEL = model;
  if (path !== undefined) {
    const found = propertyOf(path);
    if (found === null) {
      return refuse(
        `expected a device such as /dev/nvme0n1, or a name below /dev/disk/by-path or by-id, found ${path}`,
      );
    }
    if (found.type === "device") {
      if (serial === undefined && model === undefined) return ok({ disk_setup: { disk_list: [found.name] } });
      return refuse(
        `expected ${path} alone, or serial and model: the Proxmox installer cannot join a name and a property`,
      );
    }
    filter[found.property] = found.value;
  }
  const match = Object.keys(filter).length > 1 ? { filter_match: "all" } : {};
  return ok({ disk_setup: { filter, ...match } });
}

type Found =
  | { readonly type: "device"; readonly name: string }
  | { readonly type: "property"; readonly property: string; readonly value: string };

/** The links below `/dev/disk` are made of properties (systemd, 60-persistent-storage.rules); null: not of one alone. */
function propertyOf(path: string): Found | null {
  const [, name] = /^(?:\/dev\/)?([a-z]{2}[a-z0-9]+)$/.exec(path) ?? [];
  if (name !== undefined) return { type: "device", name };
  const [, by, link = ""] = /^\/dev\/disk\/by-(path|id)\/([^/]+)$/.exec(path) ?? [];
  if (by === "path") return { type: "property", property: "ID_PATH", value: link };
  if (by !== "id") return null;
  const wwn = /^(?:wwn-|nvme-)(0x[0-9a-f]+|eui\..+|nvme\..+)$/.exec(link)?.[1];
  if (wwn !== undefined) return { type: "property", property: "ID_WWN", value: wwn };
  const serial = /^(?:ata|scsi|nvme|usb|mmc|virtio)-(.+)$/.exec(link)?.[1];
  return serial === undefined ? null : { type: "property", property: "ID_SERIAL", value: serial };
}

function nicFilter({ name, driver, path }: ManagementNic): Record<string, string> {
  if (name !== undefined) return { ID_NET_NAME: name };
  return driver !== undefined ? { ID_NET_DRIVER: driver } : { ID_PATH: path ?? "" };
}

/** Alternatives in the answer file, and filters, of which two merged would fit more than either was meant for. */
export const PROXMOX_REPLACEMENTS = {
  "disk_setup.disk_list": ["disk_setup.filter", "disk_setup.filter_match"],
  "disk_setup.filter": ["disk_setup.filter", "disk_setup.filter_match", "disk_setup.disk_list"],
  "disk_setup.lvm": ["disk_setup.zfs", "disk_setup.btrfs"],
  "disk_setup.zfs": ["disk_setup.lvm", "disk_setup.btrfs"],
  "disk_setup.btrfs": ["disk_setup.lvm", "disk_setup.zfs"],
  "network.filter": ["network.filter"],
  "first_boot.script": ["first_boot.url", "first_boot.cert_fingerprint"],
  "first_boot.url": ["first_boot.script", "first_boot.cert_fingerprint"],
} as const;
