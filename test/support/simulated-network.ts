import { type Ipv4Address, LIMITED_BROADCAST, UNSPECIFIED } from "../../src/net/ipv4-address.ts";
import type { Endpoint, OpenUdp, UdpOptions, UdpSocket } from "../../src/net/udp-socket.ts";
import { later } from "../../src/std/clock.ts";
import type { FakeClock } from "./fake-clock.ts";
import { seeded } from "./random-queue.ts";

/** How bad the network is; each share from 0 to 1. */
export interface NetworkFaults {
  readonly loss?: number;
  readonly duplication?: number;
  /** Share of datagrams that take up to ten times as long as the others. */
  readonly reordering?: number;
  readonly delayMs?: number;
  readonly seed?: number;
}

/** One datagram as it left, whether or not it arrives. */
export interface SentDatagram {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly bytes: Uint8Array;
}

/**
 * A UDP network in memory. Datagrams travel by alarms of the clock, so nothing arrives before the clock moves;
 * `run` moves it and gives promises their turn. Broadcasts reach who is bound to 0.0.0.0, as on Linux.
 */
export class SimulatedNetwork {
  readonly clock: FakeClock;
  /** Everything that was sent, oldest first, while `record` is on. */
  readonly log: SentDatagram[] = [];
  record = false;
  faults: NetworkFaults;
  sentCount = 0;
  readonly #random: () => number;
  readonly #sockets = new Set<Socket>();
  #nextPort = 40_000;

  constructor(clock: FakeClock, faults: NetworkFaults = {}) {
    this.clock = clock;
    this.faults = faults;
    this.#random = seeded(faults.seed ?? 1);
  }

  /** A machine with these addresses; its sockets on 0.0.0.0 send from the first. Without one: an unconfigured client. */
  host(...addresses: readonly Ipv4Address[]): { readonly openUdp: OpenUdp } {
    return { openUdp: async (options) => this.#open(options, addresses) };
  }

  /** Sockets that are open at this moment. */
  get openSockets(): number {
    return this.#sockets.size;
  }

  /** Lets time pass until `done` or until `limitMs` are over. Resolves to whether it was done. */
  async run(limitMs: number, done: () => boolean = () => false): Promise<boolean> {
    const end = this.clock.now() + limitMs;
    for (;;) {
      await turn();
      if (done()) return true;
      const next = this.clock.nextAlarm();
      if (next === null || next > end) break;
      this.clock.advance(Math.max(0, next - this.clock.now()));
    }
    this.clock.advance(end - this.clock.now());
    await turn();
    return done();
  }

  #open(options: UdpOptions, addresses: readonly Ipv4Address[]): UdpSocket {
    const port = options.port === 0 ? this.#freePort() : options.port;
    const taken = [...this.#sockets].some(
      (other) => other.local.port === port && other.local.address === options.address && other.host === addresses,
    );
    if (taken && options.shared !== true) throw new Error(`cannot open UDP ${options.address}:${port}: EADDRINUSE`);
    const socket = new Socket({ address: options.address, port }, addresses, {
      send: (bytes, to) => this.#send(socket, bytes, to),
      closed: () => this.#sockets.delete(socket),
    });
    this.#sockets.add(socket);
    return socket;
  }

  #freePort(): number {
    if (this.#nextPort > 60_000) this.#nextPort = 40_000;
    return this.#nextPort++;
  }

  #send(socket: Socket, bytes: Uint8Array, to: Endpoint): void {
    const address = socket.local.address === UNSPECIFIED ? (socket.host[0] ?? UNSPECIFIED) : socket.local.address;
    const from: Endpoint = { address, port: socket.local.port };
    const datagram: SentDatagram = { from, to, bytes: Uint8Array.from(bytes) };
    this.sentCount++;
    if (this.record) this.log.push(datagram);
    const { loss = 0, duplication = 0, reordering = 0, delayMs = 1 } = this.faults;
    const copies = this.#random() < loss ? 0 : this.#random() < duplication ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const late = this.#random() < reordering ? Math.ceil(this.#random() * 10 * delayMs) : 0;
      this.clock.alarm(later(this.clock.now(), delayMs + late), () => this.#deliver(datagram));
    }
  }

  #deliver({ from, to, bytes }: SentDatagram): void {
    const isBroadcast = to.address === LIMITED_BROADCAST;
    const listening = [...this.#sockets].filter(({ local, host }) => {
      if (local.port !== to.port) return false;
      if (isBroadcast) return local.address === UNSPECIFIED;
      return local.address === to.address || (local.address === UNSPECIFIED && host.includes(to.address));
    });
    // A unicast goes to the most specific socket only; each listener gets a copy of its own.
    const exact = listening.find(({ local }) => local.address === to.address);
    const receivers = isBroadcast ? listening : [exact ?? listening[0]];
    for (const receiver of receivers) receiver?.deliver(Uint8Array.from(bytes), from);
  }
}

/** What a socket needs of its network. */
interface Wire {
  readonly send: (bytes: Uint8Array, to: Endpoint) => void;
  readonly closed: () => void;
}

class Socket implements UdpSocket {
  readonly local: Endpoint;
  readonly host: readonly Ipv4Address[];
  readonly #wire: Wire;
  #listener: (bytes: Uint8Array, from: Endpoint) => void = () => {};
  #sendError: (error: Error, to: Endpoint) => void = () => {};
  #closed = false;

  constructor(local: Endpoint, host: readonly Ipv4Address[], wire: Wire) {
    this.local = local;
    this.host = host;
    this.#wire = wire;
  }

  send(bytes: Uint8Array, to: Endpoint, sent?: () => void): void {
    if (this.#closed) return;
    if (to.port < 1 || to.port > 65_535) this.#sendError(new Error(`EINVAL: port ${to.port}`), to);
    else this.#wire.send(bytes, to);
    const onItsWay = Buffer.from(bytes);
    setImmediate(() => {
      if (!onItsWay.equals(bytes)) throw new Error("octets were changed while they were on their way");
      sent?.();
    });
  }

  onDatagram(listener: (bytes: Uint8Array, from: Endpoint) => void): void {
    this.#listener = listener;
  }

  onSendError(listener: (error: Error, to: Endpoint) => void): void {
    this.#sendError = listener;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#wire.closed();
  }

  deliver(bytes: Uint8Array, from: Endpoint): void {
    if (!this.#closed) this.#listener(bytes, from);
  }
}

/** Lets every promise that is ready go on. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
