import { type Ipv4Address, LIMITED_BROADCAST, UNSPECIFIED } from "../../src/net/ipv4-address.ts";
import type { SimulatedNetwork } from "./simulated-network.ts";

/**
 * A relay (RFC 1542, RFC 3046) between a network of machines and that of the server: `address` is its own on both. It
 * fills in giaddr, adds option 82 in front of the end, and takes it out of the answers, which it broadcasts.
 */
export async function relayBetween(
  machines: SimulatedNetwork,
  servers: SimulatedNetwork,
  address: Ipv4Address,
  server: Ipv4Address,
): Promise<void> {
  const down = await machines.host(address).openUdp({ address: UNSPECIFIED, port: 67 });
  const up = await servers.host(address).openUdp({ address, port: 67 });
  down.onDatagram((bytes) => {
    if (bytes[0] !== 1) return;
    const passed = Buffer.concat([withoutEnd(bytes), AGENT, Buffer.of(255)]);
    passed[3] = (passed[3] ?? 0) + 1;
    passed.set(address.split(".").map(Number), GIADDR);
    up.send(passed, { address: server, port: 67 });
  });
  up.onDatagram((bytes) => {
    const at = Buffer.from(bytes).indexOf(AGENT);
    // An answer without what it was asked with is not for a client of ours.
    if (bytes[0] !== 2 || at === -1) return;
    const passed = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + AGENT.length)]);
    passed.set([0, 0, 0, 0], GIADDR);
    down.send(passed, { address: LIMITED_BROADCAST, port: 68 });
  });
}

const GIADDR = 24;
/** Option 82 with the circuit id `port7`. */
const AGENT = Buffer.from([82, 7, 1, 5, ...Buffer.from("port7")]);

function withoutEnd(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 240 && bytes[end - 1] === 0) end--;
  return bytes.subarray(0, bytes[end - 1] === 255 ? end - 1 : end);
}
