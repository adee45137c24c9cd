import { readdirSync } from "node:fs";
import { readHexPacket } from "./hex-packet.ts";

const FOLDER = new URL("../fixtures/dhcp/", import.meta.url);

/** The DHCP messages that other programs wrote, by the name of their file. */
export function goldenDhcpPackets(): ReadonlyMap<string, Uint8Array> {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith(".hex"));
  return new Map(names.sort().map((name) => [name.slice(0, -4), readHexPacket(new URL(name, FOLDER))]));
}
