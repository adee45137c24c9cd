import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { watchPassages } from "../src/passages.ts";
import { type AttemptToken, PASSAGES_MAX } from "../src/queue/host.ts";
import { EMPTY_QUEUE, type QueueState } from "../src/queue/state.ts";
import type { Footprint } from "../src/trace/footprint.ts";
import { type MachineBench, machineBench } from "./support/machine-bench.ts";
import { machine } from "./support/netboot-machine.ts";

const peach = machine(1);

/** What is written down from here on, one line for each footprint. */
function watched(bench: MachineBench, before: QueueState = bench.engine.state): string[] {
  const lines: string[] = [];
  const note = ({ mac, road, outcome, what, why }: Omit<Footprint, "at">) => {
    assert.deepEqual([road, outcome], ["queue", "noted"]);
    lines.push(`${mac}: ${what}${why === "" ? "" : ` (${why})`}`);
  };
  bench.engine.subscribe(watchPassages(before, { note }));
  return lines;
}

describe("watchPassages()", () => {
  test("writes down every state that a host enters, with its slot and the reason", async () => {
    const bench = await machineBench();
    const lines = watched(bench);
    await bench.bring(peach, "ready");
    await bench.happen({ type: "rebuild-ordered", host: peach.host, token: "again" as AttemptToken });
    const mac = peach.macs[0];
    assert.deepEqual(lines, [
      `${mac}: discovered, slot node1 10.97.0.12`,
      `${mac}: pxe_ready, slot node1 10.97.0.12`,
      `${mac}: pxe_booted, slot node1 10.97.0.12`,
      `${mac}: installing, slot node1 10.97.0.12`,
      `${mac}: installed, slot node1 10.97.0.12`,
      `${mac}: ready, slot node1 10.97.0.12`,
      `${mac}: pxe_ready, slot node1 10.97.0.12 (armed by the operator)`,
    ]);
  });

  test("says nothing about a host that has no slot but where it stands", async () => {
    const bench = await machineBench({ slots: 0 });
    const lines = watched(bench);
    await bench.engine.dispatch({ type: "host-seen", mac: peach.macs[0], uuid: null });
    assert.deepEqual(lines, [`${peach.macs[0]}: discovered`]);
  });

  test("does not repeat what was there at the start", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "installing");
    const lines = watched(bench);
    await bench.takeSlot(machine(2));
    assert.ok(lines.every((line) => line.startsWith(machine(2).macs[0])));
  });

  test("writes down everything when it starts from nothing", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "pxe_booted");
    const lines = watched(bench, EMPTY_QUEUE);
    await bench.takeSlot(machine(2));
    assert.equal(lines.filter((line) => line.startsWith(peach.macs[0])).length, 3);
  });

  test("writes down a host anew that was reset and came again under the same name", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "pxe_ready");
    const lines = watched(bench);
    await bench.happen({ type: "host-reset", host: peach.host, evenInstalled: false });
    assert.deepEqual(lines, []);
    await bench.takeSlot(peach);
    assert.deepEqual(lines, [
      `${peach.macs[0]}: discovered, slot node1 10.97.0.12`,
      `${peach.macs[0]}: pxe_ready, slot node1 10.97.0.12`,
    ]);
  });

  test("goes on when the oldest passages are forgotten", async () => {
    const bench = await machineBench({ rules: { attemptsMax: 1000 } });
    await bench.takeSlot(peach);
    const lines = watched(bench);
    const rounds = PASSAGES_MAX;
    for (let n = 0; n < rounds; n++) {
      await bench.happen({ type: "script-fetched", host: peach.host });
      await bench.happen({ type: "answer-fetched", host: peach.host, macs: peach.macs, uuid: null });
    }
    assert.equal(bench.hostOf(peach)?.passages.length, PASSAGES_MAX);
    assert.equal(lines.length, 2 * rounds);
  });
});
