import type { Brand } from "../std/brand.ts";
import { err, ok, type Result } from "../std/result.ts";

/**
 * A switch port as a relay or a snooping switch names it in option 82 (RFC 3046): `REMOTE/CIRCUIT`, the octets of the
 * remote id (sub-option 2) and of the circuit id (sub-option 1). An id is written as text where it is printable ASCII,
 * else as `0x` and hexadecimal digits. There is one way to write each port, so `===` compares.
 */
export type RelayPort = Brand<string, "RelayPort">;

/**
 * `switch1/7`, `switch1/Gi1/0/7`, `0x0006aabbccddeeff/0x000400010107`. The first slash ends the remote id; one that
 * holds a slash itself has to be written in hexadecimal. Nothing before it: whatever the remote id is, or none.
 */
export function parseRelayPort(text: string): Result<RelayPort, "not-a-relay-port"> {
  const slash = text.indexOf("/");
  if (slash < 0) return err("not-a-relay-port");
  const remote = octetsOf(text.slice(0, slash));
  const circuit = octetsOf(text.slice(slash + 1));
  if (remote === null || circuit === null || circuit.length === 0) return err("not-a-relay-port");
  return ok(relayPort(remote, circuit));
}

/** Empty octets: the relay did not name this one. null: without a circuit id no port is named. */
export function relayPortFromIds(remote: Uint8Array, circuit: Uint8Array): RelayPort | null {
  return circuit.length === 0 ? null : relayPort(remote, circuit);
}

/** Whether a port that somebody asks from is the one that is written in a reservation. */
export function isAtPort(asked: RelayPort, reserved: RelayPort): boolean {
  return asked === reserved || (reserved.startsWith("/") && asked.slice(asked.indexOf("/")) === reserved);
}

function relayPort(remote: Uint8Array, circuit: Uint8Array): RelayPort {
  return `${written(remote, /^[!-.0-~]*$/)}/${written(circuit, /^[!-~]*$/)}` as RelayPort;
}

function written(octets: Uint8Array, readable: RegExp): string {
  const text = Buffer.from(octets).toString("latin1");
  // What begins like a number in hexadecimal would be read as one.
  return readable.test(text) && !text.startsWith("0x") ? text : `0x${Buffer.from(octets).toString("hex")}`;
}

/** null: neither printable ASCII nor hexadecimal, or longer than a sub-option. */
function octetsOf(text: string): Uint8Array | null {
  if (text.startsWith("0x")) return HEX.test(text) ? Buffer.from(text.slice(2), "hex") : null;
  return TEXT.test(text) ? Buffer.from(text, "latin1") : null;
}

const HEX = /^0x([0-9a-fA-F]{2}){1,255}$/;
const TEXT = /^[!-~]{0,255}$/;
