import { type Ipv4Address, ipv4FromNumber, ipv4ToNumber, UNSPECIFIED } from "../net/ipv4-address.ts";
import { unreachable } from "../std/unreachable.ts";
import { addBootTarget } from "./boot-target.ts";
import { type Exchange, identifierFor } from "./exchange.ts";
import { composeMessage, type DhcpMessage } from "./message.ts";
import type { DhcpDecision, Lease } from "./policy.ts";
import { composeBootOnly } from "./proxy-reply.ts";
import { type HeaderDraft, type OptionsDraft, replyHeaderOf } from "./reply-header.ts";

/**
 * The answer on the wire to what the policy decided: OFFER, ACK or NAK (RFC 2131 table 3). null: there is none, because
 * the policy is silent, or because RFC 2131 knows no such answer (a NAK to a DISCOVER).
 * Throws RangeError when the decision holds something that does not fit a message.
 */
export function composeReply(
  request: DhcpMessage,
  exchange: Exchange,
  decision: DhcpDecision,
  serverIdentifier: Ipv4Address,
): DhcpMessage | null {
  const own = identifierFor(request, serverIdentifier);
  switch (decision.type) {
    case "silence":
      return null;
    case "refuse":
      return mayBeRefused(exchange) ? composeNak(request, decision.reason, own) : null;
    case "boot-only":
      return composeBootOnly(request, exchange, decision.boot, serverIdentifier);
    case "lease":
      return composeLease(request, exchange, decision.lease, own);
    default:
      return unreachable(decision);
  }
}

function composeLease(
  request: DhcpMessage,
  exchange: Exchange,
  lease: Lease,
  serverIdentifier: Ipv4Address,
): DhcpMessage | null {
  switch (exchange.type) {
    case "DISCOVER":
      return composeGrant(request, "OFFER", lease, serverIdentifier, UNSPECIFIED);
    case "SELECTING":
    case "INIT-REBOOT":
    case "RENEWING":
    case "REBINDING":
      // A client that gets another address than it asked for declines it (EDK2) or drops the ACK (iPXE); a NAK sends it
      // back to DISCOVER, where it learns the right one.
      if (exchange.address !== lease.address) {
        return composeNak(request, `asked for ${exchange.address}, has ${lease.address}`, serverIdentifier);
      }
      return composeGrant(request, "ACK", lease, serverIdentifier, addressInUse(exchange));
    case "INFORM":
      return composeInformation(request, lease, serverIdentifier, exchange.address);
    default:
      return null;
  }
}

function composeGrant(
  request: DhcpMessage,
  type: "OFFER" | "ACK",
  lease: Lease,
  serverIdentifier: Ipv4Address,
  ciaddr: Ipv4Address,
): DhcpMessage {
  const options: OptionsDraft = { dhcpMessageType: type, serverIdentifier };
  options.ipAddressLeaseTime = lease.leaseSeconds;
  if (lease.leaseSeconds !== FOR_EVER) {
    options.renewalTimeValue = Math.floor(lease.leaseSeconds / 2);
    options.rebindingTimeValue = Math.floor((lease.leaseSeconds * 7) / 8);
  }
  const header = replyHeaderOf(request);
  header.ciaddr = ciaddr;
  header.yiaddr = lease.address;
  return composeConfigured(request, lease, options, header);
}

/** The ACK to an INFORM: no address and no times (RFC 2131 §4.3.5). */
function composeInformation(
  request: DhcpMessage,
  lease: Lease,
  serverIdentifier: Ipv4Address,
  ciaddr: Ipv4Address,
): DhcpMessage {
  const configured = { ...lease, extra: lease.extra.filter(({ code }) => !TIMES.has(code)) };
  return composeConfigured(
    request,
    configured,
    { dhcpMessageType: "ACK", serverIdentifier },
    { ...replyHeaderOf(request), ciaddr },
  );
}

function composeConfigured(
  request: DhcpMessage,
  lease: Lease,
  options: OptionsDraft,
  header: HeaderDraft,
): DhcpMessage {
  const asked = request.options.parameterRequestList;
  // A client without a list takes what a host commonly needs.
  const wants = (code: number) => asked === undefined || asked.includes(code);
  options.subnetMask = lease.subnetMask;
  if (lease.router !== null && wants(3)) options.router = [lease.router];
  if (lease.domainNameServers.length > 0 && wants(6)) options.domainNameServer = lease.domainNameServers;
  if (lease.hostname !== null && wants(12)) options.hostName = lease.hostname;
  if (lease.domainName !== null && wants(15)) options.domainName = lease.domainName;
  if (asked?.includes(28)) options.broadcastAddress = broadcastOf(lease);
  if (lease.boot !== null) {
    addBootTarget(lease.boot, header, options);
    // No 60 `PXEClient` here: without option 43 it sends EDK2 and BIOS ROMs to port 4011 for what they already have.
    if (lease.boot.type === "http") options.vendorClassIdentifier = "HTTPClient";
    // The Pi's ROM knows option 43 only with it.
    if (lease.boot.type === "raspberry-pi") options.vendorClassIdentifier = "PXEClient";
    if (lease.boot.type === "ipxe") options.etherboot = IPXE_PREFERS_US_ALONE;
  }

  const more = echoed(request);
  // RFC 4578 §2.3 wants the machine's UUID in the server's packets too; some ROMs insist.
  const octets97 = request.raw.get(97);
  if (octets97 !== undefined) more.set(97, octets97);
  // Who selects a network learns by the copy that it was understood (RFC 3011).
  const octets118 = request.raw.get(118);
  if (octets118 !== undefined) more.set(118, octets118);
  for (const { code, bytes, onlyIfAsked } of lease.extra) {
    if (!Number.isInteger(code) || code < 0 || code > 255)
      throw new RangeError(`expected an option code, found ${code}`);
    if (OURS_ALONE.has(code) || (onlyIfAsked && !asked?.includes(code))) continue;
    more.set(code, bytes);
  }
  return composeMessage(header, options, more);
}

/** RFC 2131 table 3: identifier, reason, and what is echoed; nothing else. */
function composeNak(request: DhcpMessage, reason: string, serverIdentifier: Ipv4Address): DhcpMessage {
  return composeMessage(
    // With the B bit a relay broadcasts it: the client may have an address that does not work here (§4.3.2).
    { ...replyHeaderOf(request), broadcast: true },
    { dhcpMessageType: "NAK", serverIdentifier, message: reason === "" ? "refused" : reason.slice(0, REASON_MAX) },
    echoed(request),
  );
}

/** What comes back as it came, octet by octet: the client identifier (RFC 6842), the relay's information (RFC 3046 §2.2). */
function echoed(request: DhcpMessage): Map<number, Uint8Array> {
  const more = new Map<number, Uint8Array>();
  const octets61 = request.raw.get(61);
  const octets82 = request.raw.get(82);
  if (octets61 !== undefined) more.set(61, octets61);
  if (octets82 !== undefined) more.set(82, octets82);
  return more;
}

/** `ciaddr` of the ACK: only a client that extends has an address already, whatever its field says. */
function addressInUse(exchange: Exchange & { readonly address: Ipv4Address | null }): Ipv4Address {
  if (exchange.type !== "RENEWING" && exchange.type !== "REBINDING") return UNSPECIFIED;
  return exchange.address;
}

function mayBeRefused(exchange: Exchange): boolean {
  switch (exchange.type) {
    case "SELECTING":
    case "INIT-REBOOT":
    case "RENEWING":
    case "REBINDING":
      return true;
    default:
      return false;
  }
}

function broadcastOf(lease: Lease): Ipv4Address {
  return ipv4FromNumber((ipv4ToNumber(lease.address) | ~ipv4ToNumber(lease.subnetMask)) >>> 0);
}

/** RFC 2131 §3.3: a lease without end, which has no renewal either. */
const FOR_EVER = 0xffffffff;
const REASON_MAX = 255;

/** Priority 127, so that our offer wins among several, and no waiting for a proxy offer (2 s). */
const IPXE_PREFERS_US_ALONE: ReadonlyMap<number, Uint8Array> = new Map([
  [0x01, Uint8Array.of(0x7f)],
  [0xb0, Uint8Array.of(0x01)],
]);

/** Lease time, T1 and T2. */
const TIMES: ReadonlySet<number> = new Set([51, 58, 59]);

/** Options that the protocol fills in, or that only a client sends; `Lease.extra` cannot replace them. */
const OURS_ALONE: ReadonlySet<number> = new Set([0, 50, 52, 53, 54, 55, 57, 61, 82, 97, 118, 255]);
