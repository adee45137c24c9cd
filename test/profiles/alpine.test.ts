import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { assertAnswerGolden } from "../support/answer-golden.ts";
import { exampleProfile, SHA512_HASH } from "../support/kind-examples.ts";
import { HASH, LINKS, SSH_KEY, TARGET } from "../support/proxmox-profile.ts";
import { testRefusals } from "../support/refusals.ts";

const FULL = {
  flavour: "virt",
  kernel_args: "console=ttyS0",
  timezone: "Europe/Berlin",
  identity: { password_hash: undefined, root_password_hash: SHA512_HASH, authorized_keys: [SSH_KEY] },
  network: { dns: ["10.11.0.9"] },
  storage: { disk: "/dev/vda", filesystem: "xfs", swap_mib: 0 },
  packages: ["qemu-guest-agent"],
  late_commands: ["echo hello >/mnt/etc/motd"],
  first_boot: { phone_home: false },
};

describe("the kind alpine", () => {
  test("writes what it was found to write, for the example", () =>
    assertAnswerGolden("alpine", exampleProfile("alpine")));
  test("writes what it was found to write, for all its settings", () =>
    assertAnswerGolden("alpine-full", exampleProfile("alpine", FULL)));

  test("sends its overlay as an archive", () => {
    const files = exampleProfile("alpine").files?.render(TARGET, LINKS);
    assert.ok(files?.ok);
    const file = files.value.get("overlay.apkovl.tar.gz");
    assert.ok(file?.content instanceof Uint8Array);
    assert.match(gunzipSync(file.content).toString("latin1"), /etc\/hostname.*peach-beach\n/s);
  });

  test("installs only where the kernel was told to, so that the installed system leaves itself alone", () => {
    const profile = exampleProfile("alpine");
    assert.match(profile.bootPlan(TARGET, LINKS).args, / bootqueue\.install( |$)/);
    const answer = profile.answer(TARGET, LINKS, { macs: [], uuid: null, serial: null, product: null, release: null });
    assert.ok(answer.ok);
    assert.match(answer.value.text, /^grep -qw bootqueue\.install \/proc\/cmdline \|\| exit 0$/m);
  });

  testRefusals("alpine", [
    { rule: "no branch", change: { branch: undefined }, path: "branch", says: /^missing/ },
    { rule: "no disk", change: { storage: { disk: undefined } }, path: "storage.disk", says: /^missing/ },
    {
      rule: "a hash that it does not know",
      change: { identity: { password_hash: HASH } },
      path: "identity.password_hash",
      says: /sha-512/,
    },
    {
      rule: "kernel arguments that are ours",
      change: { kernel_args: "apkovl=x" },
      path: "kernel_args",
      says: /set already/,
    },
  ]);
});
