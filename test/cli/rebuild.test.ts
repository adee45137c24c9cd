import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { QueueEvent } from "../../src/queue/event.ts";
import type { Host } from "../../src/queue/host.ts";
import { cliBench } from "../support/cli-bench.ts";
import * as b from "../support/queue-builder.ts";

type Bench = Awaited<ReturnType<typeof cliBench>>;

/** Three machines, ready; the slots of the first two are labelled. */
async function rack(t: Parameters<typeof cliBench>[0]): Promise<Bench> {
  const bench = await cliBench(t);
  const slots = b.declaredSlots(4).map((slot, index) => (index < 2 ? { ...slot, labels: ["rack1"] } : slot));
  await bench.happen({ type: "slots-declared", slots });
  for (const n of [1, 2, 3]) {
    await bench.happen(b.seen(n), b.requested(n), b.script(n), b.answer(n), {
      ...(b.reported(n) as Extract<QueueEvent, { type: "install-reported" }>),
      inventory: {
        ...b.INVENTORY,
        disks: [{ device: "/dev/sda", model: "PM883", serial: `S4XA${n}`, sizeBytes: 480e9, isBootDisk: true }],
      },
    });
  }
  return bench;
}

/** Installs each armed machine as soon as it is armed, so that a watcher sees it through. */
function installing(bench: Bench, outcome: (host: Host) => "succeeds" | "fails"): void {
  const begun = new Set<string>();
  bench.engine.subscribe((state) => {
    for (const host of state.hosts) {
      const token = host.attempt?.token;
      if (host.state.type !== "pxe_ready" || token === undefined || begun.has(token)) continue;
      begun.add(token);
      setImmediate(() => {
        void bench.happen(
          { type: "script-fetched", host: host.id },
          { type: "answer-fetched", host: host.id, macs: host.macs, uuid: host.uuid },
          outcome(host) === "succeeds"
            ? { type: "install-reported", host: host.id, token, inventory: b.INVENTORY }
            : { type: "install-failed", host: host.id, token, reason: "no disk" },
        );
      });
    }
  });
}

describe("rebuild of several machines", () => {
  test("shows first what would be wiped, by serial, and asks", async (t) => {
    const bench = await rack(t);
    const ran = await bench.run(["rebuild", "--all"], { answers: ["n"] });
    assert.equal(ran.code, 5);
    assert.match(ran.err, /EVERYTHING ON THE DISKS of these machines is wiped, one after the other/);
    assert.match(ran.err, /node1 .*ready for .*sda S4XA1/);
    assert.match(ran.err, /Wipe and install 3 machines\? \[y\/N\]/);
    assert.equal(b.drawn(bench.engine.state), "ready(1) ready(2) ready(3) available");
  });

  test("rebuilds them in turns, tells each change, and ends with 0", async (t) => {
    const bench = await rack(t);
    installing(bench, () => "succeeds");
    const ran = await bench.run(["rebuild", "--label", "rack1", "--yes"]);
    assert.deepEqual([ran.code, ran.err], [0, ""]);
    assert.match(ran.out, /armed a rebuild of 2 hosts/);
    assert.match(ran.out, /node1 {2}succeeded\n(?:.*\n)*.*node2 {2}succeeded\n2 machines rebuilt\n$/);
    const installs = bench.engine.state.hosts.map((host) => host.operations.length);
    assert.deepEqual(installs, [2, 2, 1]);
  });

  test("stops at the first that fails, says how to go on, and ends with 1", async (t) => {
    const bench = await rack(t);
    installing(bench, (host) => (host.id === b.hostId(2) ? "fails" : "succeeds"));
    const ran = await bench.run(["rebuild", "--all", "--yes"]);
    assert.equal(ran.code, 1);
    assert.match(ran.out, /node2 {2}failed: no disk/);
    assert.match(ran.err, /1 of 3 machines rebuilt; stopped: .*failed/);
    assert.match(ran.err, /`bootqueue rebuild --resume` goes on/);
    assert.equal(b.drawn(bench.engine.state), "ready(1) failed(2) ready(3) available");
    const status = await bench.run(["rebuild", "--status"]);
    assert.equal(status.code, 1, "it is not well done");
    assert.match(status.out, /node3 +waiting +ready/);
    const resumed = await bench.run(["rebuild", "--resume"]);
    assert.equal(resumed.code, 1, "one of them has failed all the same");
    assert.match(resumed.out, /node3 {2}succeeded/);
  });

  test("can be stopped from elsewhere, and the watcher hears of it", async (t) => {
    const bench = await rack(t);
    const watching = bench.run(["rebuild", "--all", "--yes"]);
    while (bench.engine.state.rebuilds === null) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.match((await bench.run(["rebuild", "--stop"])).out, /stopped the rebuild: no further host is armed/);
    await bench.happen({ type: "host-marked-installed", host: b.hostId(1) });
    const ran = await watching;
    assert.equal(ran.code, 1);
    assert.match(ran.err, /1 of 3 machines rebuilt; stopped: stopped by the operator/);
  });

  test("Ctrl-C ends the watching, not the rebuild", async (t) => {
    const bench = await rack(t);
    const ran = await bench.run(
      ["rebuild", "--all", "--yes"],
      {},
      {
        onInterrupt: (listener) => {
          setTimeout(listener, 50);
          return () => {};
        },
      },
    );
    assert.equal(ran.code, 5);
    assert.match(ran.err, /The rebuild goes on\./);
    assert.equal(b.drawn(bench.engine.state), "pxe_ready(1) ready(2) ready(3) available");
  });

  for (const { argv, code, words } of [
    { argv: ["rebuild"], code: 2, words: /expected a machine, --label or --all/ },
    { argv: ["rebuild", "--label", "rack9", "--yes"], code: 4, words: /no slot has the label "rack9"[\s\S]*rack1/ },
    { argv: ["rebuild", "node1", "toad", "--yes"], code: 4, words: /no host is called "toad"/ },
    { argv: ["rebuild", "--all", "--parallel", "0", "--yes"], code: 2, words: /expected 1 to 500/ },
    { argv: ["rebuild", "--all"], code: 2, words: /add --yes/ },
    { argv: ["rebuild", "--stop"], code: 1, words: /no host waits to be rebuilt/ },
  ]) {
    test(`${argv.join(" ")} ends with ${code}`, async (t) => {
      const bench = await rack(t);
      const ran = await bench.run(argv);
      assert.equal(ran.code, code);
      assert.match(ran.err, words);
      assert.equal(b.drawn(bench.engine.state), "ready(1) ready(2) ready(3) available");
    });
  }

  test("--plan does nothing, and --json gives it to programs", async (t) => {
    const bench = await rack(t);
    const ran = await bench.run(["rebuild", "--all", "--plan", "--json"]);
    const { hosts } = JSON.parse(ran.out) as { hosts: { disks: { serial: string }[]; hindrance: string }[] };
    assert.deepEqual(
      hosts.map(({ disks }) => disks[0]?.serial),
      ["S4XA1", "S4XA2", "S4XA3"],
    );
    assert.equal(bench.engine.state.rebuilds, null);
  });
});
