import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { ClusterSettings, JoinError } from "../../src/cluster/join.ts";
import { STOPPING } from "../../src/cluster/join-run.ts";
import { keyBodyOf } from "../../src/cluster/key-line.ts";
import type { Result } from "../../src/std/result.ts";
import { JoinBench } from "../support/proxmox-cluster/join-bench.ts";
import type { SimNode } from "../support/proxmox-cluster/simulated-cluster.ts";

let bench: JoinBench;
beforeEach(async () => {
  bench = await JoinBench.open();
});
afterEach(() => bench.close());

function assertJoined(result: Result<void, JoinError>): void {
  assert.deepEqual(result, { ok: true, value: undefined }, bench.told.join("\n"));
}

function failureOf(result: Result<void, JoinError>): { why: string; half: boolean } {
  assert.ok(!result.ok && result.error.type === "failed", JSON.stringify(result));
  return result.error;
}

/** Of these hosts' keys nothing is left: on no node, in no file. */
async function assertNoKey(...nodes: readonly SimNode[]): Promise<void> {
  const ours = bench.nodes.allKeys().filter((line) => line.includes("bootqueue-"));
  assert.deepEqual(ours, []);
  for (const { name } of nodes) assert.equal(bench.keys.find(`host-${name}`, `a-${name}`), null);
  assert.doesNotMatch(await bench.stateText(), /PRIVATE KEY/);
}

describe("over SSH", () => {
  test("the first host creates the cluster, and its key is gone", async () => {
    const { node } = await bench.installed("toad", "10.11.0.2");
    assertJoined(await bench.join(bench.order(node)));
    assert.deepEqual([node.cluster?.name, node.creations], ["lab", 1]);
    assert.deepEqual(bench.told, [
      "wait for SSH: started",
      "wait for SSH: succeeded",
      "check membership: started",
      "check membership: succeeded",
      "create cluster: started",
      "create cluster: succeeded",
      "verify: started",
      "verify: succeeded",
      "remove key: started",
      "remove key: succeeded",
    ]);
    await assertNoKey(node);
  });

  test("the others join, one lets the next one in, and no key survives", async () => {
    const hosts = [];
    for (const [index, name] of ["toad", "yoshi", "wario"].entries())
      hosts.push((await bench.installed(name, `10.11.0.${index + 2}`)).node);
    for (const [index, node] of hosts.entries())
      assertJoined(await bench.join(bench.order(node, {}, hosts.slice(index + 1))));
    assert.deepEqual(
      hosts.map(({ creations, joins }) => [creations, joins]),
      [
        [1, 0],
        [0, 1],
        [0, 1],
      ],
    );
    const [first] = hosts;
    assert.deepEqual(
      first?.cluster?.members.map(({ name, online }) => [name, online]),
      hosts.map(({ name }) => [name, true]),
    );
    // What Proxmox itself needs between its members stays.
    assert.deepEqual(first?.cluster?.keys.toSorted(), hosts.map(({ rootKey }) => rootKey).toSorted());
    await assertNoKey(...hosts);
  });

  test("a second run of a host that is in does nothing", async () => {
    const { node } = await bench.installed("toad", "10.11.0.2");
    assertJoined(await bench.join(bench.order(node)));
    assertJoined(await bench.join(bench.order(node)));
    assert.equal(node.creations, 1);
  });

  test("an existing cluster is joined, with the operator's password", async () => {
    const old = bench.nodes.add("old", "10.11.0.9", ["ssh-ed25519 AAAAops ops"]);
    bench.nodes.form("lab", old);
    const { node } = await bench.installed("toad", "10.11.0.2");
    const member = { address: old.address, hostKeys: old.hostKeys, fingerprint: null };
    for (const method of ["ssh", "ssh-password"] as const) {
      assertJoined(await bench.join(bench.order(node, { member, password: "rainbow", method })));
      assert.deepEqual([node.joins, node.cluster?.name], [1, "lab"]);
    }
    assert.ok(old.authorizedKeys.includes("ssh-ed25519 AAAAops ops"));
    await assertNoKey(node);
  });

  test("with the password on standard input", async () => {
    const old = bench.nodes.add("old", "10.11.0.9");
    bench.nodes.form("lab", old);
    const { node } = await bench.installed("toad", "10.11.0.2");
    const member = { address: old.address, hostKeys: old.hostKeys, fingerprint: null };
    assertJoined(await bench.join(bench.order(node, { member, password: "rainbow", method: "ssh-password" })));
    assert.equal(node.job, null);
    await assertNoKey(node);
  });

  test("it begins by waiting: the installer still runs, and authorized_keys is read late", async () => {
    const { node } = await bench.installed("toad", "10.11.0.2");
    let calls = 0;
    bench.nodes.disturb = ({ what, when }) => {
      if (what !== "open" || when !== "before") return null;
      calls++;
      if (calls < 10) return { type: "unreachable", why: "connection refused" };
      if (calls < 12) return { type: "stalled", what: "login" };
      return calls < 15 ? { type: "login-refused" } : null;
    };
    assertJoined(await bench.join(bench.order(node)));
  });

  test("a slow quorum is waited for", async () => {
    const { node: toad } = await bench.installed("toad", "10.11.0.2");
    const { node: yoshi } = await bench.installed("yoshi", "10.11.0.3");
    yoshi.joinMs = 8 * 60_000;
    assertJoined(await bench.join(bench.order(toad, {}, [yoshi])));
    assertJoined(await bench.join(bench.order(yoshi)));
  });

  test("a member that tells of the new one late is believed all the same", async () => {
    const { node: toad } = await bench.installed("toad", "10.11.0.2");
    const { node: yoshi } = await bench.installed("yoshi", "10.11.0.3");
    assertJoined(await bench.join(bench.order(toad, {}, [yoshi])));
    let late = 0;
    bench.nodes.disturb = ({ node, what, when }) => {
      if (node !== toad || what !== "look" || when !== "before" || yoshi.job?.ended !== true) return null;
      return late++ < 30 ? { type: "stalled", what: "look" } : null;
    };
    assertJoined(await bench.join(bench.order(yoshi)));
    assert.ok(late > 30);
  });

  test("a lock that somebody else holds is waited for, and nothing is joined twice", async () => {
    const { node: toad } = await bench.installed("toad", "10.11.0.2");
    const { node: yoshi } = await bench.installed("yoshi", "10.11.0.3");
    assertJoined(await bench.join(bench.order(toad, {}, [yoshi])));
    if (toad.cluster !== null) toad.cluster.lockedUntil = bench.clock.now() + 60_000;
    assertJoined(await bench.join(bench.order(yoshi)));
    assert.equal(yoshi.joins, 1);
    assert.ok(bench.told.some((line) => /^join: noted \(can't lock file.*trying again\)$/.test(line)));
  });
});

describe("a join that failed is tried again", () => {
  async function failed(settings: Partial<ClusterSettings>) {
    const { node: toad } = await bench.installed("toad", "10.11.0.2");
    const { node: yoshi } = await bench.installed("yoshi", "10.11.0.3");
    assertJoined(await bench.join(bench.order(toad, {}, [yoshi])));
    if (toad.cluster !== null) toad.cluster.lockedUntil = bench.clock.now() + 60 * 60_000;
    failureOf(await bench.join(bench.order(yoshi, settings)));
    await assertNoKey(yoshi);
    if (toad.cluster !== null) toad.cluster.lockedUntil = 0;
    return yoshi;
  }

  for (const method of ["ssh", "ssh-password"] as const) {
    test(`with the password of the cluster, because its key was taken back, ${method}`, async () => {
      const yoshi = await failed({ password: "rainbow", method });
      assertJoined(await bench.join(bench.order(yoshi, { password: "rainbow", method })));
      assert.deepEqual([yoshi.joins, yoshi.cluster?.name], [1, "lab"]);
      await assertNoKey(yoshi);
    });
  }

  test("and where there is no way in any more, it says what to do, at once", async () => {
    const yoshi = await failed({});
    const before = bench.clock.now();
    assert.match(
      failureOf(await bench.join(bench.order(yoshi))).why,
      /key was taken back.*give key_file or password_file/,
    );
    assert.equal(bench.clock.now(), before);
  });
});

describe("a failure says what was found and what to do, and takes back what was prepared:", () => {
  async function second(prepare: (toad: SimNode, yoshi: SimNode) => void, settings = {}) {
    const { node: toad } = await bench.installed("toad", "10.11.0.2");
    const { node: yoshi } = await bench.installed("yoshi", "10.11.0.3");
    assertJoined(await bench.join(bench.order(toad, {}, [yoshi])));
    prepare(toad, yoshi);
    const failure = failureOf(await bench.join(bench.order(yoshi, settings)));
    return { toad, yoshi, failure };
  }

  test("another host key than the webhook's", async () => {
    const { node } = await bench.installed("toad", "10.11.0.2");
    const order = { ...bench.order(node), hostKeys: bench.nodes.add("evil", "10.11.0.66").hostKeys };
    const { why, half } = failureOf(await bench.join(order));
    assert.match(why, /shows another SSH host key than the one that was reported/);
    assert.deepEqual([half, node.creations], [false, 0]);
  });

  test("no host keys at all", async () => {
    const { node } = await bench.installed("toad", "10.11.0.2");
    assert.match(failureOf(await bench.join({ ...bench.order(node), hostKeys: [] })).why, /did not report/);
  });

  test("guests on the host", async () => {
    const { toad, yoshi, failure } = await second((_, yoshi) => {
      yoshi.hasGuests = true;
    });
    assert.match(failure.why, /^this host already contains virtual guests – .*rebuild it$/);
    assert.deepEqual([failure.half, toad.cluster?.members.length], [false, 1]);
    assert.ok(!toad.authorizedKeys.includes(yoshi.rootKey));
    await assertNoKey(toad, yoshi);
  });

  test("a link address that the host does not have", async () => {
    const { failure } = await second((_, yoshi) => {
      yoshi.addresses = ["10.11.0.99"];
    });
    assert.match(failure.why, /^link0: cannot use IP '10\.11\.0\.3', not found on local node – .*link0 and link1/);
  });

  test("a node of this name that is online", async () => {
    const { failure } = await second((toad) => {
      const impostor = bench.nodes.add("yoshi", "10.11.0.50");
      toad.cluster?.members.push({ name: "yoshi", node: impostor, online: true });
    });
    assert.match(failure.why, /a node called yoshi is online in the cluster at 10\.11\.0\.50/);
  });

  test("a node of this name from an earlier installation, unless the operator allows to replace it", async () => {
    const { node: toad } = await bench.installed("toad", "10.11.0.2");
    const { node: wario } = await bench.installed("wario", "10.11.0.4");
    const { node: yoshi } = await bench.installed("yoshi", "10.11.0.3");
    assertJoined(await bench.join(bench.order(toad, {}, [wario, yoshi])));
    assertJoined(await bench.join(bench.order(wario, {}, [yoshi])));
    toad.cluster?.members.push({ name: "yoshi", node: bench.nodes.add("yoshi-old", "10.11.0.50"), online: false });
    const old = failureOf(await bench.join(bench.order(yoshi)));
    assert.match(old.why, /in the cluster already, offline.*pvecm delnode yoshi.*rejoin = true/);
    const { key } = await bench.installed("yoshi", "10.11.0.3");
    const again = bench.nodes.nodes.get("10.11.0.3") as SimNode;
    toad.authorizedKeys = [...toad.authorizedKeys, key.publicKey];
    assertJoined(await bench.join(bench.order(again, { rejoin: true })));
    assert.equal(toad.cluster?.members.filter(({ name }) => name === "yoshi").length, 1);
    await assertNoKey(again);
  });

  test("half a member from an earlier try: nobody tries again blindly", async () => {
    const { yoshi, failure } = await second((_, yoshi) => {
      yoshi.leftovers = ["/etc/corosync/authkey"];
    });
    assert.match(failure.why, /left half joined by an earlier try \(\/etc\/corosync\/authkey exist\); rebuild it/);
    assert.deepEqual([failure.half, yoshi.joins], [true, 0]);
  });

  test("a member of another cluster", async () => {
    const { node } = await bench.installed("toad", "10.11.0.2");
    bench.nodes.form("rainbow", node);
    assert.match(failureOf(await bench.join(bench.order(node))).why, /member of another cluster, rainbow; rebuild it/);
  });

  test("a member without quorum", async () => {
    const { failure } = await second((toad) => {
      toad.cluster?.members.push({ name: "gone", node: bench.nodes.add("gone", "10.11.0.70"), online: false });
    });
    assert.match(failure.why, /cluster not ready - no quorum\? – bring its other nodes up/);
  });

  test("nobody who lets us in", async () => {
    const { node: toad } = await bench.installed("toad", "10.11.0.2");
    assertJoined(await bench.join(bench.order(toad)));
    const { node: yoshi } = await bench.installed("yoshi", "10.11.0.3");
    assert.match(
      failureOf(await bench.join(bench.order(yoshi))).why,
      /no member of cluster lab lets us in and has quorum: 10\.11\.0\.2 does not let root in with our key/,
    );
  });

  test("a quorum that never comes has an end", async () => {
    const { failure, toad } = await second((_, yoshi) => {
      yoshi.joinMs = Number.POSITIVE_INFINITY;
    });
    assert.match(failure.why, /no quorum with it within 10 min .*waiting for quorum.*UDP 5405 to 5412/);
    assert.equal(failure.half, true);
    assert.equal(toad.cluster?.members.length, 2);
  });

  test("a member that dies in the middle", async () => {
    const { node: toad } = await bench.installed("toad", "10.11.0.2");
    const { node: yoshi } = await bench.installed("yoshi", "10.11.0.3");
    assertJoined(await bench.join(bench.order(toad, {}, [yoshi])));
    bench.nodes.disturb = ({ node, what }) => {
      if (node === yoshi && what.startsWith("startJob pvecm add")) toad.isUp = false;
      return null;
    };
    const { why } = failureOf(await bench.join(bench.order(yoshi)));
    assert.match(why, /Connection timed out|no quorum/);
    // And when it is back, another host joins.
    bench.nodes.disturb = () => null;
    toad.isUp = true;
    assert.equal(toad.cluster?.members.length, 1);
  });

  test("a first host that failed half-way: nobody creates the cluster a second time", async () => {
    const { node: toad } = await bench.installed("toad", "10.11.0.2");
    toad.joinMs = Number.POSITIVE_INFINITY;
    assert.equal(failureOf(await bench.join(bench.order(toad))).half, true);
    const { node: yoshi } = await bench.installed("yoshi", "10.11.0.3");
    const { why } = failureOf(await bench.join(bench.order(yoshi)));
    assert.match(why, /the cluster was begun by toad, and nobody knows whether that worked; rebuild toad/);
    assert.equal(yoshi.creations, 0);
    // Once it was wiped, it may.
    const { node: again } = await bench.installed("toad", "10.11.0.2");
    assertJoined(await bench.join({ ...bench.order(again) }));
  });
});

describe("a daemon that is killed", () => {
  /** Two hosts; the join of the second is cut off at its `n`-th call, before or after the call has its effect. */
  async function killedAt(n: number, when: "before" | "after", whom: "first" | "second"): Promise<boolean> {
    const { node: toad } = await bench.installed("toad", "10.11.0.2");
    const { node: yoshi } = await bench.installed("yoshi", "10.11.0.3");
    if (whom === "second") assertJoined(await bench.join(bench.order(toad, {}, [yoshi])));
    const victim = whom === "first" ? toad : yoshi;
    const others = whom === "first" ? [yoshi] : [];
    const kill = new AbortController();
    let calls = 0;
    bench.nodes.disturb = (call) => {
      if (call.when === when && ++calls === n) kill.abort(STOPPING);
      return null;
    };
    const cut = await bench.join(bench.order(victim, {}, others), kill.signal);
    bench.nodes.disturb = () => null;
    if (cut.ok) return false;
    assert.deepEqual(cut.error, { type: "aborted" });
    await bench.restart();
    assertJoined(await bench.join(bench.order(victim, {}, others)));
    if (whom === "first") assertJoined(await bench.join(bench.order(yoshi)));
    assert.deepEqual([toad.creations, toad.joins, yoshi.creations, yoshi.joins], [1, 0, 0, 1], `${when} call ${n}`);
    assert.equal(toad.cluster?.members.length, 2);
    return true;
  }

  for (const whom of ["first", "second"] as const) {
    for (const when of ["before", "after"] as const) {
      test(`${when} any call of the ${whom} host's join goes on after the restart, and nothing is done twice`, async () => {
        let kills = 0;
        for (let n = 1; ; n++) {
          const wasCut = await killedAt(n, when, whom);
          await bench.close();
          bench = await JoinBench.open();
          if (!wasCut) break;
          kills = n;
        }
        assert.ok(kills > 12, `only ${kills} calls`);
      });
    }
  }
});

test("a join that is given up takes back what it prepared, and leaves no key", async () => {
  const { node: toad } = await bench.installed("toad", "10.11.0.2");
  const { node: yoshi } = await bench.installed("yoshi", "10.11.0.3");
  assertJoined(await bench.join(bench.order(toad, {}, [yoshi])));
  const reset = new AbortController();
  bench.nodes.disturb = ({ what }) => {
    if (what.startsWith("startJob")) reset.abort("overtaken");
    return null;
  };
  assert.deepEqual(await bench.join(bench.order(yoshi), reset.signal), { ok: false, error: { type: "aborted" } });
  assert.ok(!toad.authorizedKeys.some((line) => keyBodyOf(line) === keyBodyOf(yoshi.rootKey)));
  await assertNoKey(toad, yoshi);
});

test("a join that was merely stopped takes nothing back", async () => {
  const { node } = await bench.installed("toad", "10.11.0.2");
  const stop = new AbortController();
  bench.nodes.disturb = ({ what }) => {
    if (what.startsWith("startJob")) stop.abort(STOPPING);
    return null;
  };
  await bench.join(bench.order(node), stop.signal);
  assert.notEqual(bench.keys.find("host-toad", "a-toad"), null);
  assert.equal(node.keys.length, 1);
});
