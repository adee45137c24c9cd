import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertAnswerGolden, fileOf } from "../support/answer-golden.ts";
import { exampleProfile } from "../support/kind-examples.ts";
import { HASH, LINKS, requestOf, SSH_KEY, TARGET } from "../support/proxmox-profile.ts";
import { testRefusals } from "../support/refusals.ts";

const FULL = {
  image: "debian-13",
  kernel_args: "console=ttyS0,115200",
  installed_kernel_args: "console=ttyS0",
  locale: "de_DE.UTF-8",
  keyboard: "de",
  timezone: "Europe/Berlin",
  identity: {
    username: "ops",
    realname: "The Operators",
    password_hash: undefined,
    root_password_hash: HASH,
    authorized_keys: [SSH_KEY],
  },
  network: { dns: ["10.11.0.9"] },
  mirror: { host: "10.11.0.1:3142", directory: "/debian", proxy: "http://10.11.0.1:3128/", suite: "trixie" },
  storage: { disk: "/dev/disk/by-id/ata-S4EV", method: "regular", recipe: "home", filesystem: "xfs" },
  non_free_firmware: false,
  tasks: ["ssh-server"],
  packages: ["qemu-guest-agent", "sudo"],
  late_commands: ["in-target systemctl enable fstrim.timer", "echo 'it''s' >/target/etc/motd"],
  preseed: ["d-i partman-crypto/passphrase password secret words", "d-i apt-setup/contrib boolean true"],
  first_boot: { steps: [{ type: "packages", names: ["chrony"] }] },
};

describe("the kind debian", () => {
  test("writes what it was found to write, for the example", () =>
    assertAnswerGolden("debian", exampleProfile("debian")));
  test("writes what it was found to write, for all its settings", () =>
    assertAnswerGolden("debian-full", exampleProfile("debian", FULL)));

  test("writes one answer to a line, in the form that debconf reads", () => {
    for (const changes of [{}, FULL]) {
      const lines = fileOf(exampleProfile("debian", changes), "preseed.cfg").trimEnd().split("\n");
      const questions = lines.filter((line) => !line.startsWith("#"));
      for (const line of questions)
        assert.match(line, /^[a-z-]+ [\w/-]+ (string|boolean|select|multiselect|password|note)( .*)?$/);
      const asked = questions.map((line) => line.split(" ")[1]);
      assert.equal(new Set(asked).size, asked.length, "no question twice");
    }
  });

  test("tells the installer its address before it has any answers, unless DHCP does", () => {
    const args = exampleProfile("debian").bootPlan(TARGET, LINKS).args.split(" ");
    assert.ok(args.includes("netcfg/get_ipaddress=10.11.0.2"));
    assert.ok(args.includes("netcfg/get_netmask=255.255.252.0"));
    assert.ok(args.includes("BOOTIF=01-52-54-00-ba-5e-11"));
    // More than 32 words are lost on their way through the kernel.
    assert.ok(args.length < 32);
    const dhcp = exampleProfile("debian", { network: { source: "dhcp" } }).bootPlan(TARGET, LINKS).args;
    assert.doesNotMatch(dhcp, /get_ipaddress/);
  });

  test("lets in with a key only whoever has no password", () => {
    const profile = exampleProfile("debian", {
      identity: { username: undefined, password_hash: undefined, authorized_keys: [SSH_KEY] },
    });
    const preseed = fileOf(profile, "preseed.cfg");
    assert.match(preseed, /^d-i passwd\/make-user boolean false$/m);
    assert.match(preseed, /^d-i passwd\/root-password-crypted password !$/m);
    assert.match(fileOf(profile, "finish.sh"), /\/target\/root\/\.ssh\/authorized_keys/);
  });

  test("shows no secret of a line that is handed on", () => {
    const answer = exampleProfile("debian", FULL).answer(TARGET, LINKS, requestOf(null));
    assert.ok(answer.ok);
    assert.equal(answer.value.text.includes("secret words"), true);
    assert.equal(answer.value.masked.includes("secret words"), false);
  });

  test("reports as the last of its commands, and installs the agent before", () => {
    const script = fileOf(exampleProfile("debian", FULL), "finish.sh");
    const order = [
      "authorized_keys",
      "sudoers.d/ops",
      "fstrim.timer",
      "bootqueue-hook",
      'fetch /dev/null "$installed_url',
    ];
    const found = order.map((text) => script.indexOf(text));
    assert.deepEqual(
      found,
      found.toSorted((a, b) => a - b),
    );
    assert.equal(found.includes(-1), false);
    const without = exampleProfile("debian", { first_boot: { phone_home: false } });
    assert.doesNotMatch(fileOf(without, "finish.sh"), /bootqueue-hook/);
    assert.equal(without.firstBootScript(TARGET, LINKS), null);
  });

  testRefusals("debian", [
    {
      rule: "a machine without a disk",
      change: { storage: { disk: undefined } },
      path: "storage.disk",
      says: /^missing: expected a disk/,
    },
    {
      rule: "a disk that is a pattern",
      change: { storage: { disk: "/dev/sd*; reboot" } },
      path: "storage.disk",
      says: /expected a disk/,
    },
    {
      rule: "a password in clear text",
      change: { identity: { password: "secret" } },
      path: "identity.password",
      says: /not kept in clear text/,
    },
    {
      rule: "a machine without a way in",
      change: { identity: { username: undefined, password_hash: undefined } },
      path: "identity",
      says: /nobody could log in/,
    },
    {
      rule: "a password of nobody",
      change: { identity: { username: undefined } },
      path: "identity.username",
      says: /missing/,
    },
    {
      rule: "a second late_command",
      change: { preseed: ["d-i preseed/late_command string reboot"] },
      path: "preseed[0]",
      says: /use late_commands/,
    },
    {
      rule: "a line with two lines",
      change: { preseed: ["d-i a/b string x\nd-i c/d string y"] },
      path: "preseed[0]",
      says: /expected a line/,
    },
    {
      rule: "kernel arguments that are ours",
      change: { kernel_args: "priority=low" },
      path: "kernel_args",
      says: /set already/,
    },
    {
      rule: "name servers beside DHCP",
      change: { network: { source: "dhcp", dns: ["10.0.0.1"] } },
      path: "network.dns",
      says: /comes from DHCP/,
    },
    {
      rule: "steps that nobody tells of",
      change: { first_boot: { phone_home: false, steps: [{ type: "time" }] } },
      path: "first_boot.phone_home",
      says: /expected true with steps/,
    },
    { rule: "a cluster that nobody joins", change: { cluster: "lab" }, path: "cluster", says: /type = "join"/ },
  ]);
});
