import type { Ipv4Address } from "../net/ipv4-address.ts";
import type { Endpoint, UdpSocket } from "../net/udp-socket.ts";

type Listener = (bytes: Uint8Array, from: Endpoint) => void;

/** So many clients are remembered after their transfer; a copy of their last ACK is no stranger's. */
const LEFT_MAX = 1000;

/**
 * One socket for several transfers: each hears the client that it serves and nobody else. A hundred clients on a few
 * sockets are read many datagrams at a time; on a hundred sockets each datagram would cost a turn of the event loop.
 */
export class SharedSocket {
  readonly local: Endpoint;
  readonly #socket: UdpSocket;
  /** By port, then by address: nothing is put together for each datagram. */
  readonly #listeners = new Map<number, Map<Ipv4Address, Listener>>();
  readonly #left = new Set<string>();
  readonly #idle: () => Promise<void>;
  #clients = 0;

  /** `idle`: called whenever the last transfer has ended. */
  constructor(socket: UdpSocket, idle: () => Promise<void>) {
    this.#socket = socket;
    this.#idle = idle;
    this.local = socket.local;
  }

  /** How many transfers go through it. */
  get clients(): number {
    return this.#clients;
  }

  /** false: it belongs to no transfer of now or of just before. */
  deliver(bytes: Uint8Array, from: Endpoint): boolean {
    const listener = this.#listeners.get(from.port)?.get(from.address);
    if (listener === undefined) return this.#left.has(keyOf(from));
    listener(bytes, from);
    return true;
  }

  /** A socket of this one client. Closing it closes nothing for the others. */
  join(client: Endpoint): UdpSocket {
    const send: UdpSocket["send"] = (bytes, to, sent) => this.#socket.send(bytes, to, sent);
    let own: Listener = () => {};
    const listener: Listener = (bytes, from) => own(bytes, from);
    let ofPort = this.#listeners.get(client.port);
    if (ofPort === undefined) {
      ofPort = new Map();
      this.#listeners.set(client.port, ofPort);
    }
    ofPort.set(client.address, listener);
    this.#left.delete(keyOf(client));
    this.#clients++;
    let closed = false;
    const close = (): Promise<void> => {
      if (closed) return Promise.resolve();
      closed = true;
      this.#leave(client, listener);
      return this.#clients === 0 ? this.#idle() : Promise.resolve();
    };
    const onDatagram = (heard: Listener): void => {
      own = heard;
    };
    // Who opened the socket hears of refused sends; the transfer's alarm repeats them.
    return { local: this.local, send, onDatagram, onSendError: () => {}, close };
  }

  #leave(client: Endpoint, listener: Listener): void {
    this.#clients--;
    const ofPort = this.#listeners.get(client.port);
    // The same client may have begun again before its first transfer was closed.
    if (ofPort?.get(client.address) !== listener) return;
    ofPort.delete(client.address);
    if (ofPort.size === 0) this.#listeners.delete(client.port);
    if (this.#left.size >= LEFT_MAX) this.#left.clear();
    this.#left.add(keyOf(client));
  }
}

function keyOf({ address, port }: Endpoint): string {
  return `${address}:${port}`;
}
