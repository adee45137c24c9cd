import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type MacAddress, macAddressFromBytes } from "../../src/net/mac-address.ts";
import { silentLog } from "../../src/std/log.ts";
import type { Footprint } from "../../src/trace/footprint.ts";
import { Trace, type TraceEntry } from "../../src/trace/trace.ts";
import { FakeClock } from "../support/fake-clock.ts";

const ALICE = "52:54:00:00:00:01" as MacAddress;
const BOB = "52:54:00:00:00:02" as MacAddress;

describe("Trace", () => {
  test("stamps a footprint with the time and keeps it for its host and for all", () => {
    const { trace, clock } = makeTrace();
    trace.note(left(ALICE, "DISCOVER"));
    const expected = [{ ...left(ALICE, "DISCOVER"), at: clock.now(), last: clock.now(), count: 1 }];
    assert.deepEqual(trace.footprintsOf(ALICE), expected);
    assert.deepEqual(trace.recent(), expected);
    assert.deepEqual(trace.footprintsOf(BOB), []);
  });

  test("folds what happens again and again into one entry, with the first and the last time", () => {
    const { trace, clock } = makeTrace();
    const first = clock.now();
    for (let n = 0; n < 1000; n++) {
      trace.note({ ...left(ALICE, "DISCOVER"), fields: { xid: n } });
      clock.advance(1000);
    }
    const [entry] = trace.footprintsOf(ALICE);
    assert.equal(trace.footprintsOf(ALICE).length, 1);
    assert.deepEqual([entry?.count, entry?.at, entry?.last, entry?.fields?.xid], [1000, first, first + 999_000, 999]);
    assert.deepEqual(trace.recent(), trace.footprintsOf(ALICE));
  });

  test("folds an exchange that is done over and over, whose messages take turns; the newest stands last", () => {
    const { trace, clock } = makeTrace();
    for (let n = 0; n < 100; n++) {
      for (const what of ["OFFER", "ACK"]) {
        trace.note(left(ALICE, what));
        clock.advance(1000);
      }
    }
    assert.deepEqual(words(trace.footprintsOf(ALICE)), ["OFFER ×100", "ACK ×100"]);
    trace.note(left(ALICE, "OFFER"));
    assert.deepEqual(words(trace.footprintsOf(ALICE)), ["ACK ×100", "OFFER ×101"]);
    assert.deepEqual(trace.recent(), trace.footprintsOf(ALICE));
  });

  test("what came before something else, or by another road, is not taken for a repeat", () => {
    const { trace } = makeTrace();
    for (const what of ["OFFER", "ACK", "NAK", "OFFER"]) trace.note(left(ALICE, what));
    trace.note({ ...left(ALICE, "script"), road: "http" });
    trace.note(left(ALICE, "OFFER"));
    assert.deepEqual(words(trace.footprintsOf(ALICE)), ["OFFER", "ACK", "NAK", "OFFER", "script", "OFFER"]);
  });

  test("a storm of one host does not flush the history of another, nor its own", () => {
    const { trace } = makeTrace({ perMac: 5, recent: 5, macs: 10 });
    trace.note(left(BOB, "answer file"));
    trace.note(left(ALICE, "OFFER"));
    for (let n = 0; n < 100; n++) trace.note(left(ALICE, "DISCOVER"));
    assert.deepEqual(words(trace.recent()), ["answer file", "OFFER", "DISCOVER ×100"]);
  });

  test("two storms at once are folded each for itself", () => {
    const { trace } = makeTrace();
    for (let n = 0; n < 10; n++) {
      trace.note(left(ALICE, "DISCOVER"));
      trace.note(left(BOB, "REQUEST"));
    }
    assert.deepEqual(words(trace.recent()), ["DISCOVER ×10", "REQUEST ×10"]);
  });

  const different: readonly { what: string; change: Partial<Footprint> }[] = [
    { what: "another message", change: { what: "REQUEST" } },
    { what: "another reason", change: { why: "paused" } },
    { what: "another outcome", change: { outcome: "answered" } },
    { what: "another road", change: { road: "http" } },
  ];
  for (const { what, change } of different) {
    test(`does not fold ${what}`, () => {
      const { trace } = makeTrace();
      trace.note(left(ALICE, "DISCOVER"));
      trace.note({ ...left(ALICE, "DISCOVER"), ...change });
      assert.equal(trace.footprintsOf(ALICE).length, 2);
    });
  }

  test("does not fold what happens again after a long pause", () => {
    const { trace, clock } = makeTrace();
    trace.note(left(ALICE, "DISCOVER"));
    clock.advance(10 * 60_000 + 1);
    trace.note(left(ALICE, "DISCOVER"));
    assert.equal(trace.footprintsOf(ALICE).length, 2);
  });

  test("keeps the newest of a host and of all, up to its limits", () => {
    const { trace } = makeTrace({ perMac: 3, recent: 4, macs: 10 });
    for (let n = 0; n < 10; n++) trace.note(left(n % 2 === 0 ? ALICE : BOB, String(n)));
    assert.deepEqual(words(trace.footprintsOf(ALICE)), ["4", "6", "8"]);
    assert.deepEqual(words(trace.recent()), ["6", "7", "8", "9"]);
  });

  test("forgets the host that was noted least recently when there are too many", () => {
    const { trace } = makeTrace({ perMac: 9, recent: 9, macs: 2 });
    trace.note(answered(ALICE));
    trace.note(answered(BOB));
    trace.note(answered(ALICE));
    trace.note(answered(numbered(3)));
    assert.equal(trace.footprintsOf(ALICE).length, 1);
    assert.equal(trace.footprintsOf(BOB).length, 0);
  });

  test("keeps no more entries of all together than it may, those of whoever was never answered the least", () => {
    const { trace } = makeTrace({ perMac: 9, recent: 9, macs: 5000, entries: 50 });
    trace.note(answered(ALICE));
    for (let n = 10; n < 1010; n++) for (const what of ["a", "b", "c"]) trace.note(left(numbered(n), what));
    const kept = Array.from({ length: 1000 }, (_, n) => trace.footprintsOf(numbered(n + 10)).length);
    assert.ok(kept.reduce((sum, count) => sum + count, 0) <= 50);
    assert.equal(kept.at(-1), 3);
    assert.equal(trace.footprintsOf(ALICE).length, 1);
  });

  test("any number of invented addresses leaves the hosts that were answered, and shows the newest stranger", () => {
    const { trace } = makeTrace({ perMac: 9, recent: 9, macs: 20 });
    for (let n = 0; n < 15; n++) trace.note(answered(numbered(n)));
    for (let n = 100; n < 5000; n++) trace.note(left(numbered(n), "DISCOVER"));
    const kept = Array.from({ length: 5000 }, (_, n) => n).filter((n) => trace.footprintsOf(numbered(n)).length > 0);
    assert.deepEqual(
      kept.slice(0, 15),
      Array.from({ length: 15 }, (_, n) => n),
    );
    assert.equal(kept.length, 20);
    assert.equal(kept.at(-1), 4999);
  });

  test("a stranger that is answered at last keeps what it did before", () => {
    const { trace } = makeTrace();
    trace.note(left(ALICE, "DISCOVER"));
    trace.note(answered(ALICE));
    assert.deepEqual(words(trace.footprintsOf(ALICE)), ["DISCOVER", "OFFER"]);
  });

  test("keeps what nobody can say the sender of, among all", () => {
    const { trace } = makeTrace();
    trace.note(left(null, "a datagram"));
    trace.note(left(null, "a datagram"));
    assert.deepEqual(words(trace.recent()), ["a datagram ×2"]);
  });

  test("tells who subscribed, also of repeats, until he leaves", () => {
    const { trace } = makeTrace();
    const told: TraceEntry[] = [];
    const leave = trace.subscribe((entry) => told.push(entry));
    trace.note(left(ALICE, "DISCOVER"));
    trace.note(left(ALICE, "DISCOVER"));
    leave();
    trace.note(left(ALICE, "DISCOVER"));
    assert.deepEqual(words(told), ["DISCOVER", "DISCOVER ×2"]);
  });

  test("a listener that throws hinders neither the sender nor the other listeners", () => {
    const { trace, errors } = makeTrace();
    const told: TraceEntry[] = [];
    trace.subscribe(() => {
      throw new Error("broken page");
    });
    trace.subscribe((entry) => told.push(entry));
    trace.note(left(ALICE, "DISCOVER"));
    assert.deepEqual(words(told), ["DISCOVER"]);
    assert.deepEqual(errors, ["a listener of the trace failed"]);
  });

  test("recalls an earlier run without telling anybody", () => {
    const before = makeTrace();
    before.trace.note(left(ALICE, "DISCOVER"));
    before.trace.note(answered(BOB));
    const { trace } = makeTrace();
    const told: TraceEntry[] = [];
    trace.subscribe((entry) => told.push(entry));
    trace.recall(before.trace.recent());
    assert.deepEqual(trace.recent(), before.trace.recent());
    assert.deepEqual(trace.footprintsOf(BOB), before.trace.footprintsOf(BOB));
    assert.deepEqual(told, []);
  });
});

function makeTrace(limits?: ConstructorParameters<typeof Trace>[2]) {
  const clock = new FakeClock();
  const errors: string[] = [];
  const log = { ...silentLog, error: (message: string) => void errors.push(message) };
  return { clock, errors, trace: new Trace(clock, log, limits) };
}

function left(mac: MacAddress | null, what: string): Omit<Footprint, "at"> {
  return { mac, road: "dhcp", outcome: "dropped", what, why: "", stage: "ignored" };
}

function answered(mac: MacAddress): Omit<Footprint, "at"> {
  return { ...left(mac, "OFFER"), outcome: "answered" };
}

function numbered(n: number): MacAddress {
  return macAddressFromBytes(Buffer.from([2, 0, 0, 0, n >> 8, n]));
}

function words(entries: readonly TraceEntry[]): readonly string[] {
  return entries.map(({ what, count }) => (count === 1 ? what : `${what} ×${count}`));
}
