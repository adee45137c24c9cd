import assert from "node:assert/strict";
import { test } from "node:test";
import { NoteLimit } from "../../src/boot/note-limit.ts";
import type { Footprint } from "../../src/trace/footprint.ts";
import { FakeClock } from "../support/fake-clock.ts";

const DROPPED = { mac: null, road: "dhcp", outcome: "dropped", what: "DISCOVER", why: "no slot" } as const;

test("NoteLimit writes a few down one by one, and how many more there were", () => {
  const clock = new FakeClock();
  const noted: Omit<Footprint, "at">[] = [];
  const notes = new NoteLimit(clock, { note: (footprint) => void noted.push(footprint) });
  for (let second = 0; second < 11; second++) {
    for (let n = 0; n < 10_000; n++) notes.note(() => DROPPED);
    clock.advance(1000);
  }
  notes.note(() => DROPPED);
  const summaries = noted.filter(({ what }) => what !== "DISCOVER");
  assert.ok(noted.length < 500, `${noted.length} notes of 110,001`);
  const counted = summaries.reduce((sum, { what }) => sum + Number.parseInt(what, 10), 0);
  assert.match(summaries[0]?.what ?? "", /more datagrams of strangers were dropped/);
  assert.ok(counted + noted.length - summaries.length <= 110_001);
  assert.ok(counted > 90_000, String(counted));
});
