import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import type { Lab } from "./lab.ts";

/**
 * Makes the daemon's page reachable from this machine, and from nowhere else: 127.0.0.1 on port 8080, or on another one
 * where that is taken. Resolves with the page's address.
 */
export async function openPageDoor(lab: Lab): Promise<string> {
  const path = join(lab.folder, "page.sock");
  const relay = join(import.meta.dirname, "page-relay.ts");
  lab.start("gw", "page-relay", [process.execPath, "--import", "tsx", relay, path, "10.11.0.1", "8080"]);
  const door = createServer((client) => {
    const page = connect(path);
    client.pipe(page).pipe(client);
    client.on("error", () => page.destroy());
    page.on("error", () => client.destroy());
  });
  const port = (await listen(door, 8080)) ?? (await listen(door, 0));
  // It must not keep the program alive.
  door.unref();
  return `http://127.0.0.1:${port}/`;
}

/** null: the port is taken. */
function listen(server: Server, port: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => (error.code === "EADDRINUSE" ? resolve(null) : reject(error));
    server.once("error", fail);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", fail);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}
