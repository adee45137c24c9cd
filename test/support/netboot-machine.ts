import type { DhcpMessage, MessageHeader } from "../../src/dhcp/message.ts";
import type { MessageType } from "../../src/dhcp/message-type.ts";
import type { DhcpOptions } from "../../src/dhcp/option.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import type { MacAddress } from "../../src/net/mac-address.ts";
import { type HostId, hostIdOf } from "../../src/queue/host.ts";
import { dhcpRequest } from "./dhcp-request.ts";

/** A machine with several NICs and the UUID that its firmware sends in option 97. */
export interface Machine {
  readonly macs: readonly [MacAddress, MacAddress];
  readonly host: HostId;
  /** The octets of option 97; null: the firmware sends none. */
  readonly uuid97: Uint8Array | null;
}

/** Machine `n`, with NICs `52:54:00:00:01:n` and `52:54:00:00:02:n`. */
export function machine(n: number, uuid97: Uint8Array | null = uuidOption(n)): Machine {
  const hex = n.toString(16).padStart(2, "0");
  const macs = [`52:54:00:00:01:${hex}` as MacAddress, `52:54:00:00:02:${hex}` as MacAddress] as const;
  return { macs, host: hostIdOf(macs[0]), uuid97 };
}

/** Of the UUID `44454c4c-4300-1051-8031-c7c04f5100nn`, in the octet order of SMBIOS. */
export function uuidOption(n: number): Uint8Array {
  return Uint8Array.from([0, ...Buffer.from("4c4c45440043511080", "hex"), 0x31, 0xc7, 0xc0, 0x4f, 0x51, 0, n]);
}

/** A program that speaks DHCP on a machine, by what it says of itself. */
export interface Program {
  readonly options: DhcpOptions;
  /** Does it send option 97? */
  readonly sendsUuid: boolean;
}

function pxe(arch: number, vendor = "PXEClient", more: DhcpOptions = {}): Program {
  const vendorClassIdentifier = `${vendor}:Arch:${String(arch).padStart(5, "0")}:UNDI:003000`;
  const list = [1, 3, 6, 12, 15, 43, 54, 60, 66, 67, 97];
  return {
    options: { vendorClassIdentifier, clientSystemArchitecture: [arch], parameterRequestList: list, ...more },
    sendsUuid: true,
  };
}

function features(...codes: number[]): ReadonlyMap<number, Uint8Array> {
  return new Map(codes.map((code) => [code, Uint8Array.of(1)]));
}

export const BIOS = pxe(0);
export const UEFI_X64 = pxe(7);
export const UEFI_ARM64 = pxe(11);
export const HTTP_X64 = pxe(16, "HTTPClient");
export const IPXE = pxe(7, "PXEClient", { userClass: ["iPXE"], etherboot: features(0x13, 0x15) });
/** The ROM of a NIC, built without HTTP. */
export const IPXE_WITHOUT_HTTP = pxe(0, "PXEClient", { userClass: ["iPXE"], etherboot: features(0x15) });
export const firmwareOf = pxe;

/** dhclient as the Proxmox installer runs it in automated mode. */
export const INSTALLER: Program = {
  options: { parameterRequestList: [1, 28, 2, 3, 15, 6, 119, 12, 44, 47, 26, 121, 42, 250, 251] },
  sendsUuid: false,
};

/** A laptop, or an installed system. */
export const LAPTOP: Program = {
  options: { parameterRequestList: [1, 28, 2, 3, 15, 6, 119, 12], hostName: "laptop" },
  sendsUuid: false,
};

/** What this program on this machine sends; `nic` 2 is its second NIC. */
export function says(
  { macs, uuid97 }: Machine,
  program: Program,
  type: MessageType,
  options: DhcpOptions = {},
  header: Partial<MessageHeader> = {},
  nic: 1 | 2 = 1,
): DhcpMessage {
  const chaddr = Uint8Array.from(Buffer.from((nic === 1 ? macs[0] : macs[1]).replaceAll(":", ""), "hex"));
  const uuid = program.sendsUuid && uuid97 !== null ? new Map([[97, uuid97]]) : new Map();
  return dhcpRequest(type, { ...program.options, ...options }, { chaddr, ...header }, uuid);
}

/** Its REQUEST for an address that was offered by `server`. */
export function selects(
  who: Machine,
  program: Program,
  requestedIpAddress: Ipv4Address,
  serverIdentifier: Ipv4Address,
  nic: 1 | 2 = 1,
): DhcpMessage {
  return says(who, program, "REQUEST", { requestedIpAddress, serverIdentifier }, {}, nic);
}
