import type { Ipv4Address } from "../net/ipv4-address.ts";
import type { Endpoint, OpenUdp, UdpSocket } from "../net/udp-socket.ts";
import type { Clock, Instant } from "../std/clock.ts";
import type { Log } from "../std/log.ts";
import type { TftpFile, TftpFiles, TransferOutcome } from "./files.ts";
import { negotiate, type TftpLimits, type TransferTerms } from "./negotiate.ts";
import { decodePacket, ERROR_CODES, encodePacket, type TftpRequest } from "./packet.ts";
import { hasStartedOver, idlestOf, type Place, progressOf, type TransferProgress } from "./place.ts";
import { RunningTransfer } from "./running-transfer.ts";
import { SendBuffers } from "./send-buffers.ts";
import { SharedSocket } from "./shared-socket.ts";
import { SparingLog } from "./sparing-log.ts";
import { TransferPorts } from "./transfer-ports.ts";

/** Someone who watches, like the trace. Called for each request at most once in each way. */
export interface TftpObserver {
  /** Never became a transfer: a write, another mode, no such file, too many at once. */
  refused?(request: { readonly filename: string; readonly from: Endpoint; readonly message: string }): void;
  started?(request: { readonly filename: string; readonly from: Endpoint; readonly terms: TransferTerms }): void;
  ended?(request: { readonly filename: string; readonly from: Endpoint; readonly outcome: TransferOutcome }): void;
}

export interface TftpServing {
  /** The transfers of this moment, with how far they are. */
  transfers(): readonly TransferProgress[];
  /**
   * Ends every transfer, telling the clients, and takes no more requests.
   * The socket of the requests stays open: it belongs to who opened it.
   */
  close(): Promise<void>;
}

/** How it is served. */
export interface TftpOptions {
  readonly observer?: TftpObserver;
  /** Where transfers are answered from; else where `socket` is bound. */
  readonly address?: Ipv4Address;
  /** Transfers are answered from `socket` itself, for the sake of a firewall that lets only port 69 through. */
  readonly singlePort?: boolean;
}

/**
 * Answers RRQs that arrive at `socket` (RFC 1350, 2347–2349, 7440). Read-only, octet only.
 * Transfers are answered from other ports at `address`: firmware accepts no other address than the one it asked
 * (RFC 1350 §4), and a port bound to 0.0.0.0 would answer from the interface's first. Nothing is thrown past here.
 */
export function serveTftp(
  socket: UdpSocket,
  openUdp: OpenUdp,
  files: TftpFiles,
  limits: TftpLimits,
  clock: Clock,
  log: Log,
  options: TftpOptions = {},
): TftpServing {
  const server = new TftpServer({ socket, openUdp, files, limits, clock, log, ...options });
  return { transfers: () => server.transfers(), close: () => server.close() };
}

/** At most one complaint in this time about too many transfers. */
const COMPLAINT_MS = 10_000;

interface Parts extends TftpOptions {
  readonly socket: UdpSocket;
  readonly openUdp: OpenUdp;
  readonly files: TftpFiles;
  readonly limits: TftpLimits;
  readonly clock: Clock;
  readonly log: Log;
}

class TftpServer {
  readonly #parts: Parts;
  readonly #ports: TransferPorts;
  /** null: transfers have other ports. */
  readonly #single: SharedSocket | null;
  readonly #buffers = new SendBuffers();
  readonly #sparing: SparingLog;
  readonly #places = new Map<string, Place>();
  #closed = false;
  #complainedAt: Instant | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { socket, log, openUdp, address, clock } = parts;
    this.#sparing = new SparingLog(clock, log);
    this.#ports = new TransferPorts(openUdp, address ?? socket.local.address, log);
    this.#single = parts.singlePort === true ? new SharedSocket(socket, () => Promise.resolve()) : null;
    socket.onSendError((error, to) => log.debug("TFTP send failed", { client: to.address, error: error.message }));
    socket.onDatagram((bytes, from) => {
      try {
        this.#received(bytes, from);
      } catch (cause) {
        log.error("a TFTP request failed; please report this", { client: from.address, cause });
      }
    });
  }

  transfers(): readonly TransferProgress[] {
    return [...this.#places.values()].map(progressOf);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const transfers = [...this.#places.values()].flatMap(({ transfer }) => transfer ?? []);
    for (const transfer of transfers) transfer.tell("the server is shutting down, try again");
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all(transfers.map((transfer) => transfer.end({ type: "shut-down" })));
    this.#places.clear();
  }

  #received(bytes: Uint8Array, from: Endpoint): void {
    // Port 0 cannot be answered.
    if (this.#closed || from.port === 0) return;
    if (this.#single !== null && !isRequest(bytes) && this.#single.deliver(bytes, from)) return;
    const decoded = decodePacket(bytes);
    if (!decoded.ok) {
      this.#parts.log.debug("TFTP datagram dropped", { client: from.address, reason: decoded.error });
      if (isRequest(bytes)) {
        this.#sendError(ERROR_CODES.illegalOperation, `the request cannot be read: ${decoded.error}`, from);
      }
      return;
    }
    const packet = decoded.value;
    if (packet.type === "RRQ") this.#asked(packet, bytes, from);
    else if (packet.type === "WRQ") {
      this.#refuse(packet.filename, from, ERROR_CODES.accessViolation, "this server is read-only");
    } else if (packet.type === "DATA" || packet.type === "ACK") {
      this.#sendError(ERROR_CODES.unknownTransferId, "no transfer here; ask with a RRQ", from);
    }
  }

  #asked(request: TftpRequest, bytes: Uint8Array, from: Endpoint): void {
    const { filename, mode } = request;
    if (mode !== "octet") {
      const message = `mode ${printable(mode)} is not served; ask for the file in octet (binary) mode`;
      this.#refuse(filename, from, ERROR_CODES.undefined, message);
      return;
    }
    const key = `${from.address}:${from.port}`;
    const text = Buffer.from(bytes).toString("latin1");
    const before = this.#places.get(key);
    if (before?.request === text && !hasStartedOver(before, this.#parts.clock.now())) {
      before.transfer?.askedAgain();
      return;
    }
    if (before !== undefined) this.#giveUp(key, before, BEGAN_AGAIN);
    if (!this.#hasRoom()) {
      this.#complain(filename, from);
      return;
    }
    const place: Place = { client: from, filename, request: text, transfer: null, sizeBytes: 0, blksize: 512 };
    this.#places.set(key, place);
    void this.#serve(key, place, request);
  }

  async #serve(key: string, place: Place, request: TftpRequest): Promise<void> {
    const { client, filename } = place;
    try {
      const file = await this.#parts.files.open(filename, client);
      if (file.type === "refusal") {
        this.#leave(key, place);
        if (!this.#closed) this.#refuse(filename, client, file.code, file.message);
        return;
      }
      await this.#begin(key, place, request, file);
    } catch (cause) {
      this.#leave(key, place);
      this.#parts.log.error("TFTP file cannot be read", { client: client.address, file: filename, cause });
      this.#sendError(ERROR_CODES.undefined, "the server cannot read the file; its log says why", client);
    }
  }

  async #begin(key: string, place: Place, request: TftpRequest, file: TftpFile): Promise<void> {
    const { limits, clock, log, observer } = this.#parts;
    const { client, filename } = place;
    const { terms, oack } = negotiate(request.options, file.bytes.length, limits);
    const ended = (outcome: TransferOutcome): void => {
      this.#leave(key, place);
      const told = outcome.type === "complete" ? log : this.#sparing;
      told.info("TFTP transfer ended", { client: client.address, file: filename, ...outcome });
      guarded(log, () => file.closed(outcome));
      guarded(log, () => observer?.ended?.({ filename, from: client, outcome }));
    };
    let socket: UdpSocket;
    try {
      socket = this.#single?.join(client) ?? (await this.#ports.take(client));
    } catch (cause) {
      // Silence: the client asks again, and by then there may be a port.
      log.error("TFTP port cannot be opened", { client: client.address, file: filename, cause });
      return ended({ type: "aborted", code: ERROR_CODES.undefined, message: "no port for the transfer" });
    }
    if (this.#closed || this.#places.get(key) !== place) {
      void socket.close();
      return ended(this.#closed ? { type: "shut-down" } : BEGAN_AGAIN);
    }
    place.sizeBytes = terms.sizeBytes;
    place.blksize = terms.blksize;
    log.debug("TFTP transfer", { client: client.address, file: filename, ...terms });
    guarded(log, () => observer?.started?.({ filename, from: client, terms }));
    place.transfer = new RunningTransfer({
      socket,
      client,
      file,
      terms,
      oack,
      buffers: this.#buffers,
      clock,
      log,
      ended,
    });
  }

  #leave(key: string, place: Place): void {
    if (this.#places.get(key) === place) this.#places.delete(key);
  }

  #giveUp(key: string, place: Place, outcome: TransferOutcome): void {
    this.#places.delete(key);
    void place.transfer?.end(outcome);
  }

  #hasRoom(): boolean {
    if (this.#places.size < this.#parts.limits.transfersMax) return true;
    const idle = idlestOf(this.#places, this.#parts.clock.now());
    if (idle === null) return false;
    this.#giveUp(idle.key, idle.place, GAVE_WAY);
    return true;
  }

  /** Silence, not ERROR: firmware gives up at an ERROR, but asks again and again when it hears nothing. */
  #complain(filename: string, from: Endpoint): void {
    const { clock, log, limits, observer } = this.#parts;
    const message = `all ${limits.transfersMax} transfers are taken; the client will ask again`;
    guarded(log, () => observer?.refused?.({ filename, from, message }));
    if (this.#complainedAt !== null && clock.now() - this.#complainedAt < COMPLAINT_MS) return;
    this.#complainedAt = clock.now();
    log.warn(`TFTP: ${message} (tftp.transfers_max raises the limit)`, { client: from.address, file: filename });
  }

  #refuse(filename: string, from: Endpoint, code: number, message: string): void {
    this.#sparing.info("TFTP refused", { client: from.address, file: filename, code, reason: message });
    this.#sendError(code, message, from);
    guarded(this.#parts.log, () => this.#parts.observer?.refused?.({ filename, from, message }));
  }

  #sendError(code: number, message: string, to: Endpoint): void {
    this.#parts.socket.send(encodePacket({ type: "ERROR", code, message: printable(message) }), to);
  }
}

const BEGAN_AGAIN: TransferOutcome = { type: "aborted", code: 0, message: "the client began again" };
const GAVE_WAY: TransferOutcome = { type: "aborted", code: 0, message: "silent, and its place was needed" };

/** RRQ or WRQ. */
function isRequest(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && (bytes[1] === 1 || bytes[1] === 2);
}

/** Who watches must not be able to stop us. */
function guarded(log: Log, call: () => void): void {
  try {
    call();
  } catch (cause) {
    log.error("a TFTP observer failed; please report this", { cause });
  }
}

/** Fit for a boot screen: no control characters, not longer than a few lines. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, "?").slice(0, 200);
}
