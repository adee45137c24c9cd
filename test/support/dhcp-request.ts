import { composeMessage, type DhcpMessage, type MessageHeader } from "../../src/dhcp/message.ts";
import type { MessageType } from "../../src/dhcp/message-type.ts";
import type { DhcpOptions, RawOptions } from "../../src/dhcp/option.ts";

/** A client's message; what is left out is a plain Ethernet client without an address. */
export function dhcpRequest(
  type: MessageType,
  options: DhcpOptions = {},
  header: Partial<MessageHeader> = {},
  more: RawOptions = new Map(),
): DhcpMessage {
  const chaddr = Uint8Array.of(2, 0, 0, 0, 1, 1);
  return composeMessage({ op: 1, xid: 0x3903f326, chaddr, ...header }, { dhcpMessageType: type, ...options }, more);
}
