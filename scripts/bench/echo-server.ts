// Sends every datagram back, through the same kind of socket as the daemon's: what Node can do at most. `echo-server.ts ADDRESS`
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import { openUdp } from "../../src/net/open-udp.ts";

const address = process.argv[2] as Ipv4Address;
const socket = await openUdp({ address, port: 67, receiveBuffer: 4 << 20 });
socket.onDatagram((bytes, from) => socket.send(bytes, from));
process.on("SIGTERM", () => process.exit(0));
process.stdout.write("ready\n");
