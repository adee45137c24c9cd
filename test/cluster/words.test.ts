import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { NEW_CLUSTER, openClusterBook } from "../../src/cluster/book.ts";
import { findNode, isOnline, parseClusterStatus } from "../../src/cluster/cluster-status.ts";
import { explainFailure } from "../../src/cluster/failures.ts";
import { roadOf } from "../../src/cluster/road.ts";
import { nodesOverSsh, readLook } from "../../src/cluster/ssh-node.ts";

describe("the status of a cluster", () => {
  test("of a member", () => {
    const status = parseClusterStatus(
      JSON.stringify([
        { type: "cluster", id: "cluster", name: "lab", nodes: 2, quorate: 1, version: 2 },
        { type: "node", id: "node/toad", name: "toad", nodeid: 1, ip: "10.11.0.2", local: 1, online: 1, level: "" },
        { type: "node", id: "node/yoshi", name: "yoshi", nodeid: 2, local: 0, online: 0 },
      ]),
    );
    assert.ok(status.ok && status.value !== null);
    assert.deepEqual([status.value.name, status.value.quorate], ["lab", true]);
    assert.deepEqual([isOnline(status.value, "Toad"), isOnline(status.value, "yoshi")], [true, false]);
    assert.equal(findNode(status.value, "yoshi")?.address, null);
  });

  test("of a node that stands alone: null, which is not the same as not known", () => {
    const alone = [{ type: "node", name: "toad", nodeid: 0, ip: "10.11.0.2", local: 1, online: 1 }];
    assert.deepEqual(parseClusterStatus(JSON.stringify(alone)), { ok: true, value: null });
    for (const text of ["", "[]", "{}", "null", "[1]", "ipcc_send_rec failed", '[{"type":"cluster","name":"lab"}]'])
      assert.ok(!parseClusterStatus(text).ok, text);
  });
});

describe("explainFailure()", () => {
  for (const [output, words, passing] of [
    ["TASK ERROR: can't lock file '/var/lock/pvecm.lock' - got timeout\n", /^can't lock file .* – somebody else/, true],
    ["TASK ERROR: cluster not ready - no quorum?", /^cluster not ready - no quorum\? – .*bring/, true],
    [
      "detected the following error(s):\n* this host already contains virtual guests\nTASK ERROR: Check if node may join a cluster failed!",
      /^this host already contains virtual guests – .*rebuild/,
      false,
    ],
    [
      "* link1: cannot use IP '10.10.2.2', not found on local node!",
      /^link1: cannot use IP '10\.10\.2\.2', not found on local node – .*link0 and link1/,
      false,
    ],
    [
      "corosync: address '10.11.0.2' already used on link ring0_addr by node 'toad'",
      /already used .* – another node/,
      false,
    ],
    [
      "corosync: link 1 exists in cluster config but wasn't specified for new node",
      /link 1 exists .* – .*set link1/,
      false,
    ],
    ["can't add existing node 'toad'", /– .*pvecm delnode.*rejoin = true/, false],
    ["* authentication key '/etc/corosync/authkey' already exists", /half joined; rebuild it/, false],
    ["401 Unauthorized", /second factor/, false],
    ["unable to copy ssh ID: exit code 1", /– the host could not log in to the member/, false],
    [
      "ssh: connect to host 10.11.0.2 port 22: Connection timed out\nunable to copy ssh ID: exit code 255",
      /cannot reach the member; UDP 5405 to 5412/,
      true,
    ],
    ["TASK ERROR: something new", /^something new$/, false],
    ["", /^it ended without saying why$/, false],
  ] as const) {
    test(JSON.stringify(output).slice(0, 70), () => {
      const failure = explainFailure(output);
      assert.match(failure.why, words);
      assert.equal(failure.passing, passing);
    });
  }
});

describe("roadOf()", () => {
  const self = { host: "a", attempt: "2" };
  const founder = { host: "a", attempt: "1", name: "toad", done: true };
  const member = (host: string) => ({
    host,
    attempt: "1",
    name: host,
    address: "10.11.0.2",
    hostKeys: [],
    fingerprint: null,
  });

  test("the first creates; whoever follows joins", () => {
    assert.equal(roadOf(NEW_CLUSTER, self, false).type, "create");
    assert.equal(roadOf({ founder, members: [member("b")] }, self, false).type, "join");
    assert.equal(roadOf(NEW_CLUSTER, self, true).type, "join");
  });

  test("whoever began goes on, and begins anew after it was wiped, if nobody joined since", () => {
    assert.equal(
      roadOf({ founder: { ...founder, attempt: "2", done: false }, members: [] }, self, false).type,
      "create",
    );
    assert.equal(roadOf({ founder, members: [member("a")] }, self, false).type, "create");
  });

  test("nobody else creates what somebody has begun", () => {
    const road = roadOf({ founder: { ...founder, host: "b", done: false }, members: [] }, self, false);
    assert.ok(road.type === "unclear" && /begun by toad.*rebuild toad/.test(road.why));
    assert.equal(roadOf({ founder: { ...founder, host: "b" }, members: [] }, self, false).type, "unclear");
  });
});

describe("the book of clusters", () => {
  test("survives a restart, and refuses what it cannot read", async () => {
    const folder = await mkdtemp(join(tmpdir(), "bootqueue-book-"));
    const path = join(folder, "clusters.json");
    const record = { founder: { host: "a", attempt: "1", name: "toad", done: false }, members: [] };
    const book = await openClusterBook(path);
    assert.deepEqual(book.read("lab"), NEW_CLUSTER);
    await Promise.all([book.write("lab", record), book.write("other", NEW_CLUSTER)]);
    assert.deepEqual((await openClusterBook(path)).read("lab"), record);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    const text = await readFile(path, "utf8");
    for (const damaged of [text.slice(0, -4), "null", '{"version":1,"clusters":{"lab":{}}}', '{"version":2}']) {
      await writeFile(path, damaged);
      await assert.rejects(openClusterBook(path), /cannot read .*clusters\.json; restore it/);
    }
    await rm(folder, { recursive: true });
  });
});

describe("a node over SSH", () => {
  test("tells what it is", () => {
    const fingerprint = Array(32).fill("AB").join(":");
    const view = readLook(
      `name toad.lab.example\nleftover /etc/corosync/authkey\nrootkey ssh-rsa AAAAB3 root@toad\nfingerprint ${fingerprint}\njob ended 0\nstatus [{"type":"node","name":"toad"}]\nlog\nname of the game\nTASK OK\n`,
    );
    assert.deepEqual(view, {
      name: "toad",
      cluster: null,
      leftovers: ["/etc/corosync/authkey"],
      rootKey: "ssh-rsa AAAAB3 root@toad",
      fingerprint,
      job: { type: "ended", code: 0, output: "name of the game\nTASK OK\n" },
    });
  });

  test("whose services are not up tells what it can", () => {
    assert.deepEqual(readLook("name toad\nfingerprint \njob died\nstatus \nlog\n"), {
      name: "toad",
      cluster: "unknown",
      leftovers: [],
      rootKey: null,
      fingerprint: null,
      job: { type: "ended", code: null, output: "" },
    });
  });

  test("is never handed a password in a command, and says why a command failed", async () => {
    const ran: { command: string; stdin: string | undefined }[] = [];
    const openNode = nodesOverSsh(
      async () => ({
        ok: true,
        value: {
          run: async (command, { stdin } = {}) => {
            ran.push({ command, stdin });
            return { ok: true, value: { code: 1, stdout: "", stderr: "read-only\n" } };
          },
          close: () => {},
        },
      }),
      22,
    );
    const login = { type: "password", password: "" } as const;
    const node = await openNode({ address: "10.11.0.2", hostKeys: [] }, login, new AbortController().signal);
    assert.ok(node.ok);
    assert.deepEqual(await node.value.startJob(["pvecm", "add", "10.11.0.9"], "rain'bow"), {
      ok: false,
      error: { type: "failed", why: "read-only" },
    });
    assert.deepEqual([ran[0]?.stdin, ran[0]?.command.includes("rain")], ["rain'bow\n", false]);
  });
});
