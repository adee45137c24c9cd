import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import type { Links } from "../../src/profiles/kind.ts";
import { parseProfile } from "../../src/profiles/profiles.ts";
import { complaints, type JudgedRelease } from "../support/proxmox-answer-judge.ts";
import { HASH, LINKS, requestOf, TARGET, TOKEN } from "../support/proxmox-profile.ts";

const PROFILE = `kind = "proxmox"
image = "pve"
template = "answer.toml"

[values]
disks = ["sda", "sdb"]
mail = 'o"ps@lab.example'
`;

const ANSWER = `# Made by hand.
[global]
keyboard = "de"
country = "de"
timezone = "Europe/Berlin"
fqdn = "{{fqdn}}"
mailto = "ops@lab.example"
root-password-hashed = "${HASH}"
root-ssh-keys = [
  "{{ephemeral_ssh_key}}",
]

[network]
source = "from-answer"
cidr = "{{ cidr }}"
dns = "{{dns}}"
gateway = "{{gateway}}"
filter.ID_NET_NAME_MAC = "{{boot_nic}}"

[disk-setup]
filesystem = "zfs"
disk-list = {{values.disks}}
zfs.raid = "raid1"

[post-installation-webhook]
url = "{{webhook_url}}"
cert-fingerprint = "{{cert_fingerprint}}"
auth-token = "{{auth_token}}"
`;

function profileOf(answer = ANSWER, profile = PROFILE) {
  return parseProfile("pve", profile, { templates: new Map([["answer.toml", answer]]) });
}

function serve(answer = ANSWER, release: JudgedRelease = "9.2", profile = PROFILE, links: Links = LINKS) {
  const parsed = profileOf(answer, profile);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.value.answer(TARGET, links, requestOf(release));
}

function refusal(answer: string, release: JudgedRelease = "9.2", profile = PROFILE): string {
  const served = serve(answer, release, profile);
  assert.ok(!served.ok, "expected a refusal");
  return served.error.map(({ path, message }) => `${path}: ${message}`).join("\n");
}

const HTTPS: Links = {
  ...LINKS,
  installed: LINKS.installed.replace("http:", "https:"),
  certFingerprint: "AB:CD:".repeat(16).slice(0, -1),
};

describe("a profile with a template", () => {
  for (const release of ["8.4", "9.0", "9.1", "9.2"] as const) {
    test(`is served to ${release} with every placeholder replaced, and accepted there`, () => {
      for (const links of [LINKS, HTTPS]) {
        const served = serve(ANSWER, release, PROFILE, links);
        assert.ok(served.ok, JSON.stringify(served));
        const { text } = served.value;
        assert.deepEqual(complaints(text, release), []);
        assert.match(text, /^# Made by hand\.$/m);
        assert.match(text, /^fqdn = "peach-beach\.lab\.example"$/m);
        assert.match(text, /^disk-list = \["sda","sdb"\]$/m);
        assert.equal(text.includes("auth-token"), release === "9.2");
        assert.equal(text.includes("cert-fingerprint"), links === HTTPS);
        assert.ok(!text.includes("{{"));
      }
    });
  }

  test("is shown without its secrets", () => {
    const served = serve();
    assert.ok(served.ok);
    for (const secret of [HASH, TOKEN]) assert.ok(!served.value.masked.includes(secret), secret);
    assert.match(served.value.masked, /root-password-hashed = "\(hidden\)"/);
  });

  test("holds the key of the join, where there is one", () => {
    const parsed = profileOf();
    assert.ok(parsed.ok);
    const target = {
      ...TARGET,
      ephemeralSshKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAA/sDAR/ZuTRND0Wo8tGPH/o98HPpZimEI4fMCZMDqb x",
    };
    const served = parsed.value.answer(target, LINKS, requestOf("9.2"));
    assert.ok(served.ok, JSON.stringify(served));
    assert.ok(served.value.text.includes(target.ephemeralSshKey));
    const without = profileOf(ANSWER.replace(/root-ssh-keys = \[[^\]]*\]/, ""));
    assert.ok(without.ok);
    const refused = without.value.answer(target, LINKS, requestOf("9.2"));
    assert.match(JSON.stringify(refused), /expected \{\{ephemeral_ssh_key\}\} among them/);
  });

  const replace = (from: string | RegExp, to: string) => ANSWER.replace(from, to);
  const refused: readonly (readonly [string, string, RegExp])[] = [
    [
      "another machine's name",
      replace("{{fqdn}}", "node1.lab.example"),
      /answer\.toml: global\.fqdn: expected the slot's name/,
    ],
    ["another machine's address", replace("{{ cidr }}", "10.11.0.3/22"), /network\.cidr: expected the slot's address/],
    [
      "no webhook",
      replace(/\[post[\s\S]*/, ""),
      /post-installation-webhook\.url: expected \{\{webhook_url\}\}, which holds this install's token/,
    ],
    [
      "a webhook elsewhere",
      replace("{{webhook_url}}", "http://192.0.2.1/"),
      /post-installation-webhook\.url: expected/,
    ],
    ["another token", replace("{{auth_token}}", "mine"), /auth-token: expected \{\{auth_token\}\}/],
    [
      "a key that there is none of",
      replace("[network]", "[network]\nmtu = 9000"),
      /answer\.toml: network\.mtu: unknown key/,
    ],
    ["a section that there is none of", `${ANSWER}\n[nonsense]\n`, /nonsense: unknown section/],
    [
      "a country that is none",
      replace('country = "de"', 'country = "xk"'),
      /answer\.toml: global\.country: expected a country/,
    ],
    ["a key that the installer wants", replace(/keyboard.*\n/, ""), /global\.keyboard: missing/],
    [
      "a password in clear text",
      replace(/root-password-hashed.*/, 'root-password = "hunter222"'),
      /not kept in clear text/,
    ],
    [
      "one disk for a mirror",
      replace("{{values.disks}}", '["sda"]'),
      /disk_setup\.disk_list: expected at least 2 disks/,
    ],
    [
      "both spellings",
      ANSWER.replace('keyboard = "de"', 'keyboard = "de"\nreboot-on-error = true\nreboot_on_error = true'),
      /reboot_on_error: is there in both spellings/,
    ],
    [
      "a first boot that nobody serves",
      `${ANSWER}\n[first-boot]\nsource = "from-url"\nurl = "{{first_boot_url}}"\n`,
      /first-boot\.url: expected another address: the profile has no first_boot/,
    ],
    ["TOML that is none", replace("[network]", "[network"), /answer\.toml: line \d+, column \d+: not valid TOML/],
  ];
  for (const [what, answer, says] of refused) {
    test(`is refused with ${what}`, () => assert.match(refusal(answer), says));
  }

  test("is refused in a spelling that the release does not know", () => {
    assert.match(
      refusal(ANSWER, "8.3"),
      /global\.root-password-hashed: expected root_password_hashed: this installer does not/,
    );
    assert.match(
      refusal(ANSWER.replace('auth-token = "{{auth_token}}"', 'auth-token = "{{token}}"'), "9.1"),
      /needs Proxmox VE 9\.2/,
    );
  });

  test("for 8.2 has a password in clear text, underscores and no webhook", () => {
    const profile = PROFILE.replace("[values]", 'release = "8.2"\n[values]');
    const answer = ANSWER.slice(0, ANSWER.indexOf("[post-installation-webhook]"))
      .replace(/root-password-hashed = .*/, 'root_password = "not a password"')
      .replace("root-ssh-keys", "root_ssh_keys")
      .replace("disk-list", "disk_list");
    const served = serve(answer, "8.2", profile);
    assert.ok(served.ok, JSON.stringify(served));
    assert.deepEqual(complaints(served.value.text, "8.2"), []);
    assert.ok(!served.value.masked.includes("not a password"));
    const more = `${answer}[post-installation-webhook]\nurl = "{{webhook_url}}"\n`;
    assert.match(refusal(more, "8.2", profile), /post-installation-webhook: unknown section: needs Proxmox VE 8\.3/);
    const newer = ANSWER.replace(/root-password-hashed = .*/, 'root-password = "not a password"');
    assert.match(refusal(newer), /root_password: passwords are not kept in clear text/);
  });

  test("serves the profile's own first boot, if it names it", () => {
    const profile = PROFILE.replace("[values]", '[first_boot]\nscript = "#!/bin/sh"\n[values]');
    assert.match(refusal(ANSWER, "9.2", profile), /first-boot: missing: the profile has first_boot/);
    const served = serve(`${ANSWER}\n[first-boot]\nsource = "from-url"\nurl = "{{first_boot_url}}"\n`, "9.2", profile);
    assert.ok(served.ok, JSON.stringify(served));
    assert.deepEqual(complaints(served.value.text, "9.2"), []);
  });

  const wrong: readonly (readonly [string, string, string, RegExp])[] = [
    [
      "an unknown placeholder",
      ANSWER.replace("{{fqdn}}", "{{fqnd}}"),
      PROFILE,
      /^template: answer\.toml, line 6: there is no placeholder \{\{fqnd\}\}; known are hostname, .*values\.disks/,
    ],
    [
      "braces that do not close",
      ANSWER.replace("{{fqdn}}", "{{fqdn}"),
      PROFILE,
      /line 6: expected a placeholder such as \{\{fqdn\}\}/,
    ],
    [
      "a file that is not there",
      ANSWER,
      PROFILE.replace("answer.toml", "other.toml"),
      /^template: expected the name of a file beside the profile.*found "other\.toml"; there are: answer\.toml/,
    ],
    [
      "typed settings beside it",
      ANSWER,
      `${PROFILE}[global]\ncountry = "de"\n`,
      /^global: unknown key; with a template it stands in answer\.toml/,
    ],
    [
      "a kind that takes none",
      ANSWER,
      PROFILE.replace("proxmox", "ubuntu"),
      /^template: profiles of the kind ubuntu take no template/,
    ],
  ];
  for (const [what, answer, profile, says] of wrong) {
    test(`is wrong with ${what}`, () => {
      const parsed = profileOf(answer, profile);
      assert.ok(!parsed.ok);
      assert.match(parsed.error.map(({ path, message }) => `${path}: ${message}`).join("\n"), says);
    });
  }

  test("takes values of slots and server types", () => {
    const parsed = profileOf();
    assert.ok(parsed.ok);
    const layer = {
      name: "slot",
      file: "bootqueue.toml",
      path: "slot[0].settings",
      values: { values: { disks: ["vda", "vdb"] } },
    };
    const served = parsed.value.with({ serverType: null, layers: [layer] }).answer(TARGET, LINKS, requestOf("9.2"));
    assert.ok(served.ok, JSON.stringify(served));
    assert.match(served.value.text, /^disk-list = \["vda","vdb"\]$/m);
  });
});

test("the example of a template is right once the hash is filled in", () => {
  const read = (name: string) => readFileSync(new URL(`../../profiles/template/${name}`, import.meta.url), "utf8");
  const name = "pve-template-answer.toml";
  const example = parseProfile(
    "pve",
    read("pve-template.toml").replace("FILL-IN", () => HASH),
    {
      templates: new Map([[name, read(name)]]),
    },
  );
  assert.ok(example.ok, JSON.stringify(example));
  assert.deepEqual(example.value.checkTarget(TARGET), []);
  for (const release of ["8.4", "9.2"] as const) {
    const served = example.value.answer(TARGET, LINKS, requestOf(release));
    assert.ok(served.ok);
    assert.deepEqual(complaints(served.value.text, release), []);
  }
});
