import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { ConflictProbe } from "./boot/conflict-probe.ts";
import { type ClientSockets, ForeignServers, LOOK_MS } from "./boot/foreign-servers.ts";
import type { Neighbours } from "./boot/neighbours.ts";
import type { Config } from "./config/load.ts";
import { openClientSockets, type PassedSockets } from "./daemon-sockets.ts";
import { describeForeignServer } from "./dhcp/foreign-server.ts";
import { openUdp } from "./net/open-udp.ts";
import type { Engine } from "./queue/engine.ts";
import { systemClock } from "./std/clock.ts";
import type { Log } from "./std/log.ts";
import type { Tracer } from "./trace/footprint.ts";

const LOOK_AGAIN_MS = 10 * 60_000;
/** Discard (RFC 863): nobody listens there, and if somebody does, an empty datagram does nothing. */
const DISCARD = 9;

export function createForeignServers({ network, dhcp }: Config, tracer: Tracer): ForeignServers {
  return new ForeignServers({
    own: network.address,
    subnet: network.subnet,
    beside: dhcp.mode === "proxy",
    clock: systemClock,
    tracer,
    randomBytes: (count) => randomBytes(count),
  });
}

/**
 * Looks for other DHCP servers on the boot network: now, where that decides whether we may start, and every ten minutes.
 * Rejects with what to do about it when there is one and we would be the second. Returns what ends the watch.
 */
export async function watchForeignServers(
  foreign: ForeignServers,
  { network, dhcp }: Config,
  passed: PassedSockets,
  log: Log,
): Promise<() => Promise<void>> {
  let sockets: ClientSockets;
  try {
    sockets = await openClientSockets(network.address, passed, network.allow_shared_host);
  } catch (error) {
    log.warn("nobody can tell whether another DHCP server answers on the boot network", { why: String(error) });
    return async () => {};
  }
  foreign.listen(sockets);
  const mustBeAlone = dhcp.mode === "authoritative" && !dhcp.allow_other_servers;
  const first = foreign.look(sockets, LOOK_MS);
  const again = setInterval(() => void foreign.look(sockets, LOOK_MS), LOOK_AGAIN_MS);
  const close = async () => {
    clearInterval(again);
    foreign.stop();
    await Promise.all([sockets.receive.close(), sockets.send.close()]);
  };
  const [other] = mustBeAlone ? await first : [];
  if (other === undefined) return close;
  await close();
  throw new Error(
    `another DHCP server answers on the boot network: ${describeForeignServer(other)}. Machines would take whichever ` +
      'offer comes first; switch it off, or set dhcp.mode = "proxy" to work beside it, or dhcp.allow_other_servers = true ' +
      "to start all the same",
  );
}

/** Lets the system ask who lives at an address. null: the operator does not want it, or we give no addresses. */
export async function openNeighbours({
  network,
  dhcp,
}: Config): Promise<(Neighbours & { close(): Promise<void> }) | null> {
  if (!dhcp.conflict_probe || dhcp.mode === "proxy") return null;
  // Any port of our own address: the system asks through the interface that bears it.
  const socket = await openUdp({ address: network.address, port: 0 });
  return {
    ask: (address) => socket.send(new Uint8Array(), { address, port: DISCARD }),
    table: () => readFile("/proc/net/arp", "utf8"),
    close: () => socket.close(),
  };
}

/** Asks for the addresses that are offered next; resolves when the first of them were asked for. */
export async function startConflictProbe(
  engine: Engine,
  { network }: Config,
  neighbours: Neighbours,
  tracer: Tracer,
  log: Log,
): Promise<ConflictProbe> {
  const { subnet } = network;
  const probe = new ConflictProbe({ queue: engine, neighbours, subnet, clock: systemClock, tracer, log });
  await probe.start();
  return probe;
}
