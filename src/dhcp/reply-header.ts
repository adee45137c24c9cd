import type { DhcpMessage, MessageHeader } from "./message.ts";
import type { MessageType } from "./message-type.ts";
import type { DhcpOptions } from "./option.ts";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** A reply while it is being put together. */
export type HeaderDraft = Mutable<MessageHeader>;
export type OptionsDraft = Mutable<DhcpOptions> & { dhcpMessageType: MessageType };

/** What every reply copies from its request (RFC 2131 table 3). */
export function replyHeaderOf({ htype, xid, broadcast, giaddr, chaddr }: DhcpMessage): MessageHeader {
  return { op: BOOTREPLY, htype, xid, broadcast, giaddr, chaddr };
}

const BOOTREPLY = 2;
