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
  [1, { label: "NEC PC-98", firmware: null }],
  [2, { label: "Itanium", firmware: null }],
  [3, { label: "DEC Alpha", firmware: null }],
  [4, { label: "Arc x86", firmware: null }],
  [5, { label: "Intel Lean Client", firmware: null }],
  [6, { label: "UEFI IA32", firmware: "uefi_ia32" }],
  [7, { label: "UEFI x64", firmware: "uefi_x64" }],
  [8, { label: "UEFI XScale", firmware: null }],
  [9, { label: "UEFI x64 (as EBC)", firmware: "uefi_x64" }],
  [10, { label: "UEFI ARM32", firmware: null }],
  [11, { label: "UEFI ARM64", firmware: "uefi_arm64" }],
  [12, { label: "PowerPC Open Firmware", firmware: null }],
  [13, { label: "PowerPC ePAPR", firmware: null }],
  [14, { label: "POWER OPAL", firmware: null }],
  [15, { label: "UEFI IA32, HTTP Boot", firmware: "uefi_ia32" }],
  [16, { label: "UEFI x64, HTTP Boot", firmware: "uefi_x64" }],
  [17, { label: "UEFI x64 (as EBC), HTTP Boot", firmware: "uefi_x64" }],
  [18, { label: "UEFI ARM32, HTTP Boot", firmware: null }],
  [19, { label: "UEFI ARM64, HTTP Boot", firmware: "uefi_arm64" }],
  [20, { label: "BIOS, HTTP Boot", firmware: "bios" }],
  [21, { label: "U-Boot ARM32", firmware: null }],
  [22, { label: "U-Boot ARM64", firmware: null }],
  [23, { label: "U-Boot ARM32, HTTP Boot", firmware: null }],
  [24, { label: "U-Boot ARM64, HTTP Boot", firmware: null }],
  [25, { label: "UEFI RISC-V 32", firmware: null }],
  [26, { label: "UEFI RISC-V 32, HTTP Boot", firmware: null }],
  [27, { label: "UEFI RISC-V 64", firmware: null }],
  [28, { label: "UEFI RISC-V 64, HTTP Boot", firmware: null }],
  [29, { label: "UEFI RISC-V 128", firmware: null }],
  [30, { label: "UEFI RISC-V 128, HTTP Boot", firmware: null }],
  [31, { label: "s390 Basic", firmware: null }],
  [32, { label: "s390 Extended", firmware: null }],
  [33, { label: "UEFI MIPS 32", firmware: null }],
  [34, { label: "UEFI MIPS 64", firmware: null }],
  [35, { label: "UEFI Sunway 32", firmware: null }],
  [36, { label: "UEFI Sunway 64", firmware: null }],
  [37, { label: "UEFI LoongArch 32", firmware: null }],
  [38, { label: "UEFI LoongArch 32, HTTP Boot", firmware: null }],
  [39, { label: "UEFI LoongArch 64", firmware: null }],
  [40, { label: "UEFI LoongArch 64, HTTP Boot", firmware: null }],
  [41, { label: "Raspberry Pi", firmware: null }],
]);

/** Its boot ROM loads files of its own from TFTP, and no boot loader of ours. */
export const RASPBERRY_PI = 41;
