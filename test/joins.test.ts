import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { KeyJanitor } from "../src/cluster/janitor.ts";
import type { ClusterSettings } from "../src/cluster/join.ts";
import { keyBodyOf } from "../src/cluster/key-line.ts";
import { createRunEffect } from "../src/effects.ts";
import { Joins } from "../src/joins.ts";
import { Engine } from "../src/queue/engine.ts";
import type { QueueEvent } from "../src/queue/event.ts";
import type { Host } from "../src/queue/host.ts";
import { EMPTY_QUEUE, findHost, type QueueState } from "../src/queue/state.ts";
import { silentLog } from "../src/std/log.ts";
import { toSaved } from "../src/store/format.ts";
import { MemoryStore } from "../src/store/memory-store.ts";
import { FakeClock } from "./support/fake-clock.ts";
import { JoinBench, LAB } from "./support/proxmox-cluster/join-bench.ts";
import type { SimNode } from "./support/proxmox-cluster/simulated-cluster.ts";
import * as b from "./support/queue-builder.ts";

const RULES = b.rulesWith({ cluster: "lab" });

let bench: JoinBench;
beforeEach(async () => {
  bench = await JoinBench.open();
});
afterEach(() => bench.close());

/** A queue whose joins are real and whose nodes are simulated. */
async function daemon(
  slots: number,
  state: QueueState = EMPTY_QUEUE,
  settings: Partial<ClusterSettings> = {},
  byItself = false,
) {
  const clock = new FakeClock();
  const joins = new Joins({
    engine: () => engine,
    tools: {
      openNode: bench.nodes.open,
      openApi: bench.openApi,
      book: bench.book,
      keys: bench.keys,
      clock: bench.clock,
    },
    clusterOf: async (name) => (name === "lab" ? { ...LAB, ...settings } : null),
    linksOf: ({ address }) => ({ link0: address, link1: null }),
    log: silentLog,
    joinsByItself: () => byItself,
  });
  const store = new MemoryStore();
  const engine: Engine = new Engine({
    state,
    rules: RULES,
    store,
    clock,
    runEffect: createRunEffect(joins, () => {}),
    onBroken: (cause) => assert.fail(String(cause)),
  });
  const busiest = { joining: 0 };
  engine.subscribe((now) => {
    busiest.joining = Math.max(busiest.joining, now.hosts.filter((host) => host.state.type === "joining").length);
    joins.watch(now);
  });
  await engine.dispatch({ type: "slots-declared", slots: b.declaredSlots(slots) });
  await engine.start();
  const janitor = new KeyJanitor({
    keys: bench.keys,
    openNode: bench.nodes.open,
    clock: bench.clock,
    log: silentLog,
    isNeeded: (key) => joins.isNeeded(key),
    isWiped: (key) => joins.isWiped(key),
    heirsOf: (key) => joins.heirsOf(key),
    loginsOf: async () => [],
  });
  return { engine, joins, clock, busiest, janitor };
}

type Daemon = Awaited<ReturnType<typeof daemon>>;

const hostOf = ({ engine }: Daemon, n: number) => findHost(engine.state, b.hostId(n)) as Host;

/** Its answer has left with its key in it, and the machine was installed with that. */
async function install(parts: Daemon, n: number): Promise<SimNode> {
  for (const event of [b.requested(n), b.script(n)]) await parts.engine.dispatch(event);
  const key = await parts.joins.ensureKey(hostOf(parts, n));
  await parts.joins.keyServed(hostOf(parts, n));
  await parts.engine.dispatch(b.answer(n));
  return bench.nodes.add(`node${n}`, b.address(n), key === null ? [] : [key]);
}

function report(n: number, node: SimNode): QueueEvent {
  const inventory = { ...b.INVENTORY, sshHostKeys: { ed25519: node.hostKeys[0] ?? "" } };
  return { ...b.reported(n), inventory } as QueueEvent;
}

async function until(parts: Daemon, isSo: (state: QueueState) => boolean): Promise<void> {
  while (!isSo(parts.engine.state)) await new Promise((resolve) => setImmediate(resolve));
}

const allAre = (type: string) => (state: QueueState) => !state.hosts.some((host) => host.state.type !== type);

describe("hosts whose profile names a cluster", () => {
  test("twenty that finish at the same moment join one after another, and no key is left anywhere", async () => {
    const parts = await daemon(20);
    const nodes: SimNode[] = [];
    for (let n = 1; n <= 20; n++) nodes.push(await install(parts, n));
    await Promise.all(nodes.map((node, index) => parts.engine.dispatch(report(index + 1, node))));
    await until(parts, allAre("ready"));
    await parts.janitor.sweep(new AbortController().signal);
    assert.equal(parts.busiest.joining, 1);
    assert.equal(
      nodes.reduce((sum, { creations }) => sum + creations, 0),
      1,
    );
    assert.equal(
      nodes.reduce((sum, { joins }) => sum + joins, 0),
      19,
    );
    assert.deepEqual(
      bench.nodes.allKeys().filter((line) => line.includes("bootqueue")),
      [],
    );
    assert.deepEqual(bench.keys.all(), []);
    const texts = [await bench.stateText(), JSON.stringify(toSaved(parts.engine.state))].join();
    assert.doesNotMatch(texts, /PRIVATE KEY|openssh-key/);
    const [operation] = hostOf(parts, 5).operations;
    const told = operation?.steps.map(({ name, ended }) => `${name}: ${ended?.outcome}`);
    assert.deepEqual(told?.slice(-8), [
      "wait for SSH: succeeded",
      "check membership: succeeded",
      "find a member: succeeded",
      "make room: succeeded",
      "prepare trust: succeeded",
      "join: succeeded",
      "verify: succeeded",
      "remove key: succeeded",
    ]);
  });

  test("that they join by themselves are left to do so, and no key is made for them", async () => {
    const parts = await daemon(1, EMPTY_QUEUE, {}, true);
    await parts.engine.dispatch(report(1, await install(parts, 1)));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(parts.engine.state.hosts.at(0)?.state.type, "joining");
    assert.deepEqual(bench.keys.all(), []);
  });

  test("have their key when they are armed, and its public half is not the secret one", async () => {
    const parts = await daemon(1);
    await parts.engine.dispatch(b.requested(1));
    const key = await parts.joins.ensureKey(hostOf(parts, 1));
    assert.match(key ?? "", /^ssh-ed25519 \S+ bootqueue-node1-[0-9a-f]{16}$/);
    assert.equal(bench.keys.all().length, 1);
    assert.deepEqual(bench.keys.all()[0]?.places, []);
  });

  test("one that fails leaves the turn to the next, and says why", async () => {
    const parts = await daemon(2);
    const [first, second] = [await install(parts, 1), await install(parts, 2)];
    first.hasGuests = true;
    // It did not create the cluster, and nobody may do so in its place before the operator has looked.
    await parts.engine.dispatch(report(1, first));
    await until(parts, (state) => state.hosts.at(0)?.state.type === "failed");
    const { state } = hostOf(parts, 1);
    assert.match(state.type === "failed" ? state.reason : "", /^this host already contains virtual guests/);
    await parts.engine.dispatch(report(2, second));
    await until(parts, (now) => now.hosts.at(1)?.state.type === "failed");
    assert.deepEqual([first.creations, second.creations], [0, 0]);
  });

  test("a restart goes on with the one that was joining", async () => {
    const parts = await daemon(2);
    const nodes = [await install(parts, 1), await install(parts, 2)];
    for (const [index, node] of nodes.entries()) {
      node.joinMs = 60_000;
      await parts.engine.dispatch(report(index + 1, node));
    }
    await until(parts, () => nodes[0]?.job !== null);
    await parts.joins.close();
    assert.equal(hostOf(parts, 1).state.type, "joining");
    parts.engine.stop();
    await bench.restart();
    const again = await daemon(2, parts.engine.state);
    await until(again, allAre("ready"));
    assert.deepEqual(
      nodes.map(({ creations, joins }) => [creations, joins]),
      [
        [1, 0],
        [0, 1],
      ],
    );
  });

  test("a reset while it joins stops the join, and its outcome does not hit the next install", async () => {
    const parts = await daemon(1);
    const node = await install(parts, 1);
    node.joinMs = Number.POSITIVE_INFINITY;
    await parts.engine.dispatch(report(1, node));
    await until(parts, () => node.job !== null);
    await parts.engine.dispatch(b.reset(1, true));
    const next = { ...b.requested(1), token: b.token("next") } as QueueEvent;
    for (const event of [next, b.script(1), b.answer(1)]) await parts.engine.dispatch(event);
    await parts.joins.close();
    assert.equal(hostOf(parts, 1).state.type, "installing");
    await parts.janitor.sweep(new AbortController().signal);
    assert.deepEqual(
      node.keys
        .map(keyBodyOf)
        .filter((body) => bench.keys.all().some(({ publicKey }) => keyBodyOf(publicKey) === body)),
      [],
    );
  });

  test("a deadline of the queue ends the join as well", async () => {
    const parts = await daemon(1);
    const node = await install(parts, 1);
    node.joinMs = Number.POSITIVE_INFINITY;
    await parts.engine.dispatch(report(1, node));
    await until(parts, () => node.job !== null);
    parts.clock.advance(31 * 60_000);
    await until(parts, allAre("failed"));
    await parts.joins.close();
    assert.equal(hostOf(parts, 1).state.type, "failed");
  });
});
