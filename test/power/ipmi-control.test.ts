import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { describe, type TestContext, test } from "node:test";
import { BmcTurns } from "../../src/power/bmc-turns.ts";
import { ipmiControl } from "../../src/power/ipmi-control.ts";
import { failureWords } from "../../src/power/power-control.ts";
import { orderPower } from "../../src/power/power-orders.ts";
import type { IpmiSettings } from "../../src/power/power-settings.ts";
import { RejectedLogins } from "../../src/power/rejected-logins.ts";
import { runProgram } from "../../src/power/run-program.ts";
import { FakeMachine } from "../support/power/bmc-machine.ts";
import { FakeIpmitool } from "../support/power/fake-ipmitool.ts";
import { FakePowerTime, identityOf, LIMITS, passwordFile } from "../support/power/power-bench.ts";

async function bench(t: TestContext, changes: Partial<IpmiSettings> = {}) {
  const machine = new FakeMachine(1, "1");
  const tool = new FakeIpmitool(machine);
  const file = await passwordFile(t, tool.password);
  const settings = {
    type: "ipmi",
    address: "10.0.9.5",
    user: "operator",
    passwordFile: file,
    boot: "auto",
    limits: LIMITS,
  } as const;
  const parts = { turns: new BmcTurns(), rejected: new RejectedLogins(), time: new FakePowerTime(), run: tool.run };
  const control = ipmiControl({ ...settings, ...changes }, { ...parts, stopping: new AbortController().signal });
  return { machine, tool, file, control };
}

describe("IPMI", () => {
  test("never has the password among the arguments, which everybody can see", async (t) => {
    const { tool, control, machine } = await bench(t);
    await orderPower(control, identityOf(machine), "cycle");
    assert.ok(tool.calls.length > 0);
    for (const call of tool.calls) assert.doesNotMatch(call, /correct horse/);
    assert.match(tool.calls[0] ?? "", /^ipmitool -I lanplus -H 10\.0\.9\.5 -U operator -f \/.*power status$/);
  });

  for (const [boot, words] of [
    ["auto", "bootdev pxe options=efiboot"],
    ["legacy", "bootdev pxe"],
  ] as const) {
    test(`asks for ${boot} as ${words}`, async (t) => {
      const { tool, control, machine } = await bench(t, { boot });
      assert.ok((await orderPower(control, identityOf(machine), "pxe")).ok);
      assert.equal(tool.bootDevice, words);
    });
  }

  test("tries a wrong password once and never again, until the file changes", async (t) => {
    const { tool, control, machine, file } = await bench(t);
    await writeFile(file, "wrong\n");
    const types: string[] = [];
    for (let n = 0; n < 3; n++) {
      const done = await orderPower(control, identityOf(machine), "cycle");
      types.push(done.ok ? "ok" : done.error.type);
    }
    assert.deepEqual(types, ["login-refused", "login-refused-before", "login-refused-before"]);
    assert.equal(tool.calls.length, 1);
    await writeFile(file, `${tool.password}\n`);
    assert.ok((await orderPower(control, identityOf(machine), "cycle")).ok);
  });

  test("does not switch the machine of a slot, because it cannot tell which that is", async (t) => {
    const { tool, control, machine } = await bench(t);
    const done = await orderPower(control, identityOf(machine, { isNamed: false }), "cycle");
    assert.equal(done.ok ? "" : done.error.type, "wrong-machine");
    assert.deepEqual(tool.calls, []);
  });

  test("says what to install when ipmitool is missing", async (t) => {
    const { tool, control, machine } = await bench(t);
    tool.isInstalled = false;
    const done = await orderPower(control, identityOf(machine), "cycle");
    assert.match(done.ok ? "" : failureWords(done.error), /apt install ipmitool/);
  });

  test("notices a BMC that says yes and does nothing", async (t) => {
    const { tool, control, machine } = await bench(t);
    tool.ignoresPower = true;
    const done = await orderPower(control, identityOf(machine), "off-now");
    assert.equal(done.ok ? "" : done.error.type, "not-done");
  });

  test("refuses a password that it cannot carry", async (t) => {
    const { tool, control, machine, file } = await bench(t);
    await writeFile(file, `${"x".repeat(21)}\n`);
    const done = await orderPower(control, identityOf(machine), "cycle");
    assert.equal(done.ok ? "" : done.error.type, "no-password");
    assert.deepEqual(tool.calls, []);
  });
});

describe("runProgram()", () => {
  const signal = new AbortController().signal;
  const node = (script: string, timeoutMs = 20_000) => runProgram(process.execPath, ["-e", script], timeoutMs, signal);

  test("gives what a program printed and how it ended", async () => {
    const done = await node("console.log('out'); console.error('err'); process.exitCode = 3");
    assert.deepEqual(done, { type: "ended", code: 3, out: "out\n", err: "err\n" });
  });

  test("knows a program that is not there", async () => {
    assert.equal((await runProgram("no-such-program-here", [], 20_000, signal)).type, "missing");
  });

  test("ends one that takes too long", async () => {
    assert.equal((await node("setInterval(() => {}, 1000)", 300)).type, "timed-out");
  });

  test("hands none of our environment on", async () => {
    process.env.BOOTQUEUE_TEST_SECRET = "secret";
    const done = await node("console.log(JSON.stringify(process.env))");
    delete process.env.BOOTQUEUE_TEST_SECRET;
    assert.doesNotMatch(done.out, /secret/);
  });
});
