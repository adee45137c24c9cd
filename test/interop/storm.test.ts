// A flood of DHCP while machines are being installed. Needs root, and the Debian packages udhcpc, curl, gcc, libc6-dev,
// iproute2, ethtool. It looks at what comes out, not at how long it takes; the numbers are printed.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { BareDaemon, until } from "../support/lab/bare-daemon.ts";
import { bootsByUdhcpc, installsByCurl } from "../support/lab/curl-installer.ts";
import { said } from "../support/lab/dhcp-clients.ts";
import { Lab, type LabProcess } from "../support/lab/lab.ts";
import { residentMb, watchMemory } from "../support/lab/memory-watch.ts";
import { plugIn } from "../support/lab/wire-behind.ts";
import { machine } from "../support/netboot-machine.ts";

const SLOTS = 20;
const RATE = 10_000;

const CONFIG = `[network]
address = "10.11.0.1"
subnet = "10.11.0.0/22"
domain = "lab.example"
[dhcp]
allow_other_servers = true
[queue]
hold_seconds = 30
[[slot_range]]
first = "10.11.0.10"
count = ${SLOTS}
hostname = "node{nn}"
profile = "pve"
`;

const FLOOD = fileURLToPath(new URL("../support/lab/dhcp-flood.c", import.meta.url));
const EXCHANGES = fileURLToPath(new URL("../support/lab/dhcp-exchanges.ts", import.meta.url));
const early = machine(0x21);
const late = machine(0x22);
const steady = machine(0x23);

let lab: Lab;
let daemon: BareDaemon;
let storm: LabProcess;
let flood: string;

before(async () => {
  lab = new Lab();
  lab.addNamespace("storm");
  lab.connect("storm", "eth0", "lan", "10.11.3.9/22");
  for (const [role, { macs }] of [
    ["early", early],
    ["late", late],
    ["steady", steady],
  ] as const) {
    lab.addNamespace(role);
    lab.connect(role, "eth0", "lan", null);
    plugIn(lab, role, macs[0]);
  }
  flood = join(lab.folder, "dhcp-flood");
  execFileSync("gcc", ["-O2", "-o", flood, FLOOD]);
  daemon = new BareDaemon(lab, CONFIG);
  await daemon.start();
});

after(async () => {
  await daemon?.stop();
  lab?.close();
});

/** Datagrams that the flood sent, for each full second. */
function rates(): number[] {
  return said(storm).split("\n").filter(Boolean).map(Number);
}

describe(`a flood of ${RATE} datagrams a second, noise and strangers`, () => {
  test("does not keep a machine that has a slot from being installed, nor a new one from getting a slot", async (t) => {
    await bootsByUdhcpc(lab, "early");
    await bootsByUdhcpc(lab, "steady");
    lab.run("steady", ["curl", "--silent", "--show-error", "--fail", `http://10.11.0.1/ipxe/${steady.host}`]);
    const before = await residentMb(daemon);
    storm = lab.start("storm", "storm", [flood, "10.11.3.9", String(RATE)]);
    const exchanges = lab.start("steady", "exchanges", [
      process.execPath,
      "--import",
      "tsx",
      EXCHANGES,
      steady.macs[0],
    ]);
    const done = () => said(exchanges).split("\n").filter(Boolean);
    const memory = watchMemory(daemon);
    try {
      await until("the flood to take every slot", async () => !(await daemon.slots()).includes(" available"));
      let began = Date.now();
      await installsByCurl(lab, "early", early);
      const installMs = Date.now() - began;
      const slotMs = await bootsByUdhcpc(lab, "late");
      began = Date.now();
      await installsByCurl(lab, "late", late);
      const secondMs = Date.now() - began;
      // An exchange that was never answered would be the last.
      await until("an installer's hundredth exchange", () => done().length >= 100, 120_000);
      const doneThen = done().length;
      await until("one more, to the end", () => done().length > doneThen);
      await until("two seconds of the flood", () => rates().length >= 2);
      memory.seen.push(await residentMb(daemon));
      assert.ok(storm.isRunning, "all of this happened during the flood");
      t.diagnostic(JSON.stringify({ installMs, slotForNewMachineMs: slotMs, secondInstallMs: secondMs }));
    } finally {
      memory.stop();
      for (const process of [storm, exchanges]) {
        process.kill("SIGTERM");
        await process.ended;
      }
    }
    const after = await residentMb(daemon);
    const timeline = statSync(join(lab.folder, "daemon", "state", "timeline.jsonl")).size;
    const answered = done().map((line) => line.split(" "));
    const repeats = answered.reduce((sum, [, count]) => sum + Number(count), 0);
    const slowestMs = Math.max(...answered.map(([, , ms]) => Number(ms)));
    const sorted = rates().sort((a, b) => a - b);
    const sent = sorted.reduce((sum, rate) => sum + rate, 0);
    t.diagnostic(
      `sent a second: median ${sorted[sorted.length >> 1]}, from ${sorted[0]} to ${sorted.at(-1)}, in ${sorted.length} s`,
    );
    t.diagnostic(`installer: ${answered.length} exchanges, ${repeats} repeats, the slowest took ${slowestMs} ms`);
    t.diagnostic(`RSS in MB: ${before} before, at most ${Math.max(...memory.seen)} during, ${after} after`);
    t.diagnostic(`timeline: ${Math.round(timeline / 1024)} kB`);
    assert.ok(sent > 20_000, `only ${sent} datagrams were sent`);
    const addresses = new Set(answered.map(([address]) => address));
    assert.equal(addresses.size, 1, `one address each time, and no NAK: ${[...addresses].join(" ")}`);
    assert.ok(Math.max(...memory.seen, after) < 400, `${memory.seen.join(", ")}, ${after} MB of memory`);
    assert.ok(timeline < 8 << 20, `a timeline of ${timeline} octets`);
    for (const mac of [early.macs[0], late.macs[0]]) {
      const lines = await daemon.timeline(mac);
      assert.ok(
        lines.some((line) => / installed, slot node/.test(line)),
        lines.join("\n"),
      );
    }
  });

  test("leaves nothing behind: what was held for strangers is free again", async () => {
    await until("free slots", async () => {
      const slots = (await daemon.slots()).split(", ");
      return slots.filter((slot) => slot.endsWith(" available")).length === SLOTS - 3;
    });
    assert.match(await daemon.slots(), /^node01 assigned/);
    const lines = await daemon.timeline();
    const summaries = lines.filter((line) => /more datagrams of strangers were dropped/.test(line));
    assert.ok(summaries.length > 0, lines.slice(-20).join("\n"));
  });
});
