import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import type { Endpoint, UdpSocket } from "../../src/net/udp-socket.ts";

/** A socket without a network: the test hands in what arrives and reads what was sent. */
export class FakeUdpSocket implements UdpSocket {
  readonly local: Endpoint;
  readonly sent: { readonly bytes: Uint8Array; readonly to: Endpoint }[] = [];
  #listener: (bytes: Uint8Array, from: Endpoint) => void = () => {};
  #sendError: (error: Error, to: Endpoint) => void = () => {};

  constructor(address: string, port: number) {
    this.local = { address: address as Ipv4Address, port };
  }

  receive(bytes: Uint8Array, from: Endpoint): void {
    this.#listener(bytes, from);
  }

  refuseToSend(error: Error, to: Endpoint): void {
    this.#sendError(error, to);
  }

  send(bytes: Uint8Array, to: Endpoint): void {
    this.sent.push({ bytes, to });
  }

  onDatagram(listener: (bytes: Uint8Array, from: Endpoint) => void): void {
    this.#listener = listener;
  }

  onSendError(listener: (error: Error, to: Endpoint) => void): void {
    this.#sendError = listener;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
