import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createDashboard } from "../../src/dashboard/dashboard.ts";
import type { Order } from "../../src/dashboard/orders.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { fullRack, idOf, NOON } from "./rack.ts";
import { OPERATOR_TOKEN, ScriptedAppliance, SESSION_COOKIE } from "./scripted-appliance.ts";

const ORIGIN = "http://10.11.0.1:8080";

function opened() {
  const appliance = new ScriptedAppliance(new FakeClock(NOON), fullRack());
  const app = createDashboard(appliance.deps);
  const post = (path: string, fields: Record<string, string> = {}, headers: Record<string, string> = {}) =>
    app.request(`${ORIGIN}${path}`, {
      method: "POST",
      body: new URLSearchParams(fields),
      headers: { origin: ORIGIN, cookie: SESSION_COOKIE, ...headers },
    });
  const get = async (path: string) => (await app.request(path, { headers: { cookie: SESSION_COOKIE } })).text();
  return { appliance, app, post, get };
}

describe("an action on a host", () => {
  const carriedOut: readonly {
    what: string;
    path: string;
    fields: Record<string, string>;
    order: Order;
    to: string;
  }[] = [
    {
      what: "approving a host that waits",
      path: `/hosts/${idOf(31)}/approve`,
      fields: { seen: "discovered" },
      order: { type: "approve", host: idOf(31) },
      to: `/hosts/${idOf(31)}?done=approve`,
    },
    {
      what: "trying a join again that failed",
      path: `/hosts/${idOf(7)}/retry`,
      fields: { seen: "failed" },
      order: { type: "retry", host: idOf(7) },
      to: `/hosts/${idOf(7)}?done=retry`,
    },
    {
      what: "rebuilding an installed host whose name was typed",
      path: `/hosts/${idOf(9)}/rebuild`,
      fields: { seen: "ready", name: " Peach-Beach " },
      order: { type: "rebuild", host: idOf(9) },
      to: `/hosts/${idOf(9)}?done=rebuild`,
    },
    {
      what: "resetting an installed host whose name was typed",
      path: `/hosts/${idOf(9)}/reset`,
      fields: { seen: "ready", name: "peach-beach" },
      order: { type: "reset", host: idOf(9), evenInstalled: true },
      to: `/hosts/${idOf(9)}?done=reset`,
    },
    {
      what: "resetting a host that has nothing to lose",
      path: `/hosts/${idOf(1)}/reset`,
      fields: { seen: "pxe_ready" },
      order: { type: "reset", host: idOf(1), evenInstalled: false },
      to: `/hosts/${idOf(1)}?done=reset`,
    },
    {
      what: "marking a host as installed",
      path: `/hosts/${idOf(3)}/mark-installed`,
      fields: { seen: "installing" },
      order: { type: "mark-installed", host: idOf(3) },
      to: `/hosts/${idOf(3)}?done=mark-installed`,
    },
    {
      what: "skipping a slot",
      path: "/slots/10.11.0.14/skip",
      fields: { reason: "no cable" },
      order: { type: "skip", slot: "10.11.0.14" as never, reason: "no cable" },
      to: "/?done=skip",
    },
    {
      what: "unskipping a slot",
      path: "/slots/10.11.0.12/unskip",
      fields: {},
      order: { type: "unskip", slot: "10.11.0.12" as never },
      to: "/?done=unskip",
    },
    { what: "pausing the queue", path: "/queue/pause", fields: {}, order: { type: "pause" }, to: "/?done=pause" },
    { what: "resuming the queue", path: "/queue/resume", fields: {}, order: { type: "resume" }, to: "/?done=resume" },
    {
      what: "registering a machine",
      path: "/register",
      fields: { mac: "52:54:00:00:00:77", "server-type": "m75q", slot: "10.11.0.14" },
      order: { type: "register", mac: "52:54:00:00:00:77", serverType: "m75q", slot: "10.11.0.14" as never },
      to: "/?done=register",
    },
    {
      what: "registering a machine without more",
      path: "/register",
      fields: { mac: "52:54:00:00:00:77", "server-type": "", slot: "" },
      order: { type: "register", mac: "52:54:00:00:00:77", serverType: null, slot: null },
      to: "/?done=register",
    },
  ];
  for (const { what, path, fields, order, to } of carriedOut) {
    test(`${what} is carried out once, and the browser sent on`, async () => {
      const { appliance, post } = opened();
      const response = await post(path, fields);
      assert.equal(response.status, 303);
      assert.equal(response.headers.get("location"), to);
      assert.deepEqual(appliance.orders, [order]);
    });

    test(`${what} needs a session`, async () => {
      const { appliance, post } = opened();
      const response = await post(path, fields, { cookie: "" });
      assert.match(response.headers.get("location") ?? "", /^\/login\?next=/);
      assert.deepEqual(appliance.orders, []);
    });

    test(`${what} cannot be ordered by another site`, async () => {
      const { appliance, post } = opened();
      for (const origin of ["http://evil.example", "null", "http://10.11.0.1:80"]) {
        assert.equal((await post(path, fields, { origin })).status, 403, origin);
      }
      assert.deepEqual(appliance.orders, []);
    });
  }

  const objections: readonly { what: string; path: string; fields: Record<string, string>; says: RegExp }[] = [
    {
      what: "a rebuild without the name",
      path: `/hosts/${idOf(9)}/rebuild`,
      fields: { seen: "ready" },
      says: /name typed is not that/,
    },
    {
      what: "a rebuild with another host's name",
      path: `/hosts/${idOf(9)}/rebuild`,
      fields: { seen: "ready", name: "choco-island" },
      says: /name typed is not that of this machine, peach-beach/,
    },
    {
      what: "a reset of an installed host without its name",
      path: `/hosts/${idOf(9)}/reset`,
      fields: { seen: "ready" },
      says: /name typed/,
    },
    {
      what: "a reset of a failed host without its name",
      path: `/hosts/${idOf(7)}/reset`,
      fields: { seen: "failed" },
      says: /name typed/,
    },
    {
      what: "a confirmation of a page that is out of date",
      path: `/hosts/${idOf(9)}/reset`,
      fields: { seen: "pxe_ready", name: "peach-beach" },
      says: /It is ready now/,
    },
  ];
  for (const { what, path, fields, says } of objections) {
    test(`${what} does nothing and asks again`, async () => {
      const { appliance, post } = opened();
      const response = await post(path, fields);
      assert.equal(response.status, 409);
      assert.match(await response.text(), says);
      assert.deepEqual(appliance.orders, []);
    });
  }

  test("that the queue refuses shows its reason, escaped", async () => {
    const { appliance, post } = opened();
    appliance.outcome = { ok: false, message: "no slot is <free>" };
    for (const [path, fields] of [
      [`/hosts/${idOf(9)}/rebuild`, { seen: "ready", name: "peach-beach" }],
      ["/slots/10.11.0.14/skip", { reason: "" }],
      ["/register", { mac: 'x"><b>' }],
    ] as const) {
      const response = await post(path, fields);
      const page = await response.text();
      assert.equal(response.status, 409);
      assert.ok(page.includes("no slot is &lt;free&gt;"), path);
      assert.ok(!page.includes("<b>"));
    }
  });

  test("goes back to the queue when the host is forgotten by it", async () => {
    const { appliance, post, get } = opened();
    appliance.onOrder = () => appliance.publish({ ...appliance.state, hosts: [] });
    const response = await post(`/hosts/${idOf(1)}/reset`, { seen: "pxe_ready" });
    assert.equal(response.headers.get("location"), "/?done=reset");
    assert.match(await get("/?done=reset"), /role="status">Reset\./);
    assert.doesNotMatch(await get("/?done=%3Cb%3E"), /class="notice"|<b>/);
  });

  test("leads to a page that names the machine and every disk first, and does nothing itself", async () => {
    const { appliance, get } = opened();
    const page = await get(`/hosts/${idOf(9)}/rebuild`);
    for (const text of [
      "Rebuild <bdi>peach-beach</bdi>?",
      "S64KNX0T401122",
      "SAMSUNG MZVL2512HCJQ",
      "21424E800155",
      "PC21YB7K",
    ]) {
      assert.ok(page.includes(text), text);
    }
    assert.match(page, /<input id="name" name="name" type="text" required/);
    assert.match(await get(`/hosts/${idOf(7)}/rebuild`), /disks are not known/);
    assert.doesNotMatch(await get(`/hosts/${idOf(1)}/reset`), /<input id="name"/);
    assert.deepEqual(appliance.orders, []);
  });

  test("is not there for hosts and slots that are not", async () => {
    const { post, app } = opened();
    for (const path of ["/hosts/none/rebuild", "/slots/10.99.0.1/skip", "/hosts/none/dance", "/queue/stop"]) {
      assert.equal((await post(path)).status, 404, path);
      assert.equal((await app.request(path)).status, 404, path);
    }
  });

  test("reads no body that is too large", async () => {
    const { post } = opened();
    assert.equal((await post("/login", { token: "x".repeat(100_000) })).status, 413);
  });

  test("survives a body that is no form", async () => {
    const { app, appliance } = opened();
    for (const type of ["multipart/form-data; boundary=x", "application/json", "text/plain"]) {
      const headers = { origin: ORIGIN, cookie: SESSION_COOKIE, "content-type": type };
      const response = await app.request(`${ORIGIN}/hosts/${idOf(9)}/rebuild`, {
        method: "POST",
        body: "--x\r\n{",
        headers,
      });
      assert.equal(response.status, 409, type);
    }
    assert.deepEqual(appliance.orders, []);
  });
});

describe("signing in", () => {
  test("takes the operator token, sets the cookie and goes where one came from", async () => {
    const { post } = opened();
    const response = await post("/login", { token: ` ${OPERATOR_TOKEN}\n`, next: `/hosts/${idOf(9)}` }, { cookie: "" });
    assert.equal(response.status, 303);
    assert.equal(response.headers.get("location"), `/hosts/${idOf(9)}`);
    assert.match(response.headers.get("set-cookie") ?? "", /HttpOnly/);
  });

  test("refuses another token without repeating it", async () => {
    const { post } = opened();
    const response = await post("/login", { token: "guess" }, { cookie: "" });
    assert.equal(response.status, 401);
    assert.doesNotMatch(await response.text(), /guess/);
  });

  test("says so when there were too many wrong tokens", async () => {
    const { appliance, post } = opened();
    appliance.refuseLogin = "slow-down";
    assert.equal((await post("/login", { token: "x" })).status, 429);
  });

  for (const next of [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example",
    "javascript:alert(1)",
    "/x\r\nSet-Cookie: a=b",
    "",
  ]) {
    test(`never leads away: ${JSON.stringify(next)}`, async () => {
      const { post } = opened();
      assert.equal((await post("/login", { token: OPERATOR_TOKEN, next })).headers.get("location"), "/");
    });
  }

  test("signing out ends the session", async () => {
    const { post } = opened();
    assert.match((await post("/logout")).headers.get("set-cookie") ?? "", /Max-Age=0/);
  });
});
