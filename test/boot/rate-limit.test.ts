import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RateLimit } from "../../src/boot/rate-limit.ts";
import { FakeClock } from "../support/fake-clock.ts";

const LIMITS = { perSecond: 2, burst: 4, keysMax: 3 };

/** How many of `count` attempts get one. */
function takes(limit: RateLimit<string>, key: string, count: number): number {
  return Array.from({ length: count }, () => limit.take(key)).filter(Boolean).length;
}

describe("RateLimit", () => {
  test("lets a burst through, then so many a second", () => {
    const clock = new FakeClock();
    const limit = new RateLimit<string>(clock, LIMITS);
    assert.equal(takes(limit, "a", 10), 4);
    assert.equal(limit.has("a"), false);
    clock.advance(1000);
    assert.equal(limit.has("a"), true);
    assert.equal(takes(limit, "a", 10), 2);
    clock.advance(60_000);
    assert.equal(takes(limit, "a", 10), 4);
  });

  test("counts each key for itself", () => {
    const limit = new RateLimit<string>(new FakeClock(), LIMITS);
    assert.deepEqual([takes(limit, "a", 10), takes(limit, "b", 10)], [4, 4]);
  });

  test("keeps so many keys at most: the oldest begins anew", () => {
    const limit = new RateLimit<string>(new FakeClock(), LIMITS);
    takes(limit, "a", 10);
    for (const key of ["b", "c", "d"]) limit.take(key);
    assert.equal(takes(limit, "a", 10), 4);
  });

  test("what has not filled since is never forgotten while there is room", () => {
    const clock = new FakeClock();
    const limit = new RateLimit<string>(clock, LIMITS);
    const taken: number[] = [];
    for (let n = 0; n < 8; n++) {
      limit.take("b");
      taken.push(takes(limit, "a", 10));
      clock.advance(1500);
    }
    assert.deepEqual(taken, [4, 3, 3, 3, 3, 3, 3, 3]);
  });

  test("asking whether there is one takes none", () => {
    const limit = new RateLimit<string>(new FakeClock(), LIMITS);
    for (let n = 0; n < 10; n++) limit.has("a");
    assert.equal(takes(limit, "a", 10), 4);
  });

  test("a clock that is set back gives nothing away", () => {
    const clock = new FakeClock();
    const limit = new RateLimit<string>(clock, LIMITS);
    takes(limit, "a", 4);
    clock.advance(-3_600_000);
    assert.equal(takes(limit, "a", 10), 0);
  });
});
