import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NO_MACHINE_SETTINGS } from "../../src/boot/machine-settings.ts";
import { planRegistration } from "../../src/http/plan-registration.ts";
import { EMPTY_QUEUE } from "../../src/queue/state.ts";
import { transition } from "../../src/queue/transition.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { installSite } from "../support/install-site.ts";
import { declaredSlots, mac, RULES } from "../support/queue-builder.ts";
import { serverType } from "../support/server-type.ts";

describe("planRegistration()", () => {
  const slots = declaredSlots(2, { 2: { type: "server-type", serverType: "kept" } });
  const { state } = transition(EMPTY_QUEUE, { type: "slots-declared", slots }, new FakeClock().now(), RULES);
  const machines = { ...NO_MACHINE_SETTINGS, serverTypes: [serverType("r640")] };
  const plan = (type: string, site = installSite(undefined, machines)) =>
    planRegistration(state, { type: "register", mac: mac(5), serverType: type }, site);

  test("takes a type that the configuration describes, or that a slot is kept for", () => {
    assert.deepEqual([plan("r640").ok, plan("kept").ok], [true, true]);
  });

  test("refuses a type that is neither, because no slot would ever be found for it, and says which there are", () => {
    assert.deepEqual(plan("r64o"), {
      ok: false,
      error: { type: "invalid", message: 'no server type is called "r64o"', hint: "did you mean r640?" },
    });
    const other = plan("minisforum");
    assert.match(other.ok ? "" : other.error.hint, /^there are kept, r640; see/);
  });
});
