import assert from "node:assert/strict";
import { test } from "node:test";
import { foreignLines, foreignText } from "../../src/dashboard/foreign-text.ts";
import { withCode } from "../../src/dashboard/names.ts";
import { elapsed, formatDuration, formatRemaining, limitBar, moment, withoutTicks } from "../../src/dashboard/times.ts";
import { type Instant, later } from "../../src/std/clock.ts";
import { NOON } from "./rack.ts";

for (const [ms, text] of [
  [-5000, "0 s"],
  [0, "0 s"],
  [59_999, "59 s"],
  [60_000, "1 min 00 s"],
  [3_599_000, "59 min 59 s"],
  [3_600_000, "1 h 00 min"],
  [86_400_000, "1 d 0 h"],
  [99 * 86_400_000, "99 d 0 h"],
] as const) {
  test(`${ms} ms are ${text}`, () => assert.equal(formatDuration(ms), text));
}

test("a deadline that has passed says by how much", () => {
  assert.equal(formatRemaining(61_000), "1 min 01 s left");
  assert.equal(formatRemaining(-61_000), "overdue by 1 min 01 s");
});

test("a moment names the day when it is another one", () => {
  assert.match(String(moment(NOON, NOON)), />12:00:00 UTC</);
  assert.match(String(moment(later(NOON, -86_400_000), NOON)), />2026-11-19 12:00:00 UTC</);
});

test("two renderings differ only when more happened than time passing", () => {
  const at = (now: Instant) => withoutTicks(`${elapsed(NOON, now)}${limitBar(NOON, later(NOON, 60_000), now)}`);
  assert.equal(at(NOON), at(later(NOON, 30_000)));
  assert.notEqual(at(NOON), withoutTicks(String(elapsed(later(NOON, 1), NOON))));
});

test("foreign text loses what cannot be seen, and its length", () => {
  assert.equal(foreignText("a\u0000b\u202ec\u200bd\ne"), "a\ufffdb\ufffdc\ufffdd\ufffde");
  assert.equal(foreignText("x".repeat(400)), `${"x".repeat(300)}…`);
  assert.equal(foreignText("Grüße, 日本 🙂"), "Grüße, 日本 🙂");
  assert.equal(foreignLines("a\r\nb\u0007\nc", 100), "a\nb\ufffd\nc");
});

test("what stands between backquotes is code, and a single backquote is itself", () => {
  assert.equal(String(withCode("run `a <b>` now")), "run <code>a &lt;b&gt;</code> now");
  assert.equal(String(withCode("a ` b")), "a ` b");
});
