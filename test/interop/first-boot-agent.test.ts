import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  type Client,
  counting,
  ended,
  logOf,
  runAgent,
  runsOf,
  type Shell,
  startAgent,
  stateFile,
} from "../support/agent-bench.ts";
import { agentSite } from "../support/agent-site.ts";

const site = agentSite();
const { open, machineWith } = site;

const SHELLS: readonly Shell[] = ["dash", "busybox", "bash"];
const CLIENTS: readonly Client[] = ["curl", "wget", "wget of busybox", "busybox", "bash"];

describe("the first-boot agent", () => {
  for (const shell of SHELLS) {
    for (const client of CLIENTS) {
      test(`in ${shell} with ${client} does its steps, tells of each, and is silent at later boots`, async () => {
        await open();
        const steps = [counting("own"), { type: "health", url: `${site.appliance.url}/healthy`, seconds: 20 }];
        const machine = machineWith({ shell, client, steps });
        const first = await runAgent(machine, shell);
        assert.equal(first.code, 0, first.output);
        assert.equal(site.appliance.stateOf(), "ready");
        assert.deepEqual(site.appliance.stepsOf(), ["01-own succeeded", "02-health succeeded"]);
        for (const line of logOf(first))
          assert.deepEqual(Object.keys(line), ["timestamp", "level", "service", "operation", "message"]);
        assert.match(stateFile(machine, "done"), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$/);
        assert.equal(first.output.includes(site.appliance.linksOf().token), false);
        const before = site.appliance.heard.length;
        assert.equal((await runAgent(machine, shell)).code, 2);
        assert.equal(site.appliance.heard.length, before);
        assert.equal(runsOf(machine, "own"), 1);
      });
    }

    test(`in ${shell} with nothing to speak HTTP with says so and waits for a person`, async () => {
      await open();
      // Bash could do it by itself, and so does busybox; neither is there.
      const machine = machineWith({ shell: "dash", client: "none" });
      const { code, output } = await runAgent(machine, shell === "busybox" ? "dash" : shell);
      assert.equal(code, 3, output);
      assert.match(output, /none of curl, wget, busybox, bash/);
    });
  }

  test("is not put off by a clock in 1970", async () => {
    await open();
    const machine = machineWith({
      steps: [counting("own"), { type: "health", url: `${site.appliance.url}/healthy` }],
      programs: { date: "#!/bin/sh\necho 1970-01-01T00:00:07Z\n" },
    });
    assert.equal((await runAgent(machine)).code, 0);
    assert.equal(stateFile(machine, "done"), "1970-01-01T00:00:07Z\n");
    assert.equal(site.appliance.stateOf(), "ready");
  });

  for (const client of ["curl", "wget", "busybox"] as const) {
    test(`with ${client} outlasts a server that answers each request nine times with 500`, async () => {
      let left = 9;
      await open({
        before: async (_request, pass) => {
          if (left-- > 0) return new Response("no\n", { status: 500 });
          left = 9;
          return pass();
        },
      });
      const machine = machineWith({ client, steps: [counting("own")] });
      const { code, output } = await runAgent(machine);
      assert.equal(code, 0, output);
      assert.equal(runsOf(machine, "own"), 1);
      assert.equal(site.appliance.heard.length, 40, "four requests, ten times each");
      assert.deepEqual(site.appliance.stepsOf(), ["01-own succeeded"]);
    });
  }

  test("obeys Retry-After", async () => {
    let busy = true;
    await open({
      before: async (_request, pass) => {
        if (!busy) return pass();
        busy = false;
        return new Response("busy\n", { status: 503, headers: { "Retry-After": "7" } });
      },
    });
    const slept = '#!/bin/sh\necho "$1" >>"$BOOTQUEUE_AGENT_STATE/slept"\n';
    const machine = machineWith({ programs: { sleep: slept } });
    assert.equal((await runAgent(machine)).code, 0);
    assert.equal(stateFile(machine, "slept"), "7\n");
  });

  test("gives up for this time when the appliance stays silent, so that it is started again", async () => {
    await open({ before: async () => new Response("no\n", { status: 503 }) });
    const { code, output } = await runAgent(machineWith({ patience: 1 }));
    assert.equal(code, 1, output);
  });

  test("stops for good when its token is void", async () => {
    await open();
    const { code, output } = await runAgent(machineWith({ token: "void" }));
    assert.equal(code, 3, output);
    assert.match(output, /404/);
  });

  test("tells of a step that fails for good, with its last words, and the host has failed", async () => {
    await open();
    const machine = machineWith({
      steps: [
        { type: "script", name: "own", script: '#!/bin/sh\necho "disk \\"sdb\\" is\ta\\\\mess"\nexit 3\n' },
        counting("next"),
      ],
    });
    const { code, output } = await runAgent(machine);
    assert.equal(code, 3, output);
    assert.equal(site.appliance.stateOf(), "failed");
    const state = site.appliance.bench.hostOf(site.appliance.hosts[0] as never)?.state;
    assert.ok(state?.type === "failed");
    assert.match(state.reason, /step 01-own: disk "sdb" is a\\mess/);
    assert.deepEqual(site.appliance.stepsOf(), ["01-own failed"]);
    assert.equal(runsOf(machine, "next"), 0);
  });

  test("tries a step again that may work later, and tells of each try", async () => {
    await open();
    const flaky = counting("own", `[ "$(wc -l <"$BOOTQUEUE_AGENT_STATE/own.runs")" -ge 3 ] || exit 1\n`);
    const machine = machineWith({ steps: [{ ...flaky, tries: 3 }] });
    assert.equal((await runAgent(machine)).code, 0);
    assert.equal(runsOf(machine, "own"), 3);
    assert.deepEqual(site.appliance.stepsOf(), ["01-own succeeded"]);
  });

  test("ends a step whose time is up, with all that it started", async () => {
    await open();
    const script = `#!/bin/sh\n/usr/bin/sleep 600 &\necho "$!" >"$BOOTQUEUE_AGENT_STATE/child"\nwait\n`;
    const machine = machineWith({ steps: [{ type: "script", script, minutes: 1, tries: 1 }] });
    const { code, output } = await runAgent(machine);
    assert.equal(code, 3, output);
    assert.match(output, /not done within 60 s/);
    const child = Number(stateFile(machine, "child"));
    // Where nobody reaps it, it is still there, and dead.
    const stat = existsSync(`/proc/${child}/stat`) ? readFileSync(`/proc/${child}/stat`, "utf8") : "gone) Z";
    assert.match(stat, /\) Z/);
  });

  test("waits with a deadline for what is not healthy, and says what it answered", async () => {
    await open();
    const machine = machineWith({
      steps: [{ type: "health", url: `${site.appliance.url}/sick`, seconds: 1, every_seconds: 1 }],
    });
    const { code, output } = await runAgent(machine);
    assert.equal(code, 3, output);
    assert.match(output, /was not healthy within 1 s; HTTP status 404/);
  });

  test("goes on after a reboot that a step wants, and does nothing twice", async () => {
    await open();
    const wanting = `cat "$BOOTQUEUE_PROC/sys/kernel/random/boot_id" >"$BOOTQUEUE_AGENT_STATE/reboot-wanted"\n`;
    const machine = machineWith({
      steps: [counting("first", wanting), counting("second")],
      programs: { systemctl: '#!/bin/sh\necho "$*" >>"$BOOTQUEUE_AGENT_STATE/rebooted"\n' },
    });
    assert.equal((await runAgent(machine)).code, 1);
    assert.equal(stateFile(machine, "rebooted"), "--no-block reboot\n");
    // Started again before the reboot has come: it asks for it again, and goes no further.
    const second = await runAgent(machine);
    assert.equal(second.code, 1, second.output);
    assert.equal(runsOf(machine, "second"), 0, second.output);
    writeFileSync(join(machine.root, "proc/sys/kernel/random/boot_id"), "99999999-2222-3333-4444-555555555555\n");
    const last = await runAgent(machine);
    assert.equal(last.code, 0, last.output);
    assert.deepEqual([runsOf(machine, "first"), runsOf(machine, "second")], [1, 1]);
    assert.equal(site.appliance.stateOf(), "ready");
  });

  test("does not run beside itself, and is not stopped by a lock of an earlier boot", async () => {
    await open();
    const machine = machineWith({ steps: [counting("own", "/usr/bin/sleep 1\n")] });
    const running = startAgent(machine);
    const end = ended(running);
    while (runsOf(machine, "own") === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const second = await runAgent(machine);
    assert.equal(second.code, 1);
    assert.match(second.output, /another one is running/);
    assert.equal((await end).code, 0);
    assert.equal(runsOf(machine, "own"), 1);
  });
});
