import { messageType } from "./message-type.ts";
import {
  ascii,
  asciiWithNul,
  bytes,
  classlessRoutes,
  domainList,
  empty,
  encapsulated,
  flag,
  int32,
  ipv4,
  ipv4List,
  ipv4Pairs,
  type OptionCodec,
  subOptions,
  typedBytes,
  uint8,
  uint8List,
  uint16,
  uint16List,
  uint32,
  userClasses,
} from "./option-codec.ts";

/** One known option. */
export interface OptionDefinition<T> {
  readonly code: number;
  readonly codec: OptionCodec<T>;
  /** Where it is specified, and what a reader should know. */
  readonly source: string;
}

function define<T>(code: number, codec: OptionCodec<T>, source: string): OptionDefinition<T> {
  return { code, codec, source };
}

/**
 * Every option we read or write by name, in the order of their numbers. A line here is all it takes: the decoder, the
 * encoder, the type, the round-trip test and the reference page follow.
 */
export const OPTIONS = {
  subnetMask: define(1, ipv4, "RFC 2132 §3.3; written before the router"),
  timeOffset: define(2, int32, "RFC 2132 §3.4, seconds east of UTC"),
  router: define(3, ipv4List, "RFC 2132 §3.5"),
  timeServer: define(4, ipv4List, "RFC 2132 §3.6"),
  nameServer: define(5, ipv4List, "RFC 2132 §3.7, IEN 116"),
  domainNameServer: define(6, ipv4List, "RFC 2132 §3.8"),
  logServer: define(7, ipv4List, "RFC 2132 §3.9"),
  lprServer: define(9, ipv4List, "RFC 2132 §3.11"),
  hostName: define(12, ascii, "RFC 2132 §3.14"),
  bootFileSize: define(13, uint16, "RFC 2132 §3.15, in 512-octet units; never sent: EDK2 would trust it over tsize"),
  domainName: define(15, ascii, "RFC 2132 §3.17"),
  rootPath: define(17, ascii, "RFC 2132 §3.19; makes iPXE try a SAN boot"),
  extensionsPath: define(18, ascii, "RFC 2132 §3.20"),
  ipForwarding: define(19, flag, "RFC 2132 §4.1"),
  maximumDatagramReassemblySize: define(22, uint16, "RFC 2132 §4.4"),
  defaultIpTimeToLive: define(23, uint8, "RFC 2132 §4.5"),
  interfaceMtu: define(26, uint16, "RFC 2132 §5.1"),
  broadcastAddress: define(28, ipv4, "RFC 2132 §5.3"),
  performRouterDiscovery: define(31, flag, "RFC 2132 §5.6"),
  staticRoute: define(33, ipv4Pairs, "RFC 2132 §5.8"),
  networkInformationServiceDomain: define(40, ascii, "RFC 2132 §8.1"),
  networkInformationServers: define(41, ipv4List, "RFC 2132 §8.2"),
  networkTimeProtocolServers: define(42, ipv4List, "RFC 2132 §8.3"),
  vendorSpecificInformation: define(43, bytes, "RFC 2132 §8.4; belongs to option 60"),
  netbiosNameServer: define(44, ipv4List, "RFC 2132 §8.5"),
  netbiosNodeType: define(46, uint8, "RFC 2132 §8.7"),
  netbiosScope: define(47, ascii, "RFC 2132 §8.8"),
  requestedIpAddress: define(50, ipv4, "RFC 2132 §9.1"),
  ipAddressLeaseTime: define(51, uint32, "RFC 2132 §9.2, seconds"),
  optionOverload: define(52, uint8, "RFC 2132 §9.3; read, never written"),
  dhcpMessageType: define(53, messageType, "RFC 2132 §9.6"),
  serverIdentifier: define(54, ipv4, "RFC 2132 §9.7"),
  parameterRequestList: define(55, uint8List, "RFC 2132 §9.8"),
  message: define(56, ascii, "RFC 2132 §9.9"),
  maximumDhcpMessageSize: define(57, uint16, "RFC 2132 §9.10, octets with IP and UDP headers"),
  renewalTimeValue: define(58, uint32, "RFC 2132 §9.11, seconds (T1)"),
  rebindingTimeValue: define(59, uint32, "RFC 2132 §9.12, seconds (T2)"),
  vendorClassIdentifier: define(60, ascii, "RFC 2132 §9.13; PXEClient, HTTPClient"),
  clientIdentifier: define(61, typedBytes, "RFC 2132 §9.14, RFC 4361; echoed (RFC 6842)"),
  tftpServerName: define(66, asciiWithNul, "RFC 2132 §9.4"),
  bootfileName: define(67, asciiWithNul, "RFC 2132 §9.5"),
  userClass: define(77, userClasses, "RFC 3004, and the bare text that iPXE sends"),
  rapidCommit: define(80, empty, "RFC 4039"),
  clientFqdn: define(81, bytes, "RFC 4702"),
  relayAgentInformation: define(82, subOptions, "RFC 3046; echoed octet by octet, last"),
  clientSystemArchitecture: define(93, uint16List, "RFC 4578 §2.1; 7 is x64 UEFI"),
  clientNetworkInterfaceIdentifier: define(94, typedBytes, "RFC 4578 §2.2; UNDI version"),
  clientMachineIdentifier: define(97, typedBytes, "RFC 4578 §2.3; SMBIOS UUID, echoed"),
  timezonePosix: define(100, ascii, "RFC 4833"),
  timezoneName: define(101, ascii, "RFC 4833"),
  ipv6OnlyPreferred: define(108, uint32, "RFC 8925, seconds"),
  captivePortal: define(114, ascii, "RFC 8910"),
  autoConfigure: define(116, flag, "RFC 2563"),
  subnetSelection: define(118, ipv4, "RFC 3011"),
  domainSearch: define(119, domainList, "RFC 3397"),
  classlessStaticRoute: define(121, classlessRoutes, "RFC 3442; replaces the router where understood"),
  vendorIdentifyingVendorClass: define(124, bytes, "RFC 3925"),
  vendorIdentifyingVendorSpecific: define(125, bytes, "RFC 3925"),
  pxe128: define(128, bytes, "RFC 4578 §2.4; PXE vendors"),
  pxe129: define(129, bytes, "RFC 4578 §2.4; PXE vendors"),
  pxe130: define(130, bytes, "RFC 4578 §2.4; PXE vendors"),
  pxe131: define(131, bytes, "RFC 4578 §2.4; PXE vendors"),
  pxe132: define(132, bytes, "RFC 4578 §2.4; PXE vendors"),
  pxe133: define(133, bytes, "RFC 4578 §2.4; PXE vendors"),
  pxe134: define(134, bytes, "RFC 4578 §2.4; PXE vendors"),
  pxe135: define(135, bytes, "RFC 4578 §2.4; PXE vendors"),
  forcerenewNonceCapable: define(145, uint8List, "RFC 6704"),
  tftpServerAddress: define(150, ipv4List, "RFC 5859; telephones"),
  etherboot: define(175, encapsulated, "iPXE's own sub-options: ipxe/ipxe src/include/ipxe/dhcp.h"),
  pxelinuxMagic: define(208, uint32, "RFC 5071 §4"),
  pxelinuxConfigFile: define(209, ascii, "RFC 5071 §5"),
  pxelinuxPathPrefix: define(210, ascii, "RFC 5071 §6"),
  pxelinuxRebootTime: define(211, uint32, "RFC 5071 §7, seconds"),
  microsoftClasslessStaticRoute: define(249, classlessRoutes, "Microsoft's number for option 121; site-specific"),
  proxmoxAnswerUrl: define(250, ascii, "Proxmox automated installation; site-specific range, RFC 3942"),
  proxmoxCertFingerprint: define(251, ascii, "Proxmox automated installation; site-specific range, RFC 3942"),
  webProxyAutoDiscovery: define(252, ascii, "site-specific by custom"),
} as const;

export type OptionName = keyof typeof OPTIONS;

type ValueOf<Definition> = Definition extends OptionDefinition<infer T> ? T : never;

/** Decoded options by name. A new line in OPTIONS appears here by itself. */
export type DhcpOptions = { readonly [Name in OptionName]?: ValueOf<(typeof OPTIONS)[Name]> };

/** The octets of each option by its number, parts joined, known or not. */
export type RawOptions = ReadonlyMap<number, Uint8Array>;

/** The known options among `raw`. One whose octets do not have its form is left out: the sender may not need it. */
export function decodeOptions(raw: RawOptions): DhcpOptions {
  const options: Record<string, unknown> = {};
  for (const [code, octets] of raw) {
    const known = BY_CODE[code];
    if (known === undefined) continue;
    const value = known.codec.decode(octets);
    if (value !== null) options[known.name] = value;
  }
  // Each value came out of the codec that stands beside its name in OPTIONS.
  return options as DhcpOptions;
}

/**
 * Options that are there more than once are one in parts (RFC 3396 §7); but some clients write the same one of a fixed
 * length twice. Where the whole does not have the option's form and all parts are alike, one of them counts.
 */
export function keepOneOfAlike(
  raw: Map<number, Uint8Array>,
  repeated: ReadonlyMap<number, readonly Uint8Array[]>,
): void {
  for (const [code, parts] of repeated) {
    const codec = BY_CODE[code]?.codec;
    const [[first], whole] = [parts, raw.get(code)];
    if (codec === undefined || first === undefined || whole === undefined || codec.decode(whole) !== null) continue;
    if (parts.every((part) => Buffer.compare(part, first) === 0)) raw.set(code, first);
  }
}

/** Throws RangeError when a value does not fit its option. */
export function encodeOptions(options: DhcpOptions): Map<number, Uint8Array> {
  const raw = new Map<number, Uint8Array>();
  for (const name in options) {
    // The type of `options` promises that each name is in the table and each value fits its codec.
    const { code, codec } = OPTIONS[name as OptionName] as OptionDefinition<unknown>;
    const value = options[name as OptionName];
    const known = NEWEST[code];
    if (known?.value === value && known !== undefined) raw.set(code, known.octets);
    else {
      const octets = codec.encode(value);
      NEWEST[code] = { value, octets };
      raw.set(code, octets);
    }
  }
  return raw;
}

/** What each option was last: nearly all answers of a network have the same mask, router and boot file. */
const NEWEST = new Array<{ readonly value: unknown; readonly octets: Uint8Array } | undefined>(256).fill(undefined);

/** The name of an option we know, else null. */
export function optionNameOf(code: number): OptionName | null {
  return BY_CODE[code]?.name ?? null;
}

const BY_CODE: readonly ({ readonly name: OptionName; readonly codec: OptionCodec<unknown> } | undefined)[] = (() => {
  const table = new Array<{ name: OptionName; codec: OptionCodec<unknown> } | undefined>(256).fill(undefined);
  for (const [name, { code, codec }] of Object.entries(OPTIONS)) table[code] = { name: name as OptionName, codec };
  return table;
})();
