import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { FootprintView, StateChange } from "../../src/http/contract.ts";
import * as contract from "../../src/http/contract.ts";
import { type OperatorBench, ORIGIN, operatorBench } from "../support/operator-bench.ts";
import { declaredSlots, hostId, mac, requested, reset, seen, skip } from "../support/queue-builder.ts";

/** Reads an event stream block by block, as a browser does. */
async function watch(bench: OperatorBench, lastEventId?: string) {
  const headers = { Host: "10.11.0.1", ...(lastEventId === undefined ? {} : { "Last-Event-ID": lastEventId }) };
  const response = await bench.app.request(`${ORIGIN}/api/events`, { headers });
  assert.equal(response.status, 200);
  const reader = (response.body ?? assert.fail("no body")).pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  const block = async (): Promise<string | null> => {
    for (;;) {
      const end = rest.indexOf("\n\n");
      if (end >= 0) {
        const one = rest.slice(0, end);
        rest = rest.slice(end + 2);
        return one;
      }
      const { done, value } = await reader.read();
      if (done) return null;
      rest += value;
    }
  };
  assert.equal(await block(), "retry: 3000");
  return {
    response,
    block,
    async next() {
      const text = (await block()) ?? assert.fail("the stream ended");
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(text)?.[1] ?? "";
      return { id: field("id"), event: field("event"), data: JSON.parse(field("data") || "null") as unknown };
    },
    leave: () => reader.cancel(),
  };
}

const state = (data: unknown) => data as StateChange;
const note = (bench: OperatorBench, what: string) =>
  bench.trace.note({ mac: mac(1), road: "dhcp", outcome: "answered", what, why: "" });

describe("/api/events", () => {
  test("is an event stream that nobody may keep", async () => {
    const bench = await operatorBench();
    const { response, leave } = await watch(bench);
    assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.equal(response.headers.get("x-accel-buffering"), "no");
    await leave();
  });

  test("begins with the whole state, then tells what changed and nothing else", async () => {
    const bench = await operatorBench();
    await bench.happen(seen(1));
    const stream = await watch(bench);
    const first = await stream.next();
    assert.equal(first.event, "state");
    assert.deepEqual(contract.StateChange.parse(first.data), first.data);
    assert.equal(state(first.data).complete, true);
    assert.equal(state(first.data).slots.length, 3);

    await bench.happen(requested(1));
    const second = await stream.next();
    assert.deepEqual(
      state(second.data).slots.map(({ number, state: at }) => [number, at]),
      [[1, "assigned"]],
    );
    assert.deepEqual(
      state(second.data).hosts.map(({ id, state: at }) => [id, at]),
      [[hostId(1), "pxe_ready"]],
    );
    assert.equal(state(second.data).complete, false);

    await bench.happen(reset(1));
    assert.deepEqual(state((await stream.next()).data).gone, [hostId(1)]);
    await bench.happen({ type: "queue-paused" });
    assert.equal(state((await stream.next()).data).paused, true);
    await stream.leave();
  });

  test("tells everything anew when slots come or go, since their numbers move", async () => {
    const bench = await operatorBench();
    const stream = await watch(bench);
    await stream.next();
    await bench.happen({ type: "slots-declared", slots: declaredSlots(2) });
    const { data } = await stream.next();
    assert.deepEqual([state(data).complete, state(data).slots.length], [true, 2]);
    await stream.leave();
  });

  test("tells footprints as they are left, without the secrets of an install", async () => {
    const bench = await operatorBench();
    const stream = await watch(bench);
    await stream.next();
    note(bench, "OFFER 10.11.0.2");
    const { event, data } = await stream.next();
    assert.equal(event, "footprint");
    assert.deepEqual(contract.FootprintView.parse(data), data);
    assert.equal((data as FootprintView).what, "OFFER 10.11.0.2");
    await bench.happen(seen(1), requested(1));
    await stream.next();
    assert.doesNotMatch(JSON.stringify((await stream.next()).data), /token-/);
    await stream.leave();
  });

  test("goes on where a watcher left off", async () => {
    const bench = await operatorBench();
    const stream = await watch(bench);
    const { id } = await stream.next();
    await stream.leave();
    note(bench, "missed");
    await bench.happen(skip(2));
    const again = await watch(bench, id);
    assert.equal(((await again.next()).data as FootprintView).what, "missed");
    assert.equal(state((await again.next()).data).slots[0]?.state, "skipped");
    await again.leave();
  });

  test("begins anew for a watcher who was away for long, and leaves nothing out", async () => {
    const bench = await operatorBench();
    const stream = await watch(bench);
    const { id } = await stream.next();
    await stream.leave();
    bench.clock.advance(61_000);
    await bench.happen(skip(2));
    note(bench, "missed");
    const again = await watch(bench, id);
    const whole = state((await again.next()).data);
    assert.equal(whole.complete, true);
    assert.equal(whole.slots.filter((slot) => slot.state === "skipped").length, 1);
    await again.leave();
  });

  for (const { what, id } of [
    { what: "of an earlier run of the daemon", id: "abc-1" },
    { what: "from the future", id: `${Date.UTC(2026, 10, 20, 12).toString(36)}-9999` },
    { what: "that is no id", id: "nonsense" },
  ]) {
    test(`begins anew for a Last-Event-ID ${what}`, async () => {
      const bench = await operatorBench();
      const stream = await watch(bench, id);
      assert.equal(state((await stream.next()).data).complete, true);
      await stream.leave();
    });
  }

  test("tells a watcher who fell behind the whole state instead of keeping everything for him", async () => {
    const bench = await operatorBench();
    const stream = await watch(bench);
    const { id } = await stream.next();
    for (let i = 0; i < 5000; i++) note(bench, `packet ${i}`);
    assert.equal(bench.feed.after(id), null);
    for (;;) {
      const { event, data } = await stream.next();
      if (event !== "state") continue;
      assert.equal(state(data).complete, true);
      break;
    }
    await stream.leave();
  });

  test("says every fifteen seconds that it is still there", async () => {
    const bench = await operatorBench();
    const stream = await watch(bench);
    await stream.next();
    for (let i = 0; i < 3; i++) {
      const heard = stream.block();
      // The stream sets its alarm when it has nothing to tell, a few turns of the loop after we asked.
      while (bench.clock.nextAlarm() === null) await new Promise(setImmediate);
      bench.clock.advance(15_000);
      assert.equal(await heard, ": still here");
    }
    await stream.leave();
  });

  test("ends when the feed closes, and whoever comes later is told so", async () => {
    const bench = await operatorBench();
    const stream = await watch(bench);
    await stream.next();
    bench.feed.close();
    assert.equal(await stream.block(), null);
    const late = await bench.app.request(`${ORIGIN}/api/events`, { headers: { Host: "10.11.0.1" } });
    assert.equal(late.status, 503);
    assert.equal(bench.feed.watchers, 0);
    assert.equal(bench.clock.pending, 0);
  });

  test("a watcher who leaves is forgotten, with his alarm", async () => {
    const bench = await operatorBench();
    const stream = await watch(bench);
    await stream.next();
    assert.equal(bench.feed.watchers, 1);
    await stream.leave();
    while (bench.feed.watchers > 0) await new Promise(setImmediate);
    assert.equal(bench.clock.pending, 0);
  });

  test("does not let in more than 64", async () => {
    const bench = await operatorBench();
    const streams = await Promise.all(Array.from({ length: 64 }, () => watch(bench)));
    const late = await bench.app.request(`${ORIGIN}/api/events`, { headers: { Host: "10.11.0.1" } });
    assert.deepEqual([late.status, late.headers.get("retry-after")], [503, "10"]);
    await Promise.all(streams.map((stream) => stream.leave()));
  });
});
