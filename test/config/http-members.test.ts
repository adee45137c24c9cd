import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ClusterEntry, clusterProblems } from "../../src/config/clusters.ts";
import { checkDocument } from "../../src/std/check-document.ts";

const read = (cluster: Record<string, unknown>) => checkDocument(ClusterEntry, { name: "lab", ...cluster });

function problemsOf(cluster: Record<string, unknown>): string[] {
  const entry = read(cluster);
  assert.ok(entry.ok, JSON.stringify(entry));
  return clusterProblems([entry.value]).map(({ path, message }) => `${path}: ${message}`);
}

describe("a cluster that hosts join by HTTP", () => {
  test("needs no more than its kind", () => {
    assert.deepEqual(problemsOf({ kind: "http" }), []);
    assert.deepEqual(problemsOf({ kind: "http", http: { members: ["http://10.0.0.5:2379"] } }), []);
  });

  test("takes nothing that is for Proxmox, nor the other way round", () => {
    assert.deepEqual(problemsOf({ kind: "http", password_file: "/etc/secret" }), [
      'cluster[0].password_file: expected nothing here: it is for kind = "proxmox"',
    ]);
    assert.deepEqual(problemsOf({ http: {} }), ['cluster[0].http: expected kind = "http" with it']);
  });

  test("names members by address and port alone", () => {
    const entry = read({ kind: "http", http: { members: ["http://10.0.0.5:2379/join"] } });
    assert.ok(!entry.ok);
    assert.equal(entry.error[0]?.path, "http.members[0]");
  });
});
