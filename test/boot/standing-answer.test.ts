import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { hostIdOf } from "../../src/queue/host.ts";
import { type MachineBenchOptions, machineBench, SERVER } from "../support/machine-bench.ts";
import { type Machine, machine, says, selects, UEFI_X64 } from "../support/netboot-machine.ts";

const peach: Machine = machine(1);
const host = hostIdOf(peach.macs[0]);

/** A bench whose machine has its slot and has heard the same OFFER twice: from here on it is repeated. */
async function repeating(options: MachineBenchOptions = {}) {
  const bench = await machineBench(options);
  const ask = async () => (await bench.dhcp(says(peach, UEFI_X64, "DISCOVER")))?.type ?? "silence";
  await ask();
  await bench.dhcp(selects(peach, UEFI_X64, bench.engine.state.slots.at(0)?.address ?? assert.fail(), SERVER));
  for (let n = 0; n < 3; n++) assert.equal(await ask(), "OFFER");
  return { bench, ask };
}

describe("a repeated answer", () => {
  test("stands on the timeline like the first", async () => {
    const { bench, ask } = await repeating();
    const before = bench.footprints.length;
    await ask();
    const [one, again] = [bench.footprints[before - 1], bench.footprints[before]];
    assert.equal(bench.footprints.length, before + 1);
    assert.deepEqual({ ...again, fields: null }, { ...one, fields: null });
    assert.deepEqual(Object.keys(again?.fields ?? {}).sort(), Object.keys(one?.fields ?? {}).sort());
  });

  test("is not given any more when the host has moved on", async () => {
    const { bench, ask } = await repeating();
    await bench.engine.dispatch({ type: "host-marked-installed", host });
    assert.equal(await ask(), "silence");
  });

  test("is not given any more when the host is to be ignored", async () => {
    const { bench, ask } = await repeating();
    await bench.engine.dispatch({ type: "host-mode-set", mac: peach.macs[0], mode: "ignore" });
    assert.equal(await ask(), "silence");
  });

  test("changes with the slot", async () => {
    const { bench, ask } = await repeating();
    await bench.engine.dispatch({ type: "host-reset", host, evenInstalled: true });
    await bench.engine.dispatch({
      type: "slot-skipped",
      slot: bench.engine.state.slots.at(0)?.id ?? assert.fail(),
      reason: "",
    });
    assert.equal(await ask(), "OFFER");
    assert.equal(bench.slots(), "skipped held available");
  });

  test("costs the sender what any question costs: a flood of one is cut short", async () => {
    const { ask } = await repeating();
    const answers = new Set<string>();
    for (let n = 0; n < 600; n++) answers.add(await ask());
    assert.deepEqual([...answers], ["OFFER", "silence"]);
  });
});
