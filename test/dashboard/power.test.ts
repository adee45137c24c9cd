import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createDashboard } from "../../src/dashboard/dashboard.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { fullRack, idOf, NOON } from "./rack.ts";
import { ScriptedAppliance, SESSION_COOKIE } from "./scripted-appliance.ts";

const ORIGIN = "http://10.11.0.1:8080";
const HOST = `/hosts/${idOf(9)}`;

function opened(powerType: string | null = "redfish") {
  const appliance = new ScriptedAppliance(new FakeClock(NOON), fullRack());
  appliance.powerType = powerType;
  const app = createDashboard(appliance.deps);
  const get = (path: string, cookie = SESSION_COOKIE) => app.request(path, { headers: { cookie } });
  const text = async (path: string) => (await get(path)).text();
  const post = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    app.request(`${ORIGIN}${path}`, {
      method: "POST",
      body: new URLSearchParams(fields),
      headers: { origin: ORIGIN, cookie: SESSION_COOKIE, ...headers },
    });
  return { appliance, get, text, post };
}

describe("the power of a host", () => {
  test("is offered where the configuration says how it is switched", async () => {
    assert.match(await opened().text(HOST), new RegExp(`action="${HOST}/power"`));
    const byHand = opened(null);
    assert.doesNotMatch(await byHand.text(HOST), /Power…/);
    for (const path of ["", "/on", "/cycle"]) assert.equal((await byHand.get(`${HOST}/power${path}`)).status, 404);
  });

  test("is asked of its BMC for whoever is signed in, and shown as it says", async () => {
    const { appliance, text, get } = opened();
    const facts = [{ name: "Next boot", value: "<b>disk</b>" }];
    appliance.powerReading = { ok: true, value: { state: "changing", health: "warning", facts } };
    const page = await text(`${HOST}/power`);
    assert.match(page, /on its way between on and off.*Health.*warning.*Next boot.*&lt;b&gt;disk/s);
    const stranger = await get(`${HOST}/power`, "");
    assert.deepEqual(
      [stranger.status, stranger.headers.get("location")],
      [303, `/login?next=${encodeURIComponent(`${HOST}/power`)}`],
    );
    appliance.powerReading = { ok: false, message: "10.0.9.5 does not answer" };
    assert.match(await text(`${HOST}/power`), /role="alert">10\.0\.9\.5 does not answer/);
  });

  const consequences = [
    ["off", /switched off when that takes too long/],
    ["off-now", /what it has not written is lost/],
    ["cycle", /restarted at once/],
    ["on", /It boots as its firmware is told to/],
  ] as const;
  for (const [action, words] of consequences) {
    test(`is only switched after asking: ${action}`, async () => {
      const { appliance, text, post } = opened();
      assert.match(await text(`${HOST}/power/${action}`), words);
      assert.deepEqual(appliance.powerOrders, []);
      const done = await post(`${HOST}/power/${action}`, { seen: "ready" });
      assert.deepEqual([done.status, done.headers.get("location")], [303, `${HOST}?done=power-${action}`]);
      assert.deepEqual(appliance.powerOrders, [action]);
      assert.match(await text(`${HOST}?done=power-${action}`), /: done\./);
    });
  }

  test("is not switched for a stranger, from another page, or when the host has moved on since", async () => {
    const { appliance, post } = opened();
    const path = `${HOST}/power/off`;
    assert.equal((await post(path, { seen: "ready" }, { cookie: "" })).status, 303);
    assert.equal((await post(path, { seen: "ready" }, { origin: "http://evil.example" })).status, 403);
    assert.equal((await post(path, { seen: "failed" })).status, 409);
    assert.deepEqual(appliance.powerOrders, []);
  });

  test("is switched during an install only by whoever says so once more", async () => {
    const { appliance, post } = opened();
    appliance.powerOutcome = { ok: false, message: "it is installing, and may be writing its disks", needsForce: true };
    const refused = await post(`${HOST}/power/cycle`, { seen: "ready" });
    assert.equal(refused.status, 409);
    assert.match(await refused.text(), /may be writing its disks.*name="force"/s);
    appliance.powerOutcome = { ok: true, message: "done" };
    await post(`${HOST}/power/cycle`, { seen: "ready", force: "yes" });
    assert.deepEqual(appliance.powerOrders, ["cycle", "cycle by force"]);
  });

  test("says why, when it was not switched, and offers no force for it", async () => {
    const { appliance, post } = opened();
    appliance.powerOutcome = { ok: false, message: "10.0.9.5 refuses the password", needsForce: false };
    const refused = await (await post(`${HOST}/power/on`, { seen: "ready" })).text();
    assert.match(refused, /10\.0\.9\.5 refuses the password/);
    assert.doesNotMatch(refused, /name="force"/);
  });
});

describe("how DHCP serves a host", () => {
  test("is shown, and can be changed", async () => {
    const { appliance, text, post } = opened();
    assert.match(await text(HOST), /<dt>DHCP<\/dt><dd class="">as the configuration says/);
    assert.match(await text(`${HOST}/mode`), /value="default" id="mode-default" checked/);
    const done = await post(`${HOST}/mode`, { mode: "proxy" });
    assert.deepEqual([done.status, done.headers.get("location")], [303, `${HOST}?done=mode`]);
    assert.deepEqual(appliance.orders, [{ type: "mode", host: idOf(9), mode: "proxy" }]);
    appliance.change(idOf(9), (host) => ({ ...host, dhcp: "proxy" }));
    assert.match(await text(HOST), /proxy, whatever the configuration says/);
    assert.match(await text(`${HOST}/mode`), /value="proxy" id="mode-proxy" checked/);
  });

  test("is not changed to something else, nor by a stranger", async () => {
    const { appliance, post } = opened();
    assert.equal((await post(`${HOST}/mode`, { mode: "both" })).status, 409);
    assert.equal((await post(`${HOST}/mode`, { mode: "full" }, { cookie: "" })).status, 303);
    assert.deepEqual(appliance.orders, []);
  });
});

test("a host's page says what its server type is called, and which GPU it has", async () => {
  const { appliance, text } = opened();
  appliance.machineType = { name: "ms-01", displayName: "Minisforum <MS-01>", gpu: "A2" };
  assert.match(await text(HOST), /Minisforum &lt;MS-01&gt; \(ms-01\).*<dt>GPU<\/dt><dd class="">A2/s);
});
