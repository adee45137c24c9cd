import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "yaml";
import { assertAnswerGolden, fileOf } from "../support/answer-golden.ts";
import { autoinstallComplaints } from "../support/autoinstall-judge.ts";
import { exampleProfile } from "../support/kind-examples.ts";
import { HASH, LINKS, requestOf, SSH_KEY, TARGET } from "../support/proxmox-profile.ts";
import { type Refusal, testRefusals } from "../support/refusals.ts";

/** One profile that says nearly everything. */
const FULL = {
  image: "ubuntu-24.04",
  iso: "ubuntu-24.04.3-live-server-amd64.iso",
  kernel_args: "console=ttyS0,115200",
  installed_kernel_args: "console=ttyS0,115200 quiet",
  locale: "de_DE.UTF-8",
  timezone: "Europe/Berlin",
  source: "ubuntu-server-minimal",
  keyboard: { layout: "de", variant: "nodeadkeys" },
  identity: { username: "no", realname: "On Off", password_hash: HASH },
  ssh: { authorized_keys: [SSH_KEY], allow_password: false },
  network: {
    dns: ["10.11.0.9"],
    mtu: 9000,
    netplan: { ethernets: { storage: { match: { macaddress: "52:54:00:12:34:56" }, addresses: ["10.12.0.2/24"] } } },
  },
  storage: { layout: "zfs", swap_gib: 0, match: { path: undefined, serial: "*0123e4*", ssd: true, size: "smallest" } },
  apt: { mirror: "http://mirror.lab.example/ubuntu", fallback: "abort", proxy: "http://10.11.0.1:3142/" },
  packages: ["qemu-guest-agent", "0ad"],
  updates: "all",
  early_commands: ["echo yes: no # 12:30"],
  late_commands: ["curtin in-target -- systemctl enable x", "printf 'a\\n' >/target/etc/motd\ntrue\n"],
  error_commands: ["cat /var/log/installer/*.log"],
  first_boot: { steps: [{ type: "time" }, { type: "script", script: "#!/bin/sh\nexit 0\n" }] },
  user_data: { write_files: [{ path: "/etc/x", content: "on\n", permissions: "0644" }], runcmd: [["touch", "/no"]] },
  autoinstall: { drivers: { install: true }, "ubuntu-pro": { token: "C1SECRETSECRET" }, snaps: [{ name: "lxd" }] },
};

const broken: readonly Refusal[] = [
  {
    rule: "a layout without a disk",
    change: { storage: { match: undefined } },
    path: "storage.match",
    says: /which disk is wiped/,
  },
  {
    rule: "a match that fits all",
    change: { storage: { match: { path: undefined } } },
    path: "storage.match",
    says: /at least one property/,
  },
  {
    rule: "a misspelt match",
    change: { storage: { match: { seriall: "x" } } },
    path: "storage.match.seriall",
    says: /did you mean serial/,
  },
  {
    rule: "layout and config",
    change: { storage: { config: [{ type: "disk" }] } },
    path: "storage",
    says: /either layout or config/,
  },
  {
    rule: "an action without type",
    change: { storage: { layout: undefined, match: undefined, config: [{ id: "a" }] } },
    path: "storage.config[0].type",
    says: /missing/,
  },
  {
    rule: "a password in clear text",
    change: { identity: { password: "secret" } },
    path: "identity.password",
    says: /not kept in clear text/,
  },
  {
    rule: "a user that the system has",
    change: { identity: { username: "admin" } },
    path: "identity.username",
    says: /no account of the system/,
  },
  {
    rule: "the address",
    change: { network: { addresses: ["10.0.0.1"] } },
    path: "network.addresses",
    says: /is the slot's/,
  },
  {
    rule: "name servers beside DHCP",
    change: { network: { source: "dhcp", dns: ["10.0.0.1"] } },
    path: "network.dns",
    says: /comes from DHCP/,
  },
  {
    rule: "what netplan does not know",
    change: { network: { netplan: { bond: {} } } },
    path: "network.netplan.bond",
    says: /did you mean bonds/,
  },
  {
    rule: "the NIC of the boot",
    change: { network: { netplan: { ethernets: { boot: {} } } } },
    path: "network.netplan.ethernets.boot",
    says: /written by bootqueue/,
  },
  {
    rule: "a key that the installer drops",
    change: { autoinstall: { late_commands: [] } },
    path: "autoinstall.late_commands",
    says: /would drop it; did you mean late-commands/,
  },
  {
    rule: "a key that is ours",
    change: { autoinstall: { reporting: {} } },
    path: "autoinstall.reporting",
    says: /follow the install/,
  },
  {
    rule: "waiting for a person",
    change: { autoinstall: { "interactive-sections": ["*"] } },
    path: "autoinstall.interactive-sections",
    says: /wait for a person/,
  },
  {
    rule: "one user twice",
    change: { user_data: { users: [{ name: "ops" }] } },
    path: "user_data.users",
    says: /make it twice/,
  },
  {
    rule: "a phone-home of its own",
    change: { user_data: { phone_home: {} } },
    path: "user_data.phone_home",
    says: /writes its own/,
  },
  { rule: "an ISO that the scripts would not see", change: { iso: "ubuntu.img" }, path: "iso", says: /ends in \.iso/ },
  {
    rule: "kernel arguments that are ours",
    change: { kernel_args: "ip=10.0.0.2" },
    path: "kernel_args",
    says: /set already/,
  },
  {
    rule: "a command that is none",
    change: { late_commands: [["ls"]] },
    path: "late_commands[0]",
    says: /command as a text/,
  },
  {
    rule: "a private key for a public one",
    change: { ssh: { authorized_keys: ["-----BEGIN"] } },
    path: "ssh.authorized_keys[0]",
    says: /public key/,
  },
];

describe("the kind ubuntu", () => {
  test("writes what it was found to write, for the example", () =>
    assertAnswerGolden("ubuntu", exampleProfile("ubuntu")));
  test("writes what it was found to write, for all its settings", () =>
    assertAnswerGolden("ubuntu-full", exampleProfile("ubuntu", FULL)));

  for (const [what, changes] of [
    ["the example", {}],
    ["all settings", FULL],
    ["DHCP", { network: { source: "dhcp" }, first_boot: { phone_home: false } }],
    [
      "curtin's storage",
      {
        storage: {
          layout: undefined,
          match: undefined,
          config: [{ type: "disk", id: "d", match: { size: "largest" } }],
        },
      },
    ],
  ] as const) {
    test(`writes a document that the installer takes, for ${what}`, () => {
      const text = fileOf(exampleProfile("ubuntu", changes), "user-data");
      assert.match(text, /^#cloud-config\n/);
      assert.deepEqual(autoinstallComplaints(parse(text, { version: "1.1" })), []);
    });
  }

  test("hands every text through as it was written", () => {
    const text = fileOf(exampleProfile("ubuntu", FULL), "user-data");
    const { autoinstall } = parse(text, { version: "1.1" });
    assert.equal(autoinstall.identity.username, "no");
    assert.deepEqual(autoinstall.packages, FULL.packages);
    assert.deepEqual(autoinstall["early-commands"], FULL.early_commands);
    assert.deepEqual(autoinstall["late-commands"].slice(0, 2), FULL.late_commands);
    assert.equal(autoinstall.network.ethernets.storage.match.macaddress, "52:54:00:12:34:56");
    assert.deepEqual(autoinstall["user-data"].write_files, FULL.user_data.write_files);
  });

  test("shows no secret that is handed on", () => {
    const answer = exampleProfile("ubuntu", FULL).answer(TARGET, LINKS, requestOf(null));
    assert.ok(answer.ok);
    assert.equal(answer.value.text.includes("C1SECRETSECRET"), true);
    assert.equal(answer.value.masked.includes("C1SECRETSECRET"), false);
    assert.equal(answer.value.masked.includes(SSH_KEY), true, "a public key is none");
  });

  test("reports as the last of its late commands", () => {
    const { autoinstall } = parse(fileOf(exampleProfile("ubuntu", FULL), "user-data"));
    assert.match(autoinstall["late-commands"].at(-1), /\/installed\/4f1c9b7e2a6d'/);
    assert.equal(autoinstall["late-commands"].length, 3);
  });

  test("tells the firmware of nothing but one ISO, and cloud-init where the seed is", () => {
    const { args } = exampleProfile("ubuntu", FULL).bootPlan(TARGET, LINKS);
    assert.equal(
      args,
      "ip=dhcp url=http://10.11.0.1/assets/ubuntu-24.04/ubuntu-24.04.3-live-server-amd64.iso cloud-config-url=/dev/null autoinstall ds=nocloud;s=http://10.11.0.1/api/boot/answer/4f1c9b7e2a6d/ console=ttyS0,115200 --- console=ttyS0,115200 quiet",
    );
  });

  test("boots the parts of an image that was added", () => {
    const links = {
      ...LINKS,
      image: () => ({
        name: "ubuntu-24.04.3",
        product: "ubuntu-server",
        release: "24.04.3",
        kernel: "http://10.11.0.1/assets/i/vmlinuz",
        initrds: [{ url: "http://10.11.0.1/assets/i/initrd" }],
        extras: { iso: "http://10.11.0.1/assets/i/ubuntu.iso" },
      }),
    };
    const plan = exampleProfile("ubuntu").bootPlan(TARGET, links);
    assert.equal(plan.kernel, "http://10.11.0.1/assets/i/vmlinuz");
    assert.match(plan.args, / url=http:\/\/10\.11\.0\.1\/assets\/i\/ubuntu\.iso /);
  });

  for (const [what, changes, path] of [
    ["too little memory", { memory_gib: 4 }, "memory_gib"],
    ["memory that nobody told", { memory_gib: undefined }, "memory_gib"],
    ["whichever disk is the largest", { storage: { match: { path: undefined, size: "largest" } } }, "storage.match"],
    ["an address that goes with the appliance", { network: { source: "dhcp" } }, "network.source"],
  ] as const) {
    test(`warns of ${what}`, () => {
      assert.deepEqual(
        exampleProfile("ubuntu", changes)
          .warnings()
          .map((warning) => warning.path),
        [path],
      );
    });
  }

  testRefusals("ubuntu", broken);

  test("is not served where the system would have no name server", () => {
    const problems = exampleProfile("ubuntu").checkTarget({ ...TARGET, domainNameServers: [] });
    assert.deepEqual(
      problems.map(({ path }) => path),
      ["network.dns"],
    );
  });
});
