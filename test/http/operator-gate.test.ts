import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pageAuth } from "../../src/http/operator-login.ts";
import { type OperatorBench, ORIGIN, operatorBench } from "../support/operator-bench.ts";

const FORM = "application/x-www-form-urlencoded";

interface Attempt {
  readonly what: string;
  readonly credential: "none" | "bearer" | "wrong bearer" | "session" | "stale session";
  readonly origin?: string;
  readonly fetchSite?: string;
  readonly form?: boolean;
  readonly status: number;
}

/** Every way to try `POST /api/queue/pause`. */
const MATRIX: readonly Attempt[] = [
  { what: "nobody", credential: "none", status: 401 },
  { what: "nobody, from our own page", credential: "none", origin: ORIGIN, status: 401 },
  { what: "the bearer of the token", credential: "bearer", status: 200 },
  {
    what: "the bearer of the token, wherever its page is from",
    credential: "bearer",
    origin: "http://evil.example",
    status: 200,
  },
  { what: "the bearer of another token", credential: "wrong bearer", status: 401 },
  { what: "a browser that logged in, from our page", credential: "session", origin: ORIGIN, status: 200 },
  {
    what: "a browser that logged in, through a proxy with TLS",
    credential: "session",
    origin: "https://10.11.0.1:8080",
    status: 200,
  },
  {
    what: "a browser that logged in, that says same-origin",
    credential: "session",
    fetchSite: "same-origin",
    status: 200,
  },
  {
    what: "a browser that logged in, from a page of another site",
    credential: "session",
    origin: "http://evil.example",
    status: 403,
  },
  {
    what: "a browser that logged in, from another port",
    credential: "session",
    origin: "http://10.11.0.1:80",
    status: 403,
  },
  { what: "a browser that logged in, from a sandboxed page", credential: "session", origin: "null", status: 403 },
  {
    what: "a browser that logged in, that says cross-site",
    credential: "session",
    fetchSite: "cross-site",
    status: 403,
  },
  { what: "a cookie without a word of where it is from", credential: "session", status: 403 },
  { what: "a form of our own page", credential: "session", origin: ORIGIN, form: true, status: 303 },
  {
    what: "a form of another site's page",
    credential: "session",
    origin: "http://evil.example",
    form: true,
    status: 403,
  },
  { what: "a form that says nothing of where it is from", credential: "session", form: true, status: 403 },
  { what: "a browser that logged out", credential: "stale session", origin: ORIGIN, status: 401 },
];

async function attempt(bench: OperatorBench, { credential, origin, fetchSite, form }: Attempt) {
  const headers: Record<string, string> = { Host: "10.11.0.1:8080" };
  const token = await bench.sessions.issueToken();
  if (credential === "bearer") headers.Authorization = `Bearer ${token}`;
  if (credential === "wrong bearer") headers.Authorization = `Bearer ${token}x`;
  if (credential === "session" || credential === "stale session") {
    const cookie = bench.sessions.open();
    headers.Cookie = `bootqueue_session=${cookie}`;
    if (credential === "stale session") bench.sessions.close(cookie);
  }
  if (origin !== undefined) headers.Origin = origin;
  if (fetchSite !== undefined) headers["Sec-Fetch-Site"] = fetchSite;
  if (form) headers["Content-Type"] = FORM;
  return bench.app.request(`${ORIGIN}/api/queue/pause`, { method: "POST", headers, ...(form ? { body: "" } : {}) });
}

describe("who may change things over the network", () => {
  for (const row of MATRIX) {
    test(`${row.what}: ${row.status}`, async () => {
      const bench = await operatorBench();
      const response = await attempt(bench, row);
      assert.equal(response.status, row.status);
      assert.equal(bench.engine.state.paused, row.status < 400);
      if (row.status === 401) assert.match(response.headers.get("www-authenticate") ?? "", /^Bearer/);
    });
  }

  test("on the socket everything is allowed, under any name", async () => {
    const bench = await operatorBench({ trusted: true });
    const response = await bench.app.request("http://localhost/api/queue/pause", {
      method: "POST",
      headers: { Host: "x" },
    });
    assert.equal(response.status, 200);
  });

  test("every route that changes something needs a credential", async () => {
    const bench = await operatorBench();
    const changing = bench.app.routes.filter(
      ({ method, path }) => method !== "GET" && method !== "ALL" && path.startsWith("/api/"),
    );
    const open = new Set(["/api/login", "/api/logout"]);
    for (const { method, path } of changing) {
      const response = await bench.app.request(`${ORIGIN}${path.replace(":ref", "1")}`, {
        method,
        headers: { Host: "10.11.0.1" },
      });
      assert.equal(
        response.status,
        open.has(path) ? 403 : ["/api/operator-token", "/api/tls/rotate"].includes(path) ? 403 : 401,
        `${method} ${path}`,
      );
    }
    assert.ok(changing.length > 10);
  });
});

describe("under which name", () => {
  const names: readonly { name: string; status: number }[] = [
    { name: "10.11.0.1:8080", status: 200 },
    { name: "10.11.0.1", status: 200 },
    { name: "BootQueue.Lab.Example:8080", status: 200 },
    { name: "localhost:8080", status: 200 },
    { name: "192.168.7.9:8080", status: 200 },
    { name: "[fe80::1]:8080", status: 200 },
    { name: "[::1]", status: 200 },
    { name: "bootqueue", status: 403 },
    { name: "evil.example", status: 403 },
    { name: "10.11.0.1.evil.example:8080", status: 403 },
    { name: "", status: 403 },
  ];
  for (const { name, status } of names) {
    test(`a request for ${JSON.stringify(name)} is answered with ${status}`, async () => {
      const bench = await operatorBench();
      const response = await bench.app.request("http://10.11.0.1:8080/api/status", { headers: { Host: name } });
      assert.equal(response.status, status);
    });
  }
});

describe("logging in", () => {
  async function login(bench: OperatorBench, token: string, headers: Record<string, string> = {}, path = "/api/login") {
    return bench.app.request(`${ORIGIN}${path}`, {
      method: "POST",
      headers: { Host: "10.11.0.1:8080", Origin: ORIGIN, "Content-Type": "application/json", ...headers },
      body: headers["Content-Type"] === FORM ? new URLSearchParams({ token }).toString() : JSON.stringify({ token }),
    });
  }

  test("gives a cookie that scripts cannot read and other sites cannot use", async () => {
    const bench = await operatorBench();
    const response = await login(bench, await bench.sessions.issueToken());
    assert.equal(response.status, 204);
    const cookie = response.headers.get("set-cookie") ?? "";
    for (const part of [/^bootqueue_session=[\w-]{43};/, /HttpOnly/, /SameSite=Strict/, /Path=\//, /Max-Age=604800/])
      assert.match(cookie, part);
    assert.equal(bench.sessions.isOpen(/=([\w-]+);/.exec(cookie)?.[1] ?? ""), true);
  });

  test("by a form leads back to the page it came from, and nowhere else", async () => {
    const bench = await operatorBench();
    const token = await bench.sessions.issueToken();
    const back = async (Referer: string) =>
      (await login(bench, token, { "Content-Type": FORM, Referer })).headers.get("location");
    assert.equal(await back(`${ORIGIN}/hosts/52-54?x=1`), "/hosts/52-54?x=1");
    assert.equal(await back("http://evil.example//evil.example/"), "/");
    assert.equal(await back("nonsense"), "/");
  });

  test("with a wrong token by a form is a page that says so, with nothing in it that a stranger wrote", async () => {
    const bench = await operatorBench();
    const response = await login(bench, "<b>", { "Content-Type": FORM, Referer: `${ORIGIN}/"><script>` });
    assert.equal(response.status, 401);
    const page = await response.text();
    assert.match(page, /the token is wrong/);
    assert.doesNotMatch(page, /<script|<b>/);
  });

  test("from a page of another site is refused", async () => {
    const bench = await operatorBench();
    const response = await login(bench, await bench.sessions.issueToken(), { Origin: "http://evil.example" });
    assert.equal(response.status, 403);
    assert.equal(response.headers.get("set-cookie"), null);
  });

  test("ten wrong tokens and the eleventh is told to wait", async () => {
    const bench = await operatorBench();
    const token = await bench.sessions.issueToken();
    for (let i = 0; i < 10; i++) assert.equal((await login(bench, "wrong")).status, 401);
    const response = await login(bench, token);
    assert.equal(response.status, 429);
    assert.equal(response.headers.get("retry-after"), "60");
  });

  test("logging out closes the session", async () => {
    const bench = await operatorBench();
    const cookie = bench.sessions.open();
    const headers = { Host: "10.11.0.1:8080", Origin: ORIGIN, Cookie: `bootqueue_session=${cookie}` };
    const response = await bench.app.request(`${ORIGIN}/api/logout`, { method: "POST", headers });
    assert.match(response.headers.get("set-cookie") ?? "", /^bootqueue_session=;.*Max-Age=0/);
    assert.equal(bench.sessions.isOpen(cookie), false);
  });

  test("a new token is made on the socket only", async () => {
    const network = await operatorBench();
    const headers = { Host: "10.11.0.1", Authorization: `Bearer ${await network.sessions.issueToken()}` };
    assert.equal((await network.app.request("/api/operator-token", { method: "POST", headers })).status, 403);
    const socket = await operatorBench({ trusted: true });
    const response = await socket.app.request("/api/operator-token", { method: "POST" });
    const { token } = (await response.json()) as { token: string };
    assert.equal(socket.sessions.check(token, "").type, "accepted");
  });

  test("a page with a login form of its own shares the sessions", async () => {
    const bench = await operatorBench();
    const auth = pageAuth(bench.sessions);
    const token = await bench.sessions.issueToken();
    assert.equal(await auth.login("wrong"), "refused");
    const inside = await auth.login(` ${token}\n`);
    assert.ok(typeof inside === "object");
    assert.match(inside.setCookie, /HttpOnly; SameSite=Strict/);
    const request = new Request(ORIGIN, { headers: { Cookie: inside.setCookie.split(";")[0] ?? "" } });
    assert.equal(auth.sessionOf(request), true);
    assert.match((await auth.logout(request)).setCookie, /Max-Age=0/);
    assert.equal(auth.sessionOf(request), false);
    for (let i = 0; i < 9; i++) await auth.login("wrong");
    assert.equal(await auth.login(token), "slow-down");
  });
});
