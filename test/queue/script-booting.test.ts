import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { QueueEvent } from "../../src/queue/event.ts";
import { type ScriptMeaning, stillBoots } from "../../src/queue/script-booting.ts";
import { EMPTY_QUEUE, type QueueState } from "../../src/queue/state.ts";
import { transition } from "../../src/queue/transition.ts";
import type { Instant } from "../../src/std/clock.ts";
import * as b from "../support/queue-builder.ts";

type Wait = { readonly seconds: number };
const INSTALL: ScriptMeaning = { type: "install" };
const ONCE: ScriptMeaning = { type: "live", boots: 1 };
const THRICE: ScriptMeaning = { type: "live", boots: 3 };
const ALWAYS: ScriptMeaning = { type: "live", boots: null };
const minute: Wait = { seconds: 60 };

/** Host 1 takes a slot, then this happens: its state and how many scripts counted, or why it was refused, each time. */
function told(events: readonly (QueueEvent | Wait)[]): { lines: string[]; state: QueueState } {
  let now = 0;
  let state: QueueState = EMPTY_QUEUE;
  const lines: string[] = [];
  const declared: QueueEvent = { type: "slots-declared", slots: b.declaredSlots(1) };
  for (const event of [declared, b.seen(1), b.requested(1), ...events]) {
    if ("seconds" in event) {
      now += event.seconds * 1000;
      continue;
    }
    const step = transition(state, event, now as Instant, b.RULES);
    state = step.state;
    const [host] = state.hosts;
    const why = step.verdict.type === "refused" ? ` ${step.verdict.reason}` : "";
    lines.push(`${host?.state.type} ${host?.attempt?.answers}${why}`);
  }
  return { lines: lines.slice(3), state };
}

const booted = (meaning: ScriptMeaning) => b.scriptBooted(1, meaning);

describe("a script that installs", () => {
  test("is the point of no return, and its report the end", () => {
    assert.deepEqual(told([booted(INSTALL), b.reported(1)]).lines, ["installing 1", "ready 1"]);
  });

  test("asked for several times in one boot counts once", () => {
    const { lines } = told([booted(INSTALL), { seconds: 3 }, booted(INSTALL), { seconds: 30 }, booted(INSTALL)]);
    assert.deepEqual(lines, ["installing 1", "installing 1", "installing 2"]);
  });

  test("that goes round in circles is stopped", () => {
    const { lines } = told([0, 1, 2, 3].flatMap(() => [minute, booted(INSTALL)]));
    assert.deepEqual(lines, ["installing 1", "installing 2", "installing 3", "failed 3 too-many-attempts"]);
  });

  test("is never served to a machine that is installed", () => {
    const { lines } = told([booted(INSTALL), b.reported(1), minute, booted(INSTALL)]);
    assert.deepEqual(lines.at(-1), "ready 1 already-installed");
  });

  test("is served again when it was ordered, under a token of its own", () => {
    const { lines } = told([booted(INSTALL), b.reported(1), b.rebuild(1, "again"), booted(INSTALL)]);
    assert.deepEqual(lines.slice(2), ["pxe_ready 0", "installing 1"]);
  });
});

describe("a script that installs nothing", () => {
  test("makes the host ready at once, and is given once", () => {
    const { lines, state } = told([booted(ONCE), minute, booted(ONCE)]);
    assert.deepEqual(lines, ["ready 1", "ready 1 already-installed"]);
    assert.equal(state.hosts.at(0) === undefined ? null : stillBoots(state.hosts.at(0) as never, ONCE), false);
  });

  test("is given as often as was said, and one boot counts once", () => {
    const { lines } = told([
      booted(THRICE),
      { seconds: 5 },
      booted(THRICE),
      minute,
      booted(THRICE),
      minute,
      booted(THRICE),
      minute,
      booted(THRICE),
    ]);
    assert.deepEqual(lines, ["ready 1", "ready 1", "ready 2", "ready 3", "ready 3 already-installed"]);
  });

  test("is given always, and then nothing changes", () => {
    const first = told([booted(ALWAYS)]);
    const later = told([booted(ALWAYS), minute, booted(ALWAYS), minute, booted(ALWAYS)]);
    assert.equal(later.lines.at(-1), "ready 1");
    assert.deepEqual(later.state.hosts.at(0)?.state, first.state.hosts.at(0)?.state);
    assert.equal(stillBoots(later.state.hosts.at(0) as never, ALWAYS), true);
  });

  test("takes no machine that is not armed", () => {
    const { lines } = told([{ type: "host-reset", host: b.hostId(1), evenInstalled: false }, booted(ALWAYS)]);
    assert.equal(lines.at(-1), "undefined undefined unknown-host");
  });
});
