import type { Server } from "node:http";
import type { Socket } from "node:net";

/** Four for each machine of the largest rack. What a connection may hold is bounded, so all of them are. */
const CONNECTIONS_MAX = 2048;

/** Far more than any machine opens, and so few that nobody alone can take the place of all others. */
const PER_ADDRESS_MAX = 1024;

/**
 * How long a request's headers may take, and all of it: more than any machine needs, and little enough that who opens
 * connections and says nothing does not keep them. In milliseconds.
 */
export const REQUEST_TIMES = { headersTimeout: 15_000, requestTimeout: 120_000, connectionsCheckingInterval: 5_000 };

/** Closes connections beyond what the server, and each address, may have at once. */
export function limitConnections(server: Server, perAddressMax = PER_ADDRESS_MAX): void {
  server.maxConnections = CONNECTIONS_MAX;
  const open = new Map<string, number>();
  server.on("connection", (socket: Socket) => {
    const address = socket.remoteAddress ?? "";
    const count = (open.get(address) ?? 0) + 1;
    open.set(address, count);
    socket.once("close", () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
    if (count > perAddressMax) socket.destroy();
  });
}
