import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { QueueEvent } from "../../src/queue/event.ts";
import type { QueueRules } from "../../src/queue/rules.ts";
import { EMPTY_QUEUE, type QueueState } from "../../src/queue/state.ts";
import { transition } from "../../src/queue/transition.ts";
import type { Instant } from "../../src/std/clock.ts";
import * as b from "../support/queue-builder.ts";

/** Minutes that pass before the next event. */
type Wait = { readonly waitMinutes: number };

interface Story {
  readonly name: string;
  readonly slots: number;
  readonly rules?: QueueRules;
  readonly events: readonly (QueueEvent | Wait)[];
  /** One line for each event: the queue, then the effects, then a refusal. */
  readonly expect: readonly string[];
}

const paused: QueueEvent = { type: "queue-paused" };
const resumed: QueueEvent = { type: "queue-resumed" };
const declined = (n: number): QueueEvent => ({ type: "address-declined", mac: b.mac(n), address: b.address(n) });

/** The same with the UUID that its DISCOVER told. */
const identified = (event: QueueEvent): QueueEvent => ({ ...event, uuid: b.uuid(1) }) as QueueEvent;

const STORIES: readonly Story[] = [
  {
    name: "a host walks from DISCOVER to ready",
    slots: 2,
    events: [b.seen(1), b.requested(1), b.script(1), b.answer(1), b.reported(1)],
    expect: [
      "held available",
      "pxe_ready(1) available",
      "pxe_booted(1) available",
      "installing(1) available",
      "ready(1) available",
    ],
  },
  {
    name: "hosts take slots in the order in which they ask",
    slots: 3,
    events: [b.seen(2), b.seen(1), b.requested(1, 2), b.requested(2, 1), b.seen(3)],
    expect: [
      "held available available",
      "held held available",
      "held pxe_ready(1) available",
      "pxe_ready(2) pxe_ready(1) available",
      "pxe_ready(2) pxe_ready(1) held",
    ],
  },
  {
    name: "a repeated DISCOVER does not take a second slot",
    slots: 2,
    events: [b.seen(1), b.seen(1), b.requested(1), b.seen(1), b.requested(1)],
    expect: [
      "held available",
      "held available = ",
      "pxe_ready(1) available",
      "pxe_ready(1) available = ",
      "pxe_ready(1) available = ",
    ],
  },
  {
    name: "a held slot is free again when nobody requests it",
    slots: 1,
    events: [b.seen(1), { waitMinutes: 3 }, b.seen(2), b.requested(1)],
    expect: ["held", "available", "held", "held ! address-not-yours"],
  },
  {
    name: "after a restart forgot the holds, the first REQUEST wins and the second is told to ask again",
    slots: 2,
    events: [b.requested(1), b.requested(2, 1)],
    expect: ["pxe_ready(1) available", "pxe_ready(1) available ! address-not-yours"],
  },
  {
    name: "beside another DHCP server the boot script takes the slot that was held for it at DISCOVER",
    slots: 3,
    events: [b.seen(2), b.seen(1), b.claimed(1), b.claimed(1), b.script(1), b.claimed(1), b.answer(1), b.reported(1)],
    expect: [
      "held available available",
      "held held available",
      "held pxe_ready(1) available",
      "held pxe_ready(1) available = ",
      "held pxe_booted(1) available",
      "held pxe_booted(1) available = ",
      "held installing(1) available",
      "held ready(1) available",
    ],
  },
  {
    name: "beside another DHCP server and after a restart the boot script takes the next slot",
    slots: 2,
    events: [b.claimed(2), b.claimed(1), b.claimed(3)],
    expect: [
      "pxe_ready(2) available",
      "pxe_ready(2) pxe_ready(1)",
      "pxe_ready(2) pxe_ready(1) | discovered(3) ! no-slot",
    ],
  },
  {
    name: "an installed, a failed, a registered and a paused-out host gets no slot by asking for a script",
    slots: 3,
    events: [
      b.claimed(1),
      b.answer(1),
      b.reported(1),
      b.claimed(1),
      b.registered(2),
      b.claimed(2),
      { type: "queue-paused" },
      b.claimed(3),
    ],
    expect: [
      "pxe_ready(1) available available",
      "installing(1) available available",
      "ready(1) available available",
      "ready(1) available available ! already-installed",
      "ready(1) available available | registered(2)",
      "ready(1) available available | registered(2) ! not-armed",
      "ready(1) available available | registered(2)",
      "ready(1) available available | registered(2) discovered(3) ! paused",
    ],
  },
  {
    name: "a host that the operator armed takes its own slot with its script, and its other NIC gets nothing meanwhile",
    slots: 2,
    events: [b.registered(1, 2), b.rebuild(1), identified(b.claimed(1)), b.script(1), identified(b.claimed(1, 2))],
    expect: [
      "available registered(1)",
      "available pxe_ready(1)",
      "available pxe_ready(1)",
      "available pxe_booted(1)",
      "available pxe_booted(1) ! other-nic-of-busy-host",
    ],
  },
  {
    name: "a mode of its own is kept of a machine that nobody knew, and survives a reset",
    slots: 1,
    events: [
      b.modeSet(1, "full"),
      b.modeSet(1, "full"),
      b.seen(1),
      b.requested(1),
      b.reset(1),
      b.modeSet(1, "full"),
      b.modeSet(1, null),
      b.modeSet(2, null),
    ],
    expect: [
      "available | discovered(1)",
      "available | discovered(1) = ",
      "held | discovered(1)",
      "pxe_ready(1)",
      "available | discovered(1)",
      "available | discovered(1) = ",
      "available | discovered(1)",
      "available | discovered(1) = ",
    ],
  },
  {
    name: "a host for whom there is no slot waits, and takes the next that is free",
    slots: 1,
    events: [b.seen(1), b.requested(1), b.seen(2), b.reset(1), b.seen(2), b.requested(2, 1)],
    expect: [
      "held",
      "pxe_ready(1)",
      "pxe_ready(1) | discovered(2) ! no-slot",
      "available | discovered(2)",
      "held | discovered(2)",
      "pxe_ready(2)",
    ],
  },
  {
    name: "an installed host is never given an installer, whatever asks",
    slots: 2,
    events: [
      b.seen(1),
      b.requested(1),
      b.script(1),
      b.answer(1),
      b.reported(1),
      b.seen(1),
      b.requested(1),
      b.script(1),
      b.answer(1),
    ],
    expect: [
      "held available",
      "pxe_ready(1) available",
      "pxe_booted(1) available",
      "installing(1) available",
      "ready(1) available",
      "ready(1) available ! already-installed",
      "ready(1) available ! already-installed",
      "ready(1) available ! already-installed",
      "ready(1) available ! already-installed",
    ],
  },
  {
    name: "a repeated answer request and a repeated webhook change nothing",
    slots: 1,
    events: [b.seen(1), b.requested(1), b.script(1), b.answer(1), b.answer(1), b.reported(1), b.reported(1)],
    expect: ["held", "pxe_ready(1)", "pxe_booted(1)", "installing(1)", "installing(1) = ", "ready(1)", "ready(1) = "],
  },
  {
    name: "an install that loops stops after the limit",
    slots: 1,
    events: [
      b.seen(1),
      b.requested(1),
      b.script(1),
      b.answer(1),
      b.script(1),
      b.answer(1),
      b.script(1),
      b.answer(1),
      b.script(1),
      b.seen(1),
    ],
    expect: [
      "held",
      "pxe_ready(1)",
      "pxe_booted(1)",
      "installing(1)",
      "pxe_booted(1)",
      "installing(1)",
      "pxe_booted(1)",
      "installing(1)",
      "failed(1) ! too-many-attempts",
      "failed(1) ! failed-before",
    ],
  },
  {
    name: "a host that shows no sign of life gives its slot back, and may come again",
    slots: 1,
    events: [b.seen(1), b.requested(1), { waitMinutes: 16 }, b.seen(1), b.requested(1)],
    expect: ["held", "pxe_ready(1)", "available | discovered(1)", "held | discovered(1)", "pxe_ready(1)"],
  },
  {
    name: "a host that fetched its script and never its answer fails, and its slot goes to the next",
    slots: 1,
    events: [b.seen(1), b.requested(1), b.script(1), { waitMinutes: 16 }, b.seen(2)],
    expect: ["held", "pxe_ready(1)", "pxe_booted(1)", "available | failed(1)", "held | failed(1)"],
  },
  {
    name: "an install that never reports fails and keeps its slot; a late report still counts",
    slots: 1,
    events: [b.seen(1), b.requested(1), b.script(1), b.answer(1), { waitMinutes: 61 }, b.reported(1)],
    expect: ["held", "pxe_ready(1)", "pxe_booted(1)", "installing(1)", "failed(1)", "ready(1)"],
  },
  {
    name: "a profile with a first boot waits for the phone-home, then for its end",
    slots: 1,
    rules: b.rulesWith({ firstBoot: true }),
    events: [
      b.seen(1),
      b.requested(1),
      b.script(1),
      b.answer(1),
      b.reported(1),
      b.phoned(1),
      b.phoned(1),
      b.finished(1),
      b.finished(1),
    ],
    expect: [
      "held",
      "pxe_ready(1)",
      "pxe_booted(1)",
      "installing(1)",
      "installed(1)",
      "first_boot(1)",
      "first_boot(1) = ",
      "ready(1)",
      "ready(1) = ",
    ],
  },
  {
    name: "a lost webhook is healed by the phone-home",
    slots: 1,
    rules: b.rulesWith({ firstBoot: true }),
    events: [b.seen(1), b.requested(1), b.script(1), b.answer(1), b.phoned(1), b.reported(1)],
    expect: ["held", "pxe_ready(1)", "pxe_booted(1)", "installing(1)", "first_boot(1)", "first_boot(1)"],
  },
  {
    name: "an installed system that never phones home fails",
    slots: 1,
    rules: b.rulesWith({ firstBoot: true }),
    events: [b.seen(1), b.requested(1), b.script(1), b.answer(1), b.reported(1), { waitMinutes: 31 }, b.seen(1)],
    expect: [
      "held",
      "pxe_ready(1)",
      "pxe_booted(1)",
      "installing(1)",
      "installed(1)",
      "failed(1)",
      "failed(1) ! failed-before",
    ],
  },
  {
    name: "the second node waits until the first has joined",
    slots: 2,
    rules: b.rulesWith({ cluster: "lab" }),
    events: [
      b.seen(1),
      b.requested(1),
      b.seen(2),
      b.requested(2),
      b.answer(1),
      b.answer(2),
      b.reported(1),
      b.reported(2),
      b.joined(1),
      b.joined(2),
    ],
    expect: [
      "held available",
      "pxe_ready(1) available",
      "pxe_ready(1) held",
      "pxe_ready(1) pxe_ready(2)",
      "installing(1) pxe_ready(2)",
      "installing(1) installing(2)",
      "joining(1) installing(2) > start-join 1",
      "joining(1) installed(2)",
      "ready(1) joining(2) > start-join 2",
      "ready(1) ready(2)",
    ],
  },
  {
    name: "a join that fails or takes too long makes room for the next",
    slots: 3,
    rules: b.rulesWith({ cluster: "lab" }),
    events: [1, 2, 3]
      .flatMap((n) => [b.requested(n), b.answer(n), b.reported(n)])
      .concat([b.joinFailed(1)] as QueueEvent[]),
    expect: [
      "pxe_ready(1) available available",
      "installing(1) available available",
      "joining(1) available available > start-join 1",
      "joining(1) pxe_ready(2) available",
      "joining(1) installing(2) available",
      "joining(1) installed(2) available",
      "joining(1) installed(2) pxe_ready(3)",
      "joining(1) installed(2) installing(3)",
      "joining(1) installed(2) installed(3)",
      "failed(1) joining(2) installed(3) > start-join 2",
    ],
  },
  {
    name: "a host that is reset while it joins leaves the turn to the next",
    slots: 2,
    rules: b.rulesWith({ cluster: "lab" }),
    events: [1, 2].flatMap((n) => [b.requested(n), b.answer(n), b.reported(n)]).concat([b.reset(1, true)]),
    expect: [
      "pxe_ready(1) available",
      "installing(1) available",
      "joining(1) available > start-join 1",
      "joining(1) pxe_ready(2)",
      "joining(1) installing(2)",
      "joining(1) installed(2)",
      "available joining(2) > start-join 2",
    ],
  },
  {
    name: "a skipped slot is passed over, and comes back in its place",
    slots: 2,
    events: [b.skip(1), b.seen(1), b.requested(1, 2), b.unskip(1), b.seen(2), b.skip(2)],
    expect: [
      "skipped available",
      "skipped held",
      "skipped pxe_ready(1)",
      "available pxe_ready(1)",
      "held pxe_ready(1)",
      "held pxe_ready(1) ! slot-in-use",
    ],
  },
  {
    name: "a paused queue gives no slot; who has one goes on",
    slots: 2,
    events: [b.requested(1), paused, b.seen(2), b.requested(2), b.answer(1), resumed, b.seen(2)],
    expect: [
      "pxe_ready(1) available",
      "pxe_ready(1) available",
      "pxe_ready(1) available | discovered(2) ! paused",
      "pxe_ready(1) available | discovered(2) ! address-not-yours",
      "installing(1) available | discovered(2)",
      "installing(1) available | discovered(2)",
      "installing(1) held | discovered(2)",
    ],
  },
  {
    name: "where approval is required, a host takes a slot only once it is approved",
    slots: 1,
    rules: { ...b.RULES, approval: true },
    events: [b.seen(1), b.requested(1), b.approved(1), b.seen(1), b.requested(1)],
    expect: [
      "available | discovered(1) ! approval-required",
      "available | discovered(1) ! address-not-yours",
      "available | discovered(1)",
      "held | discovered(1)",
      "pxe_ready(1)",
    ],
  },
  {
    name: "a registered host is silent until it is armed, and takes the slot the operator chose",
    slots: 2,
    events: [b.registered(1, 2), b.seen(1), b.rebuild(1), b.seen(1), b.requested(1, 1), b.requested(1, 2), b.answer(1)],
    expect: [
      "available registered(1)",
      "available registered(1) ! not-armed",
      "available pxe_ready(1)",
      "available pxe_ready(1) = ",
      "available pxe_ready(1) ! address-not-yours",
      "available pxe_ready(1)",
      "available installing(1)",
    ],
  },
  {
    name: "an installed host is armed again by the operator only, and keeps its slot",
    slots: 2,
    events: [b.requested(1), b.answer(1), b.reported(1), b.rebuild(1, "1b"), b.seen(1), b.answer(1), b.reported(1)],
    expect: [
      "pxe_ready(1) available",
      "installing(1) available",
      "ready(1) available",
      "pxe_ready(1) available",
      "pxe_ready(1) available = ",
      "installing(1) available",
      "installing(1) available ! wrong-token",
    ],
  },
  {
    name: "an armed host that is not switched on in time is disarmed and keeps its slot",
    slots: 1,
    events: [b.requested(1), b.answer(1), b.reported(1), b.rebuild(1, "1b"), { waitMinutes: 1441 }, b.seen(1)],
    expect: ["pxe_ready(1)", "installing(1)", "ready(1)", "pxe_ready(1)", "failed(1)", "failed(1) ! failed-before"],
  },
  {
    name: "a host that the operator called installed keeps its slot when it is armed and not switched on in time",
    slots: 2,
    events: [
      b.requested(1),
      b.marked(1),
      b.rebuild(1, "1b"),
      b.reset(1),
      { waitMinutes: 1441 },
      b.requested(2, 1),
      b.requested(1, 2),
    ],
    expect: [
      "pxe_ready(1) available",
      "ready(1) available",
      "pxe_ready(1) available",
      "pxe_ready(1) available ! installed-needs-insistence",
      "failed(1) available",
      "failed(1) available ! address-not-yours",
      "failed(1) available ! failed-before",
    ],
  },
  {
    name: "so does one whose installer was let loose on it and never reported",
    slots: 1,
    events: [b.requested(1), b.answer(1), { waitMinutes: 61 }, b.rebuild(1, "1b"), { waitMinutes: 1441 }],
    expect: ["pxe_ready(1)", "installing(1)", "failed(1)", "pxe_ready(1)", "failed(1)"],
  },
  {
    name: "an installed host that is armed again and finds its address taken is installed under no other name",
    slots: 2,
    events: [b.requested(1), b.marked(1), b.rebuild(1, "1b"), declined(1), b.seen(1)],
    expect: [
      "pxe_ready(1) available",
      "ready(1) available",
      "pxe_ready(1) available",
      "skipped available | failed(1)",
      "skipped available | failed(1) ! failed-before",
    ],
  },
  {
    name: "an armed host that was called installed is no other machine's further network card",
    slots: 2,
    events: [
      b.requested(1),
      b.marked(1),
      b.rebuild(1, "1b"),
      b.requested(2),
      { ...b.answer(2), macs: [b.mac(2), b.mac(1)] } as QueueEvent,
    ],
    expect: [
      "pxe_ready(1) available",
      "ready(1) available",
      "pxe_ready(1) available",
      "pxe_ready(1) pxe_ready(2)",
      "pxe_ready(1) pxe_ready(2) ! identity-conflict",
    ],
  },
  {
    name: "a registered host that was installed and then reset with insistence is blank again",
    slots: 1,
    events: [
      b.registered(1, 1),
      b.rebuild(1),
      b.answer(1),
      b.reported(1),
      b.reset(1, true),
      b.rebuild(1, "1b"),
      { waitMinutes: 1441 },
      b.reset(1),
    ],
    expect: [
      "registered(1)",
      "pxe_ready(1)",
      "installing(1)",
      "ready(1)",
      "available | registered(1)",
      "pxe_ready(1)",
      "registered(1)",
      "available | registered(1)",
    ],
  },
  {
    name: "a reset of an installed host needs insistence",
    slots: 1,
    events: [b.requested(1), b.answer(1), b.reported(1), b.reset(1), b.reset(1, true), b.seen(1)],
    expect: ["pxe_ready(1)", "installing(1)", "ready(1)", "ready(1) ! installed-needs-insistence", "available", "held"],
  },
  {
    name: "a host marked as installed is left alone",
    slots: 1,
    events: [b.requested(1), b.answer(1), { waitMinutes: 61 }, b.marked(1), b.seen(1)],
    expect: ["pxe_ready(1)", "installing(1)", "failed(1)", "ready(1)", "ready(1) ! already-installed"],
  },
  {
    name: "an address that is in use is given to nobody, and the host takes the next slot",
    slots: 2,
    events: [b.seen(1), b.requested(1), declined(1), b.seen(1), b.requested(1, 2), b.unskip(1)],
    expect: [
      "held available",
      "pxe_ready(1) available",
      "skipped available | discovered(1)",
      "skipped held | discovered(1)",
      "skipped pxe_ready(1)",
      "available pxe_ready(1)",
    ],
  },
  {
    name: "an order that does not fit is refused",
    slots: 1,
    events: [b.requested(1), b.answer(1), b.rebuild(1), b.script(2), b.registered(1), b.approved(1)],
    expect: [
      "pxe_ready(1)",
      "installing(1)",
      "installing(1) ! install-under-way",
      "installing(1) ! unknown-host",
      "installing(1) ! not-in-this-state",
      "installing(1) ! not-in-this-state",
    ],
  },
];

describe("transition()", () => {
  for (const story of STORIES) {
    test(story.name, () => assert.deepEqual(told(story), story.expect));
  }

  test("the second NIC of a host costs no slot, before, during and after its install", () => {
    const events = [
      b.requested(1),
      b.seen(1, 2),
      b.answer(1),
      b.seen(1, 2),
      b.reported(1),
      b.seen(1, 2),
      b.requested(1, 2, 2),
    ];
    assert.deepEqual(told({ name: "", slots: 2, events, expect: [] }), [
      "pxe_ready(1) available",
      "pxe_ready(1) available ! other-nic-of-busy-host",
      "installing(1) available",
      "installing(1) available ! other-nic-of-busy-host",
      "ready(1) available",
      "ready(1) available ! already-installed",
      "ready(1) available ! already-installed",
    ]);
  });

  test("a machine without a UUID whose second NIC took a slot has it back once its answer request names both", () => {
    const noUuid = (event: QueueEvent): QueueEvent => ({ ...event, uuid: null }) as QueueEvent;
    const events = [
      noUuid(b.requested(1)),
      noUuid({ ...b.requested(1, 2, 2), mac: b.mac(1, 2) } as QueueEvent),
      b.answer(1),
    ];
    assert.deepEqual(told({ name: "", slots: 2, events, expect: [] }), [
      "pxe_ready(1) available",
      "pxe_ready(1) pxe_ready(1)",
      "installing(1) available",
    ]);
  });

  test("firmware that writes its UUID in the other order of octets is no second machine", () => {
    const swapped = "44454c4c-4300-1051-8031-c7c04f510001" as never;
    const seen: QueueEvent = { type: "host-seen", mac: b.mac(1, 2), uuid: swapped };
    const events = [b.requested(1), b.answer(1), b.reported(1), seen];
    assert.equal(told({ name: "", slots: 2, events, expect: [] }).at(-1), "ready(1) available ! already-installed");
  });

  test("an answer request that names a NIC of an installed host is refused", () => {
    const stolen: QueueEvent = {
      type: "answer-fetched",
      host: b.hostId(2),
      macs: [b.mac(2), b.mac(1)],
      uuid: b.uuid(2),
    };
    const events = [b.requested(1), b.answer(1), b.reported(1), b.requested(2), stolen];
    assert.equal(told({ name: "", slots: 2, events, expect: [] }).at(-1), "ready(1) pxe_ready(2) ! identity-conflict");
  });

  test("a wait that began before the clock was set back ends no later than its limit from then on", () => {
    const year = 365 * 24 * 3_600_000;
    const at = (state: QueueState, now: number, event: QueueEvent) => transition(state, event, now as Instant, b.RULES);
    let state = at(EMPTY_QUEUE, year, { type: "slots-declared", slots: b.declaredSlots(2) }).state;
    for (const event of [b.requested(1), b.seen(2)]) state = at(state, year, event).state;
    assert.equal(b.drawn(state), "pxe_ready(1) held");
    const minutes = (count: number) => 1000 + count * 60_000;
    state = at(state, minutes(0), { type: "clock-checked" }).state;
    assert.equal(b.drawn(state), "pxe_ready(1) available");
    assert.equal(at(state, minutes(14), { type: "time-passed" }).verdict.type, "unchanged");
    state = at(state, minutes(16), { type: "time-passed" }).state;
    assert.equal(b.drawn(state), "available available | discovered(1)");
  });

  test("a copied UUID gets nothing, and nobody is told to rebuild the host that has it", () => {
    const copy: QueueEvent = { type: "host-seen", mac: b.mac(9), uuid: b.uuid(1) };
    const events = [b.requested(1), b.answer(1), b.reported(1), copy, b.seen(1)];
    const lines = told({ name: "", slots: 2, events, expect: [] });
    assert.deepEqual(lines.slice(-2), [
      "ready(1) available ! uuid-of-other-host",
      "ready(1) available ! already-installed",
    ]);
  });

  test("a network card of an installed host in another machine gets nothing, and nobody is told to reset the host", () => {
    const other: QueueEvent = { type: "host-seen", mac: b.mac(1), uuid: b.uuid(9) };
    const events = [b.requested(1), b.answer(1), b.reported(1), other];
    assert.equal(told({ name: "", slots: 2, events, expect: [] }).at(-1), "ready(1) available ! other-board");
  });

  test("another board under a known address is held for approval, and nothing is learnt from it", () => {
    const other: QueueEvent = { type: "host-seen", mac: b.mac(1), uuid: b.uuid(9) };
    const events = [b.requested(1), other];
    assert.equal(told({ name: "", slots: 2, events, expect: [] }).at(-1), "pxe_ready(1) available ! held-for-approval");
  });

  test("a slot that leaves the configuration stays as long as a host has it", () => {
    let state = after(b.RULES, [{ type: "slots-declared", slots: b.declaredSlots(3) }, b.requested(2)]);
    state = step(state, { type: "slots-declared", slots: b.declaredSlots(1) });
    assert.equal(b.drawn(state), "available pxe_ready(2)");
    assert.equal(b.drawn(step(state, b.reset(2))), "available");
  });

  test("a reserved slot is kept for its host, and an unreserved host does not get it", () => {
    const reservation = { type: "mac", mac: b.mac(2) } as const;
    const state = after(b.RULES, [{ type: "slots-declared", slots: b.declaredSlots(2, { 1: reservation }) }]);
    assert.equal(b.drawn(step(state, b.seen(1))), "reserved held");
    assert.equal(b.drawn(step(state, b.seen(2))), "held available");
  });

  test("strangers are forgotten oldest first, so that anybody may knock without end", () => {
    let state = after({ ...b.RULES, approval: true }, [{ type: "slots-declared", slots: b.declaredSlots(1) }]);
    for (let i = 0; i < 700; i++) {
      const mac = `02:00:00:00:${(i >> 8).toString(16).padStart(2, "0")}:${(i & 255).toString(16).padStart(2, "0")}`;
      state = transition(state, { type: "host-seen", mac: mac as never, uuid: null }, 0 as Instant, {
        ...b.RULES,
        approval: true,
      }).state;
    }
    assert.equal(state.hosts.length, 500);
    assert.equal(state.hosts.at(0)?.id, "02-00-00-00-00-c8");
  });
});

function told(story: Story): string[] {
  const rules = story.rules ?? b.RULES;
  let now = 0;
  let state = transition(
    EMPTY_QUEUE,
    { type: "slots-declared", slots: b.declaredSlots(story.slots) },
    0 as Instant,
    rules,
  ).state;
  return story.events.map((next) => {
    now += "waitMinutes" in next ? next.waitMinutes * 60_000 : 1_000;
    const event: QueueEvent = "waitMinutes" in next ? { type: "time-passed" } : next;
    const { state: after, effects, verdict } = transition(state, event, now as Instant, rules);
    state = after;
    const started = effects.map((effect) => ` > ${effect.type} ${Number.parseInt(effect.host.slice(-2), 16)}`).join("");
    const ending = verdict.type === "refused" ? ` ! ${verdict.reason}` : verdict.type === "unchanged" ? " = " : "";
    return `${b.drawn(state)}${started}${ending}`;
  });
}

function step(state: QueueState, event: QueueEvent, rules = b.RULES): QueueState {
  return transition(state, event, 1 as Instant, rules).state;
}

function after(rules: QueueRules, events: readonly QueueEvent[]): QueueState {
  return events.reduce((state, event) => step(state, event, rules), EMPTY_QUEUE);
}
