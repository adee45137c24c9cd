import assert from "node:assert/strict";
import { test } from "node:test";
import { SparingTracer } from "../../src/boot/sparing-tracer.ts";
import type { MacAddress } from "../../src/net/mac-address.ts";
import type { Footprint } from "../../src/trace/footprint.ts";
import { FakeClock } from "../support/fake-clock.ts";

const HOST = "52:54:00:00:01:01" as MacAddress;
const STRANGER = "52:54:00:00:01:02" as MacAddress;

test("SparingTracer notes all that a host does, and of a flood of strangers a few and how many more there were", () => {
  const clock = new FakeClock();
  const noted: Omit<Footprint, "at">[] = [];
  const tracer = { note: (footprint: Omit<Footprint, "at">) => void noted.push(footprint) };
  const sparing = new SparingTracer(clock, tracer, "tftp", (mac) => mac === HOST);
  const asks = (mac: MacAddress | null, n: number) =>
    sparing.note({ mac, road: "tftp", outcome: "dropped", what: `RRQ file-${n} refused`, why: "file not found" });
  for (let second = 0; second < 11; second++) {
    for (let n = 0; n < 5000; n++) {
      asks(n % 2 === 0 ? null : STRANGER, n);
      if (n % 50 === 0) asks(HOST, n);
    }
    clock.advance(1000);
  }
  asks(null, 0);
  assert.equal(noted.filter(({ mac }) => mac === HOST).length, 1100);
  const others = noted.filter(({ mac }) => mac !== HOST);
  assert.ok(others.length < 500, `${others.length} notes of 55,001`);
  const [summary] = others.filter(({ what }) => /^\d+ more requests of strangers came$/.test(what));
  assert.equal(summary?.road, "tftp");
  assert.ok(Number.parseInt(summary?.what ?? "", 10) > 40_000);
});
