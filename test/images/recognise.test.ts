import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { IsoContent, Recognised } from "../../src/images/iso-content.ts";
import { recognise } from "../../src/images/recognise.ts";
import { isoContent, proxmoxInfo } from "../support/iso-content.ts";

const MIB = 1024 * 1024;

/** Sizes of Proxmox VE 9.2-1, about. */
const PVE_FILES = {
  "/boot/linux26": 15 * MIB,
  "/boot/initrd.img": 70 * MIB,
  "/boot/grub/grub.cfg": 4000,
  "/auto-installer-capable": 0,
  "/pve-base.squashfs": 300 * MIB,
  "/pve-installer.squashfs": 400 * MIB,
  "/proxmox/packages/x.deb": 960 * MIB,
};

function recognised(iso: IsoContent): Recognised {
  const found = recognise(iso);
  if ("unusable" in found) assert.fail(found.unusable);
  return found;
}

function refused(iso: IsoContent): string {
  const found = recognise(iso);
  return "unusable" in found ? `${found.unusable}; ${found.hint}` : `it was taken as ${found.title}`;
}

/** Product, release, kernel, initrd and what else is taken. */
function inShort(iso: IsoContent): string {
  const { product, release, takes, disc } = recognised(iso);
  return [product, release, ...takes.map(({ from, to }) => `${from}>${to}`), disc.type].join(" ");
}

describe("an ISO of Proxmox", () => {
  const products: readonly (readonly [mark: string, product: string, title: string])[] = [
    ["pve", "proxmox-ve", "Proxmox VE"],
    ["pbs", "proxmox-backup-server", "Proxmox Backup Server"],
    ["pmg", "proxmox-mail-gateway", "Proxmox Mail Gateway"],
    ["pdm", "proxmox-datacenter-manager", "Proxmox Datacenter Manager"],
  ];
  for (const [mark, product, title] of products) {
    test(`of ${title} is told by its /.cd-info`, () => {
      const found = recognised(isoContent(PVE_FILES, { "/.cd-info": proxmoxInfo(mark, "9.1", "2") }));
      assert.deepEqual([found.product, found.release, found.title], [product, "9.1-2", `${title} 9.1-2`]);
    });
  }

  for (const release of ["8.2", "8.3", "8.4", "9.0", "9.1", "9.2", "10.0"]) {
    test(`of release ${release} can be installed unattended`, () => {
      const iso = isoContent(PVE_FILES, { "/.cd-info": proxmoxInfo("pve", release) });
      assert.equal(recognised(iso).attended, null);
      assert.equal(
        inShort(iso),
        `proxmox-ve ${release}-1 /boot/linux26>linux26 /boot/initrd.img>initrd.img in-initramfs`,
      );
    });
  }

  test("goes into the initramfs under the installer's name, without what only discs need, with the order to ask DHCP", () => {
    const { disc } = recognised(isoContent(PVE_FILES, { "/.disk/info": proxmoxInfo("pve", "9.2") }));
    assert.deepEqual(disc, {
      type: "in-initramfs",
      as: "proxmox.iso",
      without: "/boot",
      adds: { path: "/auto-installer-mode.toml", text: 'mode = "http"\n' },
    });
  });

  test("of 9.2 needs the six GiB that Proxmox speaks of", () => {
    assert.equal(recognised(isoContent(PVE_FILES, { "/.cd-info": proxmoxInfo("pve", "9.2") })).memoryMib, 6144);
  });

  const { "/auto-installer-capable": _, ...incapable } = PVE_FILES;
  const { "/boot/initrd.img": __, ...headless } = PVE_FILES;
  const faults: readonly { what: string; iso: IsoContent; says: RegExp }[] = [
    {
      what: "from before automated installations",
      iso: isoContent(incapable, { "/.cd-info": proxmoxInfo("pve", "8.1", "2") }),
      says: /^Proxmox VE 8\.1-2 cannot be installed unattended; .*8\.2/,
    },
    {
      what: "of 8.1 although it has the mark",
      iso: isoContent(PVE_FILES, { "/.cd-info": proxmoxInfo("pve", "8.1") }),
      says: /cannot be installed unattended/,
    },
    {
      what: "without an initrd",
      iso: isoContent(headless, { "/.cd-info": proxmoxInfo("pve", "9.2") }),
      says: /an ISO of Proxmox VE 9\.2-1, and it has no \/boot\/initrd\.img; it was changed or is damaged/,
    },
    {
      what: "with a release that is none",
      iso: isoContent(PVE_FILES, { "/.cd-info": proxmoxInfo("pve", "../../etc") }),
      says: /tells no release/,
    },
  ];
  for (const { what, iso, says } of faults) test(`${what} is refused`, () => assert.match(refused(iso), says));
});

describe("an ISO of Ubuntu", () => {
  const files = {
    "/casper/vmlinuz": 15 * MIB,
    "/casper/initrd": 72 * MIB,
    "/casper/install-sources.yaml": 2000,
    "/casper/ubuntu-server-minimal.squashfs": 2500 * MIB,
  };
  const info = 'Ubuntu-Server 24.04.3 LTS "Noble Numbat" - Release amd64 (20250805.1)';

  test("is kept whole, because its initrd downloads it", () => {
    const iso = isoContent(files, { "/.disk/info": info });
    assert.equal(inShort(iso), "ubuntu-server 24.04.3 /casper/vmlinuz>vmlinuz /casper/initrd>initrd served");
    const { title, attended, memoryMib } = recognised(iso);
    assert.deepEqual([title, attended, memoryMib], ['Ubuntu-Server 24.04.3 LTS "Noble Numbat"', null, 6656]);
  });

  test("of the desktop or a flavour has a name of its own", () => {
    for (const [start, product] of [
      ["Ubuntu 25.10", "ubuntu-desktop"],
      ["Kubuntu 24.04", "kubuntu"],
      ["Xubuntu 24.04", "xubuntu"],
    ])
      assert.equal(recognised(isoContent(files, { "/.disk/info": `${start} "X" - Release amd64` })).product, product);
  });

  test("without the installer that knows autoinstall is no unattended one", () => {
    const { "/casper/install-sources.yaml": _, ...old } = files;
    assert.match(recognised(isoContent(old, { "/.disk/info": info })).attended ?? "", /knows no autoinstall/);
  });

  test("without its initrd is refused", () => {
    assert.match(refused(isoContent({ "/casper/vmlinuz": 1 }, { "/.disk/info": info })), /it has no \/casper\/initrd/);
  });
});

describe("an ISO of Debian", () => {
  test("that is the small one of netboot loads from a mirror", () => {
    const iso = isoContent({ "/linux": MIB, "/initrd.gz": MIB }, { "/.disk/mini-info": "Debian GNU/Linux 12 x" });
    assert.equal(inShort(iso), "debian 12 /linux>linux /initrd.gz>initrd.gz left-out");
    assert.equal(recognised(iso).attended, null);
  });

  test("that is an installation disc says why it does not do", () => {
    const info = 'Debian GNU/Linux 12.11.0 "Bookworm" - Official amd64 NETINST with firmware 20250517-09:52';
    const files = { "/install.amd/vmlinuz": MIB, "/install.amd/initrd.gz": MIB, "/install.amd/gtk/initrd.gz": MIB };
    const iso = isoContent(files, { "/.disk/info": info });
    assert.equal(
      inShort(iso),
      "debian-netinst 12.11.0 /install.amd/vmlinuz>vmlinuz /install.amd/initrd.gz>initrd.gz left-out",
    );
    assert.match(recognised(iso).attended ?? "", /looks for its packages on a disc.*mini\.iso/);
  });
});

describe("an ISO of Anaconda's", () => {
  const files = {
    "/images/pxeboot/vmlinuz": 15 * MIB,
    "/images/pxeboot/initrd.img": 100 * MIB,
    "/images/install.img": 800 * MIB,
  };
  const treeinfo = (family: string, version: string, kernel = "images/pxeboot/vmlinuz") =>
    `[general]\n; a remark\nfamily = ${family}\nversion = ${version}\narch = x86_64\n\n[images-x86_64]\nkernel = ${kernel}\ninitrd = images/pxeboot/initrd.img\n\n[stage2]\nmainimage = images/install.img\n`;

  for (const [family, version, product] of [
    ["Fedora", "43", "fedora"],
    ["Rocky Linux", "9.6", "rocky"],
    ["AlmaLinux", "10.0", "almalinux"],
    ["CentOS Stream", "10", "centos-stream"],
  ] as const) {
    test(`of ${family} is told by its /.treeinfo`, () => {
      assert.equal(
        inShort(isoContent(files, { "/.treeinfo": treeinfo(family, version) })),
        `${product} ${version} /images/pxeboot/vmlinuz>vmlinuz /images/pxeboot/initrd.img>initrd.img /.treeinfo>tree/.treeinfo /images/install.img>tree/images/install.img left-out`,
      );
    });
  }

  test("with only a /.discinfo is told by that and the volume", () => {
    const iso = isoContent(
      files,
      { "/.discinfo": "1745000000.1\n43\nx86_64\n" },
      { volumeId: "Fedora-S-dvd-x86_64-43" },
    );
    const { product, release } = recognised(iso);
    assert.deepEqual([product, release], ["fedora", "43"]);
  });

  test("whose /.treeinfo leads out of it is not followed", () => {
    const iso = isoContent(files, { "/.treeinfo": treeinfo("Fedora", "43", "../../etc/shadow") });
    assert.equal(recognised(iso).takes[0]?.from, "/images/pxeboot/vmlinuz");
  });
});

test("an ISO of Alpine has its modules beside its initramfs", () => {
  const files = { "/boot/vmlinuz-lts": MIB, "/boot/initramfs-lts": MIB, "/boot/modloop-lts": 100 * MIB };
  assert.equal(
    inShort(isoContent(files, { "/.alpine-release": "alpine-std-3.22.1 250715\n" })),
    "alpine 3.22.1 /boot/vmlinuz-lts>vmlinuz-lts /boot/initramfs-lts>initramfs-lts /boot/modloop-lts>modloop-lts left-out",
  );
});

describe("any other ISO", () => {
  const choices: readonly { what: string; files: readonly string[]; kernel: string; initrd: string }[] = [
    {
      what: "the pair of one folder",
      files: ["/arch/boot/x86_64/vmlinuz-linux", "/arch/boot/x86_64/initramfs-linux.img", "/boot/memtest86+/memtest"],
      kernel: "/arch/boot/x86_64/vmlinuz-linux",
      initrd: "/arch/boot/x86_64/initramfs-linux.img",
    },
    {
      what: "the ordinary one rather than the rescue system's",
      files: ["/boot/rescue/vmlinuz", "/boot/rescue/initrd.img", "/boot/vmlinuz", "/boot/initrd.img"],
      kernel: "/boot/vmlinuz",
      initrd: "/boot/initrd.img",
    },
    {
      what: "what belongs together by its ending",
      files: ["/live/vmlinuz-6.1-amd64", "/live/initrd.img-5.9-amd64", "/live/vmlinuz-5.9-amd64"],
      kernel: "/live/vmlinuz-5.9-amd64",
      initrd: "/live/initrd.img-5.9-amd64",
    },
    {
      what: "names of NixOS",
      files: ["/boot/bzImage", "/boot/initrd"],
      kernel: "/boot/bzImage",
      initrd: "/boot/initrd",
    },
  ];
  for (const { what, files, kernel, initrd } of choices) {
    test(`has taken out of it ${what}`, () => {
      const found = recognised(isoContent(Object.fromEntries(files.map((path) => [path, MIB]))));
      assert.deepEqual([found.product, ...found.takes.map(({ from }) => from)], ["other", kernel, initrd]);
      assert.match(found.attended ?? "", /kind ipxe/);
    });
  }

  test("keeps no name that would need quoting", () => {
    const files = { "/boot/vmlinuz-$(reboot)": MIB, "/boot/vmlinuz": MIB, "/boot/initrd": MIB };
    const tos = recognised(isoContent(files)).takes.map(({ to }) => to);
    assert.deepEqual(tos, ["vmlinuz", "initrd"]);
  });

  for (const [what, files, says] of [
    ["no kernel", { "/readme.txt": 10 }, /found no Linux kernel/],
    ["a kernel alone", { "/boot/vmlinuz": 10 }, /found \/boot\/vmlinuz, and no initrd/],
    ["only empty files", { "/boot/vmlinuz": 0, "/boot/initrd": 0 }, /found no Linux kernel/],
    ["such names only deep inside", { "/a/b/c/d/e/f/vmlinuz": 10, "/a/b/c/d/e/f/initrd": 10 }, /no Linux kernel/],
  ] as const)
    test(`with ${what} is refused`, () => assert.match(refused(isoContent(files)), says));
});
