import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as contract from "../../src/http/contract.ts";
import { leasesView } from "../../src/http/lease-view.ts";
import { conflictWarnings } from "../../src/http/operator-view.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import type { MacAddress } from "../../src/net/mac-address.ts";
import { EMPTY_POOL, type LeaseState, type PoolLease } from "../../src/pool/lease.ts";
import type { Instant } from "../../src/std/clock.ts";
import { operatorBench } from "../support/operator-bench.ts";
import { address, mac, seen } from "../support/queue-builder.ts";

/** As a browser on the operator's network would ask. */
const FROM = { headers: { Host: "10.11.0.1:8080" } };

const NOW = Date.UTC(2026, 10, 20, 12) as Instant;
const at = (minutes: number) => (NOW + minutes * 60_000) as Instant;

function lease(n: number, state: LeaseState): [Ipv4Address, PoolLease] {
  const own = `10.11.2.${n}` as Ipv4Address;
  return [own, { address: own, mac: `02:00:00:00:00:${n}` as MacAddress, state }];
}

const POOL = {
  rules: { first: "10.11.2.10" as Ipv4Address, last: "10.11.2.99" as Ipv4Address, leaseMs: 600_000 },
  state: {
    ...EMPTY_POOL,
    leases: new Map([
      lease(90, { type: "in-conflict", until: at(30) }),
      lease(11, { type: "bound", since: at(-30), until: at(-20) }),
      lease(12, { type: "released", at: at(-5) }),
      lease(10, { type: "bound", since: at(-5), until: at(5) }),
    ]),
  },
};

describe("GET /api/leases", () => {
  test("lists the leases in the order of their addresses, with what has become of each", async () => {
    const bench = await operatorBench({ leases: () => POOL });
    const answer = (await (
      await bench.app.request("http://10.11.0.1:8080/api/leases", FROM)
    ).json()) as contract.LeasesView;
    assert.deepEqual(contract.LeasesView.parse(answer), answer);
    assert.deepEqual(answer.pool, { first: "10.11.2.10", last: "10.11.2.99", size: 90, free: 88 });
    assert.deepEqual(
      answer.leases.map(({ address: own, mac: owner, state, since, until }) => [own, owner, state, since, until]),
      [
        ["10.11.2.10", "02:00:00:00:00:10", "bound", "2026-11-20T11:55:00.000Z", "2026-11-20T12:05:00.000Z"],
        ["10.11.2.11", "02:00:00:00:00:11", "expired", null, "2026-11-20T11:40:00.000Z"],
        ["10.11.2.12", "02:00:00:00:00:12", "released", null, null],
        ["10.11.2.90", "02:00:00:00:00:90", "in-conflict", null, "2026-11-20T12:30:00.000Z"],
      ],
    );
  });

  test("an address whose conflict is over counts as free", () => {
    assert.equal(leasesView(POOL, at(31)).pool?.free, 90);
  });

  test("says so where there is no pool", () => {
    assert.deepEqual(leasesView(null, NOW), { pool: null, leases: [] });
  });
});

describe("conflictWarnings()", () => {
  test("names each address that somebody else has, and what to do", async () => {
    const bench = await operatorBench();
    await bench.happen(seen(1), { type: "address-declined", mac: mac(1), address: address(1) });
    await bench.happen({ type: "address-in-use", address: address(2), mac: "02:aa:00:00:00:01" as MacAddress });
    assert.deepEqual(conflictWarnings(bench.engine.state), [
      "slot node1 is skipped, because its address 10.11.0.2 is in use by another machine, says 52:54:00:00:01:01 (DHCPDECLINE); look for that machine, then `bootqueue unskip node1`",
      "slot node2 is skipped, because its address 10.11.0.3 is in use already: 02:aa:00:00:00:01 answers there; it is free again when nobody answers there any more",
    ]);
    const status = (await (
      await bench.app.request("http://10.11.0.1:8080/api/status", FROM)
    ).json()) as contract.StatusView;
    for (const line of conflictWarnings(bench.engine.state)) assert.ok(status.warnings.includes(line));
    await bench.happen({ type: "slot-unskipped", slot: address(1) as never });
    assert.equal(conflictWarnings(bench.engine.state).length, 1);
  });
});
