import type { Ipv4Address } from "./ipv4-address.ts";

/** Where a datagram comes from or goes to. */
export interface Endpoint {
  readonly address: Ipv4Address;
  readonly port: number;
}

/**
 * What the protocol rooms need of a UDP socket. `net/open-udp.ts` opens real ones;
 * tests bring their own network.
 */
export interface UdpSocket {
  readonly local: Endpoint;
  /**
   * Never throws and never rejects: UDP promises nothing. What the system refused goes to `onSendError`. `bytes` stays as
   * it is until `sent` is called, later and at most once, whether it was sent or refused.
   */
  send(bytes: Uint8Array, to: Endpoint, sent?: () => void): void;
  /** `bytes` belongs to the listener; it must copy what it keeps. One listener. */
  onDatagram(listener: (bytes: Uint8Array, from: Endpoint) => void): void;
  onSendError(listener: (error: Error, to: Endpoint) => void): void;
  close(): Promise<void>;
}

export interface UdpOptions {
  /** The local address; `0.0.0.0` hears broadcasts, one's own address does not (Linux). */
  readonly address: Ipv4Address;
  /** 0: any free port. */
  readonly port: number;
  /** Let another socket of ours be bound to the same port (the DHCP pair). */
  readonly shared?: boolean;
  /** A descriptor that systemd opened and bound for us; then `address` and `port` only describe it. */
  readonly fd?: number;
  /** Octets of receive buffer; the system's default holds 166 DHCP messages while the loop is busy. */
  readonly receiveBuffer?: number;
}

/** Rejects when the port is taken or forbidden, with the system's error as `cause`. */
export type OpenUdp = (options: UdpOptions) => Promise<UdpSocket>;
