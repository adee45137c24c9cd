import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import { openUdp } from "../../src/net/open-udp.ts";
import type { Endpoint, UdpSocket } from "../../src/net/udp-socket.ts";

const LOOPBACK = "127.0.0.1" as Ipv4Address;

describe("openUdp()", () => {
  test("opens a socket that says where it is, hears a datagram and whom it is from, and can answer", async () => {
    const [server, client] = [await open(), await open()];
    assert.equal(server.local.address, LOOPBACK);
    assert.notEqual(server.local.port, 0);
    server.onDatagram((bytes, from) => server.send(Buffer.concat([Buffer.from("re: "), bytes]), from));
    const heard = nextDatagram(client);
    client.send(Buffer.from("hello"), server.local);
    const { text, from } = await heard;
    assert.equal(text, "re: hello");
    assert.deepEqual(from, server.local);
    await Promise.all([server.close(), client.close()]);
  });

  test("rejects when the port is taken, and says which one", async () => {
    const first = await open();
    await assert.rejects(openUdp({ address: LOOPBACK, port: first.local.port }), (error: Error) => {
      assert.match(
        error.message,
        new RegExp(
          `cannot open UDP 127\\.0\\.0\\.1:${first.local.port}: .*EADDRINUSE.*; another program has this port`,
        ),
      );
      return true;
    });
    await first.close();
  });

  test("lets two of ours share a port when both say so", async () => {
    const first = await openUdp({ address: LOOPBACK, port: 0, shared: true });
    const second = await openUdp({ address: LOOPBACK, port: first.local.port, shared: true });
    assert.equal(second.local.port, first.local.port);
    await Promise.all([first.close(), second.close()]);
  });

  test("reports what the system refused to send, and goes on", async () => {
    const socket = await open();
    const refused = new Promise<Endpoint>((resolve) => socket.onSendError((_, to) => resolve(to)));
    const to = { address: "127.0.0.1" as Ipv4Address, port: 9 };
    // Longer than any datagram can be.
    socket.send(Buffer.alloc(70_000), to);
    assert.deepEqual(await refused, to);
    const heard = nextDatagram(socket);
    socket.send(Buffer.from("still there"), socket.local);
    assert.equal((await heard).text, "still there");
    await socket.close();
  });

  test("says when octets are on their way, or were refused, and not before", async () => {
    const socket = await open();
    for (const bytes of [Buffer.from("sent"), Buffer.alloc(70_000)]) {
      let isSent = false;
      const sent = new Promise<void>((resolve) => {
        socket.send(bytes, socket.local, () => {
          isSent = true;
          resolve();
        });
      });
      assert.equal(isSent, false);
      await sent;
    }
    await socket.close();
  });

  test("may be closed twice, and sends nothing afterwards", async () => {
    const socket = await open();
    await socket.close();
    await socket.close();
    socket.send(Buffer.from("too late"), { address: LOOPBACK, port: 9 });
  });

  test("asks for the receive buffer it was told to", async () => {
    const socket = await openUdp({ address: LOOPBACK, port: 0, receiveBuffer: 1 << 16 });
    await socket.close();
  });
});

function open(): Promise<UdpSocket> {
  return openUdp({ address: LOOPBACK, port: 0 });
}

function nextDatagram(socket: UdpSocket): Promise<{ readonly text: string; readonly from: Endpoint }> {
  return new Promise((resolve) =>
    socket.onDatagram((bytes, from) => resolve({ text: Buffer.from(bytes).toString(), from })),
  );
}
