import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AttemptToken } from "../src/queue/host.ts";
import { type CommandEnd, RemoteInstalls } from "../src/remote-installs.ts";
import { silentLog } from "../src/std/log.ts";
import { exampleProfile } from "./support/kind-examples.ts";
import { machineBench, settled, slotAddress } from "./support/machine-bench.ts";
import { machine } from "./support/netboot-machine.ts";

const peach = machine(1);

async function bench(example: "nixos" | "talos", to: "pxe_booted" | "installing") {
  const machines = await machineBench({ profile: exampleProfile(example) });
  await machines.bring(peach, to);
  const asked: string[] = [];
  const ran: (readonly string[])[] = [];
  let end: (result: CommandEnd) => void = () => {};
  let up = true;
  const remote = new RemoteInstalls({
    engine: machines.engine,
    site: machines.site,
    reach: async (address, port) => {
      asked.push(`${address}:${port}`);
      return up;
    },
    run: (words, { signal }) => {
      ran.push(words);
      return new Promise((resolve) => {
        end = resolve;
        signal.addEventListener("abort", () => resolve({ code: null, output: "" }));
      });
    },
    log: silentLog,
  });
  return {
    machines,
    remote,
    asked,
    ran,
    state: () => machines.hostOf(peach)?.state,
    setUp: (value: boolean) => {
      up = value;
    },
    end: async (result: CommandEnd) => {
      await settled();
      end(result);
      await remote.settled();
    },
  };
}

describe("RemoteInstalls › a command of the operator", () => {
  test("is run once, when the machine answers, and only when that is on disk", async () => {
    const { remote, ran, asked, state, setUp, end, machines } = await bench("nixos", "pxe_booted");
    setUp(false);
    await remote.look();
    assert.deepEqual([asked, ran, state()?.type], [[`${slotAddress(1)}:22`], [], "pxe_booted"]);
    setUp(true);
    await remote.look();
    await remote.look();
    assert.equal((await machines.store.load())?.hosts.at(0)?.state.type, "installing");
    assert.deepEqual(ran, [
      [
        "nixos-anywhere",
        "--flake",
        "/etc/bootqueue/flake#node1",
        "--phases",
        "disko,install,reboot",
        `root@${slotAddress(1)}`,
      ],
    ]);
    await end({ code: 0, output: "" });
    assert.equal(state()?.type, "ready");
    await remote.look();
    assert.equal(ran.length, 1);
  });

  test("that ends badly fails the install, with the end of what it wrote", async () => {
    const { remote, state, end } = await bench("nixos", "pxe_booted");
    await remote.look();
    await end({ code: 1, output: "copying\nerror: no such flake\n" });
    const failed = state();
    assert.ok(failed?.type === "failed");
    assert.equal(failed.reason, "nixos-anywhere ended with 1: copying error: no such flake");
  });

  test("is stopped when the machine is armed anew, and says nothing of that install", async () => {
    const { remote, ran, state, machines } = await bench("nixos", "pxe_booted");
    await remote.look();
    await settled();
    const token = machines.tokenOf(peach);
    await machines.happen(
      { type: "install-failed", host: peach.host, token, reason: "x" },
      { type: "rebuild-ordered", host: peach.host, token: "token-new" as AttemptToken },
    );
    await remote.look();
    await remote.settled();
    assert.equal(state()?.type, "pxe_ready");
    assert.equal(ran.length, 1);
  });

  test("that a restart has cut off has failed, and is not run again by itself", async () => {
    const { remote, ran, state } = await bench("nixos", "installing");
    await remote.look();
    const failed = state();
    assert.ok(failed?.type === "failed");
    assert.match(failed.reason, /^the appliance was stopped while nixos-anywhere installed/);
    assert.deepEqual(ran, []);
  });

  test("is stopped with the daemon", async () => {
    const { remote, state } = await bench("nixos", "pxe_booted");
    await remote.look();
    await remote.close();
    assert.equal(state()?.type, "installing", "the next start tells what became of it");
  });
});

describe("RemoteInstalls › a system that cannot report", () => {
  test("is installed once it answers, and not before its configuration was fetched", async () => {
    const waiting = await bench("talos", "pxe_booted");
    await waiting.remote.look();
    assert.deepEqual([waiting.asked, waiting.state()?.type], [[], "pxe_booted"]);

    const { remote, asked, state, setUp } = await bench("talos", "installing");
    setUp(false);
    await remote.look();
    assert.deepEqual([asked, state()?.type], [[`${slotAddress(1)}:50000`], "installing"]);
    setUp(true);
    await remote.look();
    assert.equal(state()?.type, "ready");
  });
});
