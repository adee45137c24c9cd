import { LIMITED_BROADCAST, UNSPECIFIED } from "../net/ipv4-address.ts";
import type { Endpoint } from "../net/udp-socket.ts";
import type { DhcpMessage } from "./message.ts";

/** Ports of RFC 2131 §4.1; a reply goes to them whatever port the request came from (RFC 1542 §5.4). */
export const SERVER_PORT = 67;
export const CLIENT_PORT = 68;

/**
 * Where a reply goes (RFC 2131 §4.1). To a client without an address always as a broadcast, also when its B bit is clear:
 * the RFC allows it where a unicast is not possible, and a UDP socket cannot send to an address nobody answers ARP for.
 */
export function destinationOf(reply: DhcpMessage): Endpoint {
  if (reply.giaddr !== UNSPECIFIED) return { address: reply.giaddr, port: SERVER_PORT };
  if (reply.type === "NAK" || reply.ciaddr === UNSPECIFIED) return { address: LIMITED_BROADCAST, port: CLIENT_PORT };
  return { address: reply.ciaddr, port: CLIENT_PORT };
}
