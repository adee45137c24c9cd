import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { unitEnvironment } from "../scripts/bench/unit-environment.ts";

describe("the environment of the unit", () => {
  test("is what the benchmarks start the daemon with", () => {
    const { NODE_OPTIONS, BOOTQUEUE_NODE_FLAGS, MALLOC_ARENA_MAX } = unitEnvironment();
    assert.match(NODE_OPTIONS ?? "", /^--max-semi-space-size=\d+ --v8-pool-size=1$/);
    assert.match(BOOTQUEUE_NODE_FLAGS ?? "", /^--min-semi-space-size=\d+$/);
    assert.equal(MALLOC_ARENA_MAX, "1");
  });

  test("is read as systemd would, or not at all", () => {
    assert.deepEqual(unitEnvironment('[Service]\nEnvironment="A=b c=d"\n# Environment=B=1\nEnvironment=C=1\n'), {
      A: "b c=d",
      C: "1",
    });
    for (const line of ["Environment=A=1 B=2", 'Environment="A=1" B=2', "Environment=A=%n", "Environment=A"]) {
      assert.throws(() => unitEnvironment(`${line}\n`), /expected Environment="NAME=VALUE", found/, line);
    }
  });
});
