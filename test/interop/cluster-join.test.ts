import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openClusterBook } from "../../src/cluster/book.ts";
import { newEphemeralKey } from "../../src/cluster/ephemeral-key.ts";
import { type ClusterSettings, type JoinError, type JoinOrder, joinCluster } from "../../src/cluster/join.ts";
import { STOPPING } from "../../src/cluster/join-run.ts";
import { KeyFolder } from "../../src/cluster/key-folder.ts";
import { nodesOverSsh } from "../../src/cluster/ssh-node.ts";
import { sshOver2 } from "../../src/cluster/ssh2-session.ts";
import { systemClock } from "../../src/std/clock.ts";
import type { Result } from "../../src/std/result.ts";
import { ownLoopback } from "../support/own-loopback.ts";
import { type RealNode, RealNodes } from "../support/proxmox-cluster/real-nodes.ts";

// A real sshd, its real authorized_keys, known_hosts and shells, and a stand-in for pvecm that keeps the real rules.

const addressOf = await ownLoopback();
const openNode = nodesOverSsh(sshOver2(), 22);
const never = new AbortController().signal;

const SETTINGS: ClusterSettings = {
  name: "lab",
  method: "ssh",
  member: null,
  privateKey: null,
  password: null,
  rejoin: false,
  sshMs: 60_000,
  quorumMs: 60_000,
};

describe("joins over a real SSH server", () => {
  const folder = mkdtempSync(join(tmpdir(), "bootqueue-interop-"));
  const nodes = new RealNodes(2);
  const told: string[] = [];
  let keys: KeyFolder;
  let toad: RealNode;
  let yoshi: RealNode;
  let wario: RealNode;

  async function start(n: number, name: string): Promise<RealNode> {
    const key = await keys.ensure({ host: name, attempt: `a-${name}`, name, cluster: "lab" }, 1);
    const node = await nodes.start(name, addressOf(n), [OPS.publicKey, key.publicKey]);
    await keys.addPlace(key, { address: node.address, hostKeys: node.hostKeys, shared: false });
    return node;
  }

  const OPS = newEphemeralKey("ops@lab");

  before(async () => {
    mkdirSync(join(folder, "join-keys"), { mode: 0o700 });
    keys = await KeyFolder.open(join(folder, "join-keys"));
    [toad, yoshi, wario] = await Promise.all([start(1, "toad"), start(2, "yoshi"), start(3, "wario")]);
  });

  after(async () => {
    await nodes.close();
    rmSync(folder, { recursive: true });
  });

  async function joined(
    node: RealNode,
    settings: Partial<ClusterSettings> = {},
    others: readonly string[] = [],
    signal: AbortSignal = never,
  ): Promise<Result<void, JoinError>> {
    const order: JoinOrder = {
      host: node.name,
      attempt: `a-${node.name}`,
      name: node.name,
      address: node.address,
      hostKeys: node.hostKeys,
      links: [node.address],
      cluster: { ...SETTINGS, ...settings },
      othersOnTheirWay: () => others.flatMap((name) => keys.find(name, `a-${name}`) ?? []),
    };
    const book = await openClusterBook(join(folder, "clusters.json"));
    const openApi = async () => ({ ok: false, error: { type: "stalled" } }) as const;
    const report = (step: string, outcome: string, text: string) => void told.push(`${step}: ${outcome} ${text}`);
    return await joinCluster(order, { openNode, openApi, book, keys, clock: systemClock, report }, signal);
  }

  async function said(line: string): Promise<void> {
    while (!told.some((each) => each.startsWith(line))) await new Promise((resolve) => setTimeout(resolve, 50));
  }

  const assertJoined = (result: Result<void, JoinError>) =>
    assert.deepEqual(result, { ok: true, value: undefined }, told.join("\n"));

  /** Of our keys, and of what we wrote, nothing is left on this node. */
  function assertClean(node: RealNode): void {
    const files = "/root/.ssh/* /etc/pve/priv/* /var/lib/pve-standin/pve/priv/*";
    assert.equal(node.run(`grep -l bootqueue- ${files} 2>/dev/null; ls -d /run/bootqueue-join 2>/dev/null`), "");
    assert.match(node.run("cat /root/.ssh/authorized_keys"), /ops@lab/);
    assert.match(node.run("ls -l /root/.ssh/authorized_keys"), /-> \/etc\/pve\/priv\/authorized_keys/);
  }

  test("a machine with another host key is told apart, and gets nothing", async () => {
    const result = await joined({ ...toad, hostKeys: yoshi.hostKeys });
    assert.ok(!result.ok && result.error.type === "failed");
    assert.match(result.error.why, /127\.94\.\d+\.1 shows another SSH host key than the one that was reported/);
  });

  test("the first creates the cluster, the second joins it, and the keys are gone from everywhere", async () => {
    assertJoined(await joined(toad, {}, ["yoshi"]));
    assert.match(toad.run("pvecm status"), /Name: lab\nNodes: 1\nQuorate: Yes/);
    assertJoined(await joined(yoshi));
    assert.match(toad.run("pvecm status"), /Nodes: 2\nQuorate: Yes/);
    for (const node of [toad, yoshi]) assertClean(node);
    // Members let each other in.
    assert.match(toad.run("cat /root/.ssh/authorized_keys"), /root@toad[\s\S]*root@yoshi/);
    assert.deepEqual(readdirSync(join(folder, "join-keys")), ["wario.a-wario.json"]);
  });

  test("the third is stopped in the middle, goes on, meets a lock, and joins once", async () => {
    told.length = 0;
    const member = { address: toad.address, hostKeys: toad.hostKeys, fingerprint: null };
    const settings = { member, method: "ssh-password", password: "rainbow" } as const;
    const lock = spawn("flock", ["--no-fork", join(nodes.shared, "lab", "lock"), "sleep", "300"]);
    const stop = new AbortController();
    const cut = joined(wario, settings, [], stop.signal);
    await said("join: started");
    stop.abort(STOPPING);
    assert.deepEqual(await cut, { ok: false, error: { type: "aborted" } });
    const again = joined(wario, settings);
    await said("join: noted can't lock file");
    lock.kill();
    assertJoined(await again);
    assert.match(toad.run("pvecm status"), /Nodes: 3\nQuorate: Yes/);
    assert.equal(readFileSync(join(nodes.shared, "lab", "joins"), "utf8"), "yoshi\nwario\n");
    assertClean(wario);
    assert.deepEqual(readdirSync(join(folder, "join-keys")), []);
    assert.doesNotMatch(readFileSync(join(folder, "clusters.json"), "utf8"), /PRIVATE|rainbow/);
  });
});
