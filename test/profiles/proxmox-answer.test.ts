import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { parse } from "smol-toml";
import { type Profile, parseProfile } from "../../src/profiles/profiles.ts";
import { assertGolden } from "../support/golden.ts";
import { complaints, JUDGED_RELEASES, type JudgedRelease } from "../support/proxmox-answer-judge.ts";
import { type Changes, HASH, LINKS, proxmoxProfile, requestOf, TARGET, TOKEN } from "../support/proxmox-profile.ts";

const FOLDER = new URL("../fixtures/answers/", import.meta.url);

/** The first release that knows what the profile wants; the others must be refused. */
const SINCE: Readonly<Record<string, JudgedRelease>> = { "power-off": "8.4", pinned: "9.1", subscribed: "9.2" };

/** One release of each spelling, and one newer than any. */
const GOLDEN: readonly JudgedRelease[] = ["8.3", "8.4", "9.1", "9.2"];

const names = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".profile.toml"))
  .map((file) => file.replace(".profile.toml", ""));

describe("the answer file of", () => {
  for (const name of names) {
    const profile = load(name);
    for (const release of JUDGED_RELEASES) {
      const index = JUDGED_RELEASES.indexOf(release);
      if (index < JUDGED_RELEASES.indexOf(SINCE[name] ?? "8.3")) {
        test(`${name} is refused for ${release}`, () => {
          const answer = profile.answer(TARGET, LINKS, requestOf(release));
          assert.equal(answer.ok, false);
        });
        continue;
      }
      test(`${name} is what an installer of ${release} accepts`, () => {
        const answer = answerOf(profile, release);
        assert.equal(answer.contentType, "application/toml");
        assert.deepEqual(complaints(answer.text, release), []);
        if (GOLDEN.includes(release)) assertGolden(new URL(`${name}.${release}.toml`, FOLDER), answer.text);
      });
    }
  }

  test("a release newer than any is that of the newest one", () => {
    const profile = load("zfs-full");
    const newest = answerOf(profile, "9.2").text;
    for (const release of ["9.3", "10.0", "9.2-1", "12.11", "nonsense", null]) {
      assert.equal(answerOf(profile, release).text, newest, String(release));
    }
  });

  test("an installer that does not say its release is that of the profile", () => {
    const profile = proxmoxProfile({ release: "8.3" });
    assert.equal(answerOf(profile, null).text, answerOf(profile, "8.3").text);
    assert.notEqual(answerOf(profile, "9.2").text, answerOf(profile, "8.3").text);
  });

  test("8.2 is refused without a password in clear text, and the message says why", () => {
    const answer = proxmoxProfile().answer(TARGET, LINKS, requestOf("8.2"));
    assert.ok(!answer.ok);
    assert.deepEqual(
      answer.error.map(({ path }) => path),
      ["global.root_password"],
    );
    assert.match(answer.error[0]?.message ?? "", /8\.2 takes root's password only in clear text.*8\.3 or later/);
  });
});

describe("the answer file for 8.2", () => {
  const CLEAR = "not a password";
  const for82 = (changes: Changes = {}) =>
    proxmoxProfile({ ...changes, release: "8.2", global: { root_password: CLEAR, ...(changes.global as Changes) } });
  const layouts: Readonly<Record<string, Changes>> = {
    "one disk": {},
    "DHCP's address": { network: { source: "from-dhcp" } },
    "a mirror": {
      disk_setup: {
        filesystem: "zfs",
        disk_list: undefined,
        filter: { ID_SERIAL_SHORT: "S*" },
        filter_match: "all",
        zfs: { raid: "raid1", arc_max: 1024 },
      },
    },
    "no hash": { global: { root_password_hashed: undefined } },
  };
  for (const [what, changes] of Object.entries(layouts)) {
    test(`is what its installer accepts, with ${what}`, () => {
      const { text, masked } = answerOf(for82(changes), "8.2");
      assert.deepEqual(complaints(text, "8.2"), []);
      assert.ok(text.includes(`root_password = "${CLEAR}"`));
      assert.equal(masked, text.replace(CLEAR, "(hidden)"));
    });
  }

  test("has neither hash nor webhook nor first boot in it", () => {
    const { text } = answerOf(for82(), "8.2");
    assert.doesNotMatch(text, /hashed|webhook|first.boot/);
    assert.ok(!text.includes(HASH));
    assert.ok(!text.includes(TOKEN));
  });

  test("is not what a newer installer gets from the same profile", () => {
    const { text } = answerOf(for82(), "9.2");
    assert.deepEqual(complaints(text, "9.2"), []);
    assert.ok(!text.includes(CLEAR));
    const answer = for82({ global: { root_password_hashed: undefined } }).answer(TARGET, LINKS, requestOf("8.4"));
    assert.deepEqual(answer.ok ? [] : answer.error.map(({ path }) => path), ["global.root_password_hashed"]);
  });

  test("ends with a system that answers by its web interface, or boots again; others tell", () => {
    assert.deepEqual(for82().remote(TARGET), { port: 8006, command: null, endsAtReboot: true });
    assert.equal(proxmoxProfile({ release: "8.3" }).remote(TARGET), null);
    assert.equal(proxmoxProfile().remote(TARGET), null);
    const backup = proxmoxProfile({ product: "pbs", release: "3.2", global: { root_password: CLEAR } });
    assert.equal(backup.remote(TARGET)?.port, 8007);
    const request = { ...requestOf("3.2"), installer: "pbs" };
    const answer = backup.answer(TARGET, LINKS, request);
    assert.ok(answer.ok, JSON.stringify(answer));
    assert.deepEqual(complaints(answer.value.text, "8.2"), []);
  });
});

describe("the copy of the answer file for people", () => {
  for (const name of names) {
    test(`of ${name} has no secret in it and is otherwise the same`, () => {
      const { text, masked } = answerOf(load(name), "9.2");
      for (const secret of [HASH, TOKEN, "pve2c-0123456789"]) assert.ok(!masked.includes(secret), secret);
      assert.equal(
        text.replace(HASH, "(hidden)").replaceAll(TOKEN, "(hidden)").replace('"pve2c-0123456789"', '"(hidden)"'),
        masked,
      );
    });
  }

  test("is whole when there is no token", () => {
    const answer = proxmoxProfile().answer(TARGET, { ...LINKS, token: "" }, requestOf("9.2"));
    assert.ok(answer.ok);
    assert.ok(!answer.value.text.includes("auth-token"));
    assert.ok(answer.value.masked.includes(LINKS.installed));
  });
});

describe("the judge of answer files", () => {
  const good = answerOf(load("zfs-full"), "8.4").text;
  const faults: readonly { what: string; release: JudgedRelease; damage: (text: string) => string; says: RegExp }[] = [
    { what: "dashes before 8.4", release: "8.3", damage: (t) => t, says: /unknown key global\.root-password-hashed/ },
    {
      what: "both spellings at once",
      release: "9.2",
      damage: (t) => t.replace("[global]", "[global]\nreboot_on_error = true"),
      says: /duplicate field/,
    },
    {
      what: "a missing key",
      release: "8.4",
      damage: (t) => t.replace(/^country.*$/m, ""),
      says: /missing global\.country/,
    },
    {
      what: "no source for 9.2",
      release: "9.2",
      damage: (t) => t.replace(/^source = "from-answer"$/m, ""),
      says: /source is required/,
    },
    {
      what: "a number where a text belongs",
      release: "8.4",
      damage: (t) => t.replace(/^keyboard.*$/m, "keyboard = 1"),
      says: /wrong type/,
    },
    {
      what: "a broken number where a whole one belongs",
      release: "8.4",
      damage: (t) => t.replace("ashift = 12", "ashift = 12.0"),
      says: /wrong type or value at disk-setup\.zfs\.ashift/,
    },
    { what: "a webhook for 8.2", release: "8.2", damage: (t) => t, says: /unknown key post-installation-webhook/ },
    {
      what: "a token before 9.2",
      release: "9.1",
      damage: (t) => t.replace("[post-installation-webhook]", '[post-installation-webhook]\nauth-token = "x"'),
      says: /unknown key post-installation-webhook\.auth-token/,
    },
  ];
  for (const { what, release, damage, says } of faults) {
    test(`sees ${what}`, () => assert.match(complaints(damage(good), release).join("\n"), says));
  }
});

describe("the answer file", () => {
  test("is for the NIC that booted and the slot's address", () => {
    const network = parse(answerOf(proxmoxProfile(), "9.2").text).network as Record<string, unknown>;
    assert.deepEqual(
      { ...network, filter: { ...(network.filter as object) } },
      {
        source: "from-answer",
        cidr: "10.11.0.2/22",
        dns: "10.11.0.1",
        gateway: "10.11.0.1",
        filter: { ID_NET_NAME_MAC: "enx525400ba5e11" },
      },
    );
  });

  test("writes a size of 120.0 GiB as a number that the installer takes", () => {
    assert.match(answerOf(load("ext4-sizes"), "9.2").text, /^hdsize = 120$/m);
  });
});

function load(name: string): Profile {
  const profile = parseProfile(name, readFileSync(new URL(`${name}.profile.toml`, FOLDER), "utf8"));
  assert.ok(profile.ok, JSON.stringify(profile));
  return profile.value;
}

function answerOf(profile: Profile, release: string | null) {
  const answer = profile.answer(TARGET, LINKS, requestOf(release));
  assert.ok(answer.ok, JSON.stringify(answer));
  return answer.value;
}
