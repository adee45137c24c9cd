import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { StrangerGate } from "../../src/boot/stranger-gate.ts";
import type { MacAddress } from "../../src/net/mac-address.ts";
import { FakeClock } from "../support/fake-clock.ts";

/** Invented address number `n`. */
function mac(n: number): MacAddress {
  return `02:00:${(n >>> 24).toString(16).padStart(2, "0")}:${((n >>> 16) & 255).toString(16).padStart(2, "0")}:${((n >>> 8) & 255).toString(16).padStart(2, "0")}:${(n & 255).toString(16).padStart(2, "0")}` as MacAddress;
}

const HOST = "52:54:00:00:01:01" as MacAddress;

describe("StrangerGate", () => {
  test("lets everybody through while few come", () => {
    const gate = new StrangerGate(new FakeClock());
    for (let n = 0; n < 1000; n++) assert.deepEqual(gate.asks(mac(n)), { type: "admitted", insistent: false });
  });

  test("calls insistent who asks again after a second, and no longer two minutes later", () => {
    const clock = new FakeClock();
    const gate = new StrangerGate(clock);
    gate.asks(HOST);
    assert.deepEqual(gate.asks(HOST), { type: "admitted", insistent: false });
    clock.advance(1000);
    assert.deepEqual(gate.asks(HOST), { type: "admitted", insistent: true });
    clock.advance(121_000);
    assert.deepEqual(gate.asks(HOST), { type: "admitted", insistent: false });
  });

  test("a flood of addresses that ask once is stopped at 1024, and a machine that asks again gets through", () => {
    const clock = new FakeClock();
    const gate = new StrangerGate(clock);
    let admitted = 0;
    const flood = (from: number) => {
      for (let n = from; n < from + 10_000; n++) if (gate.asks(mac(n)).type === "admitted") admitted++;
    };
    flood(0);
    assert.equal(admitted, 1024);
    assert.equal(gate.asks(HOST).type, "turned-away");
    for (let second = 1; second <= 4; second++) {
      clock.advance(1000);
      flood(second * 10_000);
    }
    assert.deepEqual(gate.asks(HOST), { type: "admitted", insistent: true });
    assert.equal(admitted, 1024);
  });

  test("who takes a slot makes room for the next, and so does who leaves with nothing", () => {
    const gate = new StrangerGate(new FakeClock());
    for (let n = 0; n < 1024; n++) gate.asks(mac(n));
    assert.equal(gate.asks(HOST).type, "turned-away");
    gate.took(mac(1));
    assert.equal(gate.asks(HOST).type, "admitted");
    assert.equal(gate.asks(mac(2000)).type, "turned-away");
    gate.leftWithNothing(mac(2), false);
    assert.equal(gate.asks(mac(2001)).type, "admitted");
  });

  test("offers that nobody takes are forgotten after ten seconds", () => {
    const clock = new FakeClock();
    const gate = new StrangerGate(clock);
    for (let n = 0; n < 1024; n++) gate.asks(mac(n));
    clock.advance(10_001);
    assert.equal(gate.openCount, 0);
    assert.equal(gate.asks(mac(5000)).type, "admitted");
  });

  test("when many leave with nothing, only those that ask again are looked at, and they have a limit of their own", () => {
    const clock = new FakeClock();
    const gate = new StrangerGate(clock);
    gate.asks(HOST);
    clock.advance(4000);
    let looked = 0;
    for (let n = 0; n < 10_000; n++) {
      if (gate.asks(mac(n)).type !== "admitted") continue;
      looked++;
      gate.leftWithNothing(mac(n), false);
    }
    assert.equal(looked, 500);
    assert.deepEqual(gate.asks(HOST), { type: "admitted", insistent: true });
    clock.advance(1000);
    assert.equal(gate.asks(mac(20_000)).type, "admitted");
  });
});
