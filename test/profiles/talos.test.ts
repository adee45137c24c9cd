import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseAllDocuments } from "yaml";
import { assertAnswerGolden, fileOf } from "../support/answer-golden.ts";
import { exampleProfile } from "../support/kind-examples.ts";
import { LINKS, requestOf, TARGET } from "../support/proxmox-profile.ts";
import { testRefusals } from "../support/refusals.ts";

const CONFIG = `version: v1alpha1
debug: false
machine:
  type: controlplane
  token: ab.cdefSECRET
  nodeLabels: { on: "yes" }
  install: { disk: /dev/nvme9n9, image: "ghcr.io/x:v1", wipe: true }
  network:
    interfaces:
      - deviceSelector: { hardwareAddr: "52:54:00:BA:5E:11" }
        mtu: 9000
      - deviceSelector: { hardwareAddr: "52:54:00:12:34:56" }
        addresses: [10.12.0.2/24]
cluster:
  secret: c2VjcmV0SECRET
  ca: { crt: public, key: a2V5SECRET }
---
apiVersion: v1alpha1
kind: WatchdogTimerConfig
device: /dev/watchdog0
`;

describe("the kind talos", () => {
  test("writes what it was found to write", () => assertAnswerGolden("talos", exampleProfile("talos")));

  test("fills in what belongs to the machine, and leaves the rest as it was", () => {
    const text = fileOf(exampleProfile("talos", { config: CONFIG }), "config.yaml");
    const [main, other, ...more] = [...parseAllDocuments(text, { version: "1.1" })].map((each) => each.toJS());
    assert.deepEqual(more, []);
    assert.deepEqual(other, { apiVersion: "v1alpha1", kind: "WatchdogTimerConfig", device: "/dev/watchdog0" });
    assert.deepEqual(main.machine.install, { disk: "/dev/sda", image: "ghcr.io/x:v1", wipe: true });
    assert.deepEqual(main.machine.nodeLabels, { on: "yes" });
    assert.equal(main.machine.network.hostname, "peach-beach");
    assert.deepEqual(
      main.machine.network.interfaces.map((nic: { addresses: string[] }) => nic.addresses),
      [["10.12.0.2/24"], ["10.11.0.2/22"]],
    );
    assert.equal(main.cluster.secret, "c2VjcmV0SECRET");
  });

  test("shows none of the secrets in it", () => {
    const answer = exampleProfile("talos", { config: CONFIG }).answer(TARGET, LINKS, requestOf(null));
    assert.ok(answer.ok);
    assert.equal(answer.value.text.match(/SECRET/g)?.length, 3);
    assert.doesNotMatch(answer.value.masked, /SECRET/);
    assert.match(answer.value.masked, /crt: "public"/);
  });

  test("is installed once its API answers", () => {
    assert.deepEqual(exampleProfile("talos").remote(TARGET), { port: 50_000, command: null });
  });

  testRefusals("talos", [
    { rule: "no configuration", change: { config: undefined }, path: "config", says: /^missing/ },
    {
      rule: "YAML that is damaged",
      change: { config: "version: [v1alpha1" },
      path: "config",
      says: /expected a machine configuration/,
    },
    {
      rule: "another document",
      change: { config: "apiVersion: v1\nkind: Pod\n" },
      path: "config",
      says: /expected a machine configuration/,
    },
    {
      rule: "two machines in one",
      change: { config: `${CONFIG}---\n${CONFIG}` },
      path: "config",
      says: /expected a machine configuration/,
    },
    {
      rule: "one that is not filled in",
      change: { config: CONFIG.replace("ab.cdefSECRET", "FILL-IN") },
      path: "config",
      says: /still to be filled in/,
    },
    {
      rule: "kernel arguments that are ours",
      change: { kernel_args: "talos.config=x" },
      path: "kernel_args",
      says: /set already/,
    },
  ]);
});
