import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Order, outcomeWords, performOrder } from "../../src/http/orders.ts";
import type { QueueEvent } from "../../src/queue/event.ts";
import { operatorBench } from "../support/operator-bench.ts";
import {
  answer,
  drawn,
  hostId,
  mac,
  registered,
  reported,
  requested,
  rulesWith,
  script,
  seen,
  skip,
} from "../support/queue-builder.ts";

const INSTALLED = [seen(1), requested(1), script(1), answer(1), reported(1)];
const PAUSED: QueueEvent = { type: "queue-paused" };

interface Case {
  readonly what: string;
  readonly before: readonly QueueEvent[];
  readonly order: Order;
  readonly outcome: string;
  readonly words: RegExp;
  /** The queue afterwards, as `drawn` draws it. */
  readonly after: string;
}

const CASES: readonly Case[] = [
  {
    what: "skips a free slot",
    before: [],
    order: { type: "skip", slot: "node2", reason: "bad cable" },
    outcome: "done",
    words: /skipped slot 2 \(10\.11\.0\.3, node2\)/,
    after: "available skipped available",
  },
  {
    what: "skips a skipped slot again without effect",
    before: [skip(2)],
    order: { type: "skip", slot: "2" },
    outcome: "unchanged",
    words: /slot 2 .* is skipped already/,
    after: "available skipped available",
  },
  {
    what: "does not skip a slot that a host has",
    before: INSTALLED,
    order: { type: "skip", slot: "1" },
    outcome: "slot-in-use",
    words: /refused to skip slot 1/,
    after: "ready(1) available available",
  },
  {
    what: "has a host served in full beside another DHCP server",
    before: INSTALLED,
    order: { type: "mode", host: "node1", mode: "full" },
    outcome: "done",
    words: /DHCP serves node1 \(52-54-00-00-01-01\) with address and boot file \(full\): from its next request on/,
    after: "ready(1) available available",
  },
  {
    what: "has a machine ignored that nobody knows yet",
    before: [],
    order: { type: "mode", host: "52:54:00:00:01:07", mode: "ignore" },
    outcome: "done",
    words: /DHCP serves 52-54-00-00-01-07 not at all \(ignore\)/,
    after: "available available available | discovered(7)",
  },
  {
    what: "leaves a machine as it is that is served like all others",
    before: INSTALLED,
    order: { type: "mode", host: "1", mode: "default" },
    outcome: "unchanged",
    words: /node1 .* is served like that already/,
    after: "ready(1) available available",
  },
  {
    what: "sets no mode of a name that means nobody",
    before: [],
    order: { type: "mode", host: "nobody", mode: "proxy" },
    outcome: "not-found",
    words: /no host is called "nobody"/,
    after: "available available available",
  },
  {
    what: "knows no slot 9",
    before: [],
    order: { type: "skip", slot: "9" },
    outcome: "not-found",
    words: /no slot is called "9"/,
    after: "available available available",
  },
  {
    what: "unskips",
    before: [skip(1)],
    order: { type: "unskip", slot: "10.11.0.2" },
    outcome: "done",
    words: /unskipped slot 1/,
    after: "available available available",
  },
  {
    what: "unskips what is not skipped without effect",
    before: [],
    order: { type: "unskip", slot: "1" },
    outcome: "unchanged",
    words: /is not skipped/,
    after: "available available available",
  },
  {
    what: "registers a host",
    before: [],
    order: { type: "register", mac: "52-54-00-00-01-05" },
    outcome: "done",
    words: /registered 52-54-00-00-01-05/,
    after: "available available available | registered(5)",
  },
  {
    what: "registers a host for a slot",
    before: [],
    order: {
      type: "register",
      mac: "525400000105",
      slot: "node3",
      serverType: "r640",
      uuid: "4C4C4544-0043-5110-8031-C7C04F510005",
    },
    outcome: "done",
    words: /registered node3 \(52-54-00-00-01-05\): `bootqueue rebuild` arms/,
    after: "available available registered(5)",
  },
  {
    what: "does not register into a slot that a host has",
    before: INSTALLED,
    order: { type: "register", mac: mac(5), slot: "1" },
    outcome: "slot-in-use",
    words: /refused to register/,
    after: "ready(1) available available",
  },
  {
    what: "does not register for a slot that there is not",
    before: [],
    order: { type: "register", mac: mac(5), slot: "7" },
    outcome: "not-found",
    words: /no slot/,
    after: "available available available",
  },
  {
    what: "does not register what is no hardware address",
    before: [],
    order: { type: "register", mac: "52:54" },
    outcome: "invalid",
    words: /expected a hardware address, found "52:54"/,
    after: "available available available",
  },
  {
    what: "does not register what no machine can ask from",
    before: [],
    order: { type: "register", mac: "01:00:5e:00:00:01" },
    outcome: "invalid",
    words: /expected the hardware address of one network card, found "01:00:5e:00:00:01"/,
    after: "available available available",
  },
  {
    what: "does not register under a UUID that names nobody",
    before: [],
    order: { type: "register", mac: mac(5), uuid: "03000200-0400-0500-0006-000700080009" },
    outcome: "invalid",
    words: /UUID that names one machine/,
    after: "available available available",
  },
  {
    what: "does not register an installed host again",
    before: INSTALLED,
    order: { type: "register", mac: mac(1) },
    outcome: "not-in-this-state",
    words: /refused to register/,
    after: "ready(1) available available",
  },
  {
    what: "approves a waiting host",
    before: [PAUSED, seen(1)],
    order: { type: "approve", host: hostId(1) },
    outcome: "done",
    words: /approved/,
    after: "available available available | discovered(1)",
  },
  {
    what: "approves nobody who is installed",
    before: INSTALLED,
    order: { type: "approve", host: "node1" },
    outcome: "not-in-this-state",
    words: /refused to approve node1/,
    after: "ready(1) available available",
  },
  {
    what: "rebuilds an installed host",
    before: INSTALLED,
    order: { type: "rebuild", host: "node1" },
    outcome: "done",
    words: /armed an install of node1 .* wiped/,
    after: "pxe_ready(1) available available",
  },
  {
    what: "rebuilds a registered host into the next slot, and says which name it gets",
    before: [registered(5)],
    order: { type: "rebuild", host: "52:54:00:00:01:05" },
    outcome: "done",
    words: /armed an install of node1/,
    after: "pxe_ready(5) available available",
  },
  {
    what: "does not rebuild while an install is under way",
    before: INSTALLED.slice(0, 4),
    order: { type: "rebuild", host: "1" },
    outcome: "install-under-way",
    words: /refused to rebuild node1/,
    after: "installing(1) available available",
  },
  {
    what: "does not rebuild without a slot",
    before: [skip(1), skip(2), skip(3), registered(5)],
    order: { type: "rebuild", host: hostId(5) },
    outcome: "no-slot",
    words: /refused to rebuild/,
    after: "skipped skipped skipped | registered(5)",
  },
  {
    what: "marks as installed",
    before: INSTALLED.slice(0, 2),
    order: { type: "mark-installed", host: "node1" },
    outcome: "done",
    words: /marked node1 .* as installed/,
    after: "ready(1) available available",
  },
  {
    what: "marks an installed host again without effect",
    before: INSTALLED,
    order: { type: "mark-installed", host: "node1" },
    outcome: "unchanged",
    words: /is installed already/,
    after: "ready(1) available available",
  },
  {
    what: "resets a host that is not installed",
    before: INSTALLED.slice(0, 2),
    order: { type: "reset", host: "node1", evenInstalled: false },
    outcome: "done",
    words: /reset node1/,
    after: "available available available",
  },
  {
    what: "leaves a registered host registered when it is reset",
    before: [registered(5)],
    order: { type: "reset", host: mac(5), evenInstalled: false },
    outcome: "done",
    words: /reset 52-54-00-00-01-05/,
    after: "available available available | registered(5)",
  },
  {
    what: "forgets a registered host when told so",
    before: [registered(5)],
    order: { type: "reset", host: mac(5), evenInstalled: false, forget: true },
    outcome: "done",
    words: /reset 52-54-00-00-01-05/,
    after: "available available available",
  },
  {
    what: "does not forget an installed host just like that",
    before: INSTALLED,
    order: { type: "reset", host: "node1", evenInstalled: false, forget: true },
    outcome: "installed-needs-insistence",
    words: /refused to reset node1/,
    after: "ready(1) available available",
  },
  {
    what: "does not reset an installed host just like that",
    before: INSTALLED,
    order: { type: "reset", host: "node1", evenInstalled: false },
    outcome: "installed-needs-insistence",
    words: /refused to reset node1/,
    after: "ready(1) available available",
  },
  {
    what: "resets an installed host when told twice",
    before: INSTALLED,
    order: { type: "reset", host: "node1", evenInstalled: true },
    outcome: "done",
    words: /reset node1/,
    after: "available available available",
  },
  {
    what: "pauses",
    before: [],
    order: { type: "pause" },
    outcome: "done",
    words: /^paused/,
    after: "available available available",
  },
  {
    what: "pauses again without effect",
    before: [PAUSED],
    order: { type: "pause" },
    outcome: "unchanged",
    words: /already/,
    after: "available available available",
  },
  {
    what: "resumes",
    before: [PAUSED],
    order: { type: "resume" },
    outcome: "done",
    words: /^resumed/,
    after: "available available available",
  },
  {
    what: "resumes again without effect",
    before: [],
    order: { type: "resume" },
    outcome: "unchanged",
    words: /not paused/,
    after: "available available available",
  },
];

describe("performOrder()", () => {
  for (const { what, before, order, outcome, words, after } of CASES) {
    test(`${what}: ${outcome}`, async () => {
      const bench = await operatorBench();
      await bench.happen(...before);
      const came = await performOrder(bench.deps, order);
      assert.equal(came.type === "refused" ? came.reason : came.type, outcome);
      assert.match(came.message, words);
      assert.equal(drawn(bench.engine.state), after);
      if (came.type === "refused") assert.notEqual(came.hint, "");
    });
  }

  test("a rebuild arms with a token made for it", async () => {
    const bench = await operatorBench();
    await bench.happen(...INSTALLED);
    await performOrder(bench.deps, { type: "rebuild", host: "node1" });
    assert.equal(bench.engine.state.hosts.at(0)?.attempt?.token, "token-made-1");
  });

  test("what was done and what was refused stands on the timeline, what changed nothing does not", async () => {
    const bench = await operatorBench({}, rulesWith({}));
    await bench.happen(...INSTALLED);
    await performOrder(bench.deps, { type: "mark-installed", host: "node1" });
    await performOrder(bench.deps, { type: "reset", host: "node1", evenInstalled: false });
    await performOrder(bench.deps, { type: "rebuild", host: "node1" });
    await performOrder(bench.deps, { type: "skip", slot: "2", reason: "bad cable" });
    assert.deepEqual(
      bench.trace
        .recent()
        .map(({ mac, road, outcome, what, why }) => [mac, road, outcome, what.slice(0, 16), why.slice(0, 21)]),
      [
        [mac(1), "operator", "dropped", "reset refused", "it has been installed"],
        [mac(1), "operator", "noted", "armed an install", "its disks are wiped w"],
        [null, "operator", "noted", "skipped slot 2 (", "bad cable"],
      ],
    );
  });

  test("rejects when the queue cannot save, so that nobody is told it was done", async () => {
    const bench = await operatorBench();
    const queue = { state: bench.engine.state, dispatch: () => Promise.reject(new Error("disk full")) };
    await assert.rejects(performOrder({ ...bench.deps, queue }, { type: "pause" }), /disk full/);
    assert.deepEqual(bench.trace.recent(), []);
  });
});

describe("outcomeWords()", () => {
  test("adds to a refusal what can be done about it", () => {
    const refused = { type: "refused", reason: "no-slot", message: "refused to rebuild x", hint: "add slots" } as const;
    assert.deepEqual(outcomeWords(refused), { ok: false, message: "refused to rebuild x: add slots" });
  });

  test("calls it well when it was so already", () => {
    const unchanged = { type: "unchanged", message: "the queue is not paused", host: null, slot: null } as const;
    assert.deepEqual(outcomeWords(unchanged), { ok: true, message: "the queue is not paused" });
  });
});
