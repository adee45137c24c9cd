import assert from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import { afterEach, beforeEach, describe, test } from "node:test";
import { proxmoxApis } from "../../src/cluster/api.ts";
import type { ClusterSettings, JoinError } from "../../src/cluster/join.ts";
import { STOPPING } from "../../src/cluster/join-run.ts";
import type { Result } from "../../src/std/result.ts";
import { ownLoopback } from "../support/own-loopback.ts";
import { JoinBench } from "../support/proxmox-cluster/join-bench.ts";
import { ProxmoxApiStandIn } from "../support/proxmox-cluster/proxmox-api.ts";
import type { SimNode } from "../support/proxmox-cluster/simulated-cluster.ts";

const addressOf = await ownLoopback();
const never = new AbortController().signal;
const API: Partial<ClusterSettings> = { method: "api", password: "rainbow" };

let bench: JoinBench;
let port = 0;
const apis = new Map<SimNode, ProxmoxApiStandIn>();

beforeEach(async () => {
  bench = await JoinBench.open();
  port = 0;
});
afterEach(async () => {
  for (const api of apis.values()) api.close();
  apis.clear();
  await bench.close();
});

/** All nodes of a test listen on the same port, each on a loopback address of its own. */
async function withApi(node: SimNode): Promise<ProxmoxApiStandIn> {
  const api = await ProxmoxApiStandIn.serve(node, bench.nodes, bench.clock, port);
  port = api.port;
  apis.set(node, api);
  bench.openApi = proxmoxApis(port, bench.clock);
  return api;
}

async function host(n: number, name: string): Promise<SimNode> {
  const { node } = await bench.installed(name, addressOf(n));
  await withApi(node);
  return node;
}

function assertJoined(result: Result<void, JoinError>): void {
  assert.deepEqual(result, { ok: true, value: undefined }, bench.told.join("\n"));
}

function failureOf(result: Result<void, JoinError>): { why: string; half: boolean } {
  assert.ok(!result.ok && result.error.type === "failed", JSON.stringify(result));
  return result.error;
}

describe("through the API", () => {
  test("the first creates, the second joins, and the key was only needed before", async () => {
    const [toad, yoshi] = [await host(1, "toad"), await host(2, "yoshi")];
    assertJoined(await bench.join(bench.order(toad, API)));
    assertJoined(await bench.join(bench.order(yoshi, API)));
    assert.deepEqual([toad.creations, yoshi.joins], [1, 1]);
    assert.deepEqual(
      bench.nodes.allKeys().filter((line) => line.includes("bootqueue")),
      [],
    );
    assert.deepEqual(bench.keys.all(), []);
    assert.doesNotMatch(await bench.stateText(), /PRIVATE|rainbow/);
    // The certificate that it has now, for whoever joins next.
    assert.equal(bench.book.read("lab").members[1]?.fingerprint, yoshi.fingerprint);
    const wario = await host(3, "wario");
    toad.isUp = false;
    yoshi.isUp = true;
    if (toad.cluster !== null) toad.cluster.members.splice(0, 1);
    assertJoined(await bench.join(bench.order(wario, API)));
  });

  test("an existing cluster is joined", async () => {
    const old = bench.nodes.add("old", addressOf(9));
    bench.nodes.form("lab", old);
    await withApi(old);
    const toad = await host(1, "toad");
    const member = { address: old.address, hostKeys: old.hostKeys, fingerprint: old.fingerprint };
    assertJoined(await bench.join(bench.order(toad, { ...API, member })));
    assert.equal(toad.cluster?.name, "lab");
  });

  test("a ticket that has expired is renewed", async () => {
    const toad = await host(1, "toad");
    const api = apis.get(toad) as ProxmoxApiStandIn;
    api.manners.ticketMs = 1000;
    assertJoined(await bench.join(bench.order(toad, API)));
  });

  for (const [what, settings, prepare, words] of [
    [
      "a member with a second factor",
      {},
      (toad: SimNode) => {
        (apis.get(toad) as ProxmoxApiStandIn).manners.secondFactor = true;
      },
      /root has a second factor on 127\.94\.\d+\.1.*use method = "ssh"/,
    ],
    [
      "a wrong password",
      { password: "road" },
      () => {},
      /refuses root's password \(authentication failure \(401\)\): look at password_file/,
    ],
    [
      "another certificate than expected",
      {
        member: { address: addressOf(1), hostKeys: [], fingerprint: Array(32).fill("AB").join(":") },
      },
      () => {},
      /shows another certificate than expected \(.*nothing was sent to it/,
    ],
    [
      "guests",
      {},
      (_: SimNode, yoshi: SimNode) => {
        yoshi.hasGuests = true;
      },
      /^this host already contains virtual guests – /,
    ],
    [
      "a name that is taken",
      {},
      (toad: SimNode) => {
        toad.cluster?.members.push({ name: "yoshi", node: toad, online: true });
      },
      /a node called yoshi is online in the cluster/,
    ],
    [
      "a quorum that never comes",
      {},
      (_: SimNode, yoshi: SimNode) => {
        yoshi.joinMs = Number.POSITIVE_INFINITY;
      },
      /no quorum with it within 10 min/,
    ],
  ] as const) {
    test(`fails with words at ${what}`, async () => {
      const [toad, yoshi] = [await host(1, "toad"), await host(2, "yoshi")];
      assertJoined(await bench.join(bench.order(toad, API)));
      prepare(toad, yoshi);
      const failure = failureOf(await bench.join(bench.order(yoshi, { ...API, ...settings })));
      assert.match(failure.why, words);
      assert.doesNotMatch(JSON.stringify(bench.told), /rainbow/);
    });
  }

  test("a lock that somebody else holds is waited for", async () => {
    const [toad, yoshi] = [await host(1, "toad"), await host(2, "yoshi")];
    assertJoined(await bench.join(bench.order(toad, API)));
    if (toad.cluster !== null) toad.cluster.lockedUntil = bench.clock.now() + 40_000;
    assertJoined(await bench.join(bench.order(yoshi, API)));
    assert.equal(yoshi.joins, 1);
  });

  test("a restart anywhere joins once", async () => {
    for (let n = 1; ; n++) {
      const [toad, yoshi] = [await host(1, "toad"), await host(2, "yoshi")];
      assertJoined(await bench.join(bench.order(toad, API)));
      const kill = new AbortController();
      let steps = 0;
      const before = bench.told.length;
      const openApi = bench.openApi;
      bench.openApi = async (target, signal) => {
        const opened = await openApi(target, signal);
        if (!opened.ok) return opened;
        const { get, post } = opened.value;
        const counted = async <T>(work: Promise<T>): Promise<T> => {
          const result = await work;
          if (++steps === n) kill.abort(STOPPING);
          return result;
        };
        return {
          ok: true,
          value: { ...opened.value, get: (path) => counted(get(path)), post: (path, f) => counted(post(path, f)) },
        };
      };
      const cut = await bench.join(bench.order(yoshi, API), kill.signal);
      bench.openApi = openApi;
      if (!cut.ok) {
        await bench.restart();
        assertJoined(await bench.join(bench.order(yoshi, API)));
      }
      assert.deepEqual(
        [toad.creations, yoshi.joins],
        [1, 1],
        `cut at call ${n}: ${bench.told.slice(before).join("\n")}`,
      );
      for (const api of apis.values()) api.close();
      apis.clear();
      await bench.close();
      bench = await JoinBench.open();
      port = 0;
      if (cut.ok) {
        assert.ok(n > 5, `only ${n} calls`);
        return;
      }
    }
  });
});

describe("a connection to the API", () => {
  test("that somebody accepts and leaves alone ends with the abort", async () => {
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const abort = new AbortController();
    const open = proxmoxApis((server.address() as AddressInfo).port, bench.clock);
    const target = { address: "127.0.0.1", fingerprint: "AB", password: "rainbow" };
    const opening = open(target, abort.signal);
    abort.abort();
    assert.deepEqual(await opening, { ok: false, error: { type: "aborted" } });
    server.close();
  });

  test("sends nothing before the certificate is known to be the right one", async () => {
    const toad = await host(1, "toad");
    const open = proxmoxApis(port, bench.clock);
    const opened = await open({ address: toad.address, fingerprint: "AB", password: "rainbow" }, never);
    assert.ok(!opened.ok && opened.error.type === "wrong-certificate");
    assert.deepEqual(apis.get(toad)?.calls, []);
  });
});
