import { type Ipv4Address, ipv4FromBytes, ipv4ToNumber, UNSPECIFIED } from "../net/ipv4-address.ts";
import { type MacAddress, macAddressFromBytes } from "../net/mac-address.ts";
import { err, ok, type Result } from "../std/result.ts";
import { type MessageType, messageType } from "./message-type.ts";
import { numberAt } from "./octets.ts";
import { type DhcpOptions, decodeOptions, encodeOptions, keepOneOfAlike, type RawOptions } from "./option.ts";
import { joinOptions, layOutOptions, writeOptions } from "./option-field.ts";

/** One DHCP message (RFC 2131 §2), with the names of the RFC. */
export interface DhcpMessage {
  /** 1 from a client, 2 from a server. */
  readonly op: number;
  readonly htype: number;
  /** How many octets of `chaddr` count, at most 16. */
  readonly hlen: number;
  readonly hops: number;
  readonly xid: number;
  /** Seconds since the client began; iPXE counts other things here. */
  readonly secs: number;
  /** The B bit of `flags`; the other bits must be zero and are. */
  readonly broadcast: boolean;
  readonly ciaddr: Ipv4Address;
  readonly yiaddr: Ipv4Address;
  readonly siaddr: Ipv4Address;
  readonly giaddr: Ipv4Address;
  /** `hlen` octets. */
  readonly chaddr: Uint8Array;
  /** `chaddr` of an Ethernet interface, or of another of IEEE 802; null: some other hardware. */
  readonly mac: MacAddress | null;
  /** Empty when unused, or when it carries options (52). */
  readonly sname: string;
  readonly file: string;
  /** Option 53, which every message has. */
  readonly type: MessageType;
  /** Known options by name; one that is malformed is not here. */
  readonly options: DhcpOptions;
  /** All options by number, octet by octet. This is what the encoder writes. */
  readonly raw: RawOptions;
}

export type MessageError =
  | "too-short"
  | "no-magic-cookie"
  | "hardware-address-too-long"
  | "options-overrun"
  | "no-message-type"
  | "bad-message-type";

/** What is wrong with a datagram, for an operator. */
export const MESSAGE_ERRORS: Record<MessageError, string> = {
  "too-short": "not a DHCP message: shorter than 240 octets",
  "no-magic-cookie": "not a DHCP message: no magic cookie 63 82 53 63 at octet 236",
  "hardware-address-too-long": "not a DHCP message: hlen is more than 16",
  "options-overrun": "unreadable: an option is longer than the message, and no message type (53) came before it",
  "no-message-type": "not a DHCP message: no message type (option 53); a BOOTP client?",
  "bad-message-type": "not a message of RFC 2131: option 53 is not one octet from 1 to 8",
};

/**
 * Reads what can be read: an option longer than its field ends the reading, and what came before counts.
 * Never throws, and nothing of the result is a view of `bytes`.
 */
export function decodeMessage(bytes: Uint8Array): Result<DhcpMessage, MessageError> {
  if (bytes.length < OPTIONS_AT) return err("too-short");
  // One copy, and all that is read out of it are views: memory of its own for each option costs more than reading it.
  const copy = Buffer.from(bytes);
  const octets = new Uint8Array(copy.buffer, copy.byteOffset, copy.length);
  if (numberAt(octets, COOKIE_AT, 4) !== MAGIC_COOKIE) return err("no-magic-cookie");
  const hlen = octets[2] ?? 0;
  if (hlen > 16) return err("hardware-address-too-long");

  const { raw, repeated, overrun, overload } = joinOptions(octets, OPTIONS_AT, { file: FILE_AT, sname: SNAME_AT });
  if (repeated !== null) keepOneOfAlike(raw, repeated);
  const octets53 = raw.get(53);
  if (octets53 === undefined) return err(overrun ? "options-overrun" : "no-message-type");
  const type = messageType.decode(octets53);
  if (type === null) return err("bad-message-type");

  const htype = octets[1] ?? 0;
  const chaddr = octets.subarray(CHADDR_AT, CHADDR_AT + hlen);
  return ok({
    op: octets[0] ?? 0,
    htype,
    hlen,
    hops: octets[3] ?? 0,
    xid: numberAt(octets, 4, 4),
    secs: numberAt(octets, 8, 2),
    broadcast: (numberAt(octets, 10, 2) & BROADCAST_FLAG) !== 0,
    ciaddr: addressAt(octets, 12),
    yiaddr: addressAt(octets, 16),
    siaddr: addressAt(octets, 20),
    giaddr: addressAt(octets, 24),
    chaddr,
    mac: macOf(htype, chaddr),
    sname: overload.sname ? "" : textAt(octets, SNAME_AT, SNAME_SIZE),
    file: overload.file ? "" : textAt(octets, FILE_AT, FILE_SIZE),
    type,
    options: decodeOptions(raw),
    raw,
  });
}

/**
 * At least 300 octets, which some ROMs and relays insist on (RFC 951 §3), at most `sizeMax`: options that do not fit are
 * left out, the least needed first. Throws RangeError when `sname` or `file` is too long for its field.
 */
export function encodeMessage(message: DhcpMessage, sizeMax: number = SIZE_MAX_DEFAULT): Uint8Array {
  if (message.chaddr.length > 16)
    throw new RangeError(`expected a chaddr of 16 octets, found ${message.chaddr.length}`);
  const layout = layOutOptions(message.raw, sizeMax - OPTIONS_AT);
  // Out of Node's pool: memory of its own for each packet costs more than all that is written into it.
  const octets = Buffer.allocUnsafe(Math.max(SIZE_MIN, OPTIONS_AT + layout.size)).fill(0);
  octets[0] = message.op;
  octets[1] = message.htype;
  octets[2] = message.hlen;
  octets[3] = message.hops;
  octets.writeUInt32BE(message.xid, 4);
  octets.writeUInt16BE(message.secs, 8);
  if (message.broadcast) octets.writeUInt16BE(BROADCAST_FLAG, 10);
  writeAddress(octets, 12, message.ciaddr);
  writeAddress(octets, 16, message.yiaddr);
  writeAddress(octets, 20, message.siaddr);
  writeAddress(octets, 24, message.giaddr);
  octets.set(message.chaddr, CHADDR_AT);
  writeText(octets, SNAME_AT, SNAME_SIZE, message.sname);
  writeText(octets, FILE_AT, FILE_SIZE, message.file);
  octets.writeUInt32BE(MAGIC_COOKIE, COOKIE_AT);
  writeOptions(octets, OPTIONS_AT, layout, message.raw);
  return new Uint8Array(octets.buffer, octets.byteOffset, octets.length);
}

/**
 * The largest answer this client takes, in octets of UDP payload: what option 57 allows, which counts IP and UDP
 * headers, but never more than an Ethernet frame holds (EDK2 claims 65280) and never less than every client must take.
 */
export function sizeMaxFor(request: DhcpMessage): number {
  const claimed = request.options.maximumDhcpMessageSize;
  if (claimed === undefined) return SIZE_MAX_DEFAULT;
  return Math.max(SIZE_MAX_DEFAULT, Math.min(claimed, MTU) - IP_AND_UDP_HEADERS);
}

/** The header of a message; what is left out is zero or empty. */
export type MessageHeader = Partial<Omit<DhcpMessage, "options" | "raw" | "mac" | "hlen" | "type">> & {
  readonly op: number;
  readonly xid: number;
  readonly chaddr: Uint8Array;
};

/**
 * A message of our own: `options` by name, then `more` by number, which replaces what has the same number. The message
 * keeps `options`, with `more` in it.
 * Throws RangeError when a value does not fit its option.
 */
export function composeMessage(
  header: MessageHeader,
  options: DhcpOptions & { readonly dhcpMessageType: MessageType },
  more: RawOptions = NO_OPTIONS,
): DhcpMessage {
  const raw = encodeOptions(options);
  for (const [code, octets] of more) raw.set(code, octets);
  const htype = header.htype ?? ETHERNET;
  // Field by field: copying a header of unknown form costs more than all the rest.
  return {
    op: header.op,
    htype,
    hlen: header.chaddr.length,
    hops: header.hops ?? 0,
    xid: header.xid,
    secs: header.secs ?? 0,
    broadcast: header.broadcast ?? false,
    ciaddr: header.ciaddr ?? UNSPECIFIED,
    yiaddr: header.yiaddr ?? UNSPECIFIED,
    siaddr: header.siaddr ?? UNSPECIFIED,
    giaddr: header.giaddr ?? UNSPECIFIED,
    chaddr: header.chaddr,
    mac: macOf(htype, header.chaddr),
    sname: header.sname ?? "",
    file: header.file ?? "",
    type: options.dhcpMessageType,
    options: more.size === 0 ? options : Object.assign(options, decodeOptions(more)),
    raw,
  };
}

const NO_OPTIONS: RawOptions = new Map();

/** Hardware types (IANA, ARP): some clients call an Ethernet interface the latter, and have the same addresses. */
const ETHERNET = 1;
const IEEE_802 = 6;
const BROADCAST_FLAG = 0x8000;
const MAGIC_COOKIE = 0x63825363;
const CHADDR_AT = 28;
const SNAME_AT = 44;
const SNAME_SIZE = 64;
const FILE_AT = 108;
const FILE_SIZE = 128;
const COOKIE_AT = 236;
const OPTIONS_AT = 240;

const SIZE_MIN = 300;
const MTU = 1500;
const IP_AND_UDP_HEADERS = 28;
/** RFC 2131 §2: every client takes an IP datagram of 576 octets. */
const SIZE_MAX_DEFAULT = 576 - IP_AND_UDP_HEADERS;

function macOf(htype: number, chaddr: Uint8Array): MacAddress | null {
  return (htype === ETHERNET || htype === IEEE_802) && chaddr.length === 6 ? macAddressFromBytes(chaddr) : null;
}

function addressAt(octets: Uint8Array, at: number): Ipv4Address {
  return numberAt(octets, at, 4) === 0 ? UNSPECIFIED : ipv4FromBytes(octets, at);
}

function writeAddress(octets: Buffer, at: number, address: Ipv4Address): void {
  if (address !== UNSPECIFIED) octets.writeUInt32BE(ipv4ToNumber(address), at);
}

function textAt(octets: Uint8Array, at: number, size: number): string {
  if (octets[at] === 0) return "";
  const nul = octets.indexOf(0, at);
  const end = nul === -1 || nul > at + size ? at + size : nul;
  return Buffer.from(octets.buffer, octets.byteOffset + at, end - at).toString("latin1");
}

function writeText(octets: Uint8Array, at: number, size: number, text: string): void {
  if (text.length > size) throw new RangeError(`expected at most ${size} characters, found "${text}"`);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 255) throw new RangeError(`expected single octets in "${text}", found "${text[i]}"`);
    octets[at + i] = code;
  }
}
