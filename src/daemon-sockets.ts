import { chmod, mkdir, unlink } from "node:fs/promises";
import { connect, type Server } from "node:net";
import { dirname } from "node:path";
import type { ClientSockets } from "./boot/foreign-servers.ts";
import type { DhcpSockets } from "./dhcp/server.ts";
import { type Ipv4Address, UNSPECIFIED } from "./net/ipv4-address.ts";
import { openUdp } from "./net/open-udp.ts";
import { socketFailure } from "./net/socket-failure.ts";
import type { UdpSocket } from "./net/udp-socket.ts";

/** Descriptors that systemd passed to us, by their `FileDescriptorName=`. */
export type PassedSockets = ReadonlyMap<string, number>;

/** Octets. The system's default holds 166 DHCP messages while the loop is busy. */
const RECEIVE_BUFFER = 4 * 1024 * 1024;

/** Port 67, twice, and 4011: see `DhcpSockets`. */
export async function openDhcpSockets(address: Ipv4Address, passed: PassedSockets): Promise<DhcpSockets> {
  const fd = passed.get("dhcp-boot-server");
  const sockets = await openServerSockets(address, passed);
  try {
    const bootServer = await openUdp({ address, port: 4011, ...(fd === undefined ? {} : { fd }) });
    return { ...sockets, bootServer };
  } catch (error) {
    await Promise.all([sockets.own.close(), sockets.broadcast?.close()]);
    throw error;
  }
}

async function openServerSockets(address: Ipv4Address, passed: PassedSockets): Promise<DhcpSockets> {
  const [all, unicast] = [passed.get("dhcp"), passed.get("dhcp-unicast")];
  const dhcp = { port: 67, receiveBuffer: RECEIVE_BUFFER };
  if (all !== undefined) {
    const broadcast = await openUdp({ ...dhcp, address: UNSPECIFIED, fd: all });
    if (unicast === undefined) return { own: broadcast, broadcast: null };
    return { own: await openUdp({ ...dhcp, address, fd: unicast }), broadcast };
  }
  // Once alone: two sockets may share the port only because both say so, and a foreign server that also says so
  // would go unnoticed.
  await (await openUdp({ address: UNSPECIFIED, port: 67 })).close();
  const broadcast = await openUdp({ ...dhcp, address: UNSPECIFIED, shared: true });
  try {
    return { own: await openUdp({ ...dhcp, address, shared: true }), broadcast };
  } catch (error) {
    await broadcast.close();
    throw error;
  }
}

/**
 * Port 68, where other servers' broadcasts to machines arrive. Shared, because a DHCP client of this host may have it.
 * `sharedHost`: the host is on several networks, and without a socket that systemd bound to ours all of them are heard.
 */
export async function openClientSockets(
  address: Ipv4Address,
  passed: PassedSockets,
  sharedHost: boolean,
): Promise<ClientSockets> {
  const fd = passed.get("dhcp-client");
  if (fd !== undefined) {
    const both = await openUdp({ address: UNSPECIFIED, port: 68, fd });
    return { receive: both, send: both, hearsOthers: false };
  }
  const receive = await openUdp({ address: UNSPECIFIED, port: 68, shared: true });
  try {
    const send = await openUdp({ address, port: 68, shared: true });
    return { receive, send, hearsOthers: sharedHost };
  } catch (error) {
    await receive.close();
    throw error;
  }
}

export function openTftpSocket(address: Ipv4Address, passed: PassedSockets): Promise<UdpSocket> {
  const fd = passed.get("tftp");
  return openUdp({ address, port: 69, receiveBuffer: RECEIVE_BUFFER, ...(fd === undefined ? {} : { fd }) });
}

/** Rejects when the port is taken or forbidden. */
export function listen(
  server: Server,
  where: { host: string; port: number } | { fd: number } | { path: string },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const why = (cause: Error) =>
      "host" in where
        ? socketFailure("TCP", where.host, where.port, cause)
        : `cannot listen on ${"path" in where ? where.path : `descriptor ${where.fd}`}: ${cause.message}`;
    server.once("error", (cause) => reject(new Error(why(cause), { cause })));
    server.listen({ ...where, backlog: BACKLOG }, () => resolve());
  });
}

/** Connections that wait to be taken: one that finds no room is tried again by its machine only after a second, or three. */
const BACKLOG = 4096;

/** The way in for root: whoever can open the file may do everything. A file left by a dead daemon is replaced. */
export async function listenForRoot(server: Server, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  if (await isAnswered(path))
    throw new Error(`another daemon already answers on ${path}; stop it, or set operator.socket`);
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  // The file is made with this mask, so there is no moment in which others could open it.
  const mask = process.umask(0o177);
  try {
    await listen(server, { path });
  } finally {
    process.umask(mask);
  }
  await chmod(path, 0o600);
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

/** Lets answers under way end, for a moment; then everything is closed. */
export function closeServer(
  server: Server & { closeIdleConnections?(): void; closeAllConnections?(): void },
): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections?.(), 2000);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections?.();
  });
}
