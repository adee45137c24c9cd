import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { describe, test } from "node:test";
import { counting, ended, killAgent, marksOf, runAgent, runsOf, startAgent } from "../support/agent-bench.ts";
import { agentSite } from "../support/agent-site.ts";

const site = agentSite();
const { open, machineWith } = site;

describe("the first-boot agent, killed", () => {
  for (const moment of ["before", "after"] as const) {
    test(`at each of its requests, ${moment} the appliance has done what it asks, does nothing twice`, async () => {
      for (let at = 1; ; at++) {
        let count = 0;
        let child: ChildProcess | undefined;
        await open({
          before: async (_request, pass) => {
            const isIt = ++count === at && child !== undefined;
            if (isIt && moment === "before") killAgent(child as ChildProcess);
            const response = await pass();
            if (isIt && moment === "after") killAgent(child as ChildProcess);
            return response;
          },
        });
        const machine = machineWith({ steps: [counting("one"), counting("two")] });
        child = startAgent(machine);
        const first = await ended(child);
        child = undefined;
        const last = first.code === null ? await runAgent(machine) : first;
        const told = `killed at request ${at}: ${first.output}${last.output}`;
        assert.ok(last.code === 0 || last.code === 2, told);
        assert.deepEqual([runsOf(machine, "one"), runsOf(machine, "two")], [1, 1], told);
        assert.deepEqual(site.appliance.stepsOf(), ["01-one succeeded", "02-two succeeded"], told);
        assert.equal(site.appliance.stateOf(), "ready", told);
        await site.appliance.close();
        if (first.code !== null) {
          assert.equal(at, 7, "phone-home, twice two reports, and the end");
          break;
        }
      }
    });
  }

  test("in the middle of a step runs that step again, and the ones before it not", async () => {
    await open();
    const once = `[ -e "$BOOTQUEUE_AGENT_STATE/killed" ] || { : >"$BOOTQUEUE_AGENT_STATE/killed"; kill -9 "$PPID"; exit 0; }\n`;
    const machine = machineWith({ steps: [counting("one"), counting("two", once)] });
    assert.equal((await runAgent(machine)).code, null);
    assert.equal((await runAgent(machine)).code, 0);
    assert.deepEqual([runsOf(machine, "one"), runsOf(machine, "two")], [1, 2]);
    assert.deepEqual(
      marksOf(machine).filter((name) => name.endsWith(".new")),
      [],
    );
  });
});
