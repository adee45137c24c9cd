import type { Problem } from "../std/problem.ts";
import type { InstallTarget } from "./kind.ts";
import { DISKS_MIN } from "./proxmox-rules.ts";
import type { ProxmoxSettings } from "./proxmox-settings.ts";

/**
 * The settings with the slot's disks in place of the profile's, so that the installer itself stops at a machine that has
 * none of them. A filter takes one value for each property, and a disk that fits any of them is taken: so each disk is
 * named by another property. All three hold its serial number (udev's 60-persistent-storage.rules); a virtio disk has
 * it in `ID_SERIAL` alone, which is why a single disk is named by both.
 */
export function withSlotDisks(settings: ProxmoxSettings, { diskSerials = [] }: InstallTarget): ProxmoxSettings {
  const [first, second, third] = diskSerials;
  if (first === undefined) return settings;
  const { disk_list: _, filter: __, filter_match: ___, ...disks } = settings.disk_setup;
  const filter: Record<string, string> = {
    ID_SERIAL_SHORT: first,
    ID_SERIAL: second === undefined ? first : `*_${second}*`,
  };
  if (third !== undefined) filter.DEVLINKS = `*_${third}*`;
  return { ...settings, disk_setup: { ...disks, filter } };
}

/** What the file system needs and the slot's list does not give: the installer would find out after the disk is wiped. */
export function slotDiskProblems(
  { disk_setup }: ProxmoxSettings,
  { diskSerials = [] }: InstallTarget,
): readonly Problem[] {
  if (diskSerials.length === 0) return [];
  const raid = disk_setup.zfs?.raid ?? disk_setup.btrfs?.raid;
  const needed = raid === undefined ? 1 : DISKS_MIN[raid];
  if (diskSerials.length >= needed) return [];
  const message = `${raid} needs at least ${needed} disks, and the slot names ${diskSerials.length} in disk_serials`;
  return [{ path: "disk_setup", message }];
}
