import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, describe, test } from "node:test";
import type { HttpCluster } from "../../src/boot/http-cluster.ts";
import { type AgentAppliance, agentAppliance } from "../support/agent-appliance.ts";
import {
  type AgentMachine,
  agentMachine,
  marksOf,
  removeMachine,
  runAgent,
  serveOnLoopback,
} from "../support/agent-bench.ts";
import { slotAddress } from "../support/machine-bench.ts";

const CLUSTER: HttpCluster = {
  name: "lab",
  scheme: "http",
  port: 2379,
  raftPort: 2380,
  role: "all-in-one",
  healthPath: "/health",
  addPath: "/admin/member/add",
  membersPath: "/members",
  peers: { flaredb_peers: 2480 },
  members: [],
};

/** Every node's API behind one port: the Host header says whose it is. A node that has begun a cluster takes members. */
class StandInCluster {
  /** By the node that began it. */
  readonly clusters = new Map<string, string[]>();
  readonly additions: string[] = [];
  #adding = 0;
  /** Answers of a member that are lost on the way. */
  lost = 0;
  isSick = false;
  url = "";
  close: () => Promise<void> = async () => {};

  async open(): Promise<this> {
    const { base, close } = await serveOnLoopback((request) => this.#answer(request));
    this.url = base;
    this.close = close;
    return this;
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/health") return new Response("", { status: this.isSick ? 503 : 200 });
    const [members] = [...this.clusters.values()];
    if (pathname === "/members") return Response.json(members ?? []);
    const body = (await request.json()) as { node_id?: string; bootstrap?: boolean; id?: string };
    if (pathname === "/started") {
      const node = body.node_id ?? "";
      if (body.bootstrap && !this.clusters.has(node)) this.clusters.set(node, [node]);
      return new Response("");
    }
    assert.equal(++this.#adding, 1, "nobody else joins meanwhile");
    await new Promise((resolve) => setTimeout(resolve, 5));
    this.#adding--;
    if (members === undefined) return new Response("no cluster\n", { status: 503 });
    const id = body.id ?? "";
    const isIn = members.includes(id);
    if (!isIn) members.push(id);
    this.additions.push(id);
    if (this.lost > 0) {
      this.lost--;
      return new Response("lost\n", { status: 504 });
    }
    return new Response("", { status: isIn ? 409 : 201 });
  }
}

let appliance: AgentAppliance;
let cluster: StandInCluster;
let machines: AgentMachine[] = [];

afterEach(async () => {
  await appliance.close();
  await cluster.close();
  for (const [n, machine] of machines.entries()) {
    removeMachine(machine);
    rmSync(dirname(configOf(n)), { recursive: true, force: true });
  }
  machines = [];
});

async function open(count: number): Promise<void> {
  cluster = await new StandInCluster().open();
  appliance = await agentAppliance({ machines: count, cluster: CLUSTER });
  const port = new URL(cluster.url).port;
  // To curl, the addresses of all nodes are the stand-in's.
  const nodes = Array.from({ length: count }, (_, n) => `--connect-to ${slotAddress(n + 1)}:2379:127.0.0.1:${port}`);
  const curl = `#!/bin/sh\nexec /usr/bin/curl ${nodes.join(" ")} "$@"\n`;
  machines = Array.from({ length: count }, (_, n) => {
    const folder = join(process.env.TMPDIR ?? "/tmp", `agent-config-${process.pid}-${n}`);
    mkdirSync(folder, { recursive: true });
    const config = join(folder, "cluster-config.json");
    const start = `#!/bin/sh\ncurl --silent --fail --output /dev/null --header 'Content-Type: application/json' --data-binary @${config} ${cluster.url}/started\n`;
    return agentMachine({
      ...appliance.linksOf(n),
      steps: [{ type: "join", start, config_file: config, minutes: 1 }],
      client: "none",
      programs: { curl },
      patience: 60,
    });
  });
}

const machineAt = (n: number) => machines[n] as AgentMachine;
const configOf = (n: number) =>
  join(process.env.TMPDIR ?? "/tmp", `agent-config-${process.pid}-${n}`, "cluster-config.json");

describe("twenty hosts that finish at the same moment", () => {
  test("join one after the other, and exactly one begins the cluster", async () => {
    await open(20);
    let joiningMost = 0;
    appliance.watch((state) => {
      joiningMost = Math.max(joiningMost, state.hosts.filter((host) => host.state.type === "joining").length);
    });
    const ends = await Promise.all(machines.map((machine) => runAgent(machine)));
    for (const { code, output } of ends) assert.equal(code, 0, output);
    assert.equal(joiningMost, 1);
    assert.equal(cluster.clusters.size, 1);
    assert.equal([...cluster.clusters.values()][0]?.length, 20);
    assert.equal(cluster.additions.length, 19, "nobody was added twice");
    assert.ok(machines.every((_, n) => appliance.stateOf(n) === "ready"));
    const founders = machines.filter((machine) => marksOf(machine).includes(".lab-initialized"));
    assert.equal(founders.length, 1);
    assert.equal(machines.filter((machine) => marksOf(machine).includes(".lab-joined")).length, 19);
  });
});

describe("a join by HTTP", () => {
  test("leaves cluster-config.json for root alone, with the names of its schema", async () => {
    await open(2);
    assert.equal((await runAgent(machineAt(0))).code, 0);
    assert.equal((await runAgent(machineAt(1))).code, 0);
    const read = (n: number) => JSON.parse(readFileSync(configOf(n), "utf8"));
    assert.equal(statSync(configOf(0)).mode & 0o777, 0o600);
    assert.deepEqual(read(0), {
      node_id: "node1",
      node_role: "all-in-one",
      bootstrap: true,
      cluster_name: "lab",
      leader_url: "http://10.97.0.12:2379",
      raft_addr: "10.97.0.12:2380",
      initial_peers: ["10.97.0.12:2380"],
      flaredb_peers: ["10.97.0.12:2480"],
    });
    assert.deepEqual(read(1), {
      node_id: "node2",
      node_role: "all-in-one",
      bootstrap: false,
      cluster_name: "lab",
      leader_url: "http://10.97.0.12:2379",
      raft_addr: "10.97.0.13:2380",
      initial_peers: ["10.97.0.12:2380"],
      flaredb_peers: ["10.97.0.12:2480"],
    });
  });

  test("whose answer was lost asks the list of members before it asks again", async () => {
    await open(2);
    assert.equal((await runAgent(machineAt(0))).code, 0);
    cluster.lost = 1;
    const { code, output } = await runAgent(machineAt(1));
    assert.equal(code, 0, output);
    assert.deepEqual([...cluster.clusters.values()], [["node1", "node2"]]);
    assert.equal(appliance.stateOf(1), "ready");
  });

  test("that a founder could not finish lets nobody begin a second cluster; when it is back, all join", async () => {
    await open(2);
    cluster.isSick = true;
    const failing = agentMachine({
      ...appliance.linksOf(0),
      steps: [{ type: "join", config_file: configOf(0), minutes: 1 }],
      client: "none",
      programs: {
        curl: '#!/bin/sh\nexec /usr/bin/curl --connect-to 10.97.0.12:2379:127.0.0.1:9 "$@"\n',
        sleep: "#!/bin/sh\nexit 0\n",
      },
    });
    // Its minute is over at once.
    const list = join(failing.root, "opt/bootqueue-agent/steps.list");
    writeFileSync(list, readFileSync(list, "utf8").replace(" 60 ", " 1 "));
    const first = await runAgent(failing);
    removeMachine(failing);
    assert.equal(first.code, 3, first.output);
    assert.equal(appliance.stateOf(0), "failed");

    cluster.isSick = false;
    const second = runAgent(machineAt(1));
    const links = appliance.linksOf(1);
    const asks = () => fetch(`${links.base}/turn/${links.token}`, { method: "POST" }).then((answer) => answer.text());
    while (!(await asks()).startsWith("wait")) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.match(
      await asks(),
      /^wait 30\nwhy node1 was to begin cluster lab and has failed; nobody else may begin a second one/,
    );
    // Started again, by a person or a reboot.
    assert.equal((await runAgent(machineAt(0))).code, 0);
    const { code, output } = await second;
    assert.equal(code, 0, output);
    assert.deepEqual([...cluster.clusters.values()], [["node1", "node2"]]);
  });

  for (let at = 1; at <= 9; at++) {
    test(`killed at request ${at} and run again joins once`, async () => {
      await open(2);
      assert.equal((await runAgent(machineAt(0))).code, 0);
      const machine = machineAt(1);
      // Its curl kills it before it asks for the nth time.
      const count = join(machine.root, "count");
      const curl = join(machine.tools, "curl");
      const real = readFileSync(curl, "utf8");
      rmSync(curl);
      writeFileSync(
        curl,
        `#!/bin/sh\nn=$(($(cat ${count} 2>/dev/null || echo 0) + 1))\necho "$n" >${count}\n[ "$n" -ne ${at} ] || { kill -9 "$PPID"; exit 7; }\n${real}`,
        { mode: 0o755 },
      );
      const first = await runAgent(machine);
      const last = first.code === 0 ? first : await runAgent(machine);
      assert.equal(last.code, 0, `${first.output}${last.output}`);
      assert.deepEqual([...cluster.clusters.values()], [["node1", "node2"]]);
      assert.equal(appliance.stateOf(1), "ready");
      assert.ok(cluster.additions.length <= 1, cluster.additions.join(" "));
      assert.ok(existsSync(join(machine.state, "done")));
    });
  }
});
