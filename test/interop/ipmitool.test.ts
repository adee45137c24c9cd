import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { BmcTurns } from "../../src/power/bmc-turns.ts";
import { ipmiControl } from "../../src/power/ipmi-control.ts";
import { systemPowerTime } from "../../src/power/power-time.ts";
import { RejectedLogins } from "../../src/power/rejected-logins.ts";
import { runProgram } from "../../src/power/run-program.ts";
import { FakeMachine } from "../support/power/bmc-machine.ts";
import { identityOf, LIMITS, passwordFile } from "../support/power/power-bench.ts";

// The real ipmitool, with nobody at the other end: whether it understands our command line, and we what it says.

test("ipmitool understands how it is called, and a BMC that is not there is unreachable", async (t) => {
  assert.match(execFileSync("ipmitool", ["-V"], { encoding: "utf8" }), /ipmitool version/);
  const settings = {
    type: "ipmi",
    address: "127.0.0.1",
    user: "operator",
    passwordFile: await passwordFile(t, "correct horse"),
    boot: "auto",
    limits: { ...LIMITS, requestMs: 60_000 },
  } as const;
  const lines: string[] = [];
  const control = ipmiControl(settings, {
    turns: new BmcTurns(),
    rejected: new RejectedLogins(),
    time: systemPowerTime,
    stopping: new AbortController().signal,
    run: async (program, args, ...rest) => {
      const done = await runProgram(program, args, ...rest);
      lines.push(done.err);
      return done;
    },
  });
  const machine = new FakeMachine(1, "1");
  const read = await control.visit(identityOf(machine), (power) => power.read());
  assert.equal(read.ok ? "" : read.error.type, "unreachable", JSON.stringify(read));
  assert.doesNotMatch(lines.join("\n"), /usage|invalid option|unknown/i);
});
