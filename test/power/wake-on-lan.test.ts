import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import type { MacAddress } from "../../src/net/mac-address.ts";
import { openUdp } from "../../src/net/open-udp.ts";
import { orderPower } from "../../src/power/power-orders.ts";
import { systemPowerTime } from "../../src/power/power-time.ts";
import { magicPacket, wakeOnLanControl } from "../../src/power/wake-on-lan.ts";
import { FakeMachine } from "../support/power/bmc-machine.ts";
import { identityOf } from "../support/power/power-bench.ts";

test("a magic packet is six times FF and the address sixteen times", () => {
  const wanted = `${"ff".repeat(6)}${"525400abcdef".repeat(16)}`;
  assert.equal(Buffer.from(magicPacket("52:54:00:ab:cd:ef" as MacAddress)).toString("hex"), wanted);
});

test("three of them go out over a real socket, to the card that the machine boots from", async (t) => {
  const loopback = "127.0.0.1" as Ipv4Address;
  const machine = new FakeMachine(1, "1", false);
  const sent: string[] = [];
  const listener = await openUdp({ address: loopback, port: 0 });
  t.after(() => listener.close());
  const heard = new Promise<void>((resolve) => {
    listener.onDatagram((bytes) => {
      sent.push(Buffer.from(bytes).toString("hex"));
      if (sent.length === 3) resolve();
    });
  });
  // Port 9 is for root alone, so the packets are led to where the test listens.
  const redirected: typeof openUdp = async (options) => {
    const socket = await openUdp(options);
    return { ...socket, send: (bytes) => socket.send(bytes, listener.local) };
  };
  const parts = { from: loopback, openUdp: redirected, time: systemPowerTime, stopping: new AbortController().signal };
  const control = wakeOnLanControl({ type: "wake-on-lan", broadcast: loopback }, parts);
  const done = await orderPower(control, identityOf(machine), "on");
  await heard;
  assert.deepEqual(done.ok && done.value.isSure, false);
  assert.deepEqual(new Set(sent).size, 1);
  assert.match(sent[0] ?? "", new RegExp(`${(machine.macs[0] ?? "").replaceAll(":", "")}$`));
});
