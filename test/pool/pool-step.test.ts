import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Ipv4Address, ipv4ToNumber } from "../../src/net/ipv4-address.ts";
import type { MacAddress } from "../../src/net/mac-address.ts";
import { EMPTY_POOL, isBound, type PoolState } from "../../src/pool/lease.ts";
import { isInPool, type PoolEvent, type PoolRules, type PoolVerdict, poolStep } from "../../src/pool/pool-step.ts";
import type { Instant } from "../../src/std/clock.ts";
import { chosenSeed, seeded } from "../support/random-queue.ts";

const at = (n: number) => `10.11.2.${n}` as Ipv4Address;
const mac = (n: number) => `02:00:00:00:00:${n.toString(16).padStart(2, "0")}` as MacAddress;
const RULES: PoolRules = { first: at(10), last: at(12), leaseMs: 600_000 };

const wants = (n: number, wanted: number | null = null): PoolEvent => ({
  type: "address-wanted",
  mac: mac(n),
  wanted: wanted === null ? null : at(wanted),
});
const requests = (n: number, address: number): PoolEvent => ({
  type: "address-requested",
  mac: mac(n),
  address: at(address),
});
const releases = (n: number, address: number): PoolEvent => ({
  type: "address-released",
  mac: mac(n),
  address: at(address),
});
const declines = (n: number, address: number): PoolEvent => ({
  type: "address-declined",
  mac: mac(n),
  address: at(address),
});
/** Milliseconds that go by. */
type Moment = PoolEvent | number;

const stories: readonly {
  name: string;
  events: readonly Moment[];
  taken?: readonly number[];
  expect: readonly string[];
}[] = [
  {
    name: "an address is offered, taken and extended",
    events: [wants(1), requests(1, 10), requests(1, 10)],
    expect: ["10", "10 saved", "10 saved"],
  },
  {
    name: "two clients get two addresses, and a repeat gets the same again",
    events: [wants(1), wants(2), wants(1), requests(2, 11), requests(1, 10)],
    expect: ["10", "11", "10", "11 saved", "10 saved"],
  },
  {
    name: "a client gets the free address that it would like, and not one that is another's or outside",
    events: [wants(1, 12), requests(1, 12), wants(2, 12), wants(3, 200)],
    expect: ["12", "12 saved", "10", "11"],
  },
  {
    name: "an offer that is not taken is free again after a minute",
    events: [wants(1), wants(2), wants(3), wants(4), 61_000, wants(4)],
    expect: ["10", "11", "12", "no-address-free", "10"],
  },
  {
    name: "a client that comes back gets its address again, although the lease has run out",
    events: [wants(1), requests(1, 10), 700_000, wants(2), wants(1)],
    expect: ["10", "10 saved", "11", "10"],
  },
  {
    name: "when all were given out, the address that was not used longest is given to another",
    events: [
      ...[wants(1), requests(1, 10), 1000, wants(2), requests(2, 11), 1000, wants(3), requests(3, 12)],
      ...[600_000, wants(4), requests(4, 10), wants(1)],
    ],
    expect: ["10", "10 saved", "11", "11 saved", "12", "12 saved", "10", "10 saved", "11"],
  },
  {
    name: "nothing is free while every lease runs",
    events: [...[1, 2, 3].flatMap((n) => [wants(n), requests(n, 9 + n)]), wants(4), requests(4, 10)],
    expect: ["10", "10 saved", "11", "11 saved", "12", "12 saved", "no-address-free", "address-not-yours"],
  },
  {
    name: "RELEASE frees an address, and only its owner's does",
    events: [
      ...[1, 2, 3].flatMap((n) => [wants(n), requests(n, 9 + n)]),
      ...[releases(4, 11), wants(4), releases(2, 11), wants(4)],
    ],
    expect: ["10", "10 saved", "11", "11 saved", "12", "12 saved", "noted", "no-address-free", "noted saved", "11"],
  },
  {
    name: "a declined address is left alone for an hour, and its client gets another",
    events: [wants(1), requests(1, 10), declines(1, 10), wants(1), requests(2, 10), 3_600_001, wants(2, 10)],
    expect: ["10", "10 saved", "noted saved", "11", "address-not-yours", "10"],
  },
  {
    name: "nobody can decline what was not given to him",
    events: [wants(1), requests(1, 10), declines(2, 10), declines(2, 11), requests(1, 10)],
    expect: ["10", "10 saved", "noted", "noted", "10 saved"],
  },
  {
    name: "an address that is offered to one cannot be taken by another",
    events: [wants(1), requests(2, 10), requests(1, 10)],
    expect: ["10", "address-not-yours", "10 saved"],
  },
  {
    name: "an address that belongs to a slot is never given",
    events: [wants(1, 10), requests(1, 10), requests(1, 11)],
    taken: [10],
    expect: ["11", "address-not-yours", "11 saved"],
  },
  {
    name: "a client has one address: with a new one, the old is free",
    events: [wants(1), requests(1, 10), requests(1, 11), wants(2)],
    expect: ["10", "10 saved", "11 saved", "10"],
  },
];

describe("poolStep()", () => {
  for (const { name, events, taken = [], expect } of stories) {
    test(name, () => {
      const isTaken = (address: Ipv4Address) => taken.some((n) => at(n) === address);
      let state = EMPTY_POOL;
      let now = 1_000_000;
      const lines: string[] = [];
      for (const event of events) {
        if (typeof event === "number") {
          now += event;
          continue;
        }
        const step = poolStep(state, event, now as Instant, RULES, isTaken);
        state = step.state;
        lines.push(`${drawn(step.verdict)}${step.lasting ? " saved" : ""}`);
      }
      assert.deepEqual(lines, expect);
    });
  }

  const SEED = chosenSeed();
  test(`keeps its invariants under random events (SEED=${SEED})`, () => {
    for (let run = 0; run < 200; run++) {
      const random = seeded(SEED + run);
      const below = (limit: number) => Math.floor(random() * limit);
      const isTaken = (address: Ipv4Address) => address === at(11) && run % 2 === 0;
      let state: PoolState = EMPTY_POOL;
      let now = 1_000_000;
      for (let n = 0; n < 300; n++) {
        now += below(4) === 0 ? below(700_000) : below(5000);
        const [who, where] = [1 + below(5), 9 + below(5)];
        const events = [
          wants(who),
          wants(who, where),
          requests(who, where),
          releases(who, where),
          declines(who, where),
        ];
        const event = events[below(events.length)] ?? wants(who);
        const before = state;
        const { state: next, verdict, lasting } = poolStep(state, event, now as Instant, RULES, isTaken);
        const told = `SEED=${SEED} run ${run} after ${JSON.stringify(event)}`;
        if (verdict.type === "given") {
          assert.ok(isInPool(verdict.address, RULES) && !isTaken(verdict.address), told);
          const owner = before.leases.get(verdict.address);
          assert.ok(owner === undefined || owner.mac === event.mac || !isBound(owner, now as Instant), told);
        }
        const bound = [...next.leases.values()].filter(({ state: { type } }) => type === "bound");
        assert.equal(new Set(bound.map((lease) => lease.mac)).size, bound.length, `${told}: two addresses for one`);
        assert.ok(
          [...next.leases].every(([address, lease]) => address === lease.address),
          told,
        );
        assert.ok(
          [...next.leases.keys()].every((address) => ipv4ToNumber(address) >= ipv4ToNumber(at(10))),
          told,
        );
        if (!lasting) assert.equal(next.leases, before.leases, `${told}: a lease changed without being saved`);
        state = next;
      }
    }
  });
});

function drawn(verdict: PoolVerdict): string {
  if (verdict.type === "given") return verdict.address.slice(verdict.address.lastIndexOf(".") + 1);
  return verdict.type === "refused" ? verdict.reason : verdict.type;
}
