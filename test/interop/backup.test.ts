// `bootqueue backup` and `restore` beside the real daemon, which takes orders, is killed and started again. Needs root.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { HostsView, StatusView } from "../../src/http/contract.ts";
import { BareDaemon } from "../support/lab/bare-daemon.ts";
import { Lab } from "../support/lab/lab.ts";

const CONFIG = `[network]
address = "10.11.0.1"
subnet = "10.11.0.0/22"
domain = "lab.example"
[http]
tls_port = 443
[dhcp]
allow_other_servers = true
[[slot_range]]
first = "10.11.0.10"
count = 50
hostname = "node{nn}"
profile = "pve"
`;

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

let lab: Lab;
let daemon: BareDaemon;

before(async () => {
  lab = new Lab();
  daemon = new BareDaemon(lab, CONFIG);
  await daemon.start();
});

after(async () => {
  await daemon?.stop();
  lab?.close();
});

async function bootqueue(...argv: readonly string[]): Promise<{ readonly code: number; readonly words: string }> {
  const command = [process.execPath, "--import", "tsx", MAIN, "--config", daemon.configPath, ...argv];
  return lab.runBeside("gw", command).then(
    (stdout) => ({ code: 0, words: stdout }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, words: stdout + stderr }),
  );
}

async function hosts(): Promise<string> {
  const { hosts } = (await daemon.ask("GET", "/api/hosts")) as HostsView;
  return hosts.map(({ id, state }) => `${id} ${state}`).join(", ");
}

const mac = (n: number) => `52:54:00:00:00:${n.toString(16).padStart(2, "0")}`;

test("a backup beside the running daemon is whole, and stands the appliance up again after its end", async () => {
  const file = join(dirname(daemon.configPath), "b.tar.gz");
  await bootqueue("register", mac(1));
  await bootqueue("register", mac(2));
  await bootqueue("rebuild", mac(2), "--yes");
  const certificate = ((await daemon.ask("GET", "/api/status")) as StatusView).tls?.fingerprint;

  const made = await bootqueue("backup", file);
  assert.deepEqual([made.code, /b\.tar\.gz: \d+ files/.test(made.words)], [0, true], made.words);
  const refused = await bootqueue("restore", file, "--yes", "--allow", dirname(file));
  assert.deepEqual([refused.code, /is in use by process \d+/.test(refused.words)], [1, true], refused.words);

  await bootqueue("register", mac(3));
  await daemon.stop("SIGKILL");
  const state = join(dirname(file), "state", "state.json");
  writeFileSync(state, readFileSync(state).subarray(100));
  await assert.rejects(daemon.start(), /cannot read .*state\.json/);

  const restored = await bootqueue("restore", file, "--yes", "--allow", dirname(file));
  assert.equal(restored.code, 0, restored.words);
  assert.match(restored.words, /52-54-00-00-00-02 was armed, and counts as failed now/);
  await daemon.start();
  assert.equal(await hosts(), "52-54-00-00-00-01 registered, 52-54-00-00-00-02 failed");
  const status = (await daemon.ask("GET", "/api/status")) as StatusView;
  assert.deepEqual([status.paused, status.tls?.fingerprint], [true, certificate]);
});

test("no daemon starts on what a restore has left half done", async () => {
  await daemon.stop();
  const mark = join(dirname(daemon.configPath), "state", "restore-under-way");
  writeFileSync(mark, "/srv/b.tar.gz\n/srv/copy\n");
  await assert.rejects(daemon.start(), /a restore was cut off/);
  const again = await bootqueue(
    "restore",
    join(dirname(mark), "..", "b.tar.gz"),
    "--yes",
    "--allow",
    dirname(daemon.configPath),
  );
  assert.equal(again.code, 0, again.words);
  await daemon.start();
});
