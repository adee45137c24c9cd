import { type Ipv4Address, ipv4FromBytes, UNSPECIFIED } from "../net/ipv4-address.ts";
import type { DhcpMessage } from "./message.ts";

/**
 * What a client is about, told from its message (RFC 2131 §4.3). Four quite different things are called REQUEST; they are
 * named here by the state the client is in.
 */
export type Exchange =
  /** Looking for an address. `address`: the one it would like (option 50), or null. */
  | { readonly type: "DISCOVER"; readonly address: Ipv4Address | null }
  /** Takes the address that we offered. */
  | { readonly type: "SELECTING"; readonly address: Ipv4Address }
  /** Takes what another server offered: our offer is free again. Wants no answer. */
  | { readonly type: "SELECTING-ANOTHER"; readonly server: Ipv4Address }
  /** Has restarted and would like to keep its address. */
  | { readonly type: "INIT-REBOOT"; readonly address: Ipv4Address }
  /** Extends its lease with us. */
  | { readonly type: "RENEWING"; readonly address: Ipv4Address }
  /** Extends its lease with whoever answers; the lease may be another server's. */
  | { readonly type: "REBINDING"; readonly address: Ipv4Address }
  /** Found somebody else at the address we gave. Wants no answer. */
  | { readonly type: "DECLINE"; readonly address: Ipv4Address }
  /** Gives its address back. Wants no answer. */
  | { readonly type: "RELEASE"; readonly address: Ipv4Address }
  /** Has an address and wants the rest. */
  | { readonly type: "INFORM"; readonly address: Ipv4Address }
  /** Has an address from elsewhere and asks port 4011 what to boot (PXE 2.1 §2.2). */
  | { readonly type: "BOOT-SERVER"; readonly address: Ipv4Address }
  /** Nothing that concerns us; `reason` in words. */
  | { readonly type: "none"; readonly reason: string };

/**
 * `serverIdentifier`: what we call ourselves in option 54. `unicast`: was the datagram sent to our own address? null:
 * unknown; then an extension counts as REBINDING, the case in which a server has to be more careful.
 */
export function exchangeOf(request: DhcpMessage, serverIdentifier: Ipv4Address, unicast: boolean | null): Exchange {
  const { ciaddr } = request;
  const requested = request.options.requestedIpAddress;
  const own = identifierFor(request, serverIdentifier);
  const named = namedServer(request);
  switch (request.type) {
    case "DISCOVER":
      return { type: "DISCOVER", address: requested ?? null };
    case "REQUEST":
      if (named !== undefined && named !== own) return { type: "SELECTING-ANOTHER", server: named };
      if (named !== undefined && requested !== undefined) return { type: "SELECTING", address: requested };
      if (isHost(ciaddr)) {
        // What a relay passes on was broadcast by the client, though the relay unicasts it.
        const renewing = unicast === true && request.giaddr === UNSPECIFIED;
        return { type: renewing ? "RENEWING" : "REBINDING", address: ciaddr };
      }
      if (ciaddr !== UNSPECIFIED) return none(`REQUEST with ciaddr ${ciaddr}, which no host can have`);
      if (requested !== undefined) return { type: "INIT-REBOOT", address: requested };
      return none("REQUEST for no address: neither option 50 nor ciaddr");
    case "DECLINE":
      if (named !== own) return notForUs("DECLINE", named);
      if (requested === undefined) return none("DECLINE of no address: no option 50");
      return { type: "DECLINE", address: requested };
    case "RELEASE":
      if (named !== own) return notForUs("RELEASE", named);
      if (!isHost(ciaddr)) return none("RELEASE of no address: no ciaddr");
      return { type: "RELEASE", address: ciaddr };
    case "INFORM":
      if (!isHost(ciaddr)) return none("INFORM from no address: no ciaddr");
      return { type: "INFORM", address: ciaddr };
    default:
      return none(`${request.type} is a server's message`);
  }
}

/**
 * The same for what comes in on port 4011, where a PXE client asks a proxy for the boot file its offer promised.
 * EDK2 names no server there, iPXE names the proxy.
 */
export function bootServerExchangeOf(request: DhcpMessage, serverIdentifier: Ipv4Address): Exchange {
  const { type, ciaddr } = request;
  const named = namedServer(request);
  if (type !== "REQUEST" && type !== "INFORM") return none(`${type} on the boot server's port`);
  if (named !== undefined && named !== serverIdentifier) return notForUs(type, named);
  if (!isHost(ciaddr)) return none(`${type} on the boot server's port from no address: no ciaddr`);
  return { type: "BOOT-SERVER", address: ciaddr };
}

/**
 * The address to call ourselves towards this client: ours, or the one that its relay wants named so that renewals pass
 * through it (RFC 5107).
 */
export function identifierFor(request: DhcpMessage, serverIdentifier: Ipv4Address): Ipv4Address {
  const relay = request.options.relayAgentInformation;
  if (relay === undefined) return serverIdentifier;
  const override = SERVER_IDENTIFIER_OVERRIDES.map((code) => relay.get(code)).find((octets) => octets?.length === 4);
  return override === undefined ? serverIdentifier : ipv4FromBytes(override);
}

/** An address that one host can have and we could send to: no network 0, no loopback, no multicast, no broadcast. */
export function isHost(address: Ipv4Address): boolean {
  const first = Number.parseInt(address, 10);
  return first > 0 && first < 224 && first !== 127;
}

/** Cisco's own number, from before the RFC. The later RFC 6607 uses it for something without octets. */
const SERVER_IDENTIFIER_OVERRIDES = [11, 152];

/** The server that a client means; 0.0.0.0 is none. */
function namedServer({ options }: DhcpMessage): Ipv4Address | undefined {
  return options.serverIdentifier === UNSPECIFIED ? undefined : options.serverIdentifier;
}

function none(reason: string): Exchange {
  return { type: "none", reason };
}

function notForUs(type: string, named: Ipv4Address | undefined): Exchange {
  return none(named === undefined ? `${type} names no server (option 54)` : `${type} to another server, ${named}`);
}
