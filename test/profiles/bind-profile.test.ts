import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "smol-toml";
import type { Layer, SettingsTable } from "../../src/profiles/layers.ts";
import { type Overlay, type Profile, parseProfile } from "../../src/profiles/profiles.ts";
import { LINKS, proxmoxProfile, proxmoxText, requestOf, TARGET } from "../support/proxmox-profile.ts";
import { serverType } from "../support/server-type.ts";

function slot(values: SettingsTable): Layer {
  return { name: "slot 10.11.0.2", file: "bootqueue.toml", path: "slot[0].settings", values };
}

function over(...layers: readonly Layer[]): Overlay {
  return { serverType: null, layers };
}

function answerOf(profile: Profile): Record<string, Record<string, unknown>> {
  const answer = profile.answer(TARGET, LINKS, requestOf("9.2"));
  assert.ok(answer.ok, JSON.stringify(answer));
  return parse(answer.value.text) as never;
}

function refusalOf(profile: Profile): string {
  const answer = profile.answer(TARGET, LINKS, requestOf("9.2"));
  assert.ok(!answer.ok);
  return answer.error.map(({ path, message }) => `${path}: ${message}`).join("\n");
}

describe("a profile with layers", () => {
  const NUC = serverType("nuc", {
    hardware: { bootDisk: { model: "Samsung*" }, managementNic: null },
    settings: { global: { keyboard: "de" } },
  });

  test("answers with what the last of them says", () => {
    const host: Layer = {
      name: "host",
      file: "bootqueue.toml",
      path: "host[0].settings",
      values: { global: { country: "at" } },
    };
    const profile = proxmoxProfile().with({
      serverType: NUC,
      layers: [slot({ global: { country: "ch", mailto: "slot@lab.example" } }), host],
    });
    const { global, "disk-setup": disks } = answerOf(profile);
    assert.deepEqual([global?.keyboard, global?.country, global?.mailto], ["de", "at", "slot@lab.example"]);
    assert.deepEqual(Object.entries(disks?.filter as object), [["ID_MODEL", "Samsung*"]]);
    assert.equal(disks?.["disk-list"], undefined);
  });

  test("is itself without any, and is made once for the same ones", () => {
    const profile = proxmoxProfile();
    const layer = slot({ global: { country: "at" } });
    assert.equal(profile.with(over(layer)), profile.with(over(layer)));
    assert.notEqual(profile.with(over(layer)), profile.with(over({ ...layer })));
    assert.equal(answerOf(profile.with(over())).global?.country, "de");
  });

  test("serves nothing when one of them is wrong, and names its file, key and rule", () => {
    const wrong = proxmoxProfile().with(over(slot({ global: { country: "xk" }, nonsense: 1 })));
    assert.match(
      refusalOf(wrong),
      /^bootqueue\.toml: slot\[0\]\.settings\.global\.country: expected a country.*found "xk"/m,
    );
    assert.match(refusalOf(wrong), /^bootqueue\.toml: slot\[0\]\.settings\.nonsense: unknown key/m);
    assert.equal(wrong.problems.length, 2);
    assert.deepEqual(wrong.checkTarget(TARGET), wrong.problems);
  });

  test("names the profile's file for what the profile says wrong beside them", () => {
    const profile = proxmoxProfile({ disk_setup: { lvm: { swapsize: 8 } } });
    const both = profile.with(over(slot({ disk_setup: { lvm: { hdsize: 10 } } })));
    assert.match(refusalOf(both), /^pve\.toml: disk_setup\.lvm\.swapsize: expected at most half of hdsize/);
  });

  test("names the layer for what does not fit the machine", () => {
    const profile = proxmoxProfile().with(over(slot({ network: { gateway: "192.0.2.1" } })));
    assert.match(
      refusalOf(profile),
      /^bootqueue\.toml: slot\[0\]\.settings\.network\.gateway: expected a gateway inside/,
    );
  });

  test("names the boot disk of a server type that the installer cannot find, and what it makes of one that is wrong", () => {
    const bySize = serverType("big", { hardware: { bootDisk: { size: "largest" }, managementNic: null } });
    assert.match(
      refusalOf(proxmoxProfile().with({ serverType: bySize, layers: [] })),
      /^bootqueue\.toml: server_type\[0\]\.boot_disk: .*cannot choose a disk by its size/,
    );
    const two = serverType("two", { hardware: { bootDisk: { serial: "a", model: "b" }, managementNic: null } });
    assert.match(
      refusalOf(proxmoxProfile().with({ serverType: two, layers: [] })),
      /^bootqueue\.toml: server_type\[0\]: makes disk_setup\.filter_match: expected any: with ext4/,
    );
  });

  for (const key of ["kind", "secure_boot", "template"]) {
    test(`does not take ${key} from one of them`, () => {
      const profile = proxmoxProfile().with(over(slot({ [key]: "x" })));
      assert.match(
        refusalOf(profile),
        new RegExp(`^bootqueue\\.toml: slot\\[0\\]\\.settings\\.${key}: expected in the profile itself`),
      );
    });
  }

  test("may leave out what every slot brings, and serves nothing where none did", () => {
    const text = proxmoxText({ disk_setup: undefined });
    assert.equal(parseProfile("pve", text).ok, false);
    const layer = slot({ disk_setup: { filesystem: "xfs", disk_list: ["vda"] } });
    const profile = parseProfile("pve", text, { overlays: [over(slot({})), over(layer)] });
    assert.ok(profile.ok);
    assert.match(profile.value.problems.map(({ path }) => path).join(), /^pve\.toml: disk_setup/);
    assert.equal(answerOf(profile.value.with(over(layer)))["disk-setup"]?.filesystem, "xfs");
    assert.match(refusalOf(profile.value.with(over())), /^pve\.toml: disk_setup\.filesystem: missing/);
    assert.match(refusalOf(profile.value.with(over(slot({})))), /^pve\.toml: disk_setup\.filesystem: missing/);
  });
});
