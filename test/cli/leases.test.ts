import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { renderLeases } from "../../src/cli/lists.ts";
import type { LeasesView } from "../../src/http/contract.ts";
import { cliBench } from "../support/cli-bench.ts";

const POOL = { first: "10.11.2.10", last: "10.11.2.99", size: 90, free: 88 };
const LEASES: LeasesView["leases"] = [
  {
    address: "10.11.2.10",
    mac: "02:00:00:00:00:10",
    state: "bound",
    since: "2026-11-20T11:55:00.000Z",
    until: "2026-11-20T12:05:00.000Z",
  },
  { address: "10.11.2.12", mac: "02:00:00:00:00:12", state: "released", since: null, until: null },
];

describe("bootqueue leases", () => {
  test("shows who has which address until when", () => {
    assert.equal(
      renderLeases({ pool: POOL, leases: LEASES }, null),
      [
        "10.11.2.10 to 10.11.2.99: 88 of 90 free",
        "ADDRESS     MAC                STATE     SINCE                UNTIL",
        "10.11.2.10  02:00:00:00:00:10  bound     2026-11-20 11:55:00  2026-11-20 12:05:00",
        "10.11.2.12  02:00:00:00:00:12  released",
        "",
      ].join("\n"),
    );
  });

  test("says what to do where there is no pool", async (t) => {
    const bench = await cliBench(t);
    assert.match((await bench.run(["leases"])).out, /no pool; add \[pool\] to the configuration/);
  });

  test("an unused pool is one line", () => {
    assert.equal(renderLeases({ pool: POOL, leases: [] }, null), "10.11.2.10 to 10.11.2.99: 88 of 90 free\n");
  });
});
