import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { test } from "node:test";
import { limitConnections } from "../src/daemon-connections.ts";

test("limitConnections() closes what one address opens beyond its share, and lets others in", async () => {
  const server = createServer((_, answer) => void answer.end("here"));
  limitConnections(server, 3);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const open = async (localAddress: string): Promise<Socket> => {
    const socket = connect({ port, host: "127.0.0.1", localAddress });
    await once(socket, "connect");
    return socket;
  };
  /** What it is told; empty: it was closed. */
  const asks = (socket: Socket) =>
    new Promise<string>((resolve) => {
      let heard = "";
      socket.on("data", (part) => {
        heard += part;
      });
      socket.on("error", () => {});
      socket.on("close", () => resolve(heard));
      socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    });
  try {
    const silent = [await open("127.0.0.1"), await open("127.0.0.1"), await open("127.0.0.1")];
    assert.equal(await asks(await open("127.0.0.1")), "");
    assert.match(await asks(await open("127.0.0.2")), /here/);
    const gone = once(silent[0] as Socket, "close");
    silent[0]?.destroy();
    await gone;
    // The server hears of it in a turn of its own.
    let heard = "";
    for (let tries = 0; tries < 100 && heard === ""; tries++) heard = await asks(await open("127.0.0.1"));
    assert.match(heard, /here/);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
  }
});
