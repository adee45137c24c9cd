import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "smol-toml";
import { complaints, JUDGED_RELEASES } from "../support/proxmox-answer-judge.ts";
import { LINKS, proxmoxProfile, requestOf, TARGET } from "../support/proxmox-profile.ts";

function answerOf(diskSerials: readonly string[], diskSetup: Record<string, unknown>, release = "9.2") {
  const profile = proxmoxProfile({ disk_setup: diskSetup as never });
  return profile.answer({ ...TARGET, diskSerials }, LINKS, requestOf(release as never));
}

function disksOf(diskSerials: readonly string[], diskSetup: Record<string, unknown>): unknown {
  const answer = answerOf(diskSerials, diskSetup);
  assert.ok(answer.ok, JSON.stringify(answer));
  return JSON.parse(JSON.stringify(parse(answer.value.text)))["disk-setup"];
}

const LISTED = { filesystem: "ext4", disk_list: ["sda"], filter: undefined, lvm: { swapsize: 4 } };
const MIRROR = {
  filesystem: "zfs",
  disk_list: undefined,
  filter: { ID_MODEL: "X*" },
  filter_match: "all",
  zfs: { raid: "raid1" },
};

describe("the disks that a slot names", () => {
  test("take the place of those in the profile, by name or by filter, and leave the rest of it", () => {
    assert.deepEqual(disksOf(["S4EV1"], LISTED), {
      filesystem: "ext4",
      filter: { ID_SERIAL_SHORT: "S4EV1", ID_SERIAL: "S4EV1" },
      lvm: { swapsize: 4 },
    });
    assert.deepEqual(disksOf(["S4EV1", "S4EV2"], MIRROR), {
      filesystem: "zfs",
      filter: { ID_SERIAL_SHORT: "S4EV1", ID_SERIAL: "*_S4EV2*" },
      zfs: { raid: "raid1" },
    });
  });

  test("are each named by a property of their own, because a filter has one value for each", () => {
    const disks = disksOf(["A1", "B2", "C3"], { filesystem: "zfs", disk_list: ["sda"], zfs: { raid: "raid0" } });
    const { filter } = disks as { filter: unknown };
    assert.deepEqual(filter, { ID_SERIAL_SHORT: "A1", ID_SERIAL: "*_B2*", DEVLINKS: "*_C3*" });
  });

  for (const release of JUDGED_RELEASES.filter((one) => one !== "8.2")) {
    test(`make an answer that an installer of ${release} accepts`, () => {
      const answer = answerOf(["S4EV1", "S4EV2"], MIRROR, release);
      assert.ok(answer.ok, JSON.stringify(answer));
      assert.deepEqual(complaints(answer.value.text, release), []);
    });
  }

  test("that are too few for the file system are refused before anything is wiped", () => {
    const answer = answerOf(["S4EV1"], MIRROR);
    assert.deepEqual(answer.ok ? [] : answer.error, [
      { path: "disk_setup", message: "raid1 needs at least 2 disks, and the slot names 1 in disk_serials" },
    ]);
  });

  test("that are not named leave the profile as it is", () => {
    assert.deepEqual(disksOf([], LISTED), { filesystem: "ext4", "disk-list": ["sda"], lvm: { swapsize: 4 } });
  });
});
