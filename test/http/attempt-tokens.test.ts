import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { findHostByToken, newAttemptToken } from "../../src/http/attempt-tokens.ts";
import type { AttemptToken } from "../../src/queue/host.ts";
import { machineBench } from "../support/machine-bench.ts";
import { machine } from "../support/netboot-machine.ts";

describe("newAttemptToken()", () => {
  test("is 192 bits that stand in an URL and in DHCP option 250 as they are", () => {
    const token = newAttemptToken();
    assert.match(token, /^[A-Za-z0-9_-]{32}$/);
    assert.equal(encodeURIComponent(token), token);
  });

  test("is never the same twice", () => {
    const tokens = new Set(Array.from({ length: 1000 }, newAttemptToken));
    assert.equal(tokens.size, 1000);
  });
});

describe("findHostByToken()", () => {
  test("finds the host whose install has it, in whatever state it is", async () => {
    const bench = await machineBench();
    await bench.bring(machine(1), "ready");
    await bench.bring(machine(2), "installing");
    for (const who of [machine(1), machine(2)]) {
      assert.equal(findHostByToken(bench.engine.state, bench.tokenOf(who))?.id, who.host);
    }
  });

  test("finds nobody by another text, however near", async () => {
    const bench = await machineBench();
    await bench.bring(machine(1), "installing");
    const token: string = bench.tokenOf(machine(1));
    for (const text of ["", " ", `${token} `, token.slice(0, -1), token.toUpperCase(), `${token}\0`, "ü".repeat(40)]) {
      assert.equal(findHostByToken(bench.engine.state, text), undefined, JSON.stringify(text));
    }
  });

  test("finds nobody by the empty text when a host never had an install", async () => {
    const bench = await machineBench();
    const [mac] = machine(1).macs;
    await bench.happen({ type: "host-registered", mac, uuid: null, serverType: null, slot: null });
    assert.equal(findHostByToken(bench.engine.state, ""), undefined);
  });

  test("finds nobody by a token that a rebuild has replaced", async () => {
    const bench = await machineBench();
    await bench.bring(machine(1), "ready");
    const old = bench.tokenOf(machine(1));
    await bench.happen({ type: "rebuild-ordered", host: machine(1).host, token: "fresh" as AttemptToken });
    assert.equal(findHostByToken(bench.engine.state, old), undefined);
    assert.equal(findHostByToken(bench.engine.state, "fresh")?.id, machine(1).host);
  });
});
