// Sends DHCP as fast as it is told, until SIGTERM: half of it noise, half of it DISCOVERs of UEFI firmware, each from
// another machine that does not exist. In a network namespace with an address; prints how many it sent.
// usage: dhcp-flood.ts OWN-ADDRESS DATAGRAMS-A-SECOND
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeMessage } from "../../../src/dhcp/message.ts";
import { dhcpRequest } from "../dhcp-request.ts";
import { seeded } from "../random-queue.ts";

const [address = "", rate = "10000"] = process.argv.slice(2);
let isOver = false;
process.on("SIGTERM", () => {
  isOver = true;
});
const socket = createSocket({ type: "udp4" });
socket.bind({ address, port: 68 });
await once(socket, "listening");
socket.setBroadcast(true);
socket.setSendBufferSize(4 << 20);

const random = seeded(1);
const octet = () => Math.floor(random() * 256);
const options = {
  vendorClassIdentifier: "PXEClient:Arch:00007:UNDI:003000",
  clientSystemArchitecture: [7],
  parameterRequestList: [1, 3, 6, 12, 15, 43, 54, 60, 66, 67, 97],
};
const discover = Buffer.from(encodeMessage(dhcpRequest("DISCOVER", options), 1472));

let sent = 0;
const started = performance.now();
while (!isOver) {
  const due = Math.min(Math.floor(((performance.now() - started) / 1000) * Number(rate)), sent + 2000);
  for (; sent < due; sent++) {
    let datagram: Buffer;
    if (sent % 2 === 0) datagram = Buffer.from(Array.from({ length: 20 + (octet() % 200) }, octet));
    else {
      datagram = Buffer.from(discover);
      datagram.writeUInt32BE(Math.floor(random() * 2 ** 32), 4);
      datagram.set([2, octet(), octet(), octet(), octet(), octet()], 28);
    }
    socket.send(datagram, 67, "255.255.255.255", () => {});
  }
  await sleep(2);
}
process.stdout.write(`${sent} ${Math.round((performance.now() - started) / 1000)}\n`);
socket.close();
