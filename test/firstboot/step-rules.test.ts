import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { addressIn } from "../../src/firstboot/hook-target.ts";
import { stepProblems, stepTargetProblems } from "../../src/firstboot/step-rules.ts";
import type { Ipv4Address, Ipv4Subnet } from "../../src/net/ipv4-address.ts";
import { parseProfile } from "../../src/profiles/profiles.ts";
import { stepOf } from "../support/first-boot-step.ts";
import { proxmoxText, TARGET } from "../support/proxmox-profile.ts";

const JOIN = { type: "join" };
const CEPH = { type: "ceph", network: "10.10.2.0/24" };

describe("the steps of a profile", () => {
  const cases: readonly {
    what: string;
    steps: readonly Record<string, unknown>[];
    cluster?: string;
    problems: string[];
  }[] = [
    { what: "a join before what needs the cluster", steps: [JOIN, CEPH], cluster: "lab", problems: [] },
    {
      what: "Ceph before the join",
      steps: [CEPH, JOIN],
      cluster: "lab",
      problems: ['first_boot.steps[0]: ceph needs the cluster: put a step with type = "join" before it'],
    },
    {
      what: "a join without a cluster",
      steps: [JOIN],
      problems: ["first_boot.steps[0]: expected `cluster` in the profile, the name of a [[cluster]] that it joins"],
    },
    {
      what: "two joins",
      steps: [JOIN, { ...JOIN, name: "again" }],
      cluster: "lab",
      problems: ["first_boot.steps[1]: a host joins once: expected one step with this type"],
    },
    {
      what: "two steps of one name",
      steps: [{ type: "time" }, { type: "time" }],
      problems: ["first_boot.steps[1]: the name time is taken already by step 1; give it a name of its own"],
    },
    {
      what: "no packages",
      steps: [{ type: "packages" }],
      problems: ["first_boot.steps[0]: expected names, or upgrade = true"],
    },
  ];
  for (const { what, steps, cluster, problems } of cases) {
    test(`${what}: ${problems.length === 0 ? "right" : "refused"}`, () => {
      const found = stepProblems(steps.map(stepOf), cluster ?? null);
      assert.deepEqual(
        found.map(({ path, message }) => `${path}: ${message}`),
        problems,
      );
    });
  }

  const broken: readonly [step: Record<string, unknown>, problem: string][] = [
    [
      { type: "helth" },
      "expected a step with a type of health, script, packages, time, sysctl, network, node-exporter, join, repositories, iommu, cluster-options, ceph",
    ],
    [{ type: "sysctl", vlaues: {} }, "unknown key; did you mean values?"],
    [
      { type: "ceph", network: "10.10.2.0/24", disks: ["/dev/disk/by-id/nvme-*"] },
      "expected one disk by its whole path",
    ],
    [{ type: "script", script: "echo hello" }, "expected a script that begins with #!"],
    [{ type: "health", url: "http://127.0.0.1/$(id)'" }, "expected an address such as"],
    [{ type: "network", port: "eno3; reboot", subnet: "10.10.2.0/24" }, "expected the name of an interface"],
  ];
  for (const [step, problem] of broken) {
    test(`${JSON.stringify(step)} is refused`, () => {
      const profile = parseProfile("pve", proxmoxText({ first_boot: { steps: [step] } }));
      assert.ok(!profile.ok);
      const said = profile.error.map(({ path, message }) => `${path}: ${message}`).join("\n");
      assert.ok(said.includes(problem), said);
      assert.match(said, /^first_boot\.steps\[0\]/);
    });
  }

  test("do not go without the call that tells what becomes of them", () => {
    const profile = parseProfile(
      "pve",
      proxmoxText({ first_boot: { phone_home: false, script: "#!/bin/sh\n", steps: [{ type: "time" }] } }),
    );
    assert.ok(!profile.ok);
    assert.equal(profile.error[0]?.path, "first_boot.phone_home");
  });
});

describe("an address in a second network", () => {
  test("has the number that the machine has in its own", () => {
    const target = { ...TARGET, address: "10.10.1.21" as Ipv4Address, subnet: "10.10.1.0/24" as Ipv4Subnet };
    assert.equal(addressIn("10.10.2.0/24" as Ipv4Subnet, target), "10.10.2.21/24");
    assert.equal(addressIn("10.10.0.0/20" as Ipv4Subnet, target), "10.10.0.21/20");
    assert.equal(addressIn("10.10.2.0/28" as Ipv4Subnet, target), null);
  });

  test("that does not fit is found before the machine asks", () => {
    const target = { ...TARGET, address: "10.10.1.200" as Ipv4Address, subnet: "10.10.1.0/24" as Ipv4Subnet };
    const steps = [stepOf({ type: "network", port: "eno3", subnet: "10.10.2.0/25" })];
    assert.deepEqual(stepTargetProblems(steps, target), [
      {
        path: "first_boot.steps[0].subnet",
        message: "expected a network with room for the number that 10.10.1.200 has in 10.10.1.0/24, found 10.10.2.0/25",
      },
    ]);
  });
});
