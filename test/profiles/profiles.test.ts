import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { KIND_NAMES } from "../../src/profiles/kinds.ts";
import { parseProfile, parseProfiles } from "../../src/profiles/profiles.ts";
import { renderProfileReference } from "../../src/profiles/reference.ts";
import type { ProfileName } from "../../src/queue/slot.ts";
import { assertGolden } from "../support/golden.ts";
import { HASH, proxmoxText, TARGET } from "../support/proxmox-profile.ts";

const EXAMPLE = readFileSync(new URL("../../profiles/pve.toml", import.meta.url), "utf8");

describe("parseProfiles()", () => {
  test("gives every profile under its name", () => {
    const profiles = parseProfiles([
      { name: "pve", file: "/p/pve.toml", text: proxmoxText() },
      { name: "pve-zfs", file: "/p/pve-zfs.toml", text: proxmoxText({ image: "other" }) },
    ]);
    assert.ok(profiles.ok);
    assert.deepEqual([...profiles.value.keys()], ["pve", "pve-zfs"]);
    assert.deepEqual(profiles.value.get("pve-zfs" as ProfileName)?.assets(), ["other/linux26", "other/initrd.img"]);
  });

  test("reports what is wrong in any, with the name of the file", () => {
    const profiles = parseProfiles([
      { name: "a", file: "/p/a.toml", text: 'kind = "windows"' },
      { name: "b", file: "/p/b.toml", text: proxmoxText() },
      { name: "c", file: "/p/c.toml", text: proxmoxText({ image: 1 }) },
      { name: "d e", file: "/p/d e.toml", text: proxmoxText() },
      { name: "f", file: "/p/f.toml", text: "kind" },
    ]);
    assert.ok(!profiles.ok);
    assert.deepEqual(
      profiles.error.map(({ path }) => path),
      ["/p/a.toml: kind", "/p/c.toml: image", "/p/d e.toml", "/p/f.toml: line 1, column 1"],
    );
  });
});

describe("parseProfile()", () => {
  test("of any kind may want Secure Boot, and does not unless it says so", () => {
    const wants = [undefined, true, false].map((secure_boot) => {
      const profile = parseProfile("pve", proxmoxText({ secure_boot }));
      return profile.ok && profile.value.secureBoot;
    });
    assert.deepEqual(wants, [false, true, false]);
    const wrong = parseProfile("pve", proxmoxText({ secure_boot: "yes" }));
    assert.deepEqual(wrong, {
      ok: false,
      error: [{ path: "secure_boot", message: 'expected true or false, found "yes"' }],
    });
  });

  for (const kind of ["toString", "constructor", "", 7, ["proxmox"]]) {
    test(`has no kind ${JSON.stringify(kind)}`, () => {
      const profile = parseProfile("pve", `kind = ${JSON.stringify(kind)}`);
      assert.ok(!profile.ok);
      assert.match(profile.error[0]?.message ?? "", /^expected "proxmox".*, found /);
    });
  }
});

describe("the example profile", () => {
  test("lacks the hash of root's password and nothing else", () => {
    const profile = parseProfile("pve", EXAMPLE);
    assert.ok(!profile.ok);
    assert.deepEqual(profile.error, [
      {
        path: "global.root_password_hashed",
        message:
          "still to be filled in with the hash of root's password; make one with: mkpasswd --method=yescrypt (package whois)",
      },
    ]);
  });

  test("is right once that is filled in", () => {
    const profile = parseProfile("pve", EXAMPLE.replace('"FILL-IN"', JSON.stringify(HASH)));
    assert.ok(profile.ok);
    assert.deepEqual(profile.value.warnings(), []);
    assert.deepEqual(profile.value.checkTarget(TARGET), []);
  });

  test("is right with every setting that it mentions in a comment", () => {
    const lines = EXAMPLE.replace('"FILL-IN"', JSON.stringify(HASH)).split("\n");
    const settings = lines.map((line) =>
      line.replace(/^# ((iso|kernel_args|release|dns|swapsize|maxroot) =|\[disk_setup\.lvm)/, "$1"),
    );
    const profile = parseProfile("pve", settings.join("\n"));
    assert.ok(profile.ok, JSON.stringify(profile));
    assert.notEqual(settings.join("\n"), lines.join("\n"));
  });
});

describe("the reference", () => {
  for (const kind of KIND_NAMES) {
    test(`of profiles of the kind ${kind} is what the schema says`, () => {
      assertGolden(new URL(`../../docs/reference/profile-${kind}.md`, import.meta.url), renderProfileReference(kind));
    });
  }
});
