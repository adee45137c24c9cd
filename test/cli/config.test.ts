import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { parseConfig } from "../../src/config/load.ts";
import { cliBench, runAs } from "../support/cli-bench.ts";

async function files(t: TestContext, change: (text: string) => string = (text) => text) {
  const folder = await mkdtemp(join(tmpdir(), "bootqueue-config-"));
  t.after(() => rm(folder, { recursive: true }));
  const config = join(folder, "bootqueue.toml");
  const text = `[network]
address = "10.11.0.1"
subnet = "10.11.0.0/22"
domain = "lab.example"
[operator]
socket = "${join(folder, "own.sock")}"
[paths]
profiles = "${join(folder, "profiles")}"
[[slot]]
ip = "10.11.0.2"
hostname = "peach-beach"
profile = "pve"
`;
  await mkdir(join(folder, "profiles"));
  await writeFile(join(folder, "profiles", "pve.toml"), 'kind = "proxmox"\n');
  await writeFile(config, change(text));
  return { folder, config };
}

const run = (argv: readonly string[], environment = {}, more = {}) => runAs({ environment }, argv, () => 0, more);

describe("config", () => {
  test("check says that it is good, without a daemon", async (t) => {
    const { config } = await files(t);
    const ran = await run(["config", "check", "--config", config]);
    assert.deepEqual([ran.code, ran.out], [0, `${config} is good: 1 slots, profiles pve\n`]);
  });

  test("check finds the file by the environment", async (t) => {
    const { config } = await files(t);
    assert.equal((await run(["config", "check"], { BOOTQUEUE_CONFIG: config })).code, 0);
  });

  test("check reports everything that is wrong: 2", async (t) => {
    const { config } = await files(t, (text) => text.replace("10.11.0.1", "10.11.0.256").replace("domain", "domian"));
    const ran = await run(["--config", config, "config", "check"]);
    assert.equal(ran.code, 2);
    assert.match(ran.out, /network\.address: .*10\.11\.0\.256/);
    assert.match(ran.out, /domian/);
    const { ok, problems } = JSON.parse((await run(["--json", "--config", config, "config", "check"])).out) as {
      ok: boolean;
      problems: unknown[];
    };
    assert.deepEqual([ok, problems.length > 1], [false, true]);
  });

  test("check looks into the profiles when the daemon's rooms are at hand", async (t) => {
    const { config } = await files(t);
    const checkSettings = async () => ({
      problems: [{ path: "profiles/pve.toml: disks", message: "expected a list" }],
      warnings: [{ path: "profile pve: kernel_args", message: "stays on the installed system" }],
    });
    const ran = await run(["--config", config, "config", "check"], {}, { checkSettings });
    const said =
      "profiles/pve.toml: disks: expected a list\nwarning: profile pve: kernel_args: stays on the installed system\n";
    assert.deepEqual([ran.code, ran.out], [2, said]);
  });

  test("reference explains every setting, example can be started from", async () => {
    assert.match((await run(["config", "reference"])).out, /network\.address|### `?network/);
    assert.equal(parseConfig((await run(["config", "example"])).out, "example").ok, true);
  });
});

describe("which socket", () => {
  test("that of the configuration", async (t) => {
    const { config, folder } = await files(t);
    const ran = await run(["--config", config, "status"]);
    assert.equal(ran.code, 3);
    assert.ok(ran.err.includes(join(folder, "own.sock")));
  });

  test("--socket wins, whatever the configuration is like", async (t) => {
    const bench = await cliBench(t);
    assert.equal((await run(["--config", "/nowhere", "--socket", bench.socket, "status"])).code, 0);
  });

  test("a configuration that was named and is broken: 2", async (t) => {
    const { config } = await files(t, () => "[network");
    const ran = await run(["--config", config, "status"]);
    assert.equal(ran.code, 2);
    assert.match(ran.err, /config check/);
  });

  test("the usual one where there is no configuration", async () => {
    const ran = await run(["status"], { BOOTQUEUE_CONFIG: "/nowhere/bootqueue.toml" });
    assert.match(ran.err, /\/run\/bootqueue\/bootqueue\.sock/);
  });
});

test("serve runs the daemon on the configuration, and ends as it does", async (t) => {
  const { config } = await files(t);
  const served: string[] = [];
  const serve = async (path: string) => {
    served.push(path);
    return 7;
  };
  assert.equal((await run(["serve", "--config", config], {}, { serve })).code, 7);
  assert.deepEqual(served, [config]);
});
