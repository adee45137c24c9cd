import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LOADS_MAX, LoopBreaker, PAUSE_MS, WINDOW_MS } from "../../src/boot/loop-breaker.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import type { Instant } from "../../src/std/clock.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { type MachineBench, machineBench, SERVER, slotAddress } from "../support/machine-bench.ts";
import {
  BIOS,
  HTTP_X64,
  IPXE,
  IPXE_WITHOUT_HTTP,
  machine,
  type Program,
  says,
  UEFI_X64,
} from "../support/netboot-machine.ts";
import { mac } from "../support/queue-builder.ts";

const peach = machine(1);
const FIRST = slotAddress(1);
const ELSEWHERE = "10.97.0.200" as Ipv4Address;

const last = (bench: MachineBench) => bench.reasons().at(-1) ?? "";

/** One boot of a firmware: DISCOVER, REQUEST, and the REQUEST again as after a lost ACK. Answers what it was offered. */
async function boot(bench: MachineBench, xid: number, program: Program = UEFI_X64, who = peach): Promise<string> {
  const offer = await bench.dhcp(says(who, program, "DISCOVER", {}, { xid }));
  if (offer === null) return "silence";
  const request = says(
    who,
    program,
    "REQUEST",
    { requestedIpAddress: offer.yiaddr, serverIdentifier: SERVER },
    { xid },
  );
  await bench.dhcp(request);
  await bench.dhcp(request);
  return offer.options.bootfileName ?? "";
}

describe("a machine that loads the same loader over and over", () => {
  test("gets it three times within a minute, and then silence, words and a warning", async () => {
    const bench = await machineBench();
    for (const xid of [1, 2, 3]) assert.equal(await boot(bench, xid), "snponly.efi");
    assert.deepEqual(bench.loops.warnings(), []);
    assert.equal(await boot(bench, 4), "silence");
    assert.match(last(bench), /loaded snponly\.efi 3 times within a minute.*`bootqueue rebuild HOST`/);
    const told = bench.footprints.filter(({ road }) => road === "daemon");
    assert.deepEqual(
      told.map(({ mac, what }) => [mac, what]),
      [[peach.macs[0], "no more snponly.efi for 5 min: it goes round in circles"]],
    );
    assert.equal(await boot(bench, 5), "silence");
    assert.equal(bench.footprints.filter(({ road }) => road === "daemon").length, 1, "it is said once");
    assert.match(bench.loops.warnings().join(), /52:54:00:00:01:01 loaded snponly\.efi over and over/);
  });

  test("may load again after a while, and again three times", async () => {
    const bench = await machineBench();
    for (const xid of [1, 2, 3, 4]) await boot(bench, xid);
    bench.clock.advance(PAUSE_MS);
    assert.deepEqual(bench.loops.warnings(), []);
    for (const xid of [5, 6, 7]) assert.equal(await boot(bench, xid), "snponly.efi");
    assert.equal(await boot(bench, 8), "silence");
  });

  test("may load again at once when the operator arms an install", async () => {
    const bench = await machineBench();
    for (const xid of [1, 2, 3, 4]) await boot(bench, xid);
    bench.clock.advance(1);
    await bench.happen({ type: "rebuild-ordered", host: peach.host, token: "again" as never });
    assert.equal(await boot(bench, 5), "snponly.efi");
  });

  test("is told by its transfers alone when another server names our loader", async () => {
    const bench = await machineBench({ mode: "proxy", assets: { "undionly.kpxe": "loader" } });
    await bench.dhcp(says(peach, BIOS, "DISCOVER"));
    await bench.dhcp(
      says(peach, BIOS, "REQUEST", { requestedIpAddress: ELSEWHERE, serverIdentifier: "10.97.0.9" as Ipv4Address }),
    );
    for (let n = 0; n < 3; n++) assert.equal(await bench.fetchByTftp("/undionly.kpxe", ELSEWHERE), "loader");
    assert.match(await bench.fetchByTftp("undionly.kpxe", ELSEWHERE), /^2: it loaded undionly\.kpxe 3 times/);
    assert.equal(await bench.fetchByTftp("undionly.kpxe", "10.97.0.201" as Ipv4Address), "loader", "others may");
    assert.equal(await bench.dhcp(says(peach, BIOS, "DISCOVER", {}, { xid: 9 })), null);
  });

  test("is stopped on port 4011 too", async () => {
    const bench = await machineBench({ mode: "proxy" });
    const ask = (xid: number) =>
      bench.askBootServer(says(peach, UEFI_X64, "REQUEST", {}, { ciaddr: ELSEWHERE, xid }), {
        address: ELSEWHERE,
        port: 4011,
      });
    for (const xid of [1, 2, 3]) assert.notEqual(await ask(xid), null);
    assert.notEqual(await ask(3), null, "a repeat is no boot");
    assert.equal(await ask(4), null);
  });
});

describe("the loop breaker leaves alone", () => {
  test("EDK2's repeated DISCOVERs and REQUESTs of one boot", async () => {
    const bench = await machineBench();
    for (let n = 0; n < 12; n++) assert.equal(await boot(bench, 7), "snponly.efi");
  });

  test("the way from firmware over a trimmed iPXE and a whole one to the installer, and its size probe", async () => {
    const bench = await machineBench({ assets: { "undionly.kpxe": "loader" } });
    assert.equal(await boot(bench, 1, BIOS), "undionly.kpxe");
    assert.equal(await bench.fetchByTftp("undionly.kpxe", FIRST), "loader");
    assert.equal(await boot(bench, 2, IPXE_WITHOUT_HTTP), "undionly.kpxe");
    assert.equal(await bench.fetchByTftp("undionly.kpxe", FIRST), "loader");
    for (let xid = 3; xid < 10; xid++) assert.match(await boot(bench, xid, IPXE), /^http:.*\/ipxe\//);
  });

  test("a machine that boots three times in more than a minute", async () => {
    const bench = await machineBench();
    for (let xid = 1; xid < 20; xid++) {
      assert.equal(await boot(bench, xid), "snponly.efi");
      bench.clock.advance(WINDOW_MS / (LOADS_MAX - 1));
    }
  });

  test("different loaders, and other machines with the same one", async () => {
    const bench = await machineBench();
    for (const xid of [1, 2]) {
      assert.equal(await boot(bench, xid), "snponly.efi");
      assert.match(await boot(bench, xid + 10, HTTP_X64), /assets\/snponly\.efi$/);
      assert.equal(await boot(bench, xid + 20, UEFI_X64, machine(2)), "snponly.efi");
    }
  });
});

describe("LoopBreaker", () => {
  test("remembers so many machines and no more, whatever addresses are invented", () => {
    const loops = new LoopBreaker(new FakeClock(), { note: () => {} });
    for (let n = 0; n < 3; n++) loops.sent(mac(1), "x.efi");
    for (let n = 0; n < 20_000; n++) loops.sent(`02:00:00:00:${n >> 8}:${n & 255}` as never, "x.efi");
    assert.equal(loops.whyStopped(mac(1), "x.efi", null, null), null, "forgotten, as the one that loaded longest ago");
  });

  test("does not count what was before the operator's word", () => {
    const clock = new FakeClock();
    const loops = new LoopBreaker(clock, { note: () => {} });
    for (let n = 0; n < 3; n++) loops.sent(mac(1), "x.efi");
    clock.advance(10);
    assert.equal(loops.whyStopped(mac(1), "x.efi", null, clock.now() as Instant), null);
    assert.notEqual(loops.whyStopped(mac(1), "x.efi", null, null), null);
  });
});
