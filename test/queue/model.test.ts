import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { QueueEvent } from "../../src/queue/event.ts";
import { founderToWaitFor } from "../../src/queue/founding.ts";
import { ARMED, BEYOND_INSTALLING, type Host, type HostStateType, MOVES } from "../../src/queue/host.ts";
import { changedTraits, knownIdentity } from "../../src/queue/identity.ts";
import { isWaitingToJoin } from "../../src/queue/installing.ts";
import { OPERATIONS_MAX, STEPS_MAX, type StepReport } from "../../src/queue/operation.ts";
import { awaitsRebuild } from "../../src/queue/rebuild-set.ts";
import type { ScriptMeaning } from "../../src/queue/script-booting.ts";
import { EMPTY_QUEUE, type QueueState } from "../../src/queue/state.ts";
import type { Step } from "../../src/queue/step.ts";
import { resume, transition } from "../../src/queue/transition.ts";
import type { Instant } from "../../src/std/clock.ts";
import { readSaved, toSaved } from "../../src/store/format.ts";
import * as b from "../support/queue-builder.ts";
import { chosenSeed, seeded } from "../support/random-queue.ts";

const SEED = chosenSeed();
const RUNS = 60;
/** A stuck machine whose turn in a set came in the step that would have restarted it. */
const FOUND_SOMETHING = [709, 1104];
const EVENTS = 400;
const MACHINES = 8;
const SLOTS = 5;
const RULES = b.rulesWith(
  { firstBoot: true, cluster: "lab" },
  { attemptsMax: 2, power: { slots: new Set([b.slotId(2)]), macs: new Set([b.mac(3)]), cycleStuck: true } },
);

/** States that are part of an install. */
const UNDER_WAY: ReadonlySet<HostStateType> = new Set([
  "pxe_ready",
  "pxe_booted",
  "installing",
  "installed",
  "first_boot",
  "joining",
]);

/** What an operator alone may do to a machine that is installed. */
const BY_OPERATOR: ReadonlySet<QueueEvent["type"]> = new Set([
  "rebuild-ordered",
  "set-rebuild-ordered",
  "set-rebuild-resumed",
  "host-reset",
]);

describe("the queue, under random events", () => {
  for (const seed of [...Array.from({ length: RUNS }, (_, run) => SEED + run), ...FOUND_SOMETHING]) {
    test(`keeps its invariants (SEED=${seed})`, () => {
      const numbers = seeded(seed);
      const random = { below: (limit: number) => Math.floor(numbers() * limit) };
      let now = 0;
      let state = declare(EMPTY_QUEUE, SLOTS, now);
      for (let n = 0; n < EVENTS; n++) {
        now += random.below(20) === 0 ? random.below(40) * 60_000 : random.below(3_000);
        const event = randomEvent(random, state);
        const step = transition(state, event, now as Instant, RULES);
        check(state, event, step);
        state = step.state;
        if (random.below(25) === 0) state = restarted(state);
      }
    });
  }
});

function check(before: QueueState, event: QueueEvent, { state, verdict, lasting, effects }: Step): void {
  const told = `after ${JSON.stringify(event)}`;
  // 1. A host holds at most one slot, and an address belongs to at most one slot; both sides agree.
  assert.equal(new Set(state.slots.map((slot) => slot.address)).size, state.slots.length, told);
  for (const slot of state.slots) {
    if (slot.state.type !== "assigned") continue;
    const { host: id } = slot.state;
    assert.equal(state.hosts.filter((host) => host.id === id && host.slot === slot.id).length, 1, told);
  }
  const taken = state.hosts.flatMap((host) => host.slot ?? []);
  assert.equal(new Set(taken).size, taken.length, told);
  assert.equal(taken.length, state.slots.filter((slot) => slot.state.type === "assigned").length, told);
  const macs = state.hosts.flatMap((host) => host.macs);
  assert.equal(new Set(macs).size, macs.length, told);
  const ids = state.hosts.map((host) => host.id);
  assert.equal(new Set(ids).size, ids.length, told);
  // 2. A host moves only along MOVES: the passages are the proof.
  for (const host of state.hosts) {
    for (const [at, passage] of host.passages.slice(1).entries()) {
      const from = host.passages[at]?.state;
      assert.ok(from === passage.state || (from && (MOVES[from] as readonly string[]).includes(passage.state)), told);
    }
  }
  // An operation runs exactly while an install does, and no step of an ended one is open.
  for (const host of state.hosts) {
    const running = host.operations.filter((operation) => operation.ended === null);
    assert.equal(running.length, UNDER_WAY.has(host.state.type) ? 1 : 0, `${host.state.type} ${told}`);
    assert.equal(running[0], host.operations.at(-1) === running[0] ? running[0] : undefined, told);
    const done = host.operations.filter((operation) => operation.ended !== null);
    assert.ok(
      done.every(({ steps }) => steps.every((step) => step.ended !== null)),
      told,
    );
    assert.ok(host.operations.length <= OPERATIONS_MAX, told);
    assert.ok(
      host.operations.every(({ steps }) => steps.length <= STEPS_MAX),
      told,
    );
  }
  // No more of a set are armed at one time than was said, and each of them by the set.
  const armed = state.rebuilds?.members.filter((member) => member.state.type === "running") ?? [];
  assert.ok(armed.length <= (state.rebuilds?.parallel ?? 0), told);
  for (const { host, state: member } of armed) {
    if (member.type !== "running") continue;
    assert.equal(state.hosts.find(({ id }) => id === host)?.attempt?.token, member.token, told);
  }
  // 3. At most one joins; while any waits for it, one does, unless it has to wait for the founder of its cluster.
  const joining = state.hosts.filter((host) => host.state.type === "joining").length;
  assert.ok(joining <= 1, told);
  const mayJoin = (host: Host) => isWaitingToJoin(host) && founderToWaitFor(state, host, RULES) === null;
  if (state.hosts.some(mayJoin)) assert.equal(joining, 1, told);
  // A cluster is begun by one host, until the operator resets it.
  assert.ok(state.hosts.filter((host) => host.founding?.cluster === "lab").length <= 1, told);
  // 4. Every piece of work that the state implies is named again after a restart.
  const switching = state.hosts.filter(({ attempt }) => isPowerUnderWay(attempt?.power?.step));
  const toSwitch = switching.filter(({ state: at }) => at.type === "pxe_ready" || at.type === "pxe_booted");
  const resumed = resume(state, RULES);
  assert.equal(resumed.filter(({ type }) => type === "start-join").length, joining, told);
  const restarted = resumed.flatMap((effect) => (effect.type === "switch-power" ? [effect.host] : []));
  assert.ok(
    restarted.every((id) => toSwitch.some((host) => host.id === id)),
    told,
  );
  // A machine that may be writing its disks is never restarted, by whatever order events come in.
  for (const effect of [...effects, ...resumed]) {
    if (effect.type !== "switch-power") continue;
    const host = state.hosts.find(({ id }) => id === effect.host);
    assert.ok(host?.state.type === "pxe_ready" || host?.state.type === "pxe_booted", told);
    assert.equal(host.attempt?.answers, 0, told);
    assert.equal(host.attempt?.token, effect.token, told);
  }
  // 6. A host beyond installing gets no installer, whatever asks, until the operator arms it.
  for (const host of before.hosts) {
    if (!BEYOND_INSTALLING.has(host.state.type) || BY_OPERATOR.has(event.type)) continue;
    if (awaitsRebuild(before, host.id)) continue;
    const after = state.hosts.find((other) => other.id === host.id);
    assert.ok(after !== undefined, told);
    assert.ok(BEYOND_INSTALLING.has(after.state.type) || after.state.type === "failed", told);
    assert.equal(after.slot, host.slot, told);
  }
  // 9. No answer is served to a machine that conflicts with what is known of its host, but by approval of exactly that.
  if (event.type === "answer-fetched" && verdict.type !== "refused") {
    const { uuid, serial = null, boardSerial = null, nics = null } = event;
    const seen = { uuid, serial, boardSerial, nics };
    const host = before.hosts.find(({ id }) => id === event.host);
    assert.ok(host, told);
    const approved = host.attempt?.approved ?? null;
    for (const trait of changedTraits(knownIdentity(host), seen)) {
      const by = approved?.nics === null ? "uuid" : trait;
      const isLet = approved !== null && String(approved[by]) === String(seen[by]);
      assert.ok(isLet, `${trait} is not as it was, ${told}`);
    }
  }
  for (const host of state.hosts) assert.ok(host.hold === null || ARMED.has(host.state.type), told);
  // What a restart would forget is never called lasting, and nothing lasting is called forgettable.
  if (!lasting) assert.deepEqual(lastingPart(state), lastingPart(before), told);
  if (verdict.type === "unchanged") assert.equal(state, before, told);
  assert.ok(effects.filter(({ type }) => type === "start-join").length <= 1, told);
}

/** The part of the state whose loss somebody would notice: slots that are taken, and hosts that are more than strangers. */
function lastingPart(state: QueueState) {
  const saved = toSaved(state);
  const slots = saved.slots.map((slot) => [slot.id, slot.state]);
  return {
    slots,
    hosts: state.hosts.filter((host) => host.state.type !== "discovered"),
    paused: state.paused,
    rebuilds: state.rebuilds,
  };
}

/** As it is after `kill -9` and a start. */
function restarted(state: QueueState): QueueState {
  const read = readSaved(JSON.parse(JSON.stringify(toSaved(state))));
  assert.ok(read.ok, JSON.stringify(read));
  return read.value;
}

function declare(state: QueueState, count: number, now: number): QueueState {
  return transition(state, { type: "slots-declared", slots: b.declaredSlots(count) }, now as Instant, RULES).state;
}

function isPowerUnderWay(step: string | undefined): boolean {
  return step === "wanted" || step === "switching";
}

function setRebuild(random: { below(limit: number): number }, state: QueueState): QueueEvent {
  const chosen = state.hosts.filter(() => random.below(2) === 0);
  const members = chosen.map(({ id }) => ({ host: id, token: b.token(`${id}-${random.below(1_000_000)}`) }));
  return { type: "set-rebuild-ordered", members, parallel: 1 + random.below(3), keepGoing: random.below(2) === 0 };
}

function outcome(random: { below(limit: number): number }): StepReport["outcome"] {
  return (["started", "noted", "succeeded", "failed", "skipped"] as const)[random.below(5)] ?? "started";
}

/** It asks for its answer and tells who it is: as always, or with one trait changed. */
function identified(n: number, changed: number | null = null): QueueEvent {
  const other = (at: number) => (changed === at ? "-other" : "");
  const nics = changed === 0 ? [b.mac(n)] : [b.mac(n), b.mac(n, 2)];
  const uuid = changed === 3 ? b.uuid(n + 100) : b.uuid(n);
  return { ...b.answer(n), uuid, serial: `S${n}${other(1)}`, boardSerial: `B${n}${other(2)}`, nics } as QueueEvent;
}

function meaning(random: { below(limit: number): number }): ScriptMeaning {
  const kind = random.below(3);
  return kind === 0 ? { type: "install" } : { type: "live", boots: kind === 1 ? null : 2 };
}

function randomEvent(random: { below(limit: number): number }, state: QueueState): QueueEvent {
  const n = 1 + random.below(MACHINES);
  const nic = random.below(5) === 0 ? 2 : 1;
  const slot = 1 + random.below(SLOTS);
  const known = state.hosts.find((host) => host.id === b.hostId(n));
  const token = known?.attempt?.token ?? b.token(n);
  const held = state.slots.find(
    (candidate) => candidate.state.type === "held" && candidate.state.mac === b.mac(n, nic),
  );
  // Mostly what a client would do, sometimes what it would not.
  const asked =
    random.below(4) > 0 && (held ?? known?.slot) ? (held?.id ?? known?.slot ?? b.slotId(slot)) : b.slotId(slot);
  const uuid = random.below(6) === 0 ? null : b.uuid(random.below(40) === 0 ? 1 : n);
  const seen = { mac: b.mac(n, nic), uuid };
  const events: readonly QueueEvent[] = [
    { type: "founder-chosen", host: b.hostId(n), cluster: "lab" },
    { type: "host-seen", ...seen },
    { type: "host-seen", ...seen },
    { type: "slot-requested", ...seen, address: asked as never, token: b.token(`${n}-${random.below(1_000_000)}`) },
    { type: "slot-requested", ...seen, address: asked as never, token: b.token(`${n}-${random.below(1_000_000)}`) },
    { type: "slot-claimed", ...seen, token: b.token(`${n}-${random.below(1_000_000)}`) },
    b.modeSet(n, random.below(3) === 0 ? null : "proxy", nic),
    b.script(n),
    random.below(3) === 0 ? b.scriptBooted(n, meaning(random)) : b.script(n),
    { ...b.answer(n), uuid } as QueueEvent,
    b.answer(n),
    identified(n),
    identified(n, random.below(4)),
    { type: "install-reported", host: b.hostId(n), token, inventory: b.INVENTORY },
    { type: "phoned-home", host: b.hostId(n), token },
    { type: "first-boot-finished", host: b.hostId(n), token },
    { type: "step-reported", host: b.hostId(n), step: `step ${random.below(3)}`, outcome: outcome(random), text: "" },
    random.below(3) === 0 ? b.joinFailed(n) : b.joined(n),
    { type: "join-retried", host: b.hostId(n) },
    { type: "time-passed" },
    { type: "clock-checked" },
    random.below(4) === 0 ? b.skip(slot) : b.unskip(slot),
    random.below(3) === 0 ? b.registered(n, random.below(2) === 0 ? slot : null) : b.approved(n),
    random.below(4) === 0 ? b.rebuild(n, `${n}-${random.below(1_000_000)}`) : b.seen(n),
    { type: "power-switching", host: b.hostId(n), token },
    random.below(2) === 0
      ? { type: "power-failed", host: b.hostId(n), token }
      : { type: "power-switched", host: b.hostId(n), token, isSure: random.below(3) > 0 },
    random.below(4) === 0 ? setRebuild(random, state) : b.seen(n),
    random.below(3) === 0 ? { type: random.below(2) === 0 ? "set-rebuild-stopped" : "set-rebuild-resumed" } : b.seen(n),
    random.below(6) === 0 ? b.reset(n, random.below(2) === 0) : b.seen(n),
    random.below(6) === 0 ? b.marked(n) : b.requested(n),
    random.below(8) === 0 ? { type: "address-declined", mac: b.mac(n, nic), address: b.address(slot) } : b.seen(n),
    random.below(10) === 0 ? { type: "queue-paused" } : { type: "queue-resumed" },
    random.below(10) === 0 ? { type: "install-failed", host: b.hostId(n), token, reason: "test" } : b.script(n),
    random.below(10) === 0
      ? { type: "slots-declared", slots: b.declaredSlots(1 + random.below(SLOTS)) }
      : { type: "slots-declared", slots: b.declaredSlots(SLOTS) },
  ];
  return events[random.below(events.length)] ?? { type: "time-passed" };
}
