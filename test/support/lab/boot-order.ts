import { readFileSync, writeFileSync } from "node:fs";

/**
 * Writes into a copy of OVMF's variable store what an operator would choose in the firmware's set-up: PXE over IPv4 of
 * this network card comes first. The firmware itself adds what else it finds behind it, the disk first and HTTP Boot
 * last; QEMU's `bootindex` would put HTTP Boot over IPv4 and IPv6 before the disk, three minutes of waiting for a
 * machine that is not answered. `pciDevice`: the card's place on the first bus.
 */
export function bootFromNetworkFirst(variableStore: string, mac: string, pciDevice: number): void {
  const store = readFileSync(variableStore);
  const option = pxeOption(mac, pciDevice);
  const records = Buffer.concat([variable("Boot0001", option), variable("BootOrder", Buffer.from([1, 0]))]);
  records.copy(store, endOfVariables(store));
  writeFileSync(variableStore, store);
}

/** A load option as the firmware makes it by itself, so that it takes it for its own (UEFI 2.10 §3.1.3). */
function pxeOption(mac: string, pciDevice: number): Buffer {
  const address = mac.replaceAll(":", "");
  const path = Buffer.concat([
    node(2, 1, "d041030a00000000"), // PciRoot(0x0)
    node(1, 1, `00${hex(pciDevice)}`), // Pci(device,0x0)
    node(3, 11, `${address.padEnd(64, "0")}01`), // MAC, Ethernet
    node(3, 12, "00".repeat(23)), // IPv4, everything by DHCP
    node(0x7f, 0xff, ""),
  ]);
  const header = Buffer.alloc(6);
  header.writeUInt32LE(1, 0); // active
  header.writeUInt16LE(path.length, 4);
  const description = text(`UEFI PXEv4 (MAC:${address.toUpperCase()})`);
  return Buffer.concat([header, description, path, AUTOMATIC]);
}

/** A node of a device path: type, subtype, length, content. */
function node(type: number, subtype: number, content: string): Buffer {
  const octets = Buffer.from(content, "hex");
  const length = octets.length + 4;
  return Buffer.concat([Buffer.from([type, subtype, length & 0xff, length >> 8]), octets]);
}

/** A record of the store for authenticated variables, padded to four octets (edk2, `VariableFormat.h`). */
function variable(name: string, value: Buffer): Buffer {
  const header = Buffer.alloc(VARIABLE_HEADER);
  header.writeUInt16LE(VARIABLE_START, 0);
  header.writeUInt8(0x3f, 2); // added, and whole
  header.writeUInt32LE(7, 4); // kept over a reset, for boot services and for the system
  const encoded = text(name);
  header.writeUInt32LE(encoded.length, 36);
  header.writeUInt32LE(value.length, 40);
  GLOBAL_VARIABLE.copy(header, 44);
  const record = Buffer.concat([header, encoded, value]);
  return Buffer.concat([record, Buffer.alloc(-record.length & 3, 0xff)]);
}

function endOfVariables(store: Buffer): number {
  if (
    !store
      .subarray(FIRST_VARIABLE - STORE_HEADER)
      .subarray(0, 16)
      .equals(AUTHENTICATED_STORE)
  ) {
    throw new Error("this is not OVMF's store for authenticated variables");
  }
  let at = FIRST_VARIABLE;
  while (store.readUInt16LE(at) === VARIABLE_START) {
    const size = VARIABLE_HEADER + store.readUInt32LE(at + 36) + store.readUInt32LE(at + 40);
    at = (at + size + 3) & ~3;
  }
  return at;
}

function text(value: string): Buffer {
  return Buffer.from(`${value}\0`, "utf16le");
}

function hex(value: number): string {
  return value.toString(16).padStart(2, "0");
}

const STORE_HEADER = 28;
/** Behind the header of the firmware volume, 72 octets, and that of the store. */
const FIRST_VARIABLE = 72 + STORE_HEADER;
const VARIABLE_HEADER = 60;
const VARIABLE_START = 0x55aa;
/** gEfiAuthenticatedVariableGuid. */
const AUTHENTICATED_STORE = Buffer.from("782cf3aa7b949a43a1802e144ec37792", "hex");
/** EFI_GLOBAL_VARIABLE. */
const GLOBAL_VARIABLE = Buffer.from("61dfe48bca93d211aa0d00e098032b8c", "hex");
/** mBmAutoCreateBootOptionGuid: an option that the firmware made by itself. */
const AUTOMATIC = Buffer.from("4eac0881119f594d850ee21a522c59b2", "hex");
