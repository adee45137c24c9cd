import { type Ipv4Address, UNSPECIFIED } from "../net/ipv4-address.ts";
import { isUnicastMac, macAddressFromBytes } from "../net/mac-address.ts";
import type { Endpoint, UdpSocket } from "../net/udp-socket.ts";
import type { Log } from "../std/log.ts";
import { destinationOf } from "./destination.ts";
import { bootServerExchangeOf, type Exchange, exchangeOf, isHost } from "./exchange.ts";
import {
  type DhcpMessage,
  decodeMessage,
  encodeMessage,
  MESSAGE_ERRORS,
  type MessageError,
  sizeMaxFor,
} from "./message.ts";
import type { DhcpDecision, DhcpPolicy, DhcpQuestion, DhcpReport } from "./policy.ts";
import { Repeats, replyAgain, xidOf } from "./repeats.ts";
import { composeReply } from "./reply.ts";

/**
 * Two sockets, because on Linux one that is bound to an address hears no broadcasts, and only such a one sends them out
 * on the side of that address.
 */
export interface DhcpSockets {
  /** Bound to our own address, port 67: every reply leaves from here, and unicasts arrive here. */
  readonly own: UdpSocket;
  /** Bound to 0.0.0.0, port 67, for broadcasts. null: `own` hears everything (systemd bound it to a device). */
  readonly broadcast: UdpSocket | null;
  /** Bound to our own address, port 4011, where PXE clients ask a proxy; left out: not served. */
  readonly bootServer?: UdpSocket;
}

/** While so many requests wait for a decision, further ones are dropped; clients ask again. */
export const UNDECIDED_MAX = 1024;

/**
 * Answers until the sockets are closed. Each datagram ends in exactly one `policy.outcome`, or is answered like the one
 * before; nothing that a client sends or the policy throws gets past this loop.
 */
export function serveDhcp(sockets: DhcpSockets, policy: DhcpPolicy, serverIdentifier: Ipv4Address, log: Log): void {
  const { own, broadcast, bootServer } = sockets;
  const repeats = new Repeats();
  let undecided = 0;

  function receive(bytes: Uint8Array, from: Endpoint, classify: (request: DhcpMessage) => Exchange): void {
    if (wasAnsweredAgain(bytes, from, classify)) return;
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) {
      report({ request: null, from, ...unanswered(whyUnreadable(bytes, decoded.error)) });
      return;
    }
    const request = decoded.value;
    const stranger = whyNoClient(request);
    const exchange: Exchange = stranger === null ? classify(request) : { type: "none", reason: stranger };
    const fate = settle({ request, exchange, from });
    // Most decisions are known at once, and must not wait for a turn of the loop.
    if ("reason" in fate) {
      const { sent, ...rest } = fate;
      report({ request, from, ...rest });
      if (sent !== null) remember(bytes, classify, { request, from, ...rest }, sent);
    } else fate.then(({ sent: _, ...late }) => report({ request, from, ...late }));
  }

  function wasAnsweredAgain(bytes: Uint8Array, from: Endpoint, heardOn: object): boolean {
    const known = repeats.find(bytes, heardOn);
    if (known === undefined) return false;
    const xid = xidOf(bytes);
    try {
      if (!known.answer.again(xid)) return false;
    } catch (error) {
      log.error("a DHCP request could not be decided", { xid, error: String(error) });
      return false;
    }
    own.send(replyAgain(known, bytes), known.to);
    log.debug("DHCP: the same answer again", { xid, client: from.address });
    return true;
  }

  /** Only what was decided at once: nothing can have changed since. */
  function remember(bytes: Uint8Array, heardOn: object, what: DhcpReport, reply: Uint8Array): void {
    const { request, to } = what;
    if (to === null || heardOn === onBootServer) return;
    try {
      const answer = policy.repeatable?.(what) ?? null;
      if (answer !== null) repeats.remember(bytes, reply, { heardOn, to, answer });
    } catch (error) {
      log.error("the outcome of a DHCP message could not be noted", { mac: request?.mac, error: String(error) });
    }
  }

  /** Never throws or rejects. */
  function settle(question: DhcpQuestion): Fate | Promise<Fate> {
    const { exchange } = question;
    try {
      if (exchange.type === "none") return unanswered(exchange.reason);
      if (WANTS_NO_ANSWER.has(exchange.type)) {
        policy.heard(question);
        return unanswered(whyNoAnswer(exchange));
      }
      if (undecided >= UNDECIDED_MAX) return unanswered(`too busy: ${undecided} requests wait for a decision`);
      const decision = policy.decide(question);
      if ("type" in decision) return answer(question, decision);
      undecided++;
      return decision
        .then((late) => answer(question, late))
        .catch((error: unknown) => failed(question, error))
        .finally(() => undecided--);
    } catch (error) {
      return failed(question, error);
    }
  }

  function answer({ request, exchange, from }: DhcpQuestion, decision: DhcpDecision): Fate {
    const reply = composeReply(request, exchange, decision, serverIdentifier);
    if (reply === null) return unanswered(whySilent(exchange, decision));
    // On port 4011 the answer goes back the way the question came: EDK2 asks from 4011, iPXE from 68.
    const [socket, to] = exchange.type === "BOOT-SERVER" ? [bootServer, from] : [own, destinationOf(reply)];
    const sent = encodeMessage(reply, sizeMaxFor(request));
    socket?.send(sent, to);
    return { reply, to, sent, reason: reply.type === "NAK" ? (reply.options.message ?? "") : "" };
  }

  function failed({ request }: DhcpQuestion, error: unknown): Fate {
    log.error("a DHCP request could not be decided", { mac: request.mac, xid: request.xid, error: String(error) });
    return unanswered(`not decided: ${String(error)}`);
  }

  function report(what: DhcpReport): void {
    const { request, from, reply, reason } = what;
    const fields = { mac: request?.mac, xid: request?.xid, client: from.address, yiaddr: reply?.yiaddr, reason };
    log.debug(`DHCP ${request?.type ?? "datagram"}: ${reply?.type ?? "no answer"}`, fields);
    try {
      policy.outcome(what);
    } catch (error) {
      log.error("the outcome of a DHCP message could not be noted", { mac: request?.mac, error: String(error) });
    }
  }

  const heardAs = (unicast: boolean | null) => (request: DhcpMessage) => exchangeOf(request, serverIdentifier, unicast);
  const onOwn = heardAs(broadcast === null ? null : true);
  const onBroadcast = heardAs(false);
  const onBootServer = (request: DhcpMessage) => bootServerExchangeOf(request, serverIdentifier);
  own.onDatagram((bytes, from) => receive(bytes, from, onOwn));
  broadcast?.onDatagram((bytes, from) => receive(bytes, from, onBroadcast));
  bootServer?.onDatagram((bytes, from) => receive(bytes, from, onBootServer));
  for (const socket of [own, broadcast, bootServer]) {
    socket?.onSendError((error, to) => log.warn("a DHCP reply was not sent", { to: to.address, error: error.message }));
  }
}

/** What became of a datagram. */
type Fate = Pick<DhcpReport, "reply" | "to" | "reason"> & {
  /** The octets of `reply`; null: nothing was sent. */
  readonly sent: Uint8Array | null;
};

function unanswered(reason: string): Fate {
  return { reply: null, to: null, sent: null, reason };
}

const WANTS_NO_ANSWER: ReadonlySet<Exchange["type"]> = new Set(["SELECTING-ANOTHER", "DECLINE", "RELEASE"]);

/** A BOOTP client (RFC 951) is named, so that somebody who looks for it finds it. */
function whyUnreadable(bytes: Uint8Array, error: MessageError): string {
  const why = MESSAGE_ERRORS[error];
  const isBootp = error === "no-message-type" || error === "no-magic-cookie";
  if (!isBootp || bytes[0] !== 1 || bytes[1] !== 1 || bytes[2] !== 6) return why;
  return `${why}; its hardware address is ${macAddressFromBytes(bytes.subarray(CHADDR_AT))}`;
}

const CHADDR_AT = 28;

/** null: a client that we can answer. */
function whyNoClient(request: DhcpMessage): string | null {
  const { op, htype, hlen, mac, giaddr } = request;
  if (op !== 1) return `not from a client: op is ${op}, expected 1`;
  if (mac === null) return `hardware type ${htype} with ${hlen} octets, expected Ethernet: type 1 with 6`;
  if (!isUnicastMac(mac)) return `hardware address ${mac} names no single interface`;
  if (giaddr !== UNSPECIFIED && !isHost(giaddr)) return `giaddr ${giaddr} is no address that a relay can have`;
  return null;
}

function whyNoAnswer(exchange: Exchange): string {
  if (exchange.type === "SELECTING-ANOTHER") return `it chose the offer of another DHCP server, ${exchange.server}`;
  return `a ${exchange.type} wants no answer`;
}

function whySilent(exchange: Exchange, decision: DhcpDecision): string {
  if (decision.type === "silence") return decision.reason;
  if (decision.type === "refuse")
    return `refused without a NAK, which a ${exchange.type} cannot get: ${decision.reason}`;
  return `a ${exchange.type} cannot be answered with a ${decision.type === "lease" ? "lease" : "boot file alone"}`;
}
