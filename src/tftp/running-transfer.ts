import type { Endpoint, UdpSocket } from "../net/udp-socket.ts";
import type { Clock, Instant } from "../std/clock.ts";
import type { Log } from "../std/log.ts";
import type { TftpFile, TransferOutcome } from "./files.ts";
import type { TransferTerms } from "./negotiate.ts";
import { DATA_HEADER, decodePacket, ERROR_CODES, encodePacket, type TftpOption, writeData } from "./packet.ts";
import type { SendBuffers } from "./send-buffers.ts";
import { beginTransfer, stepTransfer, type TransferInput, type TransferState, type TransferStep } from "./transfer.ts";

/** What one transfer needs; `socket` is its own port, which it closes at the end. */
export interface TransferParts {
  readonly socket: UdpSocket;
  readonly client: Endpoint;
  readonly file: TftpFile;
  readonly terms: TransferTerms;
  readonly oack: readonly TftpOption[];
  /** Shared with other transfers. */
  readonly buffers: SendBuffers;
  readonly clock: Clock;
  readonly log: Log;
  /** Called once. */
  readonly ended: (outcome: TransferOutcome) => void;
}

/** Carries out what `transfer.ts` decides: one socket, one alarm, slices of one file in memory. */
export class RunningTransfer {
  readonly #parts: TransferParts;
  #state: TransferState;
  #closing: Promise<void> = Promise.resolve();
  #alarm: { readonly at: Instant; readonly cancel: () => void } | null = null;

  constructor(parts: TransferParts) {
    this.#parts = parts;
    const { socket, log, client, clock, terms } = parts;
    socket.onDatagram((bytes, from) => {
      try {
        this.#received(bytes, from);
      } catch (cause) {
        log.error("a TFTP transfer failed on a datagram; please report this", { client: client.address, cause });
      }
    });
    // A refused send is a lost datagram; the alarm repeats it.
    socket.onSendError((error) => log.debug("TFTP send failed", { client: client.address, error: error.message }));
    const begin = beginTransfer(terms, clock.now());
    this.#state = begin.state;
    this.#follow(begin);
  }

  get state(): TransferState {
    return this.#state;
  }

  /** The client sent its request once more. */
  askedAgain(): void {
    this.#step({ type: "asked-again" });
  }

  /** Tells the client that it ends here. To be followed by `end`, but not at once: a datagram takes a turn to leave. */
  tell(message: string): void {
    this.#sendError(ERROR_CODES.undefined, message, this.#parts.client);
  }

  /** Ends it from our side. Resolves when its port is free. */
  end(outcome: TransferOutcome): Promise<void> {
    if (this.#state.type !== "over") this.#follow({ state: { type: "over", outcome }, send: null });
    return this.#closing;
  }

  #received(bytes: Uint8Array, from: Endpoint): void {
    if (this.#state.type === "over" || from.port === 0) return;
    const decoded = decodePacket(bytes);
    if (!decoded.ok) return;
    const packet = decoded.value;
    if (from.port !== this.#parts.client.port || from.address !== this.#parts.client.address) {
      // An ERROR is never answered, or two servers could answer each other for ever.
      if (packet.type !== "ERROR") this.#sendError(ERROR_CODES.unknownTransferId, "this port serves another", from);
    } else if (packet.type === "ACK") this.#step({ type: "ack", block: packet.block });
    else if (packet.type === "ERROR") this.#step({ type: "error", code: packet.code, message: packet.message });
  }

  #step(input: TransferInput): void {
    this.#follow(stepTransfer(this.#parts.terms, this.#state, input, this.#parts.clock.now()));
  }

  #follow({ state, send }: TransferStep): void {
    this.#state = state;
    if (send !== null) for (let block = send.from; block <= send.to; block++) this.#sendBlock(block);
    if (state.type === "sending") this.#arm(state.deadline);
    else this.#over(state.outcome);
  }

  #sendBlock(block: number): void {
    const { socket, client, file, terms, oack, buffers } = this.#parts;
    if (block === 0) {
      socket.send(encodePacket({ type: "OACK", options: oack }), client);
      return;
    }
    const start = (block - 1) * terms.blksize;
    const bytes = file.bytes.subarray(start, start + terms.blksize);
    if (bytes.length < terms.blksize) {
      socket.send(encodePacket({ type: "DATA", block: block & 0xffff, bytes }), client);
      return;
    }
    const buffer = buffers.take(DATA_HEADER + terms.blksize);
    writeData(buffer.bytes, block & 0xffff, bytes);
    socket.send(buffer.bytes, client, buffer.free);
  }

  #sendError(code: number, message: string, to: Endpoint): void {
    this.#parts.socket.send(encodePacket({ type: "ERROR", code, message }), to);
  }

  /** Each ACK moves the deadline on; the alarm stays where it is, and looks again when it rings. */
  #arm(deadline: Instant): void {
    if (this.#alarm !== null && this.#alarm.at <= deadline) return;
    this.#alarm?.cancel();
    const cancel = this.#parts.clock.alarm(deadline, () => {
      this.#alarm = null;
      this.#step({ type: "time-passed" });
    });
    this.#alarm = { at: deadline, cancel };
  }

  #over(outcome: TransferOutcome): void {
    this.#alarm?.cancel();
    this.#alarm = null;
    this.#closing = this.#parts.socket.close();
    this.#parts.ended(outcome);
  }
}
