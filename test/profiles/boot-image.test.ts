import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bootImageOf, compareReleases, findImage, imageFault } from "../../src/profiles/boot-image.ts";
import { storedImage } from "../support/stored-image.ts";

const OLD = storedImage("proxmox-ve", "9.1-1");
const NEW = storedImage("proxmox-ve", "9.10-1");
const UBUNTU = storedImage("ubuntu-server", "24.04.3");

describe("findImage()", () => {
  test("finds one by its name, whatever is newer", () => {
    assert.equal(findImage([NEW, OLD, UBUNTU], "proxmox-ve-9.1-1"), OLD);
  });

  test("takes the newest release of a product, by numbers and not by letters", () => {
    for (const images of [
      [OLD, NEW, UBUNTU],
      [NEW, UBUNTU, OLD],
    ])
      assert.equal(findImage(images, "proxmox-ve"), NEW);
  });

  test("finds none that is only similar", () => {
    assert.equal(findImage([OLD, NEW], "proxmox"), null);
    assert.equal(findImage([], "proxmox-ve"), null);
  });
});

describe("compareReleases()", () => {
  for (const [older, newer] of [
    ["9.1-1", "9.2-1"],
    ["9.9-1", "9.10-1"],
    ["9.1-1", "9.1-2"],
    ["24.04", "24.04.1"],
    ["", "8.2-1"],
    ["9.1-beta", "9.1-rc"],
  ] as const) {
    test(`${newer} is newer than ${older === "" ? "one that nobody knows" : older}`, () => {
      assert.ok(compareReleases(newer, older) > 0);
      assert.ok(compareReleases(older, newer) < 0);
      assert.equal(compareReleases(newer, newer), 0);
    });
  }
});

describe("bootImageOf()", () => {
  test("makes an address of every path, and keeps names inside the initramfs", () => {
    const image = {
      ...OLD,
      initrds: [{ path: "images/a/initrd.img" }, { path: "images/a/p.iso", as: "proxmox.iso" }],
      extras: { iso: "images/a/x.iso" },
    };
    assert.deepEqual(
      bootImageOf(image, (path) => `http://10.11.0.1/assets/${path}`),
      {
        name: "proxmox-ve-9.1-1",
        product: "proxmox-ve",
        release: "9.1-1",
        kernel: "http://10.11.0.1/assets/images/proxmox-ve-9.1-1/vmlinuz",
        initrds: [
          { url: "http://10.11.0.1/assets/images/a/initrd.img" },
          { url: "http://10.11.0.1/assets/images/a/p.iso", as: "proxmox.iso" },
        ],
        extras: { iso: "http://10.11.0.1/assets/images/a/x.iso" },
      },
    );
  });
});

describe("imageFault()", () => {
  const wish = { name: "proxmox-ve", products: ["proxmox-ve"], orFolder: false };

  test("says which image is missing, which there are, and how to add it", () => {
    assert.equal(
      imageFault(wish, [UBUNTU]),
      'no image is called "proxmox-ve" (there are ubuntu-server-24.04.3); add it with: bootqueue image add FILE.iso',
    );
    assert.equal(
      imageFault(wish, []),
      'no image is called "proxmox-ve" (there is none yet); add it with: bootqueue image add FILE.iso',
    );
  });

  test("does not take one of another product", () => {
    assert.equal(
      imageFault({ ...wish, name: "ubuntu-server-24.04.3" }, [UBUNTU]),
      "expected an image of proxmox-ve, found ubuntu-server-24.04.3; `bootqueue image list` shows all",
    );
  });

  test("finds nothing wrong with the right one", () => {
    assert.equal(imageFault(wish, [OLD]), null);
    assert.equal(imageFault({ ...wish, name: "ubuntu-server", products: null }, [UBUNTU]), null);
  });
});
