import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { armingProblems, previewAnswer } from "../../src/boot/answer-preview.ts";
import { parseProfile } from "../../src/profiles/profiles.ts";
import { EMPTY_QUEUE, findHost, type QueueState } from "../../src/queue/state.ts";
import { transition } from "../../src/queue/transition.ts";
import type { Instant } from "../../src/std/clock.ts";
import { installSite } from "../support/install-site.ts";
import { proxmoxProfile, proxmoxText } from "../support/proxmox-profile.ts";
import * as b from "../support/queue-builder.ts";
import { serverType } from "../support/server-type.ts";

const events = [{ type: "slots-declared", slots: b.declaredSlots(2) }, b.registered(1, 1), b.registered(2)] as const;
const state: QueueState = events.reduce(
  (before, event) => transition(before, event, 1_000 as Instant, b.RULES).state,
  EMPTY_QUEUE,
);
const host = (n: number) => findHost(state, b.hostId(n)) ?? assert.fail();

/** A profile that is whole only on machines of the type that brings its disks. */
function withoutDisks(products: readonly string[]) {
  const settings = { disk_setup: { filesystem: "xfs", disk_list: ["vda"] } };
  const type = serverType("nuc", { products, settings });
  const profile = parseProfile("pve", proxmoxText({ disk_setup: undefined }), {
    overlays: [{ serverType: type, layers: [] }],
  });
  assert.ok(profile.ok);
  return installSite(profile.value, { serverTypes: [type] });
}

describe("previewAnswer()", () => {
  test("shows what an install that is not armed would get", () => {
    const preview = previewAnswer(state, host(1), installSite());
    assert.ok(preview.ok);
    assert.equal(preview.value.isArmed, false);
    assert.match(preview.value.answer.text, /fqdn = "node1\.lab\.example"/);
  });

  test("says that there is no slot, or no profile", () => {
    const why = (n: number, site = installSite()) => {
      const preview = previewAnswer(state, host(n), site);
      return preview.ok ? "" : preview.error[0]?.message;
    };
    assert.equal(why(2), "it has no slot");
    assert.match(why(1, { ...installSite(), profiles: new Map() }) ?? "", /its profile or its network is not in/);
  });

  test("goes by the product name that it is given", () => {
    const site = withoutDisks(["NUC*"]);
    assert.equal(previewAnswer(state, host(1), site).ok, false);
    assert.equal(previewAnswer(state, host(1), site, { release: null, product: "NUC10" }).ok, true);
  });
});

describe("armingProblems()", () => {
  test("finds what the installer would refuse, and nothing where all is well or nobody knows yet", () => {
    assert.deepEqual(armingProblems(state, host(1), installSite()), []);
    const outside = installSite(proxmoxProfile({ network: { gateway: "192.0.2.1" } }));
    assert.match(armingProblems(state, host(1), outside)[0]?.message ?? "", /expected a gateway inside/);
    assert.match(armingProblems(state, host(1), withoutDisks([]))[0]?.path ?? "", /^pve\.toml: disk_setup/);
    assert.deepEqual(armingProblems(state, host(1), withoutDisks(["NUC*"])), []);
    assert.deepEqual(armingProblems(state, host(2), outside), []);
  });
});
