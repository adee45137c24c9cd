// A rack that is switched on at once and goes all the way, every exchange on the wire: see scripts/bench/storm.c. Needs root,
// and the Debian packages gcc, libc6-dev, iproute2, ethtool. It looks at what comes out, not at how long it takes.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { writeMeasuredFile } from "../../scripts/bench/measured-file.ts";
import { BareDaemon } from "../support/lab/bare-daemon.ts";
import { Lab } from "../support/lab/lab.ts";

const MACHINES = 40;

const CONFIG = `[network]
address = "10.11.0.1"
subnet = "10.11.0.0/16"
domain = "lab.example"
[dhcp]
allow_other_servers = true
# One namespace stands for the whole rack, and answers for every address from the start.
conflict_probe = false
[[slot_range]]
first = "10.11.64.1"
count = ${MACHINES}
hostname = "node{nn}"
profile = "pve"
`;

let lab: Lab;
let daemon: BareDaemon;
let program: string;
let loader: string;

before(async () => {
  lab = new Lab();
  lab.addNamespace("rack");
  lab.connect("rack", "eth0", "lan", "10.11.255.254/16");
  // Machines, and the relays in front of them.
  for (const subnet of ["10.11.64.0/18", "10.11.128.0/18"]) {
    lab.run("rack", ["ip", "route", "add", "local", subnet, "dev", "lo"]);
  }
  // The gateway itself is on a smaller network.
  lab.run("gw", ["ip", "route", "add", "10.11.0.0/16", "dev", "eth0"]);
  program = join(lab.folder, "storm");
  const source = fileURLToPath(new URL("../../scripts/bench/storm.c", import.meta.url));
  execFileSync("gcc", ["-O2", "-pthread", "-o", program, source]);
  daemon = new BareDaemon(lab, CONFIG);
  const assets = join(lab.folder, "daemon", "assets");
  mkdirSync(join(assets, "none"));
  loader = join(assets, "snponly.efi");
  // The loader ends with a full block of 1468, the others in the middle of a page.
  writeMeasuredFile(loader, 1468 * 64);
  writeMeasuredFile(join(assets, "none", "linux26"), 3_000_001);
  writeMeasuredFile(join(assets, "none", "initrd.img"), 7_000_003);
  writeMeasuredFile(join(assets, "none", "proxmox.iso"), 2_000_000);
  await daemon.start();
});

after(async () => {
  await daemon?.stop();
  lab?.close();
});

describe(`${MACHINES} machines that are switched on at once`, () => {
  test("are all installed, each in a slot of its own, and ignored from then on", async () => {
    const line = lab.run("rack", ["sh", "-c", '"$@" 2>&1 || true', "storm", ...stormOf(1)]);
    const { seconds, retries, p50ms, p99ms, maxMs, ...outcome } = JSON.parse(line.trim().split("\n").at(-1) ?? "");
    assert.deepEqual(outcome, { machines: MACHINES, done: MACHINES, doubleSlots: 0, answeredAfterwards: 0 }, line);
    const slots = (await daemon.slots()).split(", ");
    assert.deepEqual(
      slots.filter((slot) => !slot.endsWith(" assigned")),
      [],
    );
    assert.equal(slots.length, MACHINES);
  });

  test("have every step on their timelines, and nothing that ended early", async () => {
    const lines = await daemon.timeline("02:00:00:01:00:01");
    for (const step of [
      / boot script/,
      /GET none\/linux26/,
      /GET none\/initrd\.img/,
      /answer file/,
      /installation report/,
    ])
      assert.ok(
        lines.some((line) => step.test(line)),
        `${step} in ${lines.join("\n")}`,
      );
    assert.deepEqual(
      (await daemon.timeline()).filter((line) => / ended early/.test(line)),
      [],
    );
  });
});

function stormOf(first: number): readonly string[] {
  return [program, "10.11.0.1", `${first}`, `${MACHINES}`, loader];
}
