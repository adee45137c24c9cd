import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import type { Endpoint, UdpSocket } from "../../src/net/udp-socket.ts";
import type { Log, LogFields } from "../../src/std/log.ts";
import type { TftpFile, TftpFiles, TftpRefusal, TransferOutcome } from "../../src/tftp/files.ts";
import { DEFAULT_TFTP_LIMITS, type TftpLimits } from "../../src/tftp/negotiate.ts";
import { encodePacket, type TftpOption } from "../../src/tftp/packet.ts";
import { serveTftp, type TftpOptions, type TftpServing } from "../../src/tftp/server.ts";
import { FakeClock } from "./fake-clock.ts";
import { type NetworkFaults, SimulatedNetwork } from "./simulated-network.ts";
import { SimulatedTftpClient, type TftpClientManners } from "./simulated-tftp-client.ts";

export const SERVER: Endpoint = { address: "10.11.0.1" as Ipv4Address, port: 69 };

/** A TFTP server on a simulated network, and the machines that ask it. */
export class TftpBench implements TftpFiles {
  readonly clock = new FakeClock();
  readonly network: SimulatedNetwork;
  readonly outcomes: TransferOutcome[] = [];
  readonly complaints: string[] = [];
  /** What `open` knows; any other name is not found. `broken`: the disk is. */
  readonly files = new Map<string, Uint8Array>();
  opened = 0;
  serving!: TftpServing;
  #clients = 0;

  constructor(faults: NetworkFaults = {}) {
    this.network = new SimulatedNetwork(this.clock, faults);
  }

  static async start(
    faults: NetworkFaults = {},
    limits: Partial<TftpLimits> = {},
    options: TftpOptions = {},
  ): Promise<TftpBench> {
    const bench = new TftpBench(faults);
    const { openUdp } = bench.network.host(SERVER.address);
    const socket = await openUdp(SERVER);
    const complain = (message: string, fields?: LogFields) =>
      bench.complaints.push(`${message} ${fields?.cause ?? ""}`.trim());
    const log: Log = { debug() {}, info() {}, warn: complain, error: complain };
    const all = { ...DEFAULT_TFTP_LIMITS, ...limits };
    bench.serving = serveTftp(socket, openUdp, bench, all, bench.clock, log, options);
    return bench;
  }

  async open(filename: string): Promise<TftpFile | TftpRefusal> {
    this.opened++;
    if (filename === "broken") throw new Error("EIO");
    const bytes = this.files.get(filename);
    if (bytes === undefined) return { type: "refusal", code: 1, message: `file not found: ${filename}` };
    return { type: "file", bytes, closed: (outcome) => this.outcomes.push(outcome) };
  }

  /** A machine with an address of its own that asks for `filename`. */
  async client(filename: string, manners: TftpClientManners = {}): Promise<SimulatedTftpClient> {
    return new SimulatedTftpClient(await this.socket(), SERVER, filename, this.clock, manners);
  }

  /** A bare socket of another machine. */
  async socket(): Promise<UdpSocket> {
    const machine = ++this.#clients;
    const address = `10.11.${1 + (machine >> 8)}.${machine & 255}` as Ipv4Address;
    return await this.network.host(address).openUdp({ address, port: 2000 + (machine % 1000) });
  }
}

/** Octets that tell where in the file they stand. */
export function fileOf(sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  for (let at = 0; at < sizeBytes; at++) bytes[at] = (at * 31 + (at >> 8) * 17 + (at >> 16)) & 255;
  return bytes;
}

/** `blksize 1468 windowsize 4` */
export function optionsOf(text: string): readonly TftpOption[] {
  const words = text.split(" ").filter((word) => word !== "");
  return words.flatMap((name, at) => (at % 2 === 0 ? [{ name, value: words[at + 1] ?? "" }] : []));
}

export function rrqOf(filename: string, options = "", mode = "octet"): Uint8Array {
  return encodePacket({ type: "RRQ", filename, mode, options: optionsOf(options) });
}
