import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ConflictProbe } from "../../src/boot/conflict-probe.ts";
import type { Ipv4Address, Ipv4Subnet } from "../../src/net/ipv4-address.ts";
import type { MacAddress } from "../../src/net/mac-address.ts";
import { Engine } from "../../src/queue/engine.ts";
import { EMPTY_QUEUE } from "../../src/queue/state.ts";
import { silentLog } from "../../src/std/log.ts";
import { MemoryStore } from "../../src/store/memory-store.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeNeighbours } from "../support/fake-neighbours.ts";
import { settled } from "../support/machine-bench.ts";
import { address, declaredSlots, drawn, mac, RULES, requested, reset, seen, skip } from "../support/queue-builder.ts";

const STRANGER = "02:aa:00:00:00:01" as MacAddress;

async function bench(slots: number, subnet = "10.11.0.0/22", reservations = {}) {
  const clock = new FakeClock();
  const neighbours = new FakeNeighbours(clock);
  const engine = new Engine({
    state: EMPTY_QUEUE,
    rules: RULES,
    store: new MemoryStore(),
    clock,
    runEffect: () => {},
    onBroken: () => {},
  });
  await engine.dispatch({ type: "slots-declared", slots: declaredSlots(slots, reservations) });
  const notes: string[] = [];
  const probe = new ConflictProbe({
    queue: engine,
    neighbours,
    subnet: subnet as Ipv4Subnet,
    clock,
    tracer: { note: ({ what, why }) => void notes.push(`${what}: ${why}`) },
    log: silentLog,
  });
  /** Lets time go by in small steps, so that whoever waits gets on. */
  async function wait(ms: number): Promise<void> {
    for (let gone = 0; gone < ms; gone += 200) {
      clock.advance(200);
      await settled();
      await settled();
    }
  }
  async function start(): Promise<void> {
    const started = probe.start();
    await wait(3000);
    await started;
  }
  return { clock, neighbours, engine, probe, notes, wait, start, drawn: () => drawn(engine.state) };
}

describe("ConflictProbe", () => {
  test("asks for the free slots in line, and finds nobody", async () => {
    const b = await bench(3);
    await b.start();
    assert.deepEqual(b.neighbours.asked.sort(), [address(1), address(2), address(3)]);
    assert.equal(b.drawn(), "available available available");
    assert.deepEqual(b.notes, []);
  });

  test("skips an address at which somebody answers, and says who, before it is offered", async () => {
    const b = await bench(3);
    b.neighbours.comes(address(1), STRANGER);
    await b.start();
    assert.equal(b.drawn(), "skipped available available");
    assert.match(
      b.notes[0] ?? "",
      /slot node1 10\.11\.0\.2 is skipped: its address is in use: 02:aa:00:00:00:01 answers/,
    );
    await b.engine.dispatch(seen(1));
    assert.equal(b.drawn(), "skipped held available");
  });

  test("frees it again when nobody answers there any more", async () => {
    const b = await bench(2);
    b.neighbours.comes(address(1), STRANGER);
    await b.start();
    b.neighbours.goes(address(1));
    await b.wait(180_000);
    assert.equal(b.drawn(), "available available");
    assert.match(b.notes.at(-1) ?? "", /slot node1 10\.11\.0\.2 is free again/);
  });

  test("leaves a machine alone that the slot is meant for", async () => {
    const b = await bench(2, "10.11.0.0/22", { 1: { type: "mac", mac: STRANGER } });
    b.neighbours.comes(address(1), STRANGER);
    await b.start();
    assert.equal(b.drawn(), "reserved available");
  });

  test("a machine that lives at the address already gets that slot, and no other machine does", async () => {
    const b = await bench(2);
    b.neighbours.comes(address(1), mac(7));
    await b.start();
    await b.engine.dispatch(seen(8));
    assert.equal(b.drawn(), "skipped held");
    await b.engine.dispatch(seen(7));
    assert.equal(b.drawn(), "held held");
  });

  test("does not take a machine that has just left for one that is there", async () => {
    const b = await bench(1);
    await b.start();
    await b.engine.dispatch(seen(1));
    await b.engine.dispatch(requested(1));
    await b.wait(1000);
    // The system knows it, because we talked to it.
    b.neighbours.comes(address(1), mac(1));
    b.neighbours.ask(address(1));
    b.neighbours.goes(address(1));
    await b.engine.dispatch(reset(1));
    await b.wait(90_000);
    assert.equal(b.drawn(), "available");
    assert.deepEqual(b.notes, []);
  });

  test("a machine that was reset and still runs keeps its address to itself", async () => {
    const b = await bench(2);
    await b.start();
    await b.engine.dispatch(seen(1));
    await b.engine.dispatch(requested(1));
    await b.wait(1000);
    b.neighbours.comes(address(1), mac(1));
    b.neighbours.ask(address(1));
    await b.engine.dispatch(reset(1));
    await b.wait(90_000);
    assert.equal(b.drawn(), "skipped available");
    await b.engine.dispatch(seen(1));
    assert.equal(b.drawn(), "held available");
  });

  test("what the operator skipped, and what lies behind a relay, is not asked for", async () => {
    const b = await bench(2, "10.99.0.0/24");
    await b.engine.dispatch(skip(1));
    await b.start();
    assert.deepEqual(b.neighbours.asked, []);
  });

  test("a slot that is given back is asked for again", async () => {
    const b = await bench(1);
    await b.start();
    await b.engine.dispatch(seen(1));
    await b.wait(1000);
    b.neighbours.asked.length = 0;
    b.neighbours.comes(address(1), STRANGER);
    b.clock.advance(RULES.holdMs);
    await b.wait(3000);
    assert.deepEqual(b.neighbours.asked, [address(1)]);
    assert.equal(b.drawn(), "skipped");
  });

  test("of many slots the next 256 are asked for, 64 at a time, and not again at once", async () => {
    const b = await bench(0);
    const many = Array.from({ length: 400 }, (_, n) => {
      const [slot] = declaredSlots(1);
      const own = `10.11.${1 + (n >> 8)}.${n & 255}` as Ipv4Address;
      return { ...(slot ?? assert.fail()), id: own as never, address: own, hostname: `n${n}` as never };
    });
    await b.engine.dispatch({ type: "slots-declared", slots: many });
    await b.start();
    assert.equal(b.neighbours.asked.length, 256);
    assert.ok(b.neighbours.mostAtOnce <= 64, String(b.neighbours.mostAtOnce));
    await b.wait(60_000);
    assert.equal(b.neighbours.asked.length, 256);
    await b.wait(600_000);
    assert.equal(b.neighbours.asked.length, 512);
  });

  test("goes on without the system's table, and leaves no alarm behind when it is stopped", async () => {
    const b = await bench(2);
    b.neighbours.fails = true;
    await b.start();
    assert.equal(b.drawn(), "available available");
    b.neighbours.fails = false;
    b.neighbours.comes(address(1), STRANGER);
    await b.wait(700_000);
    assert.equal(b.drawn(), "skipped available");
    b.probe.stop();
    assert.equal(b.clock.pending, 0);
  });
});
