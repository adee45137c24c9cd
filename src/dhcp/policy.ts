import type { Ipv4Address } from "../net/ipv4-address.ts";
import type { Endpoint } from "../net/udp-socket.ts";
import type { Exchange } from "./exchange.ts";
import type { DhcpMessage } from "./message.ts";

/** What a client asks, as the policy sees it. */
export interface DhcpQuestion {
  readonly request: DhcpMessage;
  readonly exchange: Exchange;
  readonly from: Endpoint;
}

/** The DHCP room asks; someone who knows the hosts answers. */
export interface DhcpPolicy {
  /** Called once for each message that wants an answer. A rejection counts as silence and is logged as an error. */
  decide(question: DhcpQuestion): DhcpDecision | Promise<DhcpDecision>;
  /** Told of each message that wants none: RELEASE, DECLINE. */
  heard(question: DhcpQuestion): void;
  /** Told what became of every datagram, answered or dropped; `request` is null for one that could not be read. */
  outcome(report: DhcpReport): void;
  /** After `outcome`, of an answer that was decided at once: what repeats it. null, or left out: each is decided anew. */
  repeatable?(report: DhcpReport): RepeatedAnswer | null;
}

/** An answer that may be given again to a client that asks the same again. */
export interface RepeatedAnswer {
  /** Whether it still holds, in the transaction `xid`. true counts as `decide` and `outcome`: it is sent at once. */
  again(xid: number): boolean;
}

export type DhcpDecision =
  /** OFFER, or ACK. To an INFORM: an ACK without address and lease. */
  | { readonly type: "lease"; readonly lease: Lease }
  /** proxyDHCP: what to boot, for a client that has its address from another server. To DISCOVER and BOOT-SERVER alone. */
  | { readonly type: "boot-only"; readonly boot: BootTarget }
  /** NAK; `reason` goes into option 56. */
  | { readonly type: "refuse"; readonly reason: string }
  /** `reason`: in words for an operator, because silence is the hardest thing to debug. */
  | { readonly type: "silence"; readonly reason: string };

export interface Lease {
  readonly address: Ipv4Address;
  readonly subnetMask: Ipv4Address;
  readonly router: Ipv4Address | null;
  readonly domainNameServers: readonly Ipv4Address[];
  readonly hostname: string | null;
  readonly domainName: string | null;
  readonly leaseSeconds: number;
  /** null: an address and nothing to boot. */
  readonly boot: BootTarget | null;
  /** Options by number, sent as they are (250, 251, and the operator's own); `onlyIfAsked` looks at option 55. */
  readonly extra: readonly ExtraOption[];
}

export interface BootTarget {
  /**
   * `pxe`: a file name for TFTP from `nextServer`. `http`: an URL for UEFI HTTP Boot, which wants 60 `HTTPClient` back.
   * `ipxe`: an URL for iPXE, which wants 175 (priority, no-pxedhcp). `raspberry-pi`: its ROM wants a server it knows by
   * option 43, and looks for files of its own there.
   */
  readonly type: "pxe" | "http" | "ipxe" | "raspberry-pi";
  readonly nextServer: Ipv4Address;
  /** Empty: the client knows itself what to load from `nextServer`. */
  readonly file: string;
  /** true: a proxy's offer sends the client to port 4011, instead of telling it to load `file` at once. */
  readonly viaBootServer?: boolean;
}

export interface ExtraOption {
  readonly code: number;
  readonly bytes: Uint8Array;
  readonly onlyIfAsked: boolean;
}

/** What became of one datagram. */
export interface DhcpReport {
  readonly request: DhcpMessage | null;
  readonly from: Endpoint;
  /** null: nothing was sent. */
  readonly reply: DhcpMessage | null;
  readonly to: Endpoint | null;
  /** Why nothing was sent, or what the NAK said; empty for an OFFER or ACK. */
  readonly reason: string;
}
