import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Hostname } from "../../src/net/hostname.ts";
import type { QueueEvent } from "../../src/queue/event.ts";
import type { QueueRules } from "../../src/queue/rules.ts";
import { EMPTY_QUEUE, type QueueState } from "../../src/queue/state.ts";
import { transition } from "../../src/queue/transition.ts";
import type { Instant } from "../../src/std/clock.ts";
import {
  answer,
  declaredSlots,
  marked,
  RULES,
  rebuild,
  reported,
  requested,
  reset,
  skip,
  unskip,
} from "../support/queue-builder.ts";

/** A queue whose configuration names its slots, in their order; `called` reads it again with other names. */
class Rack {
  state: QueueState = EMPTY_QUEUE;
  #rules: QueueRules = RULES;
  #now = 0;

  called(...names: readonly string[]): this {
    const slots = declaredSlots(names.length).map((slot, n) => ({ ...slot, hostname: names[n] as Hostname }));
    const hostnames = new Map(slots.map(({ id, hostname }) => [id, hostname]));
    this.#rules = { ...RULES, hostnameOf: (id) => hostnames.get(id) };
    this.happen({ type: "slots-declared", slots });
    return this;
  }

  /** The last one's verdict: why it was refused, or what it came to. */
  happen(...events: readonly QueueEvent[]): string {
    let said = "";
    for (const event of events) {
      this.#now += 1000;
      const { state, verdict } = transition(this.state, event, this.#now as Instant, this.#rules);
      this.state = state;
      said = verdict.type === "refused" ? verdict.reason : verdict.type;
    }
    return said;
  }

  later(minutes: number): this {
    this.#now += minutes * 60_000;
    return this;
  }

  /** `alpha assigned, beta available`. */
  get names(): string {
    return [...this.state.slots].map(({ hostname, state }) => `${hostname} ${state.type}`).join(", ");
  }

  reasonAt(n: number): string {
    const state = this.state.slots.at(n)?.state;
    return state?.type === "skipped" ? state.reason : "";
  }
}

const install = (n: number): QueueEvent[] => [requested(n), answer(n), reported(n)];

describe("a slot that the configuration calls otherwise", () => {
  test("takes the new name at once where no machine was installed under the old one", () => {
    const rack = new Rack().called("alpha", "beta");
    rack.happen(requested(1));
    assert.equal(rack.called("gamma", "delta").names, "gamma assigned, delta available");
  });

  test("keeps the name that its installed machine bears, and no other machine is given that", () => {
    const rack = new Rack().called("alpha", "beta");
    rack.happen(...install(1));
    assert.equal(rack.called("gamma", "alpha").names, "alpha assigned, alpha skipped");
    assert.match(
      rack.reasonAt(1),
      /^its hostname still belongs to the host at 10\.11\.0\.2, until that is installed again/,
    );
    assert.equal(rack.happen(requested(2)), "address-not-yours");
    assert.equal(rack.happen(unskip(2)), "hostname-in-use");
  });

  test("stays skipped when the operator said so while it waited for its name", () => {
    const rack = new Rack().called("alpha", "beta");
    rack.happen(...install(1));
    rack.called("gamma", "alpha").happen(skip(2));
    rack.happen(rebuild(1, "1b"), requested(1));
    assert.equal(rack.called("gamma", "alpha").names, "gamma assigned, alpha skipped");
    assert.equal(rack.reasonAt(1), "by the operator");
  });

  test("does so for a machine that the operator called installed, and for one whose installer never reported", () => {
    const rack = new Rack().called("alpha", "beta", "gamma");
    rack.happen(requested(1), marked(1), requested(2), answer(2));
    assert.equal(rack.called("x", "y", "alpha").names, "alpha assigned, beta assigned, alpha skipped");
  });

  test("takes the new name when the machine boots to be installed again, and the old one is free at the next reading", () => {
    const rack = new Rack().called("alpha", "beta");
    rack.happen(...install(1));
    rack.called("gamma", "alpha").happen(rebuild(1, "1b"));
    assert.equal(rack.called("gamma", "alpha").names, "alpha assigned, alpha skipped");
    rack.happen(requested(1));
    assert.equal(rack.names, "gamma assigned, alpha skipped");
    assert.equal(rack.called("gamma", "alpha").names, "gamma assigned, alpha available");
  });

  test("keeps the old name where the machine was armed and never booted", () => {
    const rack = new Rack().called("alpha", "beta");
    rack.happen(...install(1));
    rack.called("gamma", "alpha").happen(rebuild(1, "1b"));
    rack.later(1441).happen({ type: "time-passed" });
    assert.equal(rack.state.hosts.at(0)?.state.type, "failed");
    assert.equal(rack.called("gamma", "alpha").names, "alpha assigned, alpha skipped");
  });

  test("takes the new name when its machine is forgotten", () => {
    const rack = new Rack().called("alpha", "beta");
    rack.happen(...install(1));
    rack.called("gamma", "alpha").happen(reset(1, true));
    assert.equal(rack.names, "gamma available, alpha skipped");
    assert.equal(rack.happen(unskip(2)), "moved");
  });

  test("is not armed again under a name that another machine still bears", () => {
    const rack = new Rack().called("alpha", "beta");
    rack.happen(...install(1), ...install(2));
    assert.equal(rack.called("beta", "alpha").names, "alpha assigned, beta assigned");
    assert.equal(rack.happen(rebuild(1, "1b")), "hostname-in-use");
    rack.called("beta", "gamma").happen(rebuild(2, "2b"), requested(2));
    assert.equal(rack.happen(rebuild(1, "1b"), requested(1)), "moved");
    assert.equal(rack.names, "beta assigned, gamma assigned");
  });

  test("keeps a name, installed or not, where the new one is another's, and so on down the line", () => {
    const rack = new Rack().called("a", "b", "c", "d");
    rack.happen(...install(1), requested(2), requested(3));
    assert.equal(rack.called("x", "a", "b", "c").names, "a assigned, b assigned, c assigned, c skipped");
  });

  test("that the operator skipped stays skipped for his reason", () => {
    const rack = new Rack().called("alpha", "beta");
    rack.happen(...install(1), { type: "slot-skipped", slot: "10.11.0.3" as never, reason: "bad cable" });
    rack.called("gamma", "alpha").happen(rebuild(1, "1b"), requested(1));
    assert.equal(rack.called("gamma", "alpha").reasonAt(1), "bad cable");
  });

  test("reading the same configuration again changes nothing", () => {
    const rack = new Rack().called("alpha", "beta");
    rack.happen(...install(1));
    const { state } = rack.called("gamma", "alpha");
    assert.equal(rack.called("gamma", "alpha").state, state);
  });
});
