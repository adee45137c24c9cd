import type { Endpoint, UdpSocket } from "../../src/net/udp-socket.ts";
import { type Clock, later } from "../../src/std/clock.ts";
import { decodePacket, encodePacket, type TftpOption, type TftpPacket } from "../../src/tftp/packet.ts";

/** What a client is like. */
export interface TftpClientManners {
  readonly options?: readonly TftpOption[];
  /** Answers each block it already has with an ACK of the last good one, as UEFI and iPXE do; else it keeps quiet. */
  readonly acksCopies?: boolean;
  /** After the OACK it ends with ERROR 8: it wanted the size. */
  readonly onlySize?: boolean;
  /** How long it waits before it repeats its last packet. */
  readonly patienceMs?: number;
  readonly triesMax?: number;
}

export type TftpClientEnd =
  | { readonly type: "received"; readonly bytes: Uint8Array }
  | { readonly type: "size"; readonly sizeBytes: number }
  | { readonly type: "refused"; readonly code: number; readonly message: string }
  | { readonly type: "gave-up"; readonly blocks: number };

/** A TFTP client of our own making, by the letter of RFC 1350, 2347 and 7440. It is started by making it. */
export class SimulatedTftpClient {
  /** null: still at it. */
  end: TftpClientEnd | null = null;
  readonly #socket: UdpSocket;
  readonly #clock: Clock;
  readonly #manners: TftpClientManners;
  readonly #parts: Uint8Array[] = [];
  #server: Endpoint;
  #isLocked = false;
  #last: Uint8Array;
  #tries = 0;
  #blksize = 512;
  #windowsize = 1;
  #sizeBytes = 0;
  #inWindow = 0;
  /** One ACK for each gap, not one for each block behind it. */
  #hasComplained = false;
  #cancel: () => void = () => {};

  constructor(socket: UdpSocket, server: Endpoint, filename: string, clock: Clock, manners: TftpClientManners = {}) {
    this.#socket = socket;
    this.#server = server;
    this.#clock = clock;
    this.#manners = manners;
    this.#last = encodePacket({ type: "RRQ", filename, mode: "octet", options: manners.options ?? [] });
    socket.onDatagram((bytes, from) => this.#received(bytes, from));
    this.#send(this.#last);
  }

  #received(bytes: Uint8Array, from: Endpoint): void {
    const decoded = decodePacket(bytes);
    if (!decoded.ok || this.end !== null) {
      // Dallying (RFC 1350 §6): the last ACK may have been lost.
      if (this.end?.type === "received" && from.port === this.#server.port) this.#socket.send(this.#last, from);
      return;
    }
    // The first answer decides with whom we speak.
    if (this.#isLocked && (from.port !== this.#server.port || from.address !== this.#server.address)) {
      this.#socket.send(encodePacket({ type: "ERROR", code: 5, message: "unknown transfer" }), from);
      return;
    }
    const packet = decoded.value;
    if (packet.type === "RRQ" || packet.type === "WRQ") return;
    this.#server = from;
    this.#isLocked = true;
    this.#answered(packet);
  }

  #answered(packet: TftpPacket): void {
    if (packet.type === "ERROR") this.#finish({ type: "refused", code: packet.code, message: packet.message });
    else if (packet.type === "OACK") this.#agreed(packet.options);
    else if (packet.type === "DATA") this.#data(packet.block, packet.bytes);
  }

  #agreed(options: readonly TftpOption[]): void {
    if (this.#parts.length > 0) return;
    for (const { name, value } of options) {
      if (name === "blksize") this.#blksize = Number(value);
      if (name === "windowsize") this.#windowsize = Number(value);
      if (name === "tsize") this.#sizeBytes = Number(value);
    }
    if (this.#manners.onlySize) {
      this.#send(encodePacket({ type: "ERROR", code: 8, message: "User aborted the transfer" }));
      this.#finish({ type: "size", sizeBytes: this.#sizeBytes });
    } else this.#send(encodePacket({ type: "ACK", block: 0 }));
  }

  #data(wire: number, bytes: Uint8Array): void {
    const wanted = (this.#parts.length + 1) & 0xffff;
    if (wire !== wanted) {
      const isAhead = ((wire - wanted) & 0xffff) < 0x8000;
      if ((isAhead && !this.#hasComplained) || this.#manners.acksCopies) this.#acknowledge();
      if (isAhead) this.#hasComplained = true;
      return;
    }
    this.#hasComplained = false;
    this.#parts.push(bytes);
    this.#inWindow++;
    const isLast = bytes.length < this.#blksize;
    if (isLast || this.#inWindow >= this.#windowsize) this.#acknowledge();
    else this.#wait();
    if (isLast) this.#finish({ type: "received", bytes: Uint8Array.from(Buffer.concat(this.#parts)) });
  }

  #acknowledge(): void {
    this.#inWindow = 0;
    this.#send(encodePacket({ type: "ACK", block: this.#parts.length & 0xffff }));
  }

  #send(bytes: Uint8Array): void {
    this.#last = bytes;
    this.#tries = 0;
    this.#socket.send(bytes, this.#server);
    this.#wait();
  }

  #wait(): void {
    this.#cancel();
    this.#cancel = this.#clock.alarm(later(this.#clock.now(), this.#manners.patienceMs ?? 1000), () => {
      if (++this.#tries > (this.#manners.triesMax ?? 20)) {
        this.#finish({ type: "gave-up", blocks: this.#parts.length });
        return;
      }
      // What it has by now, which may be more than what it said last (RFC 7440 §4).
      if (this.#parts.length > 0) this.#last = encodePacket({ type: "ACK", block: this.#parts.length & 0xffff });
      this.#inWindow = 0;
      this.#socket.send(this.#last, this.#server);
      this.#wait();
    });
  }

  #finish(end: TftpClientEnd): void {
    this.end = end;
    this.#cancel();
    this.#cancel = () => {};
  }
}
