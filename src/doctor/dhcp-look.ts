import table from "dhcp/lib/options.js";
import codec, { type NpmDhcpMessage } from "dhcp/lib/protocol.js";
import { type Ipv4Address, LIMITED_BROADCAST, parseIpv4Address, UNSPECIFIED } from "../net/ipv4-address.ts";
import { type MacAddress, parseMacAddress } from "../net/mac-address.ts";
import type { OpenUdp, UdpSocket } from "../net/udp-socket.ts";
import { err, ok, type Result } from "../std/result.ts";

/** A server that answered. */
export interface DhcpAnswer {
  /** What it calls itself (option 54), else where the answer came from. */
  readonly server: Ipv4Address;
  /** Where the answer came from. */
  readonly from: Ipv4Address;
  /** null: it offers no address. */
  readonly offered: Ipv4Address | null;
}

export type LookFailure =
  | { readonly type: "forbidden" }
  | { readonly type: "taken" }
  | { readonly type: "failed"; readonly words: string };

export interface DhcpLook {
  readonly open: OpenUdp;
  /** Our address on the boot network, through whose interface it asks. */
  readonly own: Ipv4Address;
  readonly mac: MacAddress;
  readonly xid: number;
  readonly waitMs: number;
}

/**
 * Asks twice as an ordinary client that boots nothing, so that no slot is held for it, and takes nothing of what it is
 * offered. Of the package `dhcp` it uses the codec alone: its client sends a REQUEST for the first OFFER by itself, asks
 * for unicasts to an address that is not ours, and a port that is taken ends the process.
 * Never rejects; ends after `waitMs`.
 */
export async function lookForServers(look: DhcpLook): Promise<Result<readonly DhcpAnswer[], LookFailure>> {
  const { open, own, waitMs } = look;
  const sockets: UdpSocket[] = [];
  try {
    const receive = await open({ address: UNSPECIFIED, port: 68, shared: true });
    sockets.push(receive);
    const send = await open({ address: own, port: 68, shared: true });
    sockets.push(send);
    const answers = new Map<Ipv4Address, DhcpAnswer>();
    let sendError: Error | null = null;
    send.onSendError((error) => {
      sendError = error;
    });
    receive.onDatagram((bytes, from) => {
      const answer = readOffer(bytes, from.address, look);
      if (answer !== null && answers.size < ANSWERS_MAX) answers.set(answer.server, answer);
    });
    const ask = () => send.send(composeDiscover(look), { address: LIMITED_BROADCAST, port: 67 });
    ask();
    await pause(waitMs * 0.4);
    ask();
    await pause(waitMs * 0.6);
    if (answers.size === 0 && sendError !== null) return err({ type: "failed", words: (sendError as Error).message });
    return ok([...answers.values()]);
  } catch (cause) {
    return err(failureOf(cause as Error));
  } finally {
    await Promise.all(sockets.map((socket) => socket.close()));
  }
}

const ANSWERS_MAX = 32;

/** With the broadcast flag: an address that is offered will never be ours. */
function composeDiscover({ mac, xid }: DhcpLook): Buffer {
  const written = codec.format({
    op: 1,
    htype: 1,
    hlen: 6,
    hops: 0,
    xid,
    secs: 0,
    flags: 0x8000,
    ciaddr: UNSPECIFIED,
    yiaddr: UNSPECIFIED,
    siaddr: UNSPECIFIED,
    giaddr: UNSPECIFIED,
    chaddr: mac,
    sname: "",
    file: "",
    options: { 53: DISCOVER, 55: [1, 3, 6, 15, 51, 54], 57: 1500 },
  });
  // Relays drop what is shorter than a BOOTP message of 300 octets (RFC 1542 §2.1).
  return written._data.subarray(0, Math.max(written._w, 300));
}

/** null: not an OFFER to us, or damaged. */
function readOffer(bytes: Uint8Array, from: Ipv4Address, { mac, xid }: DhcpLook): DhcpAnswer | null {
  knowAllOptions();
  let message: NpmDhcpMessage;
  try {
    message = codec.parse(Buffer.from(bytes));
  } catch {
    return null;
  }
  const chaddr = parseMacAddress(message.chaddr);
  if (message.op !== 2 || message.xid !== xid || !chaddr.ok || chaddr.value !== mac) return null;
  if (message.options[53] !== OFFER) return null;
  const named = parseIpv4Address(String(message.options[54]));
  const offered = parseIpv4Address(message.yiaddr);
  return {
    server: named.ok ? named.value : from,
    from,
    offered: offered.ok && offered.value !== UNSPECIFIED ? offered.value : null,
  };
}

/** The codec complains on standard error of each option that it does not know. */
function knowAllOptions(): void {
  for (let code = 1; code < 255; code++) {
    if (!(code in table.opts)) table.addOption(code, { name: `option ${code}`, type: "UInt8s" });
  }
}

function failureOf(error: Error): LookFailure {
  const { code } = (error.cause ?? error) as NodeJS.ErrnoException;
  if (code === "EACCES" || code === "EPERM") return { type: "forbidden" };
  if (code === "EADDRINUSE") return { type: "taken" };
  return { type: "failed", words: error.message };
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

const DISCOVER = 1;
const OFFER = 2;
