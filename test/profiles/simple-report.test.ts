import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EMPTY_INVENTORY, phoneCallInventory, readSimpleReport } from "../../src/profiles/simple-report.ts";
import { SSH_KEY } from "../support/proxmox-profile.ts";

const FULL = {
  system: "Ubuntu 24.04.3 LTS",
  hostname: "peach-beach",
  machine_id: "0123456789abcdef0123456789abcdef",
  kernel: "6.8.0-71-generic",
  mac: ["52:54:00:BA:5E:11", "52-54-00-ba-5e-12", "00:00:00:00:00:00", "no address"],
  pub_key_ed25519: `${SSH_KEY}\n`,
  pub_key_rsa: "N/A",
};

describe("readSimpleReport()", () => {
  test("takes what a shell found out", () => {
    const report = readSimpleReport(FULL);
    assert.ok(report.ok);
    assert.deepEqual(report.value.macs, ["52:54:00:ba:5e:11", "52:54:00:ba:5e:12"]);
    const { system, fqdn, machineId, kernel, sshHostKeys, nics } = report.value.inventory;
    assert.deepEqual(
      { system, fqdn, machineId, kernel, sshHostKeys },
      {
        system: "Ubuntu 24.04.3 LTS",
        fqdn: "peach-beach",
        machineId: "0123456789abcdef0123456789abcdef",
        kernel: "6.8.0-71-generic",
        sshHostKeys: { ed25519: SSH_KEY },
      },
    );
    assert.deepEqual(
      nics.map(({ mac }) => mac),
      report.value.macs,
    );
  });

  for (const body of [
    null,
    undefined,
    7,
    "text",
    [],
    [1],
    {},
    { mac: {}, system: 1, machine_id: "short", pub_key_rsa: "x" },
  ]) {
    test(`of ${JSON.stringify(body)} learns nothing, and it counts all the same`, () => {
      assert.deepEqual(readSimpleReport(body), {
        ok: true,
        value: { macs: [], uuid: null, token: null, inventory: EMPTY_INVENTORY },
      });
    });
  }
});

describe("phoneCallInventory()", () => {
  test("is there only when the call says something of the system", () => {
    assert.deepEqual(phoneCallInventory({ pub_key_ed25519: SSH_KEY })?.sshHostKeys, { ed25519: SSH_KEY });
    assert.equal(phoneCallInventory({ status: "started", hostname: "x" }), null);
    assert.equal(phoneCallInventory(null), null);
  });
});
