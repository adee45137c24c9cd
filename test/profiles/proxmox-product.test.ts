import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { installerOf, parseProduct } from "../../src/profiles/proxmox-product.ts";
import { formatRelease, parseRelease } from "../../src/profiles/proxmox-release.ts";
import { complaints, type JudgedRelease } from "../support/proxmox-answer-judge.ts";
import { LINKS, proxmoxProfile, requestOf, TARGET } from "../support/proxmox-profile.ts";

describe("the installer", () => {
  const known = [
    ["pve", "9.1", "9.1"],
    ["pbs", "3.3", "8.3"],
    ["pbs", "3.4", "8.4"],
    ["pbs", "4.1", "9.1"],
    ["pmg", "8.2", "8.3"],
    ["pmg", "9.0", "9.0"],
    ["pdm", "0.9", "9.0"],
    ["pdm", "1.0", "9.1"],
  ] as const;
  for (const [product, release, installer] of known) {
    test(`of ${product} ${release} is that of Proxmox VE ${installer}, and takes the answer made for it`, () => {
      const parsed = parseRelease(release);
      assert.ok(parsed !== null);
      assert.equal(formatRelease(installerOf(product, parsed)), installer);
      const answer = proxmoxProfile().answer(TARGET, LINKS, { ...requestOf(release), installer: product });
      assert.ok(answer.ok, JSON.stringify(answer));
      assert.deepEqual(complaints(answer.value.text, installer as JudgedRelease, { product, nics: [] }), []);
    });
  }

  test("of a Backup Server gets no btrfs, whatever the profile expected", () => {
    const profile = proxmoxProfile({
      disk_setup: { filesystem: "btrfs", btrfs: { raid: "raid0" }, disk_list: ["sda"] },
    });
    const answer = profile.answer(TARGET, LINKS, { ...requestOf("4.1"), installer: "pbs" });
    assert.ok(!answer.ok);
    assert.match(answer.error[0]?.message ?? "", /the installer of Proxmox Backup Server has no btrfs/);
  });

  test("of another product than the profile names gets no answer", () => {
    const answer = proxmoxProfile({ product: "pve" }).answer(TARGET, LINKS, { ...requestOf("4.1"), installer: "pbs" });
    assert.ok(!answer.ok);
    assert.match(answer.error[0]?.message ?? "", /expected the installer of Proxmox VE, found that of Proxmox Backup/);
  });

  test("that calls itself something else counts as that of the profile", () => {
    assert.equal(parseProduct("toString"), null);
    const profile = proxmoxProfile({ product: "pbs", release: "3.3" });
    const answer = profile.answer(TARGET, LINKS, { ...requestOf(null), installer: "xyz" });
    assert.ok(answer.ok);
    assert.deepEqual(complaints(answer.value.text, "8.3"), []);
  });
});
