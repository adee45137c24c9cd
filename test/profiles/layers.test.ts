import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Layer, layerFor, located, mergeLayers, type SettingsTable } from "../../src/profiles/layers.ts";

function layer(name: string, values: SettingsTable, path = ""): Layer {
  return { name, file: `${name}.toml`, path, values };
}

const BASE = layer("pve", { image: "pve", disks: { list: ["sda"], lvm: { swap: 8, root: 40 } }, keys: ["a", "b"] });

describe("mergeLayers()", () => {
  test("merges tables by key, replaces lists, and lets the last layer win", () => {
    const merged = mergeLayers(BASE, [
      layer("type", { disks: { lvm: { swap: 16 } }, keys: ["c"] }),
      layer("slot", { disks: { lvm: { swap: 32 }, size: 1 } }),
    ]);
    assert.deepEqual(merged.values, {
      image: "pve",
      disks: { list: ["sda"], lvm: { swap: 32, root: 40 }, size: 1 },
      keys: ["c"],
    });
  });

  test("changes none of the documents that it merges", () => {
    const before = JSON.stringify(BASE);
    mergeLayers(BASE, [layer("slot", { disks: { lvm: { swap: 32 } } })], { "disks.lvm": ["disks.list"] });
    assert.equal(JSON.stringify(BASE), before);
  });

  test("replaces a table by something else, and something else by a table", () => {
    const merged = mergeLayers(BASE, [layer("slot", { disks: 7, image: { a: 1 } })]);
    assert.deepEqual(merged.values, { image: { a: 1 }, disks: 7, keys: ["a", "b"] });
  });

  test("knows where each setting comes from", () => {
    const merged = mergeLayers(BASE, [layer("type", { disks: { lvm: { swap: 16 } } }), layer("slot", { keys: ["c"] })]);
    const source = (path: string) => merged.sourceOf(path).name;
    assert.equal(source("image"), "pve");
    assert.equal(source("disks.lvm.root"), "pve");
    assert.equal(source("disks.lvm.swap"), "type");
    assert.equal(source("keys[0]"), "slot");
    assert.equal(source("disks.lvm.nobody"), "type");
    assert.equal(source('nobody."a.b"'), "pve");
    assert.equal(source(""), "pve");
    assert.deepEqual(
      merged.said.map(({ path, layer: { name } }) => `${path} ${name}`),
      ["image pve", "disks.list pve", "disks.lvm.swap type", "disks.lvm.root pve", "keys slot"],
    );
  });

  test("lets what a layer brings take the place of what cannot stand beside it", () => {
    const replacements = { "disks.filter": ["disks.filter", "disks.list"], "disks.list": ["disks.filter"] };
    const type = layer("type", { disks: { filter: { ID_MODEL: "a*" } } });
    const byFilter = mergeLayers(BASE, [type, layer("slot", { disks: { filter: { ID_SERIAL: "x" } } })], replacements);
    assert.deepEqual(byFilter.values.disks, { filter: { ID_SERIAL: "x" }, lvm: { swap: 8, root: 40 } });
    const byList = mergeLayers(BASE, [type, layer("slot", { disks: { list: ["sdb"] } })], replacements);
    assert.deepEqual(byList.values.disks, { list: ["sdb"], lvm: { swap: 8, root: 40 } });
  });
});

describe("located()", () => {
  test("names the file and the place that the value comes from", () => {
    const merged = mergeLayers(BASE, [
      layer("bootqueue", { keys: ["c"] }, "slot[2].settings"),
      { ...layer("types", { disks: { filter: {} } }, "server_type[0].boot_disk"), isDerived: true },
    ]);
    const problems = ["image", "keys[0]", "disks.filter", "nobody"].map((path) => ({ path, message: "is wrong" }));
    assert.deepEqual(located(problems, merged), [
      { path: "pve.toml: image", message: "is wrong" },
      { path: "bootqueue.toml: slot[2].settings.keys[0]", message: "is wrong" },
      { path: "types.toml: server_type[0].boot_disk", message: "makes disks.filter: is wrong" },
      { path: "pve.toml: nobody", message: "is wrong" },
    ]);
  });
});

describe("layerFor()", () => {
  test("keeps what is for this kind of profile or for all of them", () => {
    const both = layer("type", { image: "x", proxmox: { image: "y" }, ubuntu: { image: "z" } }, "settings");
    assert.deepEqual(
      layerFor(both, "proxmox", ["proxmox", "ubuntu"]).map(({ path, values }) => ({ path, values })),
      [
        { path: "settings", values: { image: "x" } },
        { path: "settings.proxmox", values: { image: "y" } },
      ],
    );
    assert.deepEqual(layerFor(layer("type", { ubuntu: {} }), "proxmox", ["proxmox", "ubuntu"]), []);
  });
});
