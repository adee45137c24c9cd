import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HostState } from "../../src/queue/host.ts";
import {
  NAME_MAX,
  NOTES_MAX,
  OPERATIONS_MAX,
  type Operation,
  operationsEntering,
  operationsWith,
  STEPS_MAX,
  type StepReport,
  TEXT_MAX,
} from "../../src/queue/operation.ts";
import type { Instant } from "../../src/std/clock.ts";

const at = (n: number) => n as Instant;

const DISCOVERED: HostState = { type: "discovered", since: at(0), reason: "", approved: false };
const armed = (n: number): HostState => ({ type: "pxe_ready", since: at(n), deadline: at(99), requested: true });
const booted = (n: number): HostState => ({ type: "pxe_booted", since: at(n), deadline: at(99) });
const installing = (n: number): HostState => ({ type: "installing", since: at(n), deadline: at(99) });
const installed = (n: number): HostState => ({ type: "installed", since: at(n), deadline: null });
const ready = (n: number): HostState => ({ type: "ready", since: at(n) });
const failed = (n: number): HostState => ({ type: "failed", since: at(n), reason: "no disk", from: "installing" });

/** The operations of a host that went through these states. */
function after(...states: readonly HostState[]): readonly Operation[] {
  let operations: readonly Operation[] = [];
  let before: HostState = DISCOVERED;
  for (const state of states) {
    operations = operationsEntering(operations, before, state, "reason" in state ? state.reason : "");
    before = state;
  }
  return operations;
}

function told(operations: readonly Operation[]): readonly string[] {
  return operations.map(({ id, ended, steps }) => {
    const each = steps.map((step) => `${step.name}=${step.ended?.outcome ?? "running"}`);
    return `${id} ${ended?.outcome ?? "running"}: ${each.join(", ")}`;
  });
}

describe("operationsEntering()", () => {
  test("follows an install to its end", () => {
    assert.deepEqual(told(after(armed(1), booted(2), installing(3), installed(4), ready(5))), [
      "1 succeeded: boot from the network=succeeded, start the installer=succeeded, install=succeeded, boot from its disk=succeeded",
    ]);
  });

  test("says which step failed, and why", () => {
    const operations = after(armed(1), booted(2), installing(3), failed(4));
    assert.deepEqual(told(operations), [
      "1 failed: boot from the network=succeeded, start the installer=succeeded, install=failed",
    ]);
    assert.deepEqual(operations[0]?.ended, { at: 4, outcome: "failed", reason: "no disk" });
  });

  test("an installer that starts over has failed once", () => {
    assert.deepEqual(told(after(armed(1), booted(2), installing(3), booted(4), installing(5))), [
      "1 running: boot from the network=succeeded, start the installer=succeeded, install=failed, start the installer=succeeded, install=running",
    ]);
  });

  test("a failed install whose report came late goes on where it stopped", () => {
    assert.deepEqual(told(after(armed(1), installing(3), failed(4), installed(5), ready(6))), [
      "1 succeeded: boot from the network=succeeded, install=failed, boot from its disk=succeeded",
    ]);
  });

  test("each arming is a new one, and the one before is given up", () => {
    assert.deepEqual(told(after(armed(1), booted(2), failed(3), armed(4), armed(5))), [
      "1 failed: boot from the network=succeeded, start the installer=failed",
      "2 given-up: boot from the network=skipped",
      "3 running: boot from the network=running",
    ]);
  });

  test("keeps the last ones only, and goes on counting", () => {
    const many = after(...Array.from({ length: OPERATIONS_MAX + 5 }, (_, n) => armed(n)));
    assert.equal(many.length, OPERATIONS_MAX);
    assert.equal(many.at(-1)?.id, OPERATIONS_MAX + 5);
  });

  test("a host that was only marked as installed has none", () => {
    assert.deepEqual(after({ type: "registered", since: at(1) }, installed(2), ready(3)), []);
  });
});

describe("operationsWith()", () => {
  const running = after(armed(1), installing(2));
  const report = (step: string, outcome: StepReport["outcome"], text = "") => ({ step, outcome, text });
  const reported = (...reports: readonly StepReport[]) => {
    let operations = running;
    for (const [n, one] of reports.entries()) operations = operationsWith(operations, one, at(10 + n)) ?? operations;
    return operations;
  };

  test("puts down what is reported of a step", () => {
    const operations = reported(
      report("packages", "started"),
      report("packages", "noted", "3 of 7"),
      report("packages", "succeeded", "7 of 7"),
    );
    assert.deepEqual(operations.at(-1)?.steps.at(-1), {
      name: "packages",
      startedAt: 10,
      ended: { at: 12, outcome: "succeeded" },
      notes: [
        { at: 11, text: "3 of 7" },
        { at: 12, text: "7 of 7" },
      ],
    });
  });

  test("a report that comes again changes nothing", () => {
    for (const outcome of ["started", "noted", "succeeded", "failed", "skipped"] as const) {
      const once = reported(report("packages", outcome, "as it is"));
      assert.equal(operationsWith(once, report("packages", outcome, "as it is"), at(20)), once, outcome);
    }
  });

  test("a step that starts again after its end stands there twice", () => {
    const twice = reported(report("join", "failed", "locked"), report("join", "started"), report("join", "succeeded"));
    assert.deepEqual(told(twice), [
      "1 running: boot from the network=succeeded, install=running, join=failed, join=succeeded",
    ]);
  });

  test("says when there is none that it could belong to", () => {
    assert.equal(operationsWith([], report("join", "started"), at(1)), null);
    assert.equal(operationsWith(after(armed(1), failed(2)), report("join", "started"), at(3)), null);
  });

  test("keeps little, whatever is reported", () => {
    const steps = reported(...Array.from({ length: 200 }, (_, n) => report(`${n}`, "succeeded")));
    assert.equal(steps.at(-1)?.steps.length, STEPS_MAX);
    const notes = reported(...Array.from({ length: 200 }, (_, n) => report("one", "noted", `${n}`)));
    assert.equal(notes.at(-1)?.steps.at(-1)?.notes.length, NOTES_MAX);
    const long = reported(report("n".repeat(5000), "noted", "t".repeat(5000)))
      .at(-1)
      ?.steps.at(-1);
    assert.equal(long?.name.length, NAME_MAX);
    assert.equal(long?.notes[0]?.text.length, TEXT_MAX);
  });
});
