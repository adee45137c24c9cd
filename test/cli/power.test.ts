import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { createAdaptorServer } from "@hono/node-server";
import type { PowerSwitches } from "../../src/http/power-app.ts";
import { runAs, type User } from "../support/cli-bench.ts";
import { operatorBench } from "../support/operator-bench.ts";
import { answer, hostId, reported, requested, script, seen } from "../support/queue-builder.ts";

const INSTALLED = [seen(1), requested(1), script(1), answer(1), reported(1)];

/** The command against an app whose machines have power switches. */
async function bench(t: TestContext, changes: Partial<PowerSwitches> = {}) {
  const orders: string[] = [];
  const power: PowerSwitches = {
    typeOf: () => "redfish",
    read: async () => ({
      ok: true,
      value: { state: "on", health: "warning", facts: [{ name: "next boot", value: "Pxe" }] },
    }),
    order: async (host, action) => {
      orders.push(`${action} ${host.id}`);
      return { ok: true, value: { isSure: action !== "on", words: "done" } };
    },
    ...changes,
  };
  const { app, happen, engine, clock, feed } = await operatorBench({ trusted: true, power });
  await happen(...INSTALLED);
  const folder = await mkdtemp(join(tmpdir(), "bootqueue-cli-"));
  const socket = join(folder, "bootqueue.sock");
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.after(async () => {
    feed.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  });
  const run = (argv: readonly string[], user: User = {}) =>
    runAs(user, ["--socket", socket, ...argv], () => clock.now());
  return { run, orders, engine };
}

describe("bootqueue power", () => {
  test("status says how the machine is, in words and as JSON", async (t) => {
    const { run } = await bench(t);
    const said = await run(["power", "status", "node1"]);
    assert.equal(said.out, "node1 is on, health warning (redfish)\n  next boot  Pxe\n");
    const json = await run(["power", "status", "node1", "--json"]);
    assert.deepEqual(JSON.parse(json.out), {
      type: "redfish",
      state: "on",
      health: "warning",
      facts: [{ name: "next boot", value: "Pxe" }],
    });
  });

  for (const [argv, order] of [
    [["cycle"], "cycle"],
    [["off"], "off"],
    [["off", "--now"], "off-now"],
  ] as const) {
    test(`${argv.join(" ")} shows which machine it is and asks`, async (t) => {
      const { run, orders } = await bench(t);
      const no = await run(["power", ...argv, "node1"], { answers: ["n"] });
      assert.equal(no.code, 5);
      assert.match(no.err, new RegExp(hostId(1)));
      assert.deepEqual(orders, []);
      assert.equal((await run(["power", ...argv, "node1"])).code, 2, "nobody is there to be asked");
      const yes = await run(["power", ...argv, "node1", "--yes"]);
      assert.equal(yes.code, 0, yes.err);
      assert.deepEqual(orders, [`${order} ${hostId(1)}`]);
    });
  }

  test("on and pxe lose nothing and do not ask; what nobody can see is said", async (t) => {
    const { run, orders } = await bench(t);
    assert.match((await run(["power", "on", "node1"])).out, /done; whether it had an effect cannot be seen/);
    assert.equal((await run(["power", "pxe", "node1"])).code, 0);
    assert.deepEqual(orders, [`on ${hostId(1)}`, `pxe ${hostId(1)}`]);
  });

  test("fails with the words of the BMC: 1; and knows no strangers: 4", async (t) => {
    const { run } = await bench(t, {
      order: async () => ({
        ok: false,
        error: { type: "unreachable", message: "10.0.9.5 does not answer", hint: "look" },
      }),
    });
    const failed = await run(["power", "on", "node1"]);
    assert.equal(failed.code, 1);
    assert.match(failed.err, /10\.0\.9\.5 does not answer\n {2}look/);
    assert.equal((await run(["power", "on", "toad"])).code, 4);
  });

  test("rebuild says that the machine is restarted now, unless that is left to the operator", async (t) => {
    const { run, engine } = await bench(t);
    assert.match((await run(["rebuild", "node1"], { answers: ["n"] })).err, /wiped as it is restarted now \(redfish\)/);
    const byHand = await run(["rebuild", "node1", "--by-hand"], { answers: ["y"] });
    assert.match(byHand.err, /wiped when it next boots from the network/);
    assert.equal(engine.state.hosts.at(0)?.state.type, "pxe_ready");
    assert.equal((await run(["rebuild", "--all", "--by-hand", "--yes"])).code, 2);
  });
});
