import assert from "node:assert/strict";
import { test } from "node:test";
import { formatProblem } from "../../src/std/problem.ts";
import { err, ok } from "../../src/std/result.ts";
import { unreachable } from "../../src/std/unreachable.ts";

test("ok() and err() tell success from failure, whatever they hold", () => {
  assert.deepEqual(ok(null), { ok: true, value: null });
  assert.deepEqual(err("too-short"), { ok: false, error: "too-short" });
});

test("formatProblem() puts the path first, and leaves it out for the document as a whole", () => {
  assert.equal(
    formatProblem({ path: "network.address", message: "expected an IPv4 address" }),
    "network.address: expected an IPv4 address",
  );
  assert.equal(formatProblem({ path: "", message: "not TOML" }), "not TOML");
});

test("unreachable() throws and names the value that nobody expected", () => {
  assert.throws(() => unreachable({ type: "asleep" } as never), /unreachable: \{"type":"asleep"\}/);
});
