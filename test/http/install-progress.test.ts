import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { exampleProfile } from "../support/kind-examples.ts";
import { type MachineBench, machineBench, settled, slotAddress } from "../support/machine-bench.ts";
import { machine } from "../support/netboot-machine.ts";
import { chosenSeed, seeded } from "../support/random-queue.ts";
import {
  BAD_DOCUMENT,
  FAILED_INSTALL,
  GOOD_INSTALL,
  LATE_COMMAND_FAILED,
  NO_SPACE,
  PROOFS,
  type UbuntuEvent,
} from "../support/ubuntu-events.ts";

const FIRST = slotAddress(1);
const peach = machine(1);
const profile = exampleProfile("ubuntu");

const stateOf = (bench: MachineBench) => bench.hostOf(peach)?.state.type;
const path = (bench: MachineBench) => `/api/hosts/${peach.host}/progress/${bench.tokenOf(peach)}`;

async function installing(): Promise<MachineBench> {
  const bench = await machineBench({ profile });
  await bench.bring(peach, "installing");
  return bench;
}

async function replay(bench: MachineBench, events: readonly unknown[]): Promise<void> {
  const url = path(bench);
  for (const event of events) assert.equal((await bench.post(url, FIRST, event)).status < 300, true);
  await settled();
}

function steps(bench: MachineBench): string[] {
  const operation = bench.hostOf(peach)?.operations.at(-1);
  return (operation?.steps ?? []).map(({ name, ended }) => `${name}: ${ended?.outcome ?? "running"}`);
}

describe("the progress of an install", () => {
  test("shows where the machine is on its road, up to the end", async () => {
    const bench = await machineBench({ profile });
    await bench.bring(peach, "pxe_booted");
    const before = bench.footprints.length;
    const file = (name: string) => bench.request(`/api/boot/answer/${bench.tokenOf(peach)}/${name}`, FIRST);
    await file("meta-data");
    await file("user-data");
    await replay(bench, GOOD_INSTALL);
    await file("user-data");
    const stages = bench.footprints
      .slice(before)
      .flatMap(({ road, stage }) => (road === "http" ? [stage ?? null] : []));
    const [first, ...rest] = stages.filter((stage, n) => stage !== stages[n - 1]);
    assert.deepEqual([first, ...rest], [null, "answer-sent", "installer-told", "reported", "answer-refused"]);
  });

  test("stands in its history, step by step, and ends with the system installed", async () => {
    const bench = await installing();
    await replay(bench, GOOD_INSTALL);
    assert.equal(stateOf(bench), "installed");
    assert.deepEqual(steps(bench).slice(3), [
      "check the answer: succeeded",
      "early commands: succeeded",
      "choose the archive: succeeded",
      "partition the disk: succeeded",
      "copy the system: succeeded",
      "install the kernel and the boot loader: succeeded",
      "configure the system: succeeded",
      "install updates: failed",
      "late commands: succeeded",
      "boot from its disk: running",
    ]);
  });

  for (const [what, events, reason] of [
    ["an install that ran out of space", FAILED_INSTALL, NO_SPACE],
    ["a document that the installer refuses", BAD_DOCUMENT, "Malformed autoinstall in 'storage' section"],
    ["a late command that ended badly", LATE_COMMAND_FAILED, "Command '['sh', '-c', 'false']' returned non-zero"],
  ] as const) {
    test(`of ${what} ends in failed, with the message`, async () => {
      const bench = await installing();
      await replay(bench, events);
      const state = bench.hostOf(peach)?.state;
      assert.ok(state?.type === "failed");
      assert.equal(state.reason.startsWith(`the installer: ${reason}`), true, state.reason);
    });
  }

  test("says why where only the last sign of a failure came through", async () => {
    const bench = await installing();
    const inner = FAILED_INSTALL.filter(({ name }) => name.endsWith("cmd-block-meta") || name.endsWith("Error/run"));
    await replay(bench, inner);
    const state = bench.hostOf(peach)?.state;
    assert.ok(state?.type === "failed");
    assert.equal(state.reason, `the installer: partition the disk: ${NO_SPACE}`);
  });

  test("has the right end whatever is lost, comes twice or in another order", async () => {
    const seed = chosenSeed();
    const random = seeded(seed);
    for (let round = 0; round < 60; round++) {
      const fails = random() < 0.5;
      const stream = disturbed(fails ? FAILED_INSTALL : GOOD_INSTALL, random);
      const bench = await installing();
      await replay(bench, stream);
      const where = `seed ${seed}, round ${round}`;
      const signs = stream.filter((event) =>
        fails ? event.result === "FAIL" || event.name === "subiquity/Error/run" : PROOFS.includes(event),
      );
      if (fails) {
        assert.notEqual(stateOf(bench), "installed", where);
        const decisive = signs.some(({ name, event_type: type }) =>
          name.endsWith("Error/run") ? type === "start" : !name.endsWith("cmd-block-meta"),
        );
        assert.equal(stateOf(bench), decisive ? "failed" : "installing", where);
      } else {
        assert.equal(stateOf(bench), signs.length > 0 ? "installed" : "installing", where);
      }
      const running = steps(bench).filter((step) => step.endsWith(": running"));
      assert.equal(new Set(running).size, running.length, `no step runs twice: ${running} (${where})`);
    }
  });

  test("of an install that is over is answered, and changes nothing", async () => {
    const bench = await installing();
    await replay(bench, GOOD_INSTALL);
    const before = bench.engine.state;
    await replay(bench, GOOD_INSTALL);
    assert.deepEqual(bench.engine.state, before);
  });

  test("cannot undo an install that was reported", async () => {
    const bench = await installing();
    await replay(bench, PROOFS);
    const response = await bench.post(path(bench), FIRST, FAILED_INSTALL.at(-3));
    assert.equal(response.status, 409);
    assert.equal(stateOf(bench), "installed");
  });

  test("is taken from nobody without the token, and from no earlier install", async () => {
    const bench = await installing();
    const url = path(bench);
    const last = PROOFS[0];
    assert.equal((await bench.post(`/api/hosts/${peach.host}/progress/token-99`, FIRST, last)).status, 404);
    assert.equal((await bench.post(url.replace(peach.host, machine(2).host), FIRST, last)).status, 404);
    const token = bench.tokenOf(peach);
    await bench.happen(
      { type: "install-failed", host: peach.host, token, reason: "x" },
      { type: "rebuild-ordered", host: peach.host, token: "token-new" as typeof token },
    );
    assert.equal((await bench.post(url, FIRST, last)).status, 404);
    assert.equal(stateOf(bench), "pxe_ready");
  });

  for (const body of ["", "no JSON", "[]", "null", '{"name":1}', "x".repeat(100_000)]) {
    test(`is answered at once for ${JSON.stringify(body.slice(0, 20))}`, async () => {
      const bench = await installing();
      const before = bench.engine.state;
      assert.equal((await bench.post(path(bench), FIRST, body)).status, 200);
      assert.equal(bench.engine.state, before);
    });
  }

  test("never shows the token, though the installer repeats the commands that hold it", async () => {
    const bench = await installing();
    const token = bench.tokenOf(peach);
    const description = `curl http://10.97.0.1/api/hosts/x/installed/${token} failed`;
    await replay(bench, [
      { ...GOOD_INSTALL[11], description },
      { ...FAILED_INSTALL.at(-3), description },
    ]);
    const { operations, state, passages } = bench.hostOf(peach) ?? {};
    assert.equal(JSON.stringify([operations, state, passages, bench.footprints]).includes(token), false);
  });
});

describe("a call of cloud-init at the first boot", () => {
  test("makes the machine ready and brings the keys of its SSH server", async () => {
    const bench = await installing();
    await replay(bench, GOOD_INSTALL);
    const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAA/sDAR/ZuTRND0Wo8tGPH/o98HPpZimEI4fMCZMDqb";
    const form = new URLSearchParams({ pub_key_ed25519: `${key} root@node1`, pub_key_rsa: "N/A", hostname: "node1" });
    const response = await bench.request(`/api/hosts/${peach.host}/phone-home/${bench.tokenOf(peach)}`, FIRST, {
      method: "POST",
      body: form,
    });
    assert.equal(response.status, 200);
    assert.equal(stateOf(bench), "ready");
    assert.deepEqual(bench.hostOf(peach)?.inventory?.sshHostKeys, { ed25519: `${key} root@node1` });
  });
});

/** Some lost, some twice, some late. */
function disturbed(events: readonly UbuntuEvent[], random: () => number): readonly UbuntuEvent[] {
  const arriving = events.flatMap((event, index) => {
    if (random() < 0.25) return [];
    const at = index + (random() < 0.2 ? Math.floor(random() * 12) : 0);
    return random() < 0.2
      ? [
          { event, at },
          { event, at: at + random() * 6 },
        ]
      : [{ event, at }];
  });
  return arriving.toSorted((a, b) => a.at - b.at).map(({ event }) => event);
}
