import { UNSPECIFIED } from "../net/ipv4-address.ts";
import type { DhcpMessage, MessageHeader } from "./message.ts";
import type { MessageType } from "./message-type.ts";
import type { DhcpOptions } from "./option.ts";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** A reply while it is being put together. */
export type HeaderDraft = Mutable<MessageHeader>;
export type OptionsDraft = Mutable<DhcpOptions> & { dhcpMessageType: MessageType };

/** What every reply copies from its request (RFC 2131 table 3). */
export function replyHeaderOf({ htype, xid, broadcast, giaddr, chaddr }: DhcpMessage): HeaderDraft {
  // With everything that may be filled in later: an object that grows is slow, and there is one for each packet.
  const [ciaddr, yiaddr, siaddr] = [UNSPECIFIED, UNSPECIFIED, UNSPECIFIED];
  return { op: BOOTREPLY, htype, xid, broadcast, ciaddr, yiaddr, siaddr, giaddr, chaddr, sname: "", file: "" };
}

const BOOTREPLY = 2;
