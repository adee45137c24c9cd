import { createSocket, type SocketOptions } from "node:dgram";
import { once } from "node:events";
import { type Ipv4Address, UNSPECIFIED } from "./ipv4-address.ts";
import { socketFailure } from "./socket-failure.ts";
import type { Endpoint, OpenUdp, UdpSocket } from "./udp-socket.ts";

/** Opens a real socket: the one place in `net/` that touches the world. */
export const openUdp: OpenUdp = async (options) => {
  const socket = createSocket({ type: "udp4", reuseAddr: options.shared ?? false, lookup: takeAddress });
  try {
    const listening = once(socket, "listening");
    if (options.fd === undefined) socket.bind({ address: options.address, port: options.port, exclusive: true });
    else socket.bind({ fd: options.fd });
    await listening;
    // The system grants less where net.core.rmem_max is lower; that is no reason not to start.
    if (options.receiveBuffer !== undefined) socket.setRecvBufferSize(options.receiveBuffer);
    socket.setBroadcast(true);
  } catch (cause) {
    socket.close();
    throw new Error(socketFailure("UDP", options.address, options.port, cause as Error), { cause });
  }
  return socketOver(socket, options.address);
};

/**
 * Every destination is an address already. Node would look it up all the same, which costs a turn of the loop
 * for each datagram.
 */
const takeAddress: NonNullable<SocketOptions["lookup"]> = (address, _options, callback) => callback(null, address, 4);

function socketOver(socket: ReturnType<typeof createSocket>, wanted: Ipv4Address): UdpSocket {
  const bound = socket.address();
  const local: Endpoint = { address: (bound.address as Ipv4Address) ?? wanted, port: bound.port };
  let sendError: (error: Error, to: Endpoint) => void = () => {};
  let closed = false;
  // An error on the socket itself (a network that went down) must not end the daemon; the next send reports it.
  socket.on("error", (error) => sendError(error, { address: UNSPECIFIED, port: 0 }));
  return {
    local,
    send(bytes, to, sent) {
      if (closed) return;
      socket.send(bytes, to.port, to.address, (error) => {
        if (error) sendError(error, to);
        sent?.();
      });
    },
    onDatagram(listener) {
      socket.on("message", (bytes, from) => listener(bytes, { address: from.address as Ipv4Address, port: from.port }));
    },
    onSendError(listener) {
      sendError = listener;
    },
    close() {
      if (closed) return Promise.resolve();
      closed = true;
      return new Promise((resolve) => socket.close(() => resolve()));
    },
  };
}
