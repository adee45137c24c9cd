import { composeLook, describeForeignServer, type ForeignServer, foreignServerOf } from "../dhcp/foreign-server.ts";
import { decodeMessage, encodeMessage } from "../dhcp/message.ts";
import { type Ipv4Address, type Ipv4Subnet, isInSubnet, LIMITED_BROADCAST } from "../net/ipv4-address.ts";
import { type MacAddress, macAddressFromBytes } from "../net/mac-address.ts";
import type { Endpoint, UdpSocket } from "../net/udp-socket.ts";
import { type Clock, type Instant, later } from "../std/clock.ts";
import type { Tracer } from "../trace/footprint.ts";

/** Port 68 on the boot network, where other servers' answers to machines can be heard. */
export interface ClientSockets {
  /** Hears broadcasts. */
  readonly receive: UdpSocket;
  /** What it sends leaves on the side of the boot network. */
  readonly send: UdpSocket;
  /** true: `receive` hears other networks of this host as well. */
  readonly hearsOthers: boolean;
}

export interface ForeignServersParts {
  readonly own: Ipv4Address;
  readonly subnet: Ipv4Subnet;
  /** true: another server has to give the addresses, so one that does is as it should be. */
  readonly beside: boolean;
  readonly clock: Clock;
  readonly tracer: Tracer;
  /** As many random octets. */
  readonly randomBytes: (count: number) => Uint8Array;
}

/** Notices other DHCP servers on the boot network: by what machines are answered, and by asking. In memory and bounded. */
export class ForeignServers {
  readonly #parts: ForeignServersParts;
  readonly #chaddr: Uint8Array;
  readonly #seen = new Map<Ipv4Address, Sighting>();
  readonly #looks = new Set<number>();
  #whenSeen: () => void = () => {};
  #stopLook: () => void = () => {};
  /** null: nobody can look. */
  #sockets: ClientSockets | null = null;
  #lookedAt = 0 as Instant;
  /** null: no look is due. */
  #cancelSoon: (() => void) | null = null;

  constructor(parts: ForeignServersParts) {
    this.#parts = parts;
    this.#chaddr = parts.randomBytes(6);
    // Locally administered, of one interface.
    this.#chaddr[0] = ((this.#chaddr[0] ?? 0) & 0xfc) | 2;
  }

  /** The hardware address that our own looks bear. */
  get mac(): MacAddress {
    return macAddressFromBytes(this.#chaddr);
  }

  listen(sockets: ClientSockets): void {
    this.#sockets = sockets;
    sockets.receive.onDatagram((bytes, from) => this.heard(bytes, from, sockets.hearsOthers));
  }

  /** A datagram that came to port 68. Never throws. `hearsOthers`: it may be of another network. */
  heard(bytes: Uint8Array, from: Endpoint, hearsOthers: boolean): void {
    const message = decodeMessage(bytes);
    if (!message.ok) return;
    const isOurs = this.#looks.has(message.value.xid) && message.value.mac === this.mac;
    if (!isOurs && hearsOthers && !isInSubnet(from.address, this.#parts.subnet)) return;
    const server = foreignServerOf(message.value, from.address, this.#parts.own);
    if (server !== null) this.#saw(server.address, server);
  }

  /**
   * A machine told that it took the offer of this server (REQUEST with its option 54). The offer itself may have been a
   * unicast, which nobody else hears; so we look for ourselves, though not for everybody who tells tales.
   */
  chosen(address: Ipv4Address): void {
    const isNew = this.#seen.get(address)?.server == null;
    this.#saw(address, null);
    if (!isNew || this.#sockets === null || this.#cancelSoon !== null) return;
    this.#cancelSoon = this.#parts.clock.alarm(later(this.#lookedAt, LOOK_AGAIN_MS), () => {
      this.#cancelSoon = null;
      if (this.#sockets !== null) void this.look(this.#sockets, LOOK_MS);
    });
  }

  /**
   * Asks twice, once as an ordinary client and once as firmware, and resolves when an answer is there, or `waitMs`
   * later.
   */
  async look(sockets: ClientSockets, waitMs: number): Promise<readonly ForeignServer[]> {
    const { clock } = this.#parts;
    // Two at a time would end each other.
    this.#stopLook();
    const started = clock.now();
    this.#lookedAt = started;
    this.#ask(sockets, false);
    const again = clock.alarm(later(started, Math.floor(waitMs / 3)), () => this.#ask(sockets, true));
    await new Promise<void>((resolve) => {
      const end = clock.alarm(later(started, waitMs), resolve);
      this.#stopLook = () => {
        again();
        end();
        resolve();
      };
      this.#whenSeen = this.#stopLook;
    });
    this.#whenSeen = () => {};
    return [...this.#seen.values()].flatMap(({ server, last }) => (server !== null && last >= started ? server : []));
  }

  /** Ends a look that is under way. */
  stop(): void {
    this.#sockets = null;
    this.#cancelSoon?.();
    this.#stopLook();
  }

  /** What a person should look at, one line each. */
  warnings(): readonly string[] {
    const { clock, beside } = this.#parts;
    const now = clock.now();
    const lines: string[] = [];
    for (const [address, { server, last }] of this.#seen) {
      if (now - last > FORGOTTEN_MS) this.#seen.delete(address);
      else if (!beside || (server !== null && isInTheWay(server))) lines.push(warningOf(address, server, beside));
    }
    return lines;
  }

  #ask({ send }: ClientSockets, asPxe: boolean): void {
    const xid = Buffer.from(this.#parts.randomBytes(4)).readUInt32BE();
    this.#looks.add(xid);
    for (const old of this.#looks) if (this.#looks.size > LOOKS_MAX) this.#looks.delete(old);
    send.send(encodeMessage(composeLook(this.#chaddr, xid, asPxe)), { address: LIMITED_BROADCAST, port: 67 });
  }

  #saw(address: Ipv4Address, server: ForeignServer | null): void {
    const { clock, beside, tracer } = this.#parts;
    const now = clock.now();
    const before = this.#seen.get(address);
    // Anybody can tell tales of servers; those that answered must not be pushed out by them.
    if (server === null && before === undefined && this.#seen.size >= SERVERS_MAX) return;
    // The answer that shows the most counts: an ACK to a renewal holds less than an OFFER.
    const known = better(before?.server ?? null, server);
    this.#seen.delete(address);
    this.#seen.set(address, { server: known, last: now });
    if (this.#seen.size > SERVERS_MAX) this.#seen.delete(this.#seen.keys().next().value as Ipv4Address);
    if (server !== null) this.#whenSeen();
    const isNews = before === undefined || (known !== null && before.server?.kind !== known.kind);
    if (!isNews || (beside && (known === null || !isInTheWay(known)))) return;
    const why = warningOf(address, known, beside);
    tracer.note({ mac: null, road: "dhcp", outcome: "noted", what: `another DHCP server, ${address}, was seen`, why });
  }
}

interface Sighting {
  /** null: only a client's word for it. */
  readonly server: ForeignServer | null;
  readonly last: Instant;
}

/** Of a look: dnsmasq pings an address for 3 s before it offers it. */
export const LOOK_MS = 4_500;
/** Between looks that machines' words bring about; a little more than one takes. */
const LOOK_AGAIN_MS = 5_000;
/** One look in ten minutes may get lost. */
const FORGOTTEN_MS = 25 * 60_000;
const SERVERS_MAX = 32;
const LOOKS_MAX = 16;

function better(before: ForeignServer | null, now: ForeignServer | null): ForeignServer | null {
  if (now === null || before === null) return now ?? before;
  return now.offered === null && before.offered !== null ? before : now;
}

/** Whether a proxy beside it has to fear for its machines. */
function isInTheWay({ kind, bootFile, claimsBootServer }: ForeignServer): boolean {
  return kind === "proxy" || bootFile !== null || claimsBootServer;
}

function warningOf(address: Ipv4Address, server: ForeignServer | null, beside: boolean): string {
  const what =
    server === null
      ? `a machine took the offer of another DHCP server, ${address}`
      : `another DHCP server answers on the boot network: ${describeForeignServer(server)}`;
  const means = beside
    ? "machines may boot from there instead of from us"
    : 'machines take whichever offer comes first; switch it off, or set dhcp.mode = "proxy" to work beside it';
  return `${what}; ${means}`;
}
