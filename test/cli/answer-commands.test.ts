import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { slotIdOf } from "../../src/queue/slot.ts";
import { cliBench } from "../support/cli-bench.ts";
import { installSite } from "../support/install-site.ts";
import { HASH, proxmoxProfile } from "../support/proxmox-profile.ts";
import { address, registered, requested, seen, token } from "../support/queue-builder.ts";

async function rack(t: TestContext, country = "at") {
  const layer = { name: "slot 10.11.0.2", file: "/etc/bootqueue/bootqueue.toml", path: "slot[0].settings" };
  const ofSlots = new Map([[slotIdOf(address(1)), { ...layer, values: { global: { country } } }]]);
  const bench = await cliBench(t, { site: () => installSite(proxmoxProfile(), { ofSlots }) });
  await bench.happen(seen(1), requested(1), registered(2));
  return bench;
}

describe("bootqueue render", () => {
  test("prints the answer file and nothing else, without secrets", async (t) => {
    const bench = await rack(t);
    const { out, err, code } = await bench.run(["render", "node1"]);
    assert.deepEqual([err, code], ["", 0]);
    assert.match(out, /^\[global\]\n/);
    assert.match(out, /^country = "at"$/m);
    assert.match(out, /^root-password-hashed = "\(hidden\)"$/m);
    assert.ok(!out.includes(HASH) && !out.includes(token(1)));
  });

  test("prints the secrets when they are asked for, in the spelling of a release", async (t) => {
    const { out } = await (await rack(t)).run(["render", "node1", "--secrets", "--release", "8.3"]);
    assert.ok(out.includes(`root_password_hashed = "${HASH}"`));
    assert.ok(out.includes(token(1)));
  });

  test("says why there is none, with exit code 1", async (t) => {
    const refused = await (await rack(t, "xk")).run(["render", "node1"]);
    assert.equal(refused.code, 1);
    assert.equal(refused.out, "");
    assert.match(refused.err, /there is no answer file for .*node1/);
    assert.match(refused.err, /bootqueue\.toml: slot\[0\]\.settings\.global\.country: expected a country.*found "xk"/);
    const slotless = await (await rack(t)).run(["render", "52:54:00:00:01:02"]);
    assert.equal(slotless.code, 1);
    assert.match(slotless.err, /it has no slot/);
  });

  test("knows its mistakes: no such host is 4, no such release is 2", async (t) => {
    const bench = await rack(t);
    assert.equal((await bench.run(["render", "nobody"])).code, 4);
    assert.equal((await bench.run(["render", "node1", "--release", "new"])).code, 2);
  });
});

describe("bootqueue show --answer", () => {
  test("prints each value with where it comes from, and where that stands", async (t) => {
    const { out, code } = await (await rack(t)).run(["show", "node1", "--answer"]);
    assert.equal(code, 0);
    assert.match(out, /^profile +pve$/m);
    assert.match(out, /^ {2}country = "at" +# slot 10\.11\.0\.2$/m);
    assert.match(out, /^ {2}mailto = "root@lab\.example" +# profile pve$/m);
    assert.match(out, /^ {2}cidr = "10\.11\.0\.2\/22" +# the slot's address$/m);
    assert.match(out, /^ {2}slot 10\.11\.0\.2 +\/etc\/bootqueue\/bootqueue\.toml: slot\[0\]\.settings$/m);
    assert.ok(!out.includes(HASH));
  });

  test("is JSON with --json", async (t) => {
    const { out } = await (await rack(t)).run(["--json", "show", "node1", "--answer"]);
    const view = JSON.parse(out) as { masked: boolean; lines: unknown[] };
    assert.equal(view.masked, true);
    assert.ok(view.lines.length > 10);
  });
});
