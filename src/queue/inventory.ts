import type { MacAddress } from "../net/mac-address.ts";

/** What an installer reported of the machine it ran on. Whatever it could not find out is null or absent. */
export interface Inventory {
  /** The system that was installed: `Proxmox VE 9.1.2`. */
  readonly system: string | null;
  readonly fqdn: string | null;
  readonly kernel: string | null;
  readonly bootMode: "bios" | "efi" | null;
  readonly secureBoot: boolean;
  readonly filesystem: string | null;
  readonly machineId: string | null;
  readonly cpu: InventoryCpu | null;
  readonly board: InventoryBoard;
  readonly disks: readonly InventoryDisk[];
  readonly nics: readonly InventoryNic[];
  /** Public key lines of the installed system's SSH server, by type: `ed25519`, `rsa`, `ecdsa`. */
  readonly sshHostKeys: Readonly<Record<string, string>>;
}

/** After an install: all as it was reported, and of the machine itself what is known and was not reported again. */
export function inventoryAfterInstall(before: Inventory | null, report: Inventory): Inventory {
  if (before === null) return report;
  return {
    ...report,
    cpu: report.cpu ?? before.cpu,
    board: {
      product: report.board.product ?? before.board.product,
      serial: report.board.serial ?? before.board.serial,
      boardSerial: report.board.boardSerial ?? before.board.boardSerial,
    },
    disks: report.disks.length > 0 ? report.disks : before.disks,
  };
}

/** With what another report of the same install adds; the same object if that is nothing. What was known stays. */
export function inventoryFilledIn(before: Inventory | null, report: Inventory): Inventory {
  if (before === null) return report;
  const filled: Inventory = {
    system: before.system ?? report.system,
    fqdn: before.fqdn ?? report.fqdn,
    kernel: before.kernel ?? report.kernel,
    bootMode: before.bootMode ?? report.bootMode,
    secureBoot: before.bootMode === null ? report.secureBoot : before.secureBoot,
    filesystem: before.filesystem ?? report.filesystem,
    machineId: before.machineId ?? report.machineId,
    cpu: before.cpu ?? report.cpu,
    board: {
      product: before.board.product ?? report.board.product,
      serial: before.board.serial ?? report.board.serial,
      boardSerial: before.board.boardSerial ?? report.board.boardSerial,
    },
    disks: before.disks.length > 0 ? before.disks : report.disks,
    nics: before.nics.length > 0 ? before.nics : report.nics,
    sshHostKeys: { ...report.sshHostKeys, ...before.sshHostKeys },
  };
  return JSON.stringify(filled) === JSON.stringify(before) ? before : filled;
}

export interface InventoryCpu {
  readonly model: string;
  readonly sockets: number;
  readonly cores: number;
  readonly cpus: number;
}

/** From SMBIOS; null where the firmware says nothing. */
export interface InventoryBoard {
  readonly product: string | null;
  /** Of the system. */
  readonly serial: string | null;
  readonly boardSerial: string | null;
}

export interface InventoryDisk {
  readonly device: string | null;
  readonly model: string | null;
  readonly serial: string | null;
  /** null: the installer does not tell sizes disk by disk. */
  readonly sizeBytes: number | null;
  readonly isBootDisk: boolean;
}

export interface InventoryNic {
  readonly name: string | null;
  readonly mac: MacAddress;
  /** With its prefix length, `10.11.0.2/22`; null: none. */
  readonly address: string | null;
  readonly isManagement: boolean;
}
