// Garbage on every port at once while a machine is installed. Needs root, and the Debian packages udhcpc, curl, gcc,
// libc6-dev, iproute2, ethtool. It looks at what comes out, not at how long it takes; the numbers are printed.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { writeMeasuredFile } from "../../scripts/bench/measured-file.ts";
import { BareDaemon, until } from "../support/lab/bare-daemon.ts";
import { bootsByUdhcpc, installsByCurl } from "../support/lab/curl-installer.ts";
import { said } from "../support/lab/dhcp-clients.ts";
import { Lab, type LabProcess } from "../support/lab/lab.ts";
import { residentMb, watchMemory } from "../support/lab/memory-watch.ts";
import { plugIn } from "../support/lab/wire-behind.ts";
import { machine } from "../support/netboot-machine.ts";

const DATAGRAMS = 10_000;
const CONNECTIONS = 3000;
const SLOTS = 5;

const CONFIG = `[network]
address = "10.11.0.1"
subnet = "10.11.0.0/22"
domain = "lab.example"
[dhcp]
allow_other_servers = true
[[slot_range]]
first = "10.11.0.10"
count = ${SLOTS}
hostname = "node{nn}"
profile = "pve"
`;

const FLOOD = fileURLToPath(new URL("../support/lab/garbage-flood.c", import.meta.url));
const early = machine(0x31);
const late = machine(0x32);

let lab: Lab;
let daemon: BareDaemon;
let flood: string;
let loader: string;

before(async () => {
  lab = new Lab();
  lab.addNamespace("vandal");
  lab.connect("vandal", "eth0", "lan", "10.11.3.9/22");
  for (const [role, { macs }] of [
    ["early", early],
    ["late", late],
  ] as const) {
    lab.addNamespace(role);
    lab.connect(role, "eth0", "lan", null);
    plugIn(lab, role, macs[0]);
  }
  flood = join(lab.folder, "garbage-flood");
  execFileSync("gcc", ["-O2", "-o", flood, FLOOD]);
  daemon = new BareDaemon(lab, CONFIG);
  loader = join(lab.folder, "daemon", "assets", "snponly.efi");
  writeMeasuredFile(loader, 300_000);
  await daemon.start();
});

after(async () => {
  await daemon?.stop();
  lab?.close();
});

/** By TFTP, as its firmware would; it tries again as often as a person would switch it on again. */
async function loads(role: string): Promise<void> {
  const file = join(lab.folder, `${role}.efi`);
  const words = [
    "--silent",
    "--tftp-blksize",
    "1468",
    "--max-time",
    "30",
    "--output",
    file,
    "tftp://10.11.0.1/snponly.efi",
  ];
  await until(`the loader of ${role}`, () => {
    lab.run(role, ["sh", "-c", '"$@" || true', "curl", "curl", ...words]);
    return digestOf(file) === digestOf(loader);
  });
}

function digestOf(path: string): string {
  try {
    return createHash("sha256").update(readFileSync(path)).digest("hex");
  } catch {
    return "";
  }
}

describe(`${DATAGRAMS} datagrams of garbage a second and ${CONNECTIONS} connections`, () => {
  test("do not keep a machine from being installed, and fill neither memory nor timeline nor log", async (t) => {
    await bootsByUdhcpc(lab, "early");
    const before = await residentMb(daemon);
    const vandal: LabProcess = lab.start("vandal", "vandal", [
      flood,
      "10.11.3.9",
      "10.11.0.1",
      String(DATAGRAMS),
      String(CONNECTIONS),
    ]);
    const memory = watchMemory(daemon);
    const took: Record<string, number> = {};
    const timed = async (what: string, work: () => Promise<unknown>) => {
      const began = Date.now();
      await work();
      took[what] = Date.now() - began;
    };
    try {
      await until("five seconds of garbage", () => said(vandal).split("\n").length > 5);
      await timed("loadMs", () => loads("early"));
      await timed("installMs", () => installsByCurl(lab, "early", early));
      await timed("slotMs", () => bootsByUdhcpc(lab, "late"));
      await timed("secondLoadMs", () => loads("late"));
      await timed("secondInstallMs", () => installsByCurl(lab, "late", late));
      assert.ok(vandal.isRunning, "all of this happened during the flood");
    } finally {
      memory.stop();
      vandal.kill("SIGTERM");
      await vandal.ended;
    }
    const after = await residentMb(daemon);
    const timeline = statSync(join(lab.folder, "daemon", "state", "timeline.jsonl")).size;
    t.diagnostic(JSON.stringify(took));
    t.diagnostic(`datagrams and connections a second: ${said(vandal).trim().split("\n").join(", ")}`);
    t.diagnostic(`RSS in MB: ${before} before, at most ${Math.max(...memory.seen)} during, ${after} after`);
    t.diagnostic(`timeline: ${Math.round(timeline / 1024)} kB, log: ${Math.round(daemon.log().length / 1024)} kB`);
    assert.ok(Math.max(...memory.seen, after) < 400, `${memory.seen.join(", ")}, ${after} MB of memory`);
    assert.ok(timeline < 2 << 20, `a timeline of ${timeline} octets`);
    assert.ok(daemon.log().length < 4 << 20, `a log of ${daemon.log().length} octets`);
    assert.doesNotMatch(daemon.log(), /please report this/);
    for (const { macs } of [early, late]) {
      const lines = await daemon.timeline(macs[0]);
      for (const step of [/ACK .*firmware/, /sent snponly\.efi/, / installed, slot node/])
        assert.ok(
          lines.some((line) => step.test(line)),
          `${step} in ${lines.join("\n")}`,
        );
    }
    assert.match(await daemon.slots(), /^node01 assigned, node02 assigned, node03 available/);
  });
});
