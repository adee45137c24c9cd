// An installer on a machine that has its slot, which goes through a whole exchange every 100 ms until SIGTERM: DISCOVER,
// OFFER, REQUEST, ACK. It repeats itself each second, as clients do, and never gives up. In a network namespace with an
// address; prints a line for each exchange: its address, how often it repeated itself, and how many ms it took; or NAK.
// usage: dhcp-exchanges.ts MAC
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { type DhcpMessage, decodeMessage, encodeMessage } from "../../../src/dhcp/message.ts";
import type { MessageType } from "../../../src/dhcp/message-type.ts";
import type { DhcpOptions } from "../../../src/dhcp/option.ts";
import { dhcpRequest } from "../dhcp-request.ts";
import { INSTALLER } from "../netboot-machine.ts";

const [mac = ""] = process.argv.slice(2);
const chaddr = Uint8Array.from(Buffer.from(mac.replaceAll(":", ""), "hex"));
const EVERY_MS = 100;
const REPEAT_MS = 1000;

const socket = createSocket({ type: "udp4" });
socket.bind({ port: 68 });
await once(socket, "listening");
socket.setBroadcast(true);

let hear: (message: DhcpMessage) => void = () => {};
socket.on("message", (bytes) => {
  const decoded = decodeMessage(bytes);
  if (decoded.ok && decoded.value.op === 2) hear(decoded.value);
});

process.on("SIGTERM", () => process.exit(0));
for (let xid = 1; ; xid++) {
  const began = performance.now();
  let repeats = 0;
  const ask = async (type: MessageType, options: DhcpOptions = {}): Promise<DhcpMessage> => {
    const question = dhcpRequest(type, { ...INSTALLER.options, ...options }, { xid, chaddr, broadcast: true });
    const bytes = encodeMessage(question, 1472);
    let answer: DhcpMessage | null = null;
    const wanted = type === "DISCOVER" ? ["OFFER"] : ["ACK", "NAK"];
    const heard = new Promise<void>((resolve) => {
      hear = (message) => {
        if (message.xid !== xid || !wanted.includes(message.type ?? "")) return;
        answer = message;
        resolve();
      };
    });
    for (;;) {
      socket.send(bytes, 67, "255.255.255.255", () => {});
      await Promise.race([heard, sleep(REPEAT_MS)]);
      if (answer !== null) return answer;
      repeats += 1;
    }
  };
  const { yiaddr, options } = await ask("DISCOVER");
  const chosen = options.serverIdentifier === undefined ? {} : { serverIdentifier: options.serverIdentifier };
  const { type } = await ask("REQUEST", { requestedIpAddress: yiaddr, ...chosen });
  const tookMs = Math.round(performance.now() - began);
  process.stdout.write(type === "ACK" ? `${yiaddr} ${repeats} ${tookMs}\n` : "NAK\n");
  await sleep(Math.max(0, EVERY_MS - tookMs));
}
