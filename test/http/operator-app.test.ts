import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Hono } from "hono";
import type {
  ApiError,
  HostDetailView,
  HostsView,
  OrderDone,
  SlotsView,
  StatusView,
  TimelineView,
} from "../../src/http/contract.ts";
import * as contract from "../../src/http/contract.ts";
import { type OperatorBench, ORIGIN, operatorBench } from "../support/operator-bench.ts";
import { answer, drawn, hostId, INVENTORY, mac, reported, requested, script, seen } from "../support/queue-builder.ts";

const INSTALLED = [seen(1), requested(1), script(1), answer(1), reported(1)];

/** A request as it comes over the network. */
function ask(bench: OperatorBench, path: string, init: RequestInit = {}) {
  const headers = { Host: "10.11.0.1:8080", ...(init.headers as Record<string, string>) };
  return bench.app.request(`${ORIGIN}${path}`, { ...init, headers });
}

async function json<T>(response: Response | Promise<Response>): Promise<T> {
  return (await (await response).json()) as T;
}

async function bearer(bench: OperatorBench) {
  return { Authorization: `Bearer ${await bench.sessions.issueToken()}` };
}

describe("reading", () => {
  test("the status counts every state and tells what a person should look at", async () => {
    const bench = await operatorBench();
    await bench.happen(...INSTALLED, seen(2), { type: "queue-paused" });
    bench.clock.advance(90_000);
    const status = await json<StatusView>(ask(bench, "/api/status"));
    assert.deepEqual(contract.StatusView.parse(status), status);
    assert.equal(status.version, "1.2.3");
    assert.equal(status.startedAt, "2026-11-20T12:00:00.000Z");
    assert.equal(status.uptimeSeconds, 90);
    assert.deepEqual(status.slots, { available: 1, reserved: 0, held: 1, assigned: 1, skipped: 0 });
    assert.equal(status.hosts.ready, 1);
    assert.equal(Object.keys(status.hosts).length, 10);
    assert.match(status.warnings.join("\n"), /^the queue is paused/);
  });

  test("slots come in their order, with who has them or is waited for", async () => {
    const bench = await operatorBench();
    await bench.happen(...INSTALLED, seen(2));
    const { slots } = await json<SlotsView>(ask(bench, "/api/slots"));
    assert.deepEqual(contract.SlotsView.parse({ slots }), { slots });
    assert.deepEqual(
      slots.map(({ number, address, hostname, state, host, holder, until }) => [
        number,
        address,
        hostname,
        state,
        host,
        holder,
        until,
      ]),
      [
        [1, "10.11.0.2", "node1", "assigned", hostId(1), mac(1), null],
        [2, "10.11.0.3", "node2", "held", null, mac(2), "2026-11-20T12:02:00.000Z"],
        [3, "10.11.0.4", "node3", "available", null, null, null],
      ],
    );
  });

  test("hosts have their slot, their deadline and how they came there", async () => {
    const bench = await operatorBench();
    await bench.happen(seen(1), requested(1), script(1));
    const { hosts } = await json<HostsView>(ask(bench, "/api/hosts"));
    assert.deepEqual(contract.HostsView.parse({ hosts }), { hosts });
    const [host] = hosts;
    assert.deepEqual(host?.slot, { number: 1, address: "10.11.0.2", hostname: "node1", profile: "pve", labels: [] });
    assert.equal(host?.state, "pxe_booted");
    assert.equal(host?.deadline, "2026-11-20T12:15:00.000Z");
    assert.deepEqual(
      host?.passages.map(({ state }) => state),
      ["discovered", "pxe_ready", "pxe_booted"],
    );
  });

  test("a host's page has inventory, story, answer file, and the footprints of all its cards in the order of time", async () => {
    const bench = await operatorBench({
      explain: (host) => `${host.id} is fine`,
      previewAnswer: (id) => `# for ${id}`,
    });
    await bench.happen(...INSTALLED);
    const foot = (card: number, what: string) =>
      bench.trace.note({ mac: mac(1, card), road: "dhcp", outcome: "answered", what, why: "", fields: { xid: "0x1" } });
    foot(1, "OFFER");
    bench.clock.advance(1000);
    foot(2, "ACK");
    bench.clock.advance(1000);
    foot(1, "INFORM");
    const host = await json<HostDetailView>(ask(bench, "/api/hosts/node1"));
    assert.deepEqual(contract.HostDetailView.parse(host), host);
    assert.deepEqual(host.inventory, INVENTORY);
    assert.equal(host.story, `${hostId(1)} is fine`);
    assert.equal(host.answerPreview, `# for ${hostId(1)}`);
    assert.deepEqual(
      host.footprints.map(({ what }) => what),
      ["OFFER", "ACK", "INFORM"],
    );
    assert.deepEqual(host.footprints[0]?.fields, { xid: "0x1" });
  });

  test("a host that nobody knows is a 404 that lists those there are", async () => {
    const bench = await operatorBench();
    await bench.happen(...INSTALLED);
    const response = await ask(bench, "/api/hosts/toad%20stool");
    assert.equal(response.status, 404);
    const error = await json<ApiError>(response);
    assert.deepEqual(contract.ApiError.parse(error), error);
    assert.deepEqual([error.error, error.reason], ['no host is called "toad stool"', "not-found"]);
    assert.match(error.hint, /node1/);
  });

  test("the timeline is of everybody or of one, the latest few, oldest first", async () => {
    const bench = await operatorBench();
    for (const [n, what] of [
      [1, "a"],
      [2, "b"],
      [1, "c"],
      [1, "d"],
    ] as const) {
      bench.trace.note({ mac: mac(n), road: "tftp", outcome: "answered", what, why: "" });
    }
    const what = async (query: string) =>
      (await json<TimelineView>(ask(bench, `/api/timeline${query}`))).footprints
        .map((footprint) => footprint.what)
        .join("");
    assert.equal(await what(""), "abcd");
    assert.equal(await what("?limit=2"), "cd");
    assert.equal(await what(`?mac=${mac(1).toUpperCase()}`), "acd");
    assert.equal(await what(`?mac=525400000101&limit=1`), "d");
    for (const bad of ["?limit=0", "?limit=-1", "?limit=many", "?mac=toad"]) {
      assert.equal((await ask(bench, `/api/timeline${bad}`)).status, 400, bad);
    }
  });

  test("no answer holds the secret of an install", async () => {
    const bench = await operatorBench();
    await bench.happen(...INSTALLED.slice(0, 4), seen(2), requested(2));
    assert.equal(bench.engine.state.hosts.at(0)?.attempt?.token, "token-1");
    for (const path of ["/api/status", "/api/slots", "/api/hosts", "/api/hosts/node1", "/api/timeline", "/metrics"]) {
      const response = await ask(bench, path);
      assert.equal(response.status, 200, path);
      assert.doesNotMatch(await response.text(), /token-1|token-2/, path);
    }
    const headers = await bearer(bench);
    assert.doesNotMatch(
      await (await ask(bench, "/api/hosts/node2/rebuild", { method: "POST", headers })).text(),
      /token-/,
    );
  });

  test("health is open under any name; readiness says what is missing", async () => {
    const bench = await operatorBench({ notReady: () => ["undionly.kpxe is missing in assets/"] });
    assert.equal((await bench.app.request("http://whatever/healthz", { headers: { Host: "whatever" } })).status, 200);
    const response = await ask(bench, "/readyz");
    assert.deepEqual([response.status, await response.text()], [503, "undionly.kpxe is missing in assets/\n"]);
  });

  test("metrics are in the text format of Prometheus", async () => {
    const bench = await operatorBench();
    await bench.happen(...INSTALLED);
    for (const what of ["OFFER", "ACK"])
      bench.trace.note({ mac: mac(1), road: "dhcp", outcome: "answered", what, why: "" });
    const response = await ask(bench, "/metrics");
    assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    const text = await response.text();
    for (const line of text.trimEnd().split("\n")) {
      assert.match(line, /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [\d.e+]+)$/);
    }
    assert.match(text, /^bootqueue_info\{version="1\.2\.3",mode="authoritative"\} 1$/m);
    assert.match(text, /^bootqueue_hosts\{state="ready"\} 1$/m);
    assert.match(text, /^bootqueue_footprints_total\{road="dhcp",outcome="answered"\} 2$/m);
  });

  test("hosts that are ready are listed for Prometheus, no others", async () => {
    const bench = await operatorBench();
    assert.deepEqual(await json(ask(bench, "/api/prometheus-targets")), []);
    await bench.happen(...INSTALLED, seen(2), requested(2));
    assert.deepEqual(await json(ask(bench, "/api/prometheus-targets?port=9221")), [
      { targets: ["10.11.0.2:9221"], labels: { hostname: "node1", __meta_bootqueue_profile: "pve" } },
    ]);
    assert.equal((await ask(bench, "/api/prometheus-targets?port=x")).status, 400);
  });

  test("pages stand behind the same gates", async () => {
    const pages = new Hono().get("/", (c) => c.html("<h1>queue</h1>")).notFound((c) => c.html("<h1>nothing</h1>", 404));
    const bench = await operatorBench({ pages });
    const response = await ask(bench, "/");
    assert.equal(await response.text(), "<h1>queue</h1>");
    assert.match(response.headers.get("content-security-policy") ?? "", /default-src 'none'/);
    assert.equal(response.headers.get("strict-transport-security"), null);
    // With `no-referrer` browsers hide where our own forms come from.
    assert.equal(response.headers.get("referrer-policy"), "same-origin");
    assert.equal(await (await ask(bench, "/toad")).text(), "<h1>nothing</h1>");
    assert.match(await (await ask(bench, "/api/toad")).text(), /there is no GET/);
    assert.equal((await bench.app.request("http://evil.example/", { headers: { Host: "evil.example" } })).status, 403);
  });
});

describe("changing", () => {
  const orders: readonly { method: string; path: string; body?: object; after: string }[] = [
    { method: "POST", path: "/api/hosts", body: { mac: mac(5), slot: "3" }, after: "ready(1) available registered(5)" },
    {
      method: "DELETE",
      path: "/api/hosts/node1",
      body: { evenInstalled: true },
      after: "available available available",
    },
    {
      method: "POST",
      path: "/api/hosts/node1/reset",
      body: { evenInstalled: true },
      after: "available available available",
    },
    { method: "POST", path: "/api/hosts/10.11.0.2/rebuild", after: "pxe_ready(1) available available" },
    { method: "POST", path: "/api/hosts/1/mark-installed", after: "ready(1) available available" },
    { method: "POST", path: "/api/slots/2/skip", body: { reason: "bad cable" }, after: "ready(1) skipped available" },
    { method: "POST", path: "/api/slots/2/unskip", after: "ready(1) available available" },
  ];
  for (const { method, path, body, after } of orders) {
    test(`${method} ${path} does it, and answers with how things are then`, async () => {
      const bench = await operatorBench();
      await bench.happen(...INSTALLED);
      const headers = { ...(await bearer(bench)), ...(body ? { "Content-Type": "application/json" } : {}) };
      const response = await ask(bench, path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
      assert.equal(response.status, 200);
      const done = await json<OrderDone>(response);
      assert.deepEqual(contract.OrderDone.parse(done), done);
      assert.equal(drawn(bench.engine.state), after);
    });
  }

  test("pauses and resumes the queue, and says when it was so already", async () => {
    const bench = await operatorBench();
    const headers = await bearer(bench);
    const give = async (verb: string) =>
      (await json<OrderDone>(ask(bench, `/api/queue/${verb}`, { method: "POST", headers }))).done;
    assert.deepEqual([await give("pause"), await give("pause"), bench.engine.state.paused], [true, false, true]);
    assert.deepEqual([await give("resume"), bench.engine.state.paused], [true, false]);
  });

  const refused: readonly {
    what: string;
    path: string;
    body?: string;
    type?: string;
    status: number;
    words: RegExp;
  }[] = [
    { what: "a host that nobody knows", path: "/api/hosts/toad/rebuild", status: 404, words: /no host is called/ },
    { what: "a slot that nobody knows", path: "/api/slots/toad/skip", status: 404, words: /no slot is called/ },
    { what: "not in this state", path: "/api/hosts/node1/approve", status: 409, words: /"reason":"not-in-this-state"/ },
    {
      what: "an installed host without insistence",
      path: "/api/hosts/node1/reset",
      status: 409,
      words: /installed-needs-insistence/,
    },
    { what: "a body that is not JSON", path: "/api/hosts", body: "{", status: 400, words: /not JSON/ },
    {
      what: "a body of another type",
      path: "/api/hosts",
      body: "mac",
      type: "text/plain",
      status: 400,
      words: /expected a body of type application\/json/,
    },
    {
      what: "a misspelt key",
      path: "/api/hosts/node1/reset",
      body: '{"evenInstaled":true}',
      status: 400,
      words: /evenInstaled/,
    },
    { what: "a missing key", path: "/api/hosts", body: "{}", status: 400, words: /mac/ },
    {
      what: "a wrong hardware address",
      path: "/api/hosts",
      body: '{"mac":"52"}',
      status: 400,
      words: /expected a hardware address/,
    },
    {
      what: "too large a body",
      path: "/api/hosts",
      body: JSON.stringify({ mac: "5".repeat(70_000) }),
      status: 413,
      words: /65536/,
    },
    { what: "an order there is not", path: "/api/hosts/node1/explode", status: 404, words: /there is no POST/ },
  ];
  for (const { what, path, body, type = "application/json", status, words } of refused) {
    test(`refuses ${what}: ${status}, and changes nothing`, async () => {
      const bench = await operatorBench();
      await bench.happen(...INSTALLED);
      const before = bench.engine.state;
      const headers = { ...(await bearer(bench)), ...(body ? { "Content-Type": type } : {}) };
      const response = await ask(bench, path, { method: "POST", headers, ...(body ? { body } : {}) });
      assert.equal(response.status, status);
      const text = await response.text();
      assert.match(text, words);
      contract.ApiError.parse(JSON.parse(text));
      assert.equal(bench.engine.state, before);
    });
  }

  test("a failing disk is a 500 that tells the log, not the network, what happened", async () => {
    const errors: unknown[] = [];
    const bench = await operatorBench({
      log: { debug() {}, info() {}, warn() {}, error: (_, fields) => errors.push(fields?.error) },
    });
    bench.deps.queue.dispatch = () => Promise.reject(new Error("EIO /var/lib/bootqueue/state.json"));
    const response = await ask(bench, "/api/queue/pause", { method: "POST", headers: await bearer(bench) });
    assert.equal(response.status, 500);
    assert.doesNotMatch(await response.text(), /EIO|var/);
    assert.deepEqual(errors, ["EIO /var/lib/bootqueue/state.json"]);
  });
});
