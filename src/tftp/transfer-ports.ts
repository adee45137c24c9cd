import type { Ipv4Address } from "../net/ipv4-address.ts";
import type { Endpoint, OpenUdp, UdpSocket } from "../net/udp-socket.ts";
import type { Log } from "../std/log.ts";
import { decodePacket, ERROR_CODES, encodePacket } from "./packet.ts";
import { SharedSocket } from "./shared-socket.ts";

/** Transfers take turns on so many ports; one that nobody uses is closed. */
const PORTS_MAX = 8;

/** Octets; the ACKs of many clients that arrive while the loop is busy. */
const RECEIVE_BUFFER = 1 << 20;

/**
 * The ports that transfers are answered from, other than that of the requests (RFC 1350 §4). A client that asks
 * again meets another port, so that what is left of its transfer before is not taken for the new one's.
 */
export class TransferPorts {
  readonly #openUdp: OpenUdp;
  readonly #address: Ipv4Address;
  readonly #log: Log;
  /** null: being opened, or free. */
  readonly #ports: (SharedSocket | null)[] = new Array(PORTS_MAX).fill(null);
  readonly #opening: (Promise<SharedSocket> | null)[] = new Array(PORTS_MAX).fill(null);
  #turn = 0;

  constructor(openUdp: OpenUdp, address: Ipv4Address, log: Log) {
    this.#openUdp = openUdp;
    this.#address = address;
    this.#log = log;
  }

  /** Rejects when there is no port. */
  async take(client: Endpoint): Promise<UdpSocket> {
    const at = this.#turn++ % PORTS_MAX;
    const port = this.#ports[at] ?? (await (this.#opening[at] ?? this.#open(at)));
    return port.join(client);
  }

  #open(at: number): Promise<SharedSocket> {
    const opening = this.#openNow(at).finally(() => {
      this.#opening[at] = null;
    });
    this.#opening[at] = opening;
    return opening;
  }

  async #openNow(at: number): Promise<SharedSocket> {
    const socket = await this.#openUdp({ address: this.#address, port: 0, receiveBuffer: RECEIVE_BUFFER });
    const port: SharedSocket = new SharedSocket(socket, () => {
      this.#ports[at] = null;
      return socket.close();
    });
    socket.onSendError((error, to) =>
      this.#log.debug("TFTP send failed", { client: to.address, error: error.message }),
    );
    socket.onDatagram((bytes, from) => {
      try {
        if (!port.deliver(bytes, from)) refuseStranger(socket, bytes, from);
      } catch (cause) {
        this.#log.error("a TFTP transfer failed on a datagram; please report this", { client: from.address, cause });
      }
    });
    this.#ports[at] = port;
    return port;
  }
}

function refuseStranger(socket: UdpSocket, bytes: Uint8Array, from: Endpoint): void {
  if (from.port === 0) return;
  const decoded = decodePacket(bytes);
  // An ERROR is never answered, or two servers could answer each other for ever.
  if (!decoded.ok || decoded.value.type === "ERROR") return;
  const message = "this port serves another";
  socket.send(encodePacket({ type: "ERROR", code: ERROR_CODES.unknownTransferId, message }), from);
}
