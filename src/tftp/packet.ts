import { err, ok, type Result } from "../std/result.ts";

/** One TFTP datagram (RFC 1350 §5, RFC 2347). Block numbers are the 16-bit ones of the wire. */
export type TftpPacket = TftpRequest | TftpAnswer;

export interface TftpRequest {
  readonly type: "RRQ" | "WRQ";
  /** As the client wrote it, read as UTF-8; may be empty. */
  readonly filename: string;
  /** Lower case: `octet`, `netascii`, or whatever else was asked. */
  readonly mode: string;
  readonly options: readonly TftpOption[];
}

export type TftpAnswer =
  | { readonly type: "DATA"; readonly block: number; readonly bytes: Uint8Array }
  | { readonly type: "ACK"; readonly block: number }
  | { readonly type: "ERROR"; readonly code: number; readonly message: string }
  | { readonly type: "OACK"; readonly options: readonly TftpOption[] };

/** An option in the order of the wire; the name in lower case (RFC 2347: names do not distinguish case). */
export interface TftpOption {
  readonly name: string;
  readonly value: string;
}

export type PacketError = "too-short" | "too-long" | "unknown-opcode" | "unterminated-text";

/** What ERROR codes mean (RFC 1350 appendix, RFC 2347). */
export const ERROR_CODES = {
  undefined: 0,
  fileNotFound: 1,
  accessViolation: 2,
  illegalOperation: 4,
  unknownTransferId: 5,
  optionsRefused: 8,
} as const;

/** Octets a request may have (RFC 2347); a longer one is noise. */
const REQUEST_OCTETS_MAX = 512;

/** Never throws, whatever the bytes are. What is handed out is a copy. */
export function decodePacket(bytes: Uint8Array): Result<TftpPacket, PacketError> {
  const datagram = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (datagram.length < 2) return err("too-short");
  const opcode = datagram.readUInt16BE(0);
  switch (opcode) {
    case 1:
      return decodeRequest("RRQ", datagram);
    case 2:
      return decodeRequest("WRQ", datagram);
    case 3:
      if (datagram.length < 4) return err("too-short");
      return ok({ type: "DATA", block: datagram.readUInt16BE(2), bytes: new Uint8Array(datagram.subarray(4)) });
    case 4:
      if (datagram.length < 4) return err("too-short");
      return ok({ type: "ACK", block: datagram.readUInt16BE(2) });
    case 5: {
      if (datagram.length < 4) return err("too-short");
      // Some clients leave out the text or its NUL; the code is what matters.
      const end = datagram.indexOf(0, 4);
      const message = datagram.toString("utf8", 4, end === -1 ? datagram.length : end);
      return ok({ type: "ERROR", code: datagram.readUInt16BE(2), message });
    }
    case 6:
      return ok({ type: "OACK", options: decodeOptions(datagram, 2) });
    default:
      return err("unknown-opcode");
  }
}

/** Throws RangeError for what does not fit: our own bug, never the other side's. */
export function encodePacket(packet: TftpPacket): Uint8Array {
  switch (packet.type) {
    case "RRQ":
    case "WRQ":
      return encodeTexts(packet.type === "RRQ" ? 1 : 2, [packet.filename, packet.mode, ...pairs(packet.options)]);
    case "DATA": {
      // From Node's pool, not zeroed: every octet is written below.
      const datagram = Buffer.allocUnsafe(DATA_HEADER + packet.bytes.length);
      writeData(datagram, packet.block, packet.bytes);
      return datagram;
    }
    case "ACK": {
      const datagram = Buffer.allocUnsafe(4);
      datagram.writeUInt16BE(4, 0);
      datagram.writeUInt16BE(packet.block, 2);
      return datagram;
    }
    case "ERROR": {
      const datagram = Buffer.concat([Buffer.from([0, 5, 0, 0]), Buffer.from(`${text(packet.message)}\0`)]);
      datagram.writeUInt16BE(packet.code, 2);
      return datagram;
    }
    case "OACK":
      return encodeTexts(6, pairs(packet.options));
  }
}

/** Octets of a DATA packet before its block. */
export const DATA_HEADER = 4;

/** A DATA packet into octets that are there already, as many as it has. */
export function writeData(datagram: Buffer, block: number, bytes: Uint8Array): void {
  datagram.writeUInt16BE(3, 0);
  datagram.writeUInt16BE(block, 2);
  datagram.set(bytes, DATA_HEADER);
}

function decodeRequest(type: "RRQ" | "WRQ", datagram: Buffer): Result<TftpRequest, PacketError> {
  if (datagram.length > REQUEST_OCTETS_MAX) return err("too-long");
  const filenameEnd = datagram.indexOf(0, 2);
  if (filenameEnd === -1) return err("unterminated-text");
  const modeEnd = datagram.indexOf(0, filenameEnd + 1);
  if (modeEnd === -1) return err("unterminated-text");
  return ok({
    type,
    filename: datagram.toString("utf8", 2, filenameEnd),
    mode: datagram.toString("latin1", filenameEnd + 1, modeEnd).toLowerCase(),
    options: decodeOptions(datagram, modeEnd + 1),
  });
}

/** Reads as many whole pairs as there are. Some ROMs pad their request with zeros: that is no option. */
function decodeOptions(datagram: Buffer, start: number): readonly TftpOption[] {
  const options: TftpOption[] = [];
  for (let at = start; at < datagram.length; ) {
    const nameEnd = datagram.indexOf(0, at);
    const valueEnd = nameEnd === -1 ? -1 : datagram.indexOf(0, nameEnd + 1);
    if (valueEnd === -1) break;
    if (nameEnd > at) {
      const name = datagram.toString("latin1", at, nameEnd).toLowerCase();
      options.push({ name, value: datagram.toString("latin1", nameEnd + 1, valueEnd) });
    }
    at = valueEnd + 1;
  }
  return options;
}

function encodeTexts(opcode: number, texts: readonly string[]): Uint8Array {
  return Buffer.concat([Buffer.from([0, opcode]), ...texts.map((part) => Buffer.from(`${text(part)}\0`))]);
}

function pairs(options: readonly TftpOption[]): readonly string[] {
  return options.flatMap(({ name, value }) => [name, value]);
}

function text(value: string): string {
  if (value.includes("\0")) throw new RangeError(`a TFTP text cannot hold a NUL: ${JSON.stringify(value)}`);
  return value;
}
