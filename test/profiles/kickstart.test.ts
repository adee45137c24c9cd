import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertAnswerGolden, fileOf } from "../support/answer-golden.ts";
import { exampleProfile } from "../support/kind-examples.ts";
import { HASH, LINKS, SSH_KEY, TARGET } from "../support/proxmox-profile.ts";
import { testRefusals } from "../support/refusals.ts";

const FULL = {
  kernel_args: "console=ttyS0",
  installed_kernel_args: "console=ttyS0 quiet",
  language: "de_DE.UTF-8",
  keyboard: "de",
  timezone: "Europe/Berlin",
  identity: {
    realname: "The Operators",
    password_hash: undefined,
    root_password_hash: HASH,
    authorized_keys: [SSH_KEY],
  },
  network: { dns: ["10.11.0.9", "10.11.0.1"] },
  storage: { disk: "/dev/disk/by-id/nvme-S4EV", type: "plain", filesystem: "xfs", home: true },
  selinux: "permissive",
  firewall: false,
  packages: ["@^server-product-environment", "-plymouth", "chrony"],
  late_commands: ["echo done >/mnt/sysroot/etc/motd"],
};

describe("the kind kickstart", () => {
  for (const name of ["rocky", "fedora"])
    test(`writes what it was found to write, for ${name}`, () => assertAnswerGolden(name, exampleProfile(name)));
  test("writes what it was found to write, for all its settings", () =>
    assertAnswerGolden("rocky-full", exampleProfile("rocky", FULL)));

  test("has sections that each end", () => {
    const lines = fileOf(exampleProfile("rocky", FULL), "ks.cfg").split("\n");
    const marks = lines.filter((line) => line.startsWith("%")).map((line) => line.split(" ")[0]);
    assert.deepEqual(marks, ["%packages", "%end", "%pre", "%end", "%onerror", "%end", "%post", "%end"]);
  });

  test("touches the one disk only", () => {
    const file = fileOf(exampleProfile("rocky", FULL), "ks.cfg");
    assert.match(file, /^ignoredisk --only-use=disk\/by-id\/nvme-S4EV$/m);
    assert.match(file, /^clearpart --all --initlabel --drives=disk\/by-id\/nvme-S4EV$/m);
  });

  test("knows from the request which machine asks", () => {
    const files = exampleProfile("rocky").files;
    const headers = new Headers({
      "X-RHN-Provisioning-MAC-0": "eno1 52:54:00:BA:5E:11",
      "X-RHN-Provisioning-MAC-1": "eno2 52:54:00:ba:5e:12",
      "X-RHN-Provisioning-MAC-2": "ib0 not a mac",
      "X-System-Serial-Number": "S4EV",
    });
    assert.deepEqual(files?.identityOf(headers), {
      macs: ["52:54:00:ba:5e:11", "52:54:00:ba:5e:12"],
      serial: "S4EV",
    });
    assert.deepEqual(files?.identityOf(new Headers()), { macs: [], serial: null });
  });

  test("loads its second stage from the image that was added", () => {
    const image = {
      name: "rocky-9.6",
      product: "rocky",
      release: "9.6",
      kernel: "http://10.11.0.1/assets/i/vmlinuz",
      initrds: [{ url: "http://10.11.0.1/assets/i/initrd.img" }],
      extras: { tree: "http://10.11.0.1/assets/i/tree" },
    };
    const plan = exampleProfile("rocky").bootPlan(TARGET, { ...LINKS, image: () => image });
    assert.equal(plan.kernel, image.kernel);
    assert.match(plan.args, / inst\.stage2=http:\/\/10\.11\.0\.1\/assets\/i\/tree /);
  });

  testRefusals("rocky", [
    {
      rule: "a command that ends the section",
      change: { late_commands: ["true", "true\n%end"] },
      path: "late_commands[1]",
      says: /begins with %/,
    },
    { rule: "no repository", change: { repo: undefined }, path: "repo", says: /^missing: expected an address/ },
    { rule: "a repository that is no address", change: { repo: "rocky 9" }, path: "repo", says: /expected an address/ },
    { rule: "no disk", change: { storage: { disk: undefined } }, path: "storage.disk", says: /^missing/ },
    {
      rule: "a file system in btrfs",
      change: { storage: { type: "btrfs", filesystem: "xfs" } },
      path: "storage.filesystem",
      says: /is one itself/,
    },
    {
      rule: "a package that ends the section",
      change: { packages: ["%end"] },
      path: "packages[0]",
      says: /expected a package/,
    },
    {
      rule: "a machine without a way in",
      change: { identity: { username: undefined, password_hash: undefined } },
      path: "identity",
      says: /nobody could log in/,
    },
    {
      rule: "a name with quotes",
      change: { identity: { realname: 'x" --groups=root "' } },
      path: "identity.realname",
      says: /expected a name/,
    },
    {
      rule: "kernel arguments that are ours",
      change: { kernel_args: "inst.ks=x" },
      path: "kernel_args",
      says: /set already/,
    },
    {
      rule: "a password in clear text",
      change: { identity: { password: "secret" } },
      path: "identity.password",
      says: /not kept in clear text/,
    },
  ]);
});
