import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "smol-toml";
import { type RealNode, RealNodes } from "../support/proxmox-cluster/real-nodes.ts";
import { answerRequest, installReport } from "../support/proxmox-installer.ts";
import { proxmoxText } from "../support/proxmox-profile.ts";

// The whole daemon, over real HTTP and real SSH, killed in the middle of a join.

const NETWORK = "cluster-daemon";
const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

const CONFIG = (folder: string) => `[network]
address = "10.99.7.1"
subnet = "10.99.7.0/24"
domain = "lab.example"
[operator]
socket = "${folder}/socket"
[dhcp]
allow_other_servers = true
[paths]
state = "${folder}/state"
assets = "${folder}"
profiles = "${folder}/profiles"
[[cluster]]
name = "lab"
[[slot]]
ip = "10.99.7.2"
hostname = "toad"
profile = "pve"
[[slot]]
ip = "10.99.7.3"
hostname = "yoshi"
profile = "pve"
`;

describe("a daemon that joins two hosts", () => {
  const folder = mkdtempSync(join(tmpdir(), "bootqueue-daemon-"));
  const nodes = new RealNodes(2, NETWORK);
  let daemon: ChildProcess | null = null;
  let printed = "";

  const inside = (...argv: string[]) =>
    execFileSync("ip", ["netns", "exec", NETWORK, ...argv], { encoding: "utf8", env: environment });
  const environment = { ...process.env, BOOTQUEUE_CONFIG: join(folder, "bootqueue.toml") };
  const bootqueue = (...argv: string[]) => inside(process.execPath, "--import", "tsx", MAIN, ...argv);

  async function serve(): Promise<void> {
    rmSync(join(folder, "socket"), { force: true });
    const argv = ["netns", "exec", NETWORK, process.execPath, "--import", "tsx", MAIN, "serve"];
    daemon = spawn("ip", argv, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [daemon.stdout, daemon.stderr]) {
      stream?.on("data", (part) => {
        printed += String(part);
      });
    }
    while (!existsSync(join(folder, "socket"))) {
      assert.equal(daemon.exitCode, null, printed);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  function stop(signal: NodeJS.Signals): Promise<unknown> {
    const running = daemon;
    if (running === null || running.exitCode !== null) return Promise.resolve();
    const ended = new Promise((resolve) => running.on("exit", resolve));
    running.kill(signal);
    return ended;
  }

  before(async () => {
    mkdirSync(join(folder, "profiles"));
    writeFileSync(join(folder, "bootqueue.toml"), CONFIG(folder));
    writeFileSync(join(folder, "profiles", "pve.toml"), proxmoxText({ cluster: "lab" }));
    const ip = (...argv: string[]) => execFileSync("ip", argv);
    ip("netns", "add", NETWORK);
    ip("-n", NETWORK, "link", "set", "lo", "up");
    ip("-n", NETWORK, "link", "add", "c0", "type", "veth", "peer", "name", "c1");
    for (const link of ["c0", "c1"]) ip("-n", NETWORK, "link", "set", link, "up");
    for (const n of [1, 2, 3]) ip("-n", NETWORK, "addr", "add", `10.99.7.${n}/24`, "dev", "c0");
    await serve();
  });

  after(async () => {
    await stop("SIGKILL");
    await nodes.close();
    execFileSync("ip", ["netns", "delete", NETWORK]);
    rmSync(folder, { recursive: true });
  });

  /** All that the machine says while it is installed, from its own address; then it starts with what it was told. */
  async function install(n: number, name: string): Promise<{ node: RealNode; report: () => void }> {
    const mac = `52:54:00:00:00:0${n}`;
    const id = mac.replaceAll(":", "-");
    bootqueue("register", mac, "--slot", `10.99.7.${n}`);
    bootqueue("rebuild", id, "--yes", "--detach");
    const saved = readdirSync(join(folder, "state"))
      .filter((file) => file.startsWith("state."))
      .map((file) => readFileSync(join(folder, "state", file), "utf8"))
      .join("\n");
    const token =
      saved
        .split(`"${id}"`)
        .slice(1)
        .join()
        .match(/"token":"([^"]+)"/)?.[1] ?? "";
    const machine = { macs: [mac], uuid97: null } as unknown as Parameters<typeof answerRequest>[0];
    const post = (path: string, body: unknown) =>
      inside(
        "curl",
        "-sf",
        "--interface",
        `10.99.7.${n}`,
        "--data-binary",
        JSON.stringify(body),
        `http://10.99.7.1${path}`,
      );
    const answer = parse(post(`/api/boot/answer/${token}`, answerRequest(machine)));
    const { "root-ssh-keys": keys } = answer.global as { "root-ssh-keys": string[] };
    const node = await nodes.start(name, `10.99.7.${n}`, keys);
    const [ed25519 = "", rsa = ""] = node.hostKeys;
    const report = { ...installReport(machine), "ssh-public-host-keys": { ed25519, rsa } };
    return { node, report: () => void post(`/api/hosts/${id}/installed/${token}`, report) };
  }

  async function ready(name: string): Promise<void> {
    for (;;) {
      const answer = inside("curl", "-s", "--unix-socket", join(folder, "socket"), "http://bootqueue/api/hosts");
      const found = answer.split('{"id":').find((host) => host.includes(`"${name}"`)) ?? "";
      assert.doesNotMatch(found, /"state":"failed"/);
      if (found.includes('"state":"ready"')) return;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  test("goes on after kill -9, joins nobody twice, and leaves no key anywhere", async () => {
    const toad = await install(2, "toad");
    const yoshi = await install(3, "yoshi");
    toad.report();
    yoshi.report();
    while (!toad.node.run("ls /run/bootqueue-join").includes("pid")) await new Promise((r) => setTimeout(r, 100));
    await stop("SIGKILL");
    await serve();
    await ready("toad");
    await ready("yoshi");
    assert.match(toad.node.run("pvecm status"), /Name: lab\nNodes: 2\nQuorate: Yes/);
    assert.equal(readFileSync(join(nodes.shared, "lab", "creations"), "utf8"), "toad\n");
    assert.equal(readFileSync(join(nodes.shared, "lab", "joins"), "utf8"), "yoshi\n");
    assert.deepEqual(readdirSync(join(folder, "state", "join-keys")), []);
    for (const { node } of [toad, yoshi])
      assert.equal(node.run("grep -rl bootqueue- /root/.ssh /etc/pve/ /var/lib/pve-standin 2>/dev/null"), "");
    await stop("SIGTERM");
    const grep = spawnSync("grep", ["-rlE", "PRIVATE KEY|openssh-key", folder], { encoding: "utf8" });
    assert.equal(grep.stdout, "");
    assert.doesNotMatch(printed, /PRIVATE KEY|openssh-key/);
  });
});
