// A PXE client as its specification has it, on `eth0` of a namespace, which has no address but a route to everywhere: it
// takes its address from one server and what it boots from another. Sends a DISCOVER of UEFI x64 firmware, listens for
// OFFERs until it has both, and requests the address that was offered. Prints one object of JSON, `BesidePxe`.
// usage: pxe-beside.ts MAC
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { type DhcpMessage, decodeMessage, encodeMessage } from "../../../src/dhcp/message.ts";
import type { MessageType } from "../../../src/dhcp/message-type.ts";
import type { DhcpOptions } from "../../../src/dhcp/option.ts";
import { UNSPECIFIED } from "../../../src/net/ipv4-address.ts";
import { dhcpRequest } from "../dhcp-request.ts";
import { UEFI_X64 } from "../netboot-machine.ts";

/** What it was told; by whom, as the server identifier says. */
export interface BesidePxe {
  readonly offers: readonly { readonly server: string; readonly yiaddr: string; readonly file: string }[];
  /** Who acknowledged which address; null: nobody. */
  readonly ack: { readonly server: string; readonly yiaddr: string; readonly file: string } | null;
}

const [mac = ""] = process.argv.slice(2);
const chaddr = Uint8Array.from(Buffer.from(mac.replaceAll(":", ""), "hex"));
const XID = 0x20260001;
const TRIES = 10;

const socket = createSocket({ type: "udp4" });
socket.bind({ port: 68 });
await once(socket, "listening");
socket.setBroadcast(true);

const heard: DhcpMessage[] = [];
socket.on("message", (bytes) => {
  const decoded = decodeMessage(bytes);
  if (decoded.ok && decoded.value.op === 2 && decoded.value.xid === XID) heard.push(decoded.value);
});

const offers = await ask("DISCOVER", {}, "OFFER", (found) => found.some(gives) && found.some(boots));
const giver = offers.find(gives);
const acks =
  giver === undefined
    ? []
    : await ask(
        "REQUEST",
        { requestedIpAddress: giver.yiaddr, serverIdentifier: giver.options.serverIdentifier ?? giver.siaddr },
        "ACK",
        (found) => found.length > 0,
      );
const told: BesidePxe = { offers: offers.map(tell), ack: acks.map(tell)[0] ?? null };
process.stdout.write(`${JSON.stringify(told)}\n`);
socket.close();

/** Repeats itself until there is `enough`, and then listens for a second more. */
async function ask(
  type: MessageType,
  options: DhcpOptions,
  wanted: MessageType,
  enough: (found: readonly DhcpMessage[]) => boolean,
): Promise<readonly DhcpMessage[]> {
  const question = dhcpRequest(type, { ...UEFI_X64.options, ...options }, { xid: XID, chaddr, broadcast: true });
  const found = () => heard.filter((message) => message.type === wanted);
  for (let tries = 0; tries < TRIES && !enough(found()); tries++) {
    socket.send(encodeMessage(question, 1472), 67, "255.255.255.255", () => {});
    await sleep(2000);
  }
  await sleep(1000);
  return found();
}

function gives({ yiaddr }: DhcpMessage): boolean {
  return yiaddr !== UNSPECIFIED;
}

function boots(message: DhcpMessage): boolean {
  return fileOf(message) !== "";
}

function fileOf({ options, file }: DhcpMessage): string {
  return options.bootfileName ?? file;
}

function tell(message: DhcpMessage) {
  return { server: message.options.serverIdentifier ?? "-", yiaddr: message.yiaddr, file: fileOf(message) };
}
