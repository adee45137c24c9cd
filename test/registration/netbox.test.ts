import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { jsonSender } from "../../src/registration/json-request.ts";
import { netBox } from "../../src/registration/netbox.ts";
import { NetBoxStandIn } from "../support/netbox.ts";
import { readyNode } from "./ready-node-example.ts";

const SIGNAL = new AbortController().signal;

async function bench(t: TestContext, options = {}) {
  const box = new NetBoxStandIn("secret", options);
  const url = await box.open();
  t.after(() => box.close());
  const settings = { name: "netbox", url, token: "secret", site: "home", role: "hypervisor", deviceType: "generic" };
  const registrar = (more = {}) => netBox({ ...settings, serverTypes: {}, ...more }, jsonSender(null));
  return { box, registrar };
}

describe("a host in NetBox", () => {
  test("becomes a device with an interface, its hardware address and its primary address", async (t) => {
    const { box, registrar } = await bench(t);
    const outcome = await registrar().register(readyNode(), SIGNAL);
    assert.ok(outcome.ok, JSON.stringify(outcome));
    assert.deepEqual(box.rows["dcim/devices"], [
      {
        id: 1,
        name: "node1",
        status: "active",
        serial: "7QXK2M3",
        site: { slug: "home" },
        role: { slug: "hypervisor" },
        device_type: { slug: "generic" },
        primary_ip4: 4,
      },
    ]);
    assert.deepEqual(box.rows["dcim/interfaces"], [
      { id: 2, device: 1, name: "eno1", type: "other", primary_mac_address: 3 },
    ]);
    assert.equal(box.rows["dcim/mac-addresses"]?.[0]?.mac_address, "52:54:00:AB:CD:01");
    const [address] = box.rows["ipam/ip-addresses"] ?? [];
    assert.deepEqual([address?.address, address?.dns_name], ["10.11.0.2/22", "node1.lab.example"]);
  });

  test("is the same one the second time, and after a reinstall under another name", async (t) => {
    const { box, registrar } = await bench(t);
    await registrar().register(readyNode(), SIGNAL);
    const again = await registrar().register(readyNode({ hostname: "node9", address: "10.11.0.9" }), SIGNAL);
    assert.ok(again.ok && again.value.what.startsWith("updated device 1"), JSON.stringify(again));
    assert.equal(box.rows["dcim/devices"]?.length, 1);
    assert.equal(box.rows["dcim/devices"]?.[0]?.name, "node9");
    assert.equal(box.rows["dcim/interfaces"]?.length, 1);
    assert.equal(box.rows["ipam/ip-addresses"]?.length, 2);
  });

  test("is found by its name where it has no serial number", async (t) => {
    const { box, registrar } = await bench(t);
    for (const _ of [1, 2]) assert.ok((await registrar().register(readyNode({ serial: null }), SIGNAL)).ok);
    assert.equal(box.rows["dcim/devices"]?.length, 1);
  });

  test("gets the role and device type of its server type", async (t) => {
    const { box, registrar } = await bench(t);
    const serverTypes = { r640: { role: "storage", deviceType: "poweredge-r640" } };
    await registrar({ serverTypes }).register(readyNode({ serverType: "r640" }), SIGNAL);
    const [device] = box.rows["dcim/devices"] ?? [];
    assert.deepEqual([device?.role, device?.device_type], [{ slug: "storage" }, { slug: "poweredge-r640" }]);
  });

  test("a NetBox from before 4.2 knows no hardware addresses, and is told the rest", async (t) => {
    const { box, registrar } = await bench(t, { knowsMacAddresses: false });
    assert.ok((await registrar().register(readyNode(), SIGNAL)).ok);
    assert.equal(box.rows["dcim/devices"]?.[0]?.primary_ip4, 3);
  });

  test("two devices of one serial number are left for a person to sort out", async (t) => {
    const { box, registrar } = await bench(t);
    box.rows["dcim/devices"]?.push({ id: 90, serial: "7QXK2M3" }, { id: 91, serial: "7QXK2M3" });
    const outcome = await registrar().register(readyNode(), SIGNAL);
    assert.ok(!outcome.ok && outcome.error.isFinal && /has 2 that fit 7QXK2M3/.test(outcome.error.message));
  });

  for (const { what, settings, failures, words, isFinal } of [
    {
      what: "a wrong token",
      settings: { token: "other" },
      failures: [],
      words: /403: is the token right/,
      isFinal: true,
    },
    {
      what: "a role that is not there",
      settings: { role: "nowhere" },
      failures: [],
      words: /400: .*nowhere/,
      isFinal: true,
    },
    { what: "a NetBox that is being restarted", settings: {}, failures: [502], words: /502/, isFinal: false },
    { what: "one that is asked too often", settings: {}, failures: [429], words: /429/, isFinal: false },
  ]) {
    test(`${what} is told in words, without the token`, async (t) => {
      const { box, registrar } = await bench(t);
      box.failures.push(...failures);
      const outcome = await registrar(settings).register(readyNode(), SIGNAL);
      assert.ok(!outcome.ok);
      assert.match(outcome.error.message, words);
      assert.equal(outcome.error.isFinal, isFinal);
      assert.doesNotMatch(outcome.error.message, /secret|other/);
    });
  }
});
