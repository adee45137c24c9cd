/** Which boot loader a firmware can run; the names are the keys of `[dhcp.boot_files]`. */
export type FirmwareName = "bios" | "uefi_ia32" | "uefi_x64" | "uefi_arm64";

export interface Architecture {
  readonly label: string;
  /** null: we know what it is and have no boot loader for it. */
  readonly firmware: FirmwareName | null;
}

/**
 * By option 93, IANA "Processor Architecture Types". RFC 4578 printed 7 and 9 the wrong way round; 7 is x64 UEFI in
 * practice (erratum 4624), and firmware that says 9 means the same.
 */
export const ARCHITECTURES: ReadonlyMap<number, Architecture> = new Map([
  [0, { label: "BIOS", firmware: "bios" }],
  [6, { label: "UEFI IA32", firmware: "uefi_ia32" }],
  [7, { label: "UEFI x64", firmware: "uefi_x64" }],
  [9, { label: "UEFI x64 (as EBC)", firmware: "uefi_x64" }],
  [10, { label: "UEFI ARM32", firmware: null }],
  [11, { label: "UEFI ARM64", firmware: "uefi_arm64" }],
  [15, { label: "UEFI IA32, HTTP Boot", firmware: "uefi_ia32" }],
  [16, { label: "UEFI x64, HTTP Boot", firmware: "uefi_x64" }],
  [17, { label: "UEFI x64 (as EBC), HTTP Boot", firmware: "uefi_x64" }],
  [18, { label: "UEFI ARM32, HTTP Boot", firmware: null }],
  [19, { label: "UEFI ARM64, HTTP Boot", firmware: "uefi_arm64" }],
  [20, { label: "BIOS, HTTP Boot", firmware: "bios" }],
  [27, { label: "UEFI RISC-V 64", firmware: null }],
  [28, { label: "UEFI RISC-V 64, HTTP Boot", firmware: null }],
  [39, { label: "UEFI LoongArch 64", firmware: null }],
  [40, { label: "UEFI LoongArch 64, HTTP Boot", firmware: null }],
  [41, { label: "Raspberry Pi", firmware: null }],
]);
