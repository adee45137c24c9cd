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

export interface InventoryCpu {
  readonly model: string;
  readonly sockets: number;
  readonly cores: number;
  readonly cpus: number;
}

/** From SMBIOS; null where the firmware says nothing. */
export interface InventoryBoard {
  readonly product: string | null;
  readonly serial: string | null;
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
