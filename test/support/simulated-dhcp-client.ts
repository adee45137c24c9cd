import { type Ipv4Address, LIMITED_BROADCAST } from "../../src/net/ipv4-address.ts";
import type { UdpSocket } from "../../src/net/udp-socket.ts";
import { type Clock, later } from "../../src/std/clock.ts";
import { END, ip, option, rawDhcp } from "./raw-dhcp.ts";

/** What a program is like that asks for an address. */
export interface DhcpClientManners {
  /** Its options but 53, 50 and 54. */
  readonly says: readonly (readonly number[])[];
  readonly flags: number;
  /** How long it waits for an answer to each copy of a message before it sends another; after the last it gives up. */
  readonly waitsMs: readonly number[];
  /** EDK2 listens until its first wait is over, and takes the first offer then. */
  readonly collectsOffers?: boolean;
}

export interface SimulatedLease {
  readonly address: Ipv4Address;
  /** `file`, up to its NUL. */
  readonly file: string;
  /** Option 250; empty: none. */
  readonly answerUrl: string;
}

/**
 * Asks once, from DISCOVER to ACK (RFC 2131 §3.1), as strictly as firmware does. Resolves to null when it gives up, and
 * rejects when an answer contradicts the one before, which iPXE drops and EDK2 declines.
 */
export function askForLease(
  socket: UdpSocket,
  clock: Clock,
  chaddr: string,
  manners: DhcpClientManners,
  random: () => number,
): Promise<SimulatedLease | null> {
  return new Promise((resolve, reject) => {
    let xid = Math.floor(random() * 2 ** 32);
    let offer: Reply | null = null;
    let asks = false;
    let sent = 0;
    let naks = 0;
    let cancel = () => {};

    const finish = (lease: SimulatedLease | null): void => {
      cancel();
      socket.onDatagram(() => {});
      resolve(lease);
    };
    const say = (): void => {
      const wait = manners.waitsMs[sent];
      if (wait === undefined) {
        finish(null);
        return;
      }
      const chosen = asks && offer !== null ? [option(50, ip(offer.yiaddr)), option(54, ip(offer.server))] : [];
      const fields = [option(53, asks ? 3 : 1), ...chosen, ...manners.says, END];
      const secs = sent * 4;
      socket.send(rawDhcp({ chaddr, xid, secs, flags: manners.flags, fields, size: 300 }), SERVERS);
      sent++;
      cancel = clock.alarm(later(clock.now(), wait), () => {
        if (!asks && offer !== null) request();
        else say();
      });
    };
    const request = (): void => {
      cancel();
      asks = true;
      sent = 0;
      say();
    };
    const startAgain = (): void => {
      cancel();
      if (++naks > NAKS_MAX) {
        finish(null);
        return;
      }
      xid = Math.floor(random() * 2 ** 32);
      offer = null;
      asks = false;
      sent = 0;
      say();
    };

    socket.onDatagram((bytes) => {
      const reply = readReply(bytes);
      if (reply === null || reply.xid !== xid || reply.chaddr !== chaddr) return;
      if (!asks && reply.type === OFFER) {
        if (offer === null || !manners.collectsOffers) offer = reply;
        if (!manners.collectsOffers) request();
      } else if (asks && reply.type === NAK) startAgain();
      else if (asks && reply.type === ACK) {
        if (reply.yiaddr !== offer?.yiaddr || reply.server !== offer.server || reply.file !== offer.file) {
          cancel();
          const said = (what: Reply | null) => `${what?.yiaddr} ${what?.server} ${what?.file}`;
          reject(new Error(`${chaddr} was offered ${said(offer)} and acknowledged ${said(reply)}`));
        } else finish({ address: reply.yiaddr, file: reply.file, answerUrl: reply.answerUrl });
      }
    });
    say();
  });
}

export interface Reply {
  readonly type: number;
  readonly xid: number;
  readonly chaddr: string;
  readonly yiaddr: Ipv4Address;
  /** Option 54; empty: none. */
  readonly server: string;
  readonly file: string;
  readonly answerUrl: string;
}

export const OFFER = 2;
export const ACK = 5;
export const NAK = 6;

/** A server's message, read without the codec of the product; null: it is none. */
export function readReply(bytes: Uint8Array): Reply | null {
  const datagram = Buffer.from(bytes);
  if (datagram.length < 240 || datagram[0] !== 2) return null;
  const options = new Map<number, Buffer>();
  for (let at = 240; at < datagram.length; ) {
    const [code = 255, length = 0] = datagram.subarray(at, at + 2);
    if (code === 255) break;
    if (code === 0) at++;
    else {
      options.set(code, datagram.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
  }
  const address = (octets: Uint8Array | readonly number[]) => [...octets].join(".") as Ipv4Address;
  return {
    type: options.get(53)?.[0] ?? 0,
    xid: datagram.readUInt32BE(4),
    chaddr: datagram.toString("hex", 28, 34),
    yiaddr: address(datagram.subarray(16, 20)),
    server: address(options.get(54) ?? []),
    file: datagram.toString("latin1", 108, Math.max(108, datagram.indexOf(0, 108))),
    answerUrl: options.get(250)?.toString("latin1") ?? "",
  };
}

const SERVERS = { address: LIMITED_BROADCAST, port: 67 };
const NAKS_MAX = 5;
