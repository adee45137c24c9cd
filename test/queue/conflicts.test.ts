import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Ipv4Subnet } from "../../src/net/ipv4-address.ts";
import type { MacAddress } from "../../src/net/mac-address.ts";
import type { RelayPort } from "../../src/net/relay-port.ts";
import type { QueueEvent } from "../../src/queue/event.ts";
import { EMPTY_QUEUE } from "../../src/queue/state.ts";
import { transition } from "../../src/queue/transition.ts";
import type { Instant } from "../../src/std/clock.ts";
import {
  address,
  declaredSlots,
  drawn,
  mac,
  RULES,
  rebuild,
  registered,
  requested,
  reset,
  seen,
  skip,
  unskip,
} from "../support/queue-builder.ts";

const STRANGER = "02:aa:00:00:00:01" as MacAddress;
const inUse = (slot: number, by: MacAddress = STRANGER): QueueEvent => ({
  type: "address-in-use",
  address: address(slot),
  mac: by,
});
const quiet = (slot: number): QueueEvent => ({ type: "address-quiet", address: address(slot) });
const declined = (n: number, slot: number): QueueEvent => ({
  type: "address-declined",
  mac: mac(n),
  address: address(slot),
});
const chose = (n: number): QueueEvent => ({ type: "other-offer-chosen", mac: mac(n) });
const insists = (n: number): QueueEvent => ({ ...seen(n), insistent: true }) as QueueEvent;
const from = (event: QueueEvent, subnet: string, port: string | null = null): QueueEvent =>
  ({ ...event, place: { subnet: subnet as Ipv4Subnet, port: port as RelayPort | null } }) as QueueEvent;

const OURS = "10.11.0.0/22";
const FAR = "10.12.0.0/24";

/** A number is a pause in seconds. */
const stories: readonly {
  name: string;
  slots: number;
  reservations?: Parameters<typeof declaredSlots>[1];
  events: readonly (QueueEvent | number)[];
  expect: readonly string[];
}[] = [
  {
    name: "an address in use is skipped, the next one is given, and it is free again when nobody answers",
    slots: 2,
    events: [inUse(1), seen(1), quiet(1), seen(2)],
    expect: ["skipped available", "skipped held", "available held", "held held"],
  },
  {
    name: "a repeat of it is no news, and neither is quiet where nobody was",
    slots: 1,
    events: [quiet(1), inUse(1), inUse(1)],
    expect: ["available", "skipped", "skipped"],
  },
  {
    name: "quiet frees neither what the operator skipped nor what a client declined",
    slots: 2,
    events: [skip(1), quiet(1), seen(1), declined(1, 2), quiet(2), unskip(2)],
    expect: [
      "skipped available",
      "skipped available",
      "skipped held",
      "skipped skipped",
      "skipped skipped",
      "skipped available",
    ],
  },
  {
    name: "an offer of an address that turns out to be in use is void; the client gets the next one",
    slots: 2,
    events: [seen(1), inUse(1), requested(1, 1), seen(1)],
    expect: ["held available", "skipped available", "skipped available REFUSED address-not-yours", "skipped held"],
  },
  {
    name: "the client that an address is held for may live there",
    slots: 1,
    events: [seen(1), inUse(1, mac(1)), requested(1)],
    expect: ["held", "held", "pxe_ready(1)"],
  },
  {
    name: "a slot that somebody has is not taken from him",
    slots: 1,
    events: [seen(1), requested(1), inUse(1)],
    expect: ["held", "pxe_ready(1)", "pxe_ready(1) REFUSED slot-in-use"],
  },
  {
    name: "a machine that still lives at the address of its last install gets it again, by DISCOVER, order or registration",
    slots: 2,
    events: [inUse(1, mac(1)), seen(2), seen(1), 121, inUse(1, mac(1)), registered(1, 1), rebuild(1)],
    expect: [
      "skipped available",
      "skipped held",
      "held held",
      "available available",
      "skipped available",
      "registered(1) available",
      "pxe_ready(1) available",
    ],
  },
  {
    name: "a machine that chose another server gives back what was held for it at once",
    slots: 1,
    events: [seen(1), chose(2), chose(1), seen(2)],
    expect: ["held", "held", "available", "held"],
  },
  {
    name: "what a machine has taken stays its own when it chooses another server",
    slots: 1,
    events: [seen(1), requested(1), chose(1)],
    expect: ["held", "pxe_ready(1)", "pxe_ready(1)"],
  },
  {
    name: "a machine that insists takes over the offer that was not taken for longest, but none that is fresh",
    slots: 2,
    events: [seen(1), 4, seen(2), insists(3), 7, seen(3), insists(3), requested(3, 1), requested(1, 1)],
    expect: [
      "held available",
      "held available",
      "held held",
      "held held | discovered(3) REFUSED no-slot",
      "held held | discovered(3)",
      "held held | discovered(3) REFUSED no-slot",
      "held held | discovered(3)",
      "pxe_ready(3) held",
      "pxe_ready(3) held REFUSED address-not-yours",
    ],
  },
  {
    name: "it does not take over what is kept for another",
    slots: 1,
    reservations: { 1: { type: "mac", mac: mac(1) } },
    events: [seen(1), 60, insists(2)],
    expect: ["held", "held", "held | discovered(2) REFUSED no-slot"],
  },
  {
    name: "a slot is only given where its address works",
    slots: 1,
    events: [from(seen(1), FAR), from(seen(1), OURS), from(requested(1), FAR), from(requested(1), OURS)],
    expect: [
      "available | discovered(1) REFUSED no-slot",
      "held | discovered(1)",
      "held | discovered(1) REFUSED address-not-yours",
      "pxe_ready(1)",
    ],
  },
  {
    name: "who has a slot in one network gets none in another until it is reset",
    slots: 1,
    events: [seen(1), requested(1), from(seen(1), FAR), from(requested(1), FAR), reset(1), from(seen(1), FAR)],
    expect: [
      "held",
      "pxe_ready(1)",
      "pxe_ready(1) REFUSED other-network",
      "pxe_ready(1) REFUSED other-network",
      "available",
      "available | discovered(1) REFUSED no-slot",
    ],
  },
  {
    name: "a slot kept for a port goes before one for anybody, and after one for the machine itself",
    slots: 3,
    reservations: {
      2: { type: "port", port: "sw/7" as RelayPort },
      3: { type: "mac", mac: mac(2) },
    },
    events: [from(seen(1), OURS, "sw/7"), from(seen(2), OURS, "sw/7"), from(seen(3), OURS, "sw/7")],
    expect: ["available held reserved", "available held held", "held held held"],
  },
];

describe("transition() › addresses in conflict, places and offers", () => {
  for (const { name, slots, reservations, events, expect } of stories) {
    test(name, () => {
      let now = 1_000_000;
      let state = transition(
        EMPTY_QUEUE,
        { type: "slots-declared", slots: declaredSlots(slots, reservations) },
        now as Instant,
        RULES,
      ).state;
      const lines = events.map((event) => {
        if (typeof event === "number") now += event * 1000;
        const happened: QueueEvent = typeof event === "number" ? { type: "time-passed" } : event;
        const step = transition(state, happened, now as Instant, RULES);
        state = step.state;
        return `${drawn(state)}${step.verdict.type === "refused" ? ` REFUSED ${step.verdict.reason}` : ""}`;
      });
      assert.deepEqual(lines, expect);
    });
  }
});
