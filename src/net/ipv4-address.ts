import { Address4 } from "ip-address";
import type { Brand } from "../std/brand.ts";
import { err, ok, type Result } from "../std/result.ts";

/** A bare IPv4 address in dotted decimal, without a prefix length: `10.11.0.2`. */
export type Ipv4Address = Brand<string, "Ipv4Address">;

/** An IPv4 network: its first address and prefix length, `10.11.0.0/22`. */
export type Ipv4Subnet = Brand<string, "Ipv4Subnet">;

export const UNSPECIFIED = "0.0.0.0" as Ipv4Address;
export const LIMITED_BROADCAST = "255.255.255.255" as Ipv4Address;

/** Four decimal numbers, no leading zeros, no prefix. */
export function parseIpv4Address(text: string): Result<Ipv4Address, "not-an-ipv4-address"> {
  if (text.includes("/") || !Address4.isValid(text)) return err("not-an-ipv4-address");
  return ok(new Address4(text).correctForm() as Ipv4Address);
}

/** `ADDRESS/PREFIX`. Host bits are cleared, so `10.11.0.1/22` is the network `10.11.0.0/22`. */
export function parseIpv4Subnet(text: string): Result<Ipv4Subnet, "not-an-ipv4-subnet"> {
  if (!/\/\d{1,2}$/.test(text) || !Address4.isValid(text)) return err("not-an-ipv4-subnet");
  const address = new Address4(text);
  return ok(`${address.startAddress().correctForm()}/${address.subnetMask}` as Ipv4Subnet);
}

export function ipv4FromBytes(bytes: Uint8Array, offset = 0): Ipv4Address {
  return `${bytes[offset]}.${bytes[offset + 1]}.${bytes[offset + 2]}.${bytes[offset + 3]}` as Ipv4Address;
}

export function ipv4FromNumber(value: number): Ipv4Address {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}` as Ipv4Address;
}

export function ipv4ToNumber(address: Ipv4Address): number {
  return numberIn(address, address.length);
}

/** Of an address and whatever follows `end`. Character by character: this is done several times for each packet. */
function numberIn(address: string, end: number): number {
  let value = 0;
  let part = 0;
  for (let at = 0; at < end; at++) {
    const code = address.charCodeAt(at);
    if (code === DOT) {
      value = value * 256 + part;
      part = 0;
    } else part = part * 10 + code - ZERO;
  }
  return value * 256 + part;
}

const DOT = 46;
const ZERO = 48;

/** The address `count` places further on; wraps at the ends of the address space. */
export function ipv4Plus(address: Ipv4Address, count: number): Ipv4Address {
  return ipv4FromNumber((ipv4ToNumber(address) + count) >>> 0);
}

export function prefixLength(subnet: Ipv4Subnet): number {
  return Number(subnet.slice(subnet.indexOf("/") + 1));
}

export function subnetMask(subnet: Ipv4Subnet): Ipv4Address {
  return ipv4FromNumber(maskOf(subnet));
}

export function networkAddress(subnet: Ipv4Subnet): Ipv4Address {
  return subnet.slice(0, subnet.indexOf("/")) as Ipv4Address;
}

export function broadcastAddress(subnet: Ipv4Subnet): Ipv4Address {
  return ipv4FromNumber((ipv4ToNumber(networkAddress(subnet)) | ~maskOf(subnet)) >>> 0);
}

export function isInSubnet(address: Ipv4Address, subnet: Ipv4Subnet): boolean {
  const network = numberIn(subnet, subnet.indexOf("/"));
  return (ipv4ToNumber(address) & maskOf(subnet)) >>> 0 === network;
}

/** One that a host may bear: in the subnet, and neither its network nor its broadcast address. */
export function isHostAddress(address: Ipv4Address, subnet: Ipv4Subnet): boolean {
  if (!isInSubnet(address, subnet)) return false;
  if (prefixLength(subnet) >= 31) return true;
  return address !== networkAddress(subnet) && address !== broadcastAddress(subnet);
}

function maskOf(subnet: Ipv4Subnet): number {
  const length = prefixLength(subnet);
  return length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
}
