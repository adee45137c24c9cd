import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { restingState, type Slot } from "../../src/queue/slot.ts";
import { EMPTY_QUEUE, type QueueState } from "../../src/queue/state.ts";
import { readSaved, SAVED_VERSION, toSaved } from "../../src/store/format.ts";
import { INVENTORY } from "../support/queue-builder.ts";
import { chosenSeed, randomQueue, seeded } from "../support/random-queue.ts";

const SEED = chosenSeed();

describe("toSaved() and readSaved()", () => {
  test("give back what went in, but for the holds, for any queue", () => {
    const random = seeded(SEED);
    for (let round = 0; round < 300; round++) {
      const state = randomQueue(random, 12);
      const read = readSaved(JSON.parse(JSON.stringify(toSaved(state))));
      assert.deepEqual(read, { ok: true, value: withoutHolds(state) }, `SEED=${SEED} round ${round}`);
    }
  });

  test("a slot that was only kept for its hold is gone", () => {
    const held = QUEUE.slots.map((slot) => ({ ...slot, declared: false, state: HELD }));
    assert.deepEqual(toSaved({ ...QUEUE, slots: held, hosts: [] }).slots, []);
  });

  test("what did not change keeps its identity, so that its text is made only once", () => {
    const saved = toSaved(QUEUE);
    assert.equal(saved.hosts[0], QUEUE.hosts.at(0));
    assert.equal(saved.slots[0], QUEUE.slots.at(0));
  });

  test("an empty queue is a queue", () => {
    assert.deepEqual(readSaved(toSaved(EMPTY_QUEUE)), { ok: true, value: EMPTY_QUEUE });
  });
});

describe("readSaved() of an older file", () => {
  test("version 1 knew no mode of DHCP: every host is served as the configuration says", () => {
    const saved = JSON.parse(JSON.stringify(toSaved(QUEUE))) as Loose;
    const hosts = saved.hosts.map((one) => ({ ...before4(one), dhcp: undefined, operations: undefined }));
    const slots = saved.slots.map((one) => ({
      ...one,
      labels: undefined,
      boardSerial: undefined,
      diskSerials: undefined,
    }));
    assert.deepEqual(readSaved({ ...saved, version: 1, rebuilds: undefined, hosts, slots }), {
      ok: true,
      value: QUEUE,
    });
  });

  test("version 2 kept no history of installs and knew no labels", () => {
    const saved = JSON.parse(JSON.stringify(toSaved(QUEUE))) as Loose;
    const hosts = saved.hosts.map((one) => ({ ...before4(one), operations: undefined }));
    const slots = saved.slots.map((one) => ({
      ...one,
      labels: undefined,
      boardSerial: undefined,
      diskSerials: undefined,
    }));
    assert.deepEqual(readSaved({ ...saved, version: 2, rebuilds: undefined, hosts, slots }), {
      ok: true,
      value: QUEUE,
    });
  });

  test("version 3 knew nobody by what it was installed as: what an installed machine reported of itself has to do", () => {
    const saved = JSON.parse(JSON.stringify(toSaved(QUEUE))) as Loose;
    const slots = saved.slots.map((one) => ({ ...one, boardSerial: undefined, diskSerials: undefined }));
    const board = { product: "OptiPlex", serial: "C7Q1" };
    const nics = ["52:54:00:aa:00:02", "52:54:00:aa:00:01"].map((mac) => ({
      name: null,
      mac,
      address: null,
      isManagement: false,
    }));
    const hosts = saved.hosts.map((one) => ({ ...before4(one), inventory: { ...INVENTORY, board, nics } }));
    const read = readSaved({ ...saved, version: 3, hosts, slots });
    assert.ok(read.ok, JSON.stringify(read));
    const host = read.value.hosts.at(0);
    const macs = ["52:54:00:aa:00:01", "52:54:00:aa:00:02"];
    assert.deepEqual(host?.identity, { uuid: null, serial: "C7Q1", boardSerial: null, nics: macs });
    assert.deepEqual(host?.inventory?.board, { ...board, boardSerial: null });
  });

  test("version 1 that holds no hosts at all is refused with words, not with an exception", () => {
    assert.equal(readSaved({ version: 1, paused: false, slots: [], hosts: null }).ok, false);
    assert.equal(readSaved({ version: 1, paused: false, slots: [], hosts: [null] }).ok, false);
  });
});

describe("readSaved() refuses", () => {
  const refused: readonly { what: string; damage: (saved: Loose) => unknown; problem: RegExp }[] = [
    { what: "null", damage: () => null, problem: /expected an object, found null/ },
    { what: "a list", damage: () => [], problem: /expected an object, found \[\]/ },
    {
      what: "an object without a version",
      damage: () => ({}),
      problem: /version: expected a whole number .* found undefined/,
    },
    { what: "a version of another kind", damage: (s) => ({ ...s, version: "1" }), problem: /version: .* found "1"/ },
    {
      what: "the file of a newer release, and says so",
      damage: (s) => ({ ...s, version: SAVED_VERSION + 1 }),
      problem: /version: expected at most 4, found 5: a newer bootqueue wrote this file/,
    },
    { what: "a missing list", damage: ({ hosts: _, ...s }) => s, problem: /hosts: missing: expected a list/ },
    { what: "an unknown key", damage: (s) => ({ ...s, extra: 1 }), problem: /extra: unknown key/ },
    {
      what: "an unknown key of a host",
      damage: (s) => host(s, { colour: "red" }),
      problem: /hosts\[0\]\.colour: unknown/,
    },
    {
      what: "an unknown state",
      damage: (s) => host(s, { state: { type: "asleep", since: 1 } }),
      problem: /hosts\[0\]\.state/,
    },
    {
      what: "a state without its deadline",
      damage: (s) => host(s, { state: { type: "installing", since: 1 } }),
      problem: /hosts\[0\]\.state\.deadline: missing/,
    },
    {
      what: "a MAC in capitals",
      damage: (s) => host(s, { bootMac: "52:54:00:AA:00:01" }),
      problem: /hosts\[0\]\.bootMac: expected/,
    },
    { what: "a host without a MAC", damage: (s) => host(s, { macs: [] }), problem: /hosts\[0\]\.macs/ },
    {
      what: "a boot NIC that is not one of its own",
      damage: (s) => host(s, { bootMac: "52:54:00:aa:00:99" }),
      problem: /bootMac: expected one of its macs/,
    },
    {
      what: "a negative time",
      damage: (s) => host(s, { state: { type: "ready", since: -1 } }),
      problem: /hosts\[0\]\.state\.since/,
    },
    {
      what: "an address that is none",
      damage: (s) => slot(s, { address: "10.11.0.256" }),
      problem: /slots\[0\]\.address: expected an IPv4 address/,
    },
    {
      what: "a slot whose id is another address",
      damage: (s) => slot(s, { address: "10.11.0.9" }),
      problem: /slots\[0\]\.id: expected the slot's address 10\.11\.0\.9/,
    },
    {
      what: "two slots with one address",
      damage: (s) => ({ ...s, slots: [...s.slots, ...s.slots] }),
      problem: /slots\[1\]\.address: expected each only once, found "10\.11\.0\.2" at slots\[0\]\.address too/,
    },
    {
      what: "two hosts with one id",
      damage: (s) => ({ ...s, hosts: [...s.hosts, { ...s.hosts[0], slot: null }] }),
      problem: /hosts\[1\]\.id: expected each only once/,
    },
    {
      what: "one MAC in two hosts",
      damage: (s) => ({ ...s, hosts: [...s.hosts, { ...s.hosts[0], id: "52-54-00-aa-00-02", slot: null }] }),
      problem: /hosts\[1\]\.macs: expected each only once/,
    },
    {
      what: "a host that has a slot that is free",
      damage: (s) => slot(s, { state: { type: "available" } }),
      problem: /hosts\[0\]\.slot: expected 10\.11\.0\.2 to be assigned to it, found it available/,
    },
    {
      what: "a host that has a slot that is not there",
      damage: (s) => ({ ...s, slots: [] }),
      problem: /hosts\[0\]\.slot: .* found no such slot/,
    },
    {
      what: "a slot assigned to nobody",
      damage: (s) => ({ ...s, hosts: [] }),
      problem: /slots\[0\]\.state\.host: .* found no such host/,
    },
    {
      what: "a slot assigned to a host that does not have it",
      damage: (s) => host(s, { slot: null }),
      problem: /slots\[0\]\.state\.host: .* found that host with no slot/,
    },
    { what: "a saved hold", damage: (s) => slot(s, { state: HELD }), problem: /slots\[0\]\.state/ },
  ];
  for (const { what, damage, problem } of refused) {
    test(what, () => {
      const read = readSaved(damage(JSON.parse(JSON.stringify(toSaved(QUEUE)))));
      assert.equal(read.ok, false);
      assert.match(read.ok ? "" : read.error.map((one) => `${one.path}: ${one.message}`).join("\n"), problem);
    });
  }

  test("several problems at once, each with its path", () => {
    const read = readSaved({ version: SAVED_VERSION, paused: 1, rebuilds: null, slots: {}, hosts: null });
    assert.deepEqual(read.ok ? [] : read.error.map((problem) => problem.path), ["paused", "slots", "hosts"]);
  });
});

type Loose = { slots: object[]; hosts: object[] } & Record<string, unknown>;

/** A host as it was before anybody kept which machine it is. */
function before4(one: object): object {
  const { identity: _, hold: __, founding: _____, attempt, ...host } = one as Record<string, unknown>;
  const { approved: ___, power: ____, ...old } = attempt as Record<string, unknown>;
  return { ...host, attempt: old };
}

function host(saved: Loose, change: object): object {
  return { ...saved, hosts: [{ ...saved.hosts[0], ...change }] };
}

function slot(saved: Loose, change: object): object {
  return { ...saved, slots: [{ ...saved.slots[0], ...change }] };
}

const HELD = { type: "held", mac: "52:54:00:aa:00:07", uuid: null, since: 1, until: 2 } as Slot["state"];

const QUEUE = {
  paused: false,
  rebuilds: null,
  slots: [
    {
      id: "10.11.0.2",
      address: "10.11.0.2",
      hostname: "peach-beach",
      profile: "pve",
      labels: [],
      reservation: null,
      boardSerial: null,
      diskSerials: [],
      declared: true,
      state: { type: "assigned", host: "52-54-00-aa-00-01", since: 1 },
    },
  ],
  hosts: [
    {
      id: "52-54-00-aa-00-01",
      uuid: null,
      macs: ["52:54:00:aa:00:01"],
      bootMac: "52:54:00:aa:00:01",
      serverType: null,
      byOperator: false,
      dhcp: null,
      slot: "10.11.0.2",
      state: { type: "ready", since: 3 },
      attempt: { token: "t", answers: 1, armedAt: 2, approved: null, power: null },
      inventory: null,
      identity: null,
      hold: null,
      passages: [],
      founding: null,
      operations: [],
    },
  ],
} as unknown as QueueState;

function withoutHolds(state: QueueState): QueueState {
  const slots = state.slots.map((one) => (one.state.type === "held" ? { ...one, state: restingState(one) } : one));
  return { ...state, slots };
}
