import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import type { HttpCluster } from "../../src/boot/http-cluster.ts";
import { type AgentAppliance, agentAppliance } from "../support/agent-appliance.ts";

const CLUSTER: HttpCluster = {
  name: "lab",
  scheme: "https",
  port: 2379,
  raftPort: 2380,
  role: "worker",
  healthPath: "/health",
  addPath: "/admin/member/add",
  membersPath: null,
  peers: {},
  members: [],
};

let appliance: AgentAppliance;

async function post(what: string, body: unknown = {}, n = 0, token: string = appliance.linksOf(n).token) {
  const path = new URL(`${appliance.linksOf(n).base}/${what}/${token}`).pathname;
  const answer = await appliance.bench.post(path, null, body);
  return { status: answer.status, text: await answer.text() };
}

const started = (n = 0) => post("phone-home", { status: "started" }, n);

describe("what an agent reports", () => {
  beforeEach(async () => {
    appliance = await agentAppliance();
    await appliance.close();
  });

  test("of its steps is kept once, however often it is told", async () => {
    await started();
    for (const report of [
      { step: "01-a", outcome: "started" },
      { step: "01-a", outcome: "started" },
      { step: "01-a", outcome: "succeeded", text: "x" },
      { step: "01-a", outcome: "succeeded", text: "" },
    ])
      assert.equal((await post("steps", report)).status, 200);
    assert.deepEqual(appliance.stepsOf(), ["01-a succeeded"]);
  });

  test("of a step shows that the installed system runs, and one that cannot be read shows no missing file", async () => {
    await started();
    await post("steps", { step: "01-a", outcome: "started" });
    await post("steps", { outcome: 7 });
    assert.deepEqual(
      appliance.bench.footprints.slice(-2).map(({ stage }) => stage),
      ["first-boot", "first-boot-refused"],
    );
  });

  test("of its boot and its addresses stands on the timeline, and nothing that it makes up", async () => {
    const boot_id = "11111111-2222-3333-4444-555555555555";
    await post("phone-home", { status: "started", boot_id, addresses: ["10.97.0.12", "<b>", 7, "fd00::1"] });
    await post("phone-home", { status: "started", boot_id: "<script>", addresses: "no list" });
    const whys = appliance.bench.footprints.filter(({ what }) => what === "phone-home").map(({ why }) => why);
    assert.deepEqual(whys, [`started, boot ${boot_id}, at 10.97.0.12 fd00::1`, "started"]);
  });

  test("never repeats its token", async () => {
    await started();
    const { token } = appliance.linksOf();
    await post("steps", { step: "01-a", outcome: "failed", text: `curl: http://x/${token} refused` });
    assert.equal(JSON.stringify(appliance.bench.footprints).includes(token), false);
    assert.equal(JSON.stringify(appliance.bench.engine.state.hosts.at(0)?.operations).includes(token), false);
  });

  for (const [what, body] of [
    ["no outcome", { step: "01-a" }],
    ["an outcome of its own", { step: "01-a", outcome: "great" }],
    ["no step", { outcome: "started" }],
    ["a step that is no name", { step: "<b>", outcome: "started" }],
    ["no JSON", "{"],
  ] as const) {
    test(`with ${what} is refused with words`, async () => {
      const { status, text } = await post("steps", body);
      assert.equal(status, 400);
      assert.match(text, /^wanted /);
    });
  }

  test("under another token is refused", async () => {
    for (const what of ["steps", "turn", "joined", "phone-home"]) {
      assert.equal((await post(what, { step: "01-a", outcome: "started" }, 0, "void")).status, 404);
    }
  });

  test("as failed twice is one failure, and stays one although it tells what the machine is", async () => {
    await started();
    const body = { status: "failed", reason: "step 01-a: no", machine_id: "0123456789abcdef0123456789abcdef" };
    assert.equal((await post("phone-home", body)).status, 200);
    assert.equal((await post("phone-home", body)).status, 200);
    assert.equal(appliance.stateOf(), "failed");
  });

  test("of a join is not believed where there is none to be done", async () => {
    await started();
    assert.deepEqual(await post("turn"), { status: 200, text: "member\n" });
    assert.equal(appliance.stateOf(), "ready");
    assert.equal((await post("joined", { outcome: "succeeded" })).status, 409);
  });
});

describe("the turn to join", () => {
  beforeEach(async () => {
    appliance = await agentAppliance({ machines: 3, cluster: CLUSTER });
    await appliance.close();
    for (const n of [0, 1, 2]) await started(n);
  });

  test("is one host's at a time; the first begins, the others join it", async () => {
    assert.match((await post("turn", {}, 1)).text, /^bootstrap\ncluster lab\n/);
    assert.match((await post("turn", {}, 0)).text, /^wait 10\nwhy others join before it\n$/);
    assert.match((await post("turn", {}, 1)).text, /^bootstrap\n/, "asked again, it is the same");
    assert.equal((await post("joined", { outcome: "failed" }, 0)).status, 409, "it is not its turn");
    assert.equal((await post("joined", { outcome: "succeeded" }, 1)).status, 200);
    assert.equal((await post("joined", { outcome: "succeeded" }, 1)).status, 200, "told twice");
    const { text } = await post("turn", {}, 0);
    const founding = appliance.bench.engine.state.hosts.find((host) => host.founding !== null)?.founding;
    assert.equal(
      text,
      [
        "join",
        "cluster lab",
        `founding ${founding?.at}`,
        "node node1",
        'config {"node_id":"node1","node_role":"worker","bootstrap":false,"cluster_name":"lab","leader_url":"https://10.97.0.13:2379","raft_addr":"10.97.0.12:2380","initial_peers":["10.97.0.13:2380"]}',
        "health https://10.97.0.12:2379/health",
        'payload {"id":"node1","raft_addr":"10.97.0.12:2380"}',
        "member https://10.97.0.13:2379/admin/member/add",
        "",
      ].join("\n"),
    );
  });

  test("of a host that has failed is given again when it phones home", async () => {
    await post("turn", {}, 0);
    assert.equal((await post("joined", { outcome: "failed", reason: "no quorum" }, 0)).status, 200);
    assert.equal((await post("turn", {}, 0)).status, 409);
    await started(0);
    assert.match((await post("turn", {}, 0)).text, /^bootstrap\n/);
  });

  test("waits for the host that was to begin the cluster", async () => {
    await post("turn", {}, 0);
    await post("joined", { outcome: "failed", reason: "no quorum" }, 0);
    const { text } = await post("turn", {}, 1);
    assert.match(
      text,
      /^wait 30\nwhy node1 was to begin cluster lab and has failed; nobody else may begin a second one/,
    );
  });

  test("in a cluster that exists already is to join it", async () => {
    appliance = await agentAppliance({
      machines: 1,
      cluster: {
        ...CLUSTER,
        members: ["http://10.0.0.5:2379"],
        membersPath: "/members",
        peers: { flaredb_peers: 2480 },
      },
    });
    await appliance.close();
    await started();
    const { text } = await post("turn");
    assert.match(text, /^join\n/);
    assert.match(text, /"leader_url":"http:\/\/10\.0\.0\.5:2379".*"flaredb_peers":\[\]/);
    assert.match(
      text,
      /\nmember http:\/\/10\.0\.0\.5:2379\/admin\/member\/add\nmembers http:\/\/10\.0\.0\.5:2379\/members\n$/,
    );
    assert.ok(appliance.bench.engine.state.hosts.every((host) => host.founding === null));
  });
});
