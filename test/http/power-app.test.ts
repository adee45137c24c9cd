import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { PowerDone, PowerView } from "../../src/http/contract.ts";
import type { PowerOrder, PowerSwitches } from "../../src/http/power-app.ts";
import { ORIGIN, operatorBench } from "../support/operator-bench.ts";
import { answer, hostId, reported, requested, script, seen } from "../support/queue-builder.ts";

const INSTALLING = [seen(1), requested(1), script(1), answer(1)];
const INSTALLED = [...INSTALLING, reported(1)];

/** Power switches that do as they are told, and remember it. */
function switches(fault: { type: string; message: string; hint: string } | null = null) {
  const orders: string[] = [];
  const power: PowerSwitches = {
    typeOf: () => "redfish",
    read: async () =>
      fault === null
        ? { ok: true, value: { state: "on", health: "ok", facts: [{ name: "model", value: "R640" }] } }
        : { ok: false, error: fault },
    order: async (host, action: PowerOrder) => {
      orders.push(`${action} ${host.id}`);
      return fault === null ? { ok: true, value: { isSure: true, words: "restarted" } } : { ok: false, error: fault };
    },
  };
  return { orders, power };
}

const post = (body: object) => ({
  method: "POST",
  body: JSON.stringify(body),
  headers: { "Content-Type": "application/json", Host: new URL(ORIGIN).host },
});

describe("/api/hosts/{ref}/power", () => {
  test("asks the BMC how the machine is", async () => {
    const { power } = switches();
    const bench = await operatorBench({ power, trusted: true });
    await bench.happen(...INSTALLED);
    const response = await bench.app.request("/api/hosts/node1/power");
    assert.equal(response.status, 200);
    const view = (await response.json()) as PowerView;
    assert.deepEqual(view, { type: "redfish", state: "on", health: "ok", facts: [{ name: "model", value: "R640" }] });
  });

  test("switches exactly the host that was named, and notes it on the timeline", async () => {
    const { power, orders } = switches();
    const bench = await operatorBench({ power, trusted: true });
    await bench.happen(...INSTALLED, seen(2), requested(2));
    const response = await bench.app.request("/api/hosts/node1/power", post({ action: "cycle" }));
    assert.deepEqual((await response.json()) as PowerDone, {
      message: `node1 (${hostId(1)}): restarted`,
      isSure: true,
    });
    assert.deepEqual(orders, [`cycle ${hostId(1)}`]);
    assert.match(JSON.stringify(bench.trace.recent()), /power cycle/);
  });

  test("needs a credential, for looking too", async () => {
    const { power, orders } = switches();
    const bench = await operatorBench({ power });
    await bench.happen(...INSTALLED);
    const host = { headers: { Host: new URL(ORIGIN).host } };
    assert.equal((await bench.app.request(`${ORIGIN}/api/hosts/node1/power`, host)).status, 401);
    assert.equal((await bench.app.request(`${ORIGIN}/api/hosts/node1/power`, post({ action: "off" }))).status, 401);
    assert.deepEqual(orders, []);
  });

  for (const [action, forced, status] of [
    ["off", false, 409],
    ["cycle", false, 409],
    ["cycle", true, 200],
    ["on", false, 200],
    ["pxe", false, 200],
  ] as const) {
    test(`${action}${forced ? " by force" : ""} while it is being installed: ${status}`, async () => {
      const { power, orders } = switches();
      const bench = await operatorBench({ power, trusted: true });
      await bench.happen(...INSTALLING);
      const response = await bench.app.request("/api/hosts/1/power", post({ action, force: forced }));
      assert.equal(response.status, status);
      assert.equal(orders.length, status === 200 ? 1 : 0);
    });
  }

  const faults: readonly [type: string, status: number][] = [
    ["unreachable", 502],
    ["login-refused", 502],
    ["not-done", 502],
    ["wrong-machine", 409],
    ["unsupported", 409],
  ];
  for (const [type, status] of faults) {
    test(`${type} is status ${status}, with words`, async () => {
      const { power } = switches({ type, message: "it did not", hint: "look at it" });
      const bench = await operatorBench({ power, trusted: true });
      await bench.happen(...INSTALLED);
      const response = await bench.app.request("/api/hosts/1/power", post({ action: "on" }));
      assert.equal(response.status, status);
      assert.deepEqual(await response.json(), { error: "it did not", hint: "look at it", reason: type });
    });
  }

  test("knows neither strangers nor other actions", async () => {
    const bench = await operatorBench({ power: switches().power, trusted: true });
    assert.equal((await bench.app.request("/api/hosts/toad/power", post({ action: "on" }))).status, 404);
    assert.equal((await bench.app.request("/api/hosts/1/power", post({ action: "explode" }))).status, 400);
  });
});
