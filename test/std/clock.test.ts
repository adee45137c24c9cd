import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatInstant, type Instant, later, systemClock } from "../../src/std/clock.ts";

describe("systemClock", () => {
  test("rings at once for an instant that has passed, and only once", async () => {
    let rings = 0;
    await new Promise<void>((resolve) => {
      systemClock.alarm(0 as Instant, () => {
        rings++;
        resolve();
      });
    });
    assert.equal(rings, 1);
  });

  test("never rings before its time", async () => {
    const at = later(systemClock.now(), 20);
    await new Promise<void>((resolve) => systemClock.alarm(at, resolve));
    assert.ok(systemClock.now() >= at);
  });

  test("does not ring when it was cancelled", async () => {
    let rang = false;
    const cancel = systemClock.alarm(systemClock.now(), () => {
      rang = true;
    });
    cancel();
    await new Promise<void>((resolve) => systemClock.alarm(later(systemClock.now(), 5), resolve));
    assert.equal(rang, false);
  });

  test("takes an alarm in the far future, which a timer alone would ring at once", async () => {
    let rang = false;
    const cancel = systemClock.alarm(later(systemClock.now(), 100 * 24 * 3_600_000), () => {
      rang = true;
    });
    await new Promise<void>((resolve) => systemClock.alarm(later(systemClock.now(), 5), resolve));
    cancel();
    assert.equal(rang, false);
  });
});

test("formatInstant() writes ISO 8601 in UTC", () => {
  assert.equal(formatInstant(later(0 as Instant, 1_795_176_187_123)), "2026-11-20T12:03:07.123Z");
});
