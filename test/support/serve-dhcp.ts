// A DHCP server of ours with a fixed policy, as a process of its own, for strangers' clients in a network namespace.
// usage: serve-dhcp.ts ADDRESS [all|addresses|boot-files]; the first line says "ready", then one JSON line for each outcome.
import { serveDhcp } from "../../src/dhcp/server.ts";
import { type Ipv4Address, UNSPECIFIED } from "../../src/net/ipv4-address.ts";
import { openUdp } from "../../src/net/open-udp.ts";
import { silentLog } from "../../src/std/log.ts";
import { FixedDhcpPolicy } from "./fixed-dhcp-policy.ts";

const address = (process.argv[2] ?? "") as Ipv4Address;
const gives = process.argv[3] === "addresses" || process.argv[3] === "boot-files" ? process.argv[3] : "all";
const port67 = { port: 67, shared: true, receiveBuffer: 4 << 20 };
const broadcast = await openUdp({ ...port67, address: UNSPECIFIED });
const own = await openUdp({ ...port67, address });
const bootServer = await openUdp({ address, port: 4011 });
const policy = new FixedDhcpPolicy(
  address,
  ({ request, reply, to, reason }) => {
    const { mac, type } = request ?? { mac: null, type: null };
    const line = { mac, request: type, reply: reply?.type ?? null, yiaddr: reply?.yiaddr ?? null, to, reason };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  },
  gives,
);
serveDhcp({ own, broadcast, bootServer }, policy, address, silentLog);
process.stdout.write("ready\n");
