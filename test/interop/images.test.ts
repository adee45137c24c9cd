// `bootqueue image` with real ISOs, made by xorriso with the layouts of real ones, and judged by cpio and xorriso.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, describe, test } from "node:test";
import { contentOf, imageBench, run, said, sha256 } from "../support/image-bench.ts";
import { fakeKernel, makeIso, proxmoxFiles } from "../support/iso-maker.ts";

const bench = await imageBench();
const { folder, newAssets, added } = bench;
after(bench.close);

const PVE = makeIso(join(folder, "proxmox-ve_9.2-1.iso"), proxmoxFiles(), "PVE");

describe("an ISO of Proxmox", () => {
  test("becomes a kernel, and an initrd with the prepared ISO in it", async (t) => {
    const assets = await newAssets();
    const image = await added(assets, [PVE]);
    assert.deepEqual([image.name, image.isNew, image.isChecked], ["proxmox-ve-9.2-1", true, false]);
    assert.equal(image.folder, `images/${sha256(await readFile(PVE))}`);
    const at = (path: string) => join(assets, image.folder, path);
    assert.deepEqual(await readFile(at("linux26")), fakeKernel());
    for (const file of image.files) {
      const bytes = await readFile(at(file.path));
      assert.deepEqual([bytes.length, sha256(bytes)], [file.sizeBytes, file.sha256]);
      assert.equal((await stat(at(file.path))).mode & 0o777, 0o644);
    }
    const initrd = await readFile(at("initrd.img"));
    assert.equal(initrd.length % 512, 0);
    assert.deepEqual(initrd.subarray(0, 100_003), Buffer.alloc(100_003, "initrd "));
    const archive = initrd.subarray(initrd.indexOf("070701"));
    assert.equal((initrd.length - archive.length) % 4, 0);

    await t.test("which cpio unpacks, and in which the installer finds its order and no boot folder", async () => {
      const out = join(folder, "unpacked");
      await mkdir(out);
      execFileSync("cpio", ["--extract", "--quiet"], { cwd: out, input: archive });
      assert.deepEqual(await readdir(out), ["proxmox.iso"]);
      const iso = join(out, "proxmox.iso");
      const find = ["-indev", iso, "-find", "/", "-exec", "echo", "--"];
      const listing = execFileSync("xorriso", find, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
      assert.match(listing, /^'\/\.cd-info'$/m);
      assert.match(listing, /^'\/proxmox\/packages\/pve\.deb'$/m);
      assert.doesNotMatch(listing, /^'\/boot/m);
      const take = ["-osirrox", "on", "-indev", iso, "-extract", "/auto-installer-mode.toml", join(out, "mode.toml")];
      execFileSync("xorriso", take, { stdio: "ignore" });
      assert.equal(await readFile(join(out, "mode.toml"), "utf8"), 'mode = "http"\n');
      take.splice(5, 2, "/pve-base.squashfs", join(out, "squashfs"));
      execFileSync("xorriso", take, { stdio: "ignore" });
      assert.deepEqual(await readFile(join(out, "squashfs")), Buffer.alloc(3_000_000, "squashfs "));
    });

    await t.test("and is recognised when it is added again", async () => {
      const before = await stat(at("initrd.img"));
      assert.equal((await added(assets, [PVE])).isNew, false);
      assert.equal((await stat(at("initrd.img"))).mtimeMs, before.mtimeMs);
    });

    await t.test("and is listed, shown, verified and removed", async () => {
      const { images } = JSON.parse((await run(assets, ["list", "--json"])).out) as { images: { name: string }[] };
      assert.deepEqual(
        images.map(({ name }) => name),
        ["proxmox-ve-9.2-1"],
      );
      assert.match((await run(assets, ["show", "proxmox-ve-9.2-1"])).out, /^unattended +yes$/m);
      assert.equal((await run(assets, ["verify"])).code, 0);
      const size = (await stat(at("initrd.img"))).size;
      await truncate(at("initrd.img"), size - 1);
      const damaged = await run(assets, ["verify", "proxmox-ve-9.2-1"]);
      assert.deepEqual([damaged.code, /initrd\.img: expected \d+ octets, found \d+/.test(damaged.out)], [6, true]);
      assert.equal((await run(assets, ["remove", "proxmox-ve-9.2-1", "--force"])).code, 2);
      assert.equal((await run(assets, ["remove", "proxmox-ve-9.2-1", "--force", "--yes"])).code, 0);
      assert.deepEqual(await contentOf(assets), []);
      assert.equal((await run(assets, ["show", "proxmox-ve-9.2-1"])).code, 4);
    });
  });

  test("comes from standard input, from an address, and with its checksum", async () => {
    const bytes = await readFile(PVE);
    const sum = sha256(bytes);
    const assets = await newAssets();
    const ran = await run(assets, ["add", "-", "--sha256", sum.toUpperCase()], Readable.from([bytes]));
    assert.deepEqual([ran.code, /its SHA-256 is the one that was expected/.test(ran.out)], [0, true], ran.err);

    let asked = 0;
    const server = createServer((request, response) => {
      asked += 1;
      if (request.url === "/moved.iso") response.writeHead(302, { location: "/pve.iso" }).end();
      else if (request.url === "/pve.iso") response.writeHead(200, { "content-length": bytes.length }).end(bytes);
      else if (request.url === "/short.iso") {
        response.writeHead(200, { "content-length": bytes.length }).write(bytes.subarray(0, 1_000_000));
        setImmediate(() => response.destroy());
      } else response.writeHead(404).end("no");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const base = `http://127.0.0.1:${port}`;
    try {
      const other = await newAssets();
      assert.equal((await added(other, [`${base}/moved.iso`])).name, "proxmox-ve-9.2-1");
      const before = asked;
      assert.equal((await added(other, [`${base}/pve.iso`])).isNew, false);
      assert.equal(asked, before + 1);
      const third = await newAssets();
      for (const [path, says] of [
        ["/none.iso", /found status 404/],
        ["/short.iso", /broke off|ended early/],
      ] as const) {
        const broken = await run(third, ["add", `${base}${path}`]);
        assert.deepEqual([broken.code !== 0, says.test(said(broken))], [true, true], said(broken));
        assert.deepEqual(await contentOf(third), []);
      }
    } finally {
      server.close();
      server.closeAllConnections();
    }
    assert.match(said(await run(await newAssets(), ["add", `${base}/gone.iso`])), /cannot reach http.*ECONNREFUSED/);
  });

  test("is held against the checksums beside it", async () => {
    const copy = join(folder, "sums", "pve.iso");
    await mkdir(join(copy, ".."));
    await writeFile(copy, await readFile(PVE));
    await writeFile(join(copy, "..", "SHA256SUMS"), `${"0".repeat(64)}  pve.iso\n`);
    const assets = await newAssets();
    const refused = await run(assets, ["add", copy]);
    assert.equal(refused.code, 6);
    assert.match(said(refused), /^bootqueue: expected SHA-256 0{64}, found [0-9a-f]{64}\n {2}the file is damaged/);
    assert.deepEqual(await contentOf(assets), []);
    await writeFile(join(copy, "..", "SHA256SUMS"), `${sha256(await readFile(copy))} *pve.iso\n`);
    assert.equal((await added(assets, [copy])).isChecked, true);
  });

  test("with other content and the same name is not mixed up with the first", async () => {
    const assets = await newAssets();
    await added(assets, [PVE]);
    const other = makeIso(join(folder, "changed.iso"), proxmoxFiles("9.2", { more: "x" }));
    const refused = await run(assets, ["add", other]);
    assert.deepEqual([refused.code, /is called proxmox-ve-9\.2-1 already/.test(said(refused))], [1, true]);
    assert.equal((await added(assets, [other, "--name", "pve-own"])).name, "pve-own");
    assert.equal((await run(assets, ["verify"])).code, 0);
  });
});

describe("ISOs of others", () => {
  const info = (text: string) => ({ ".disk/info": text });
  const cases: readonly { what: string; files: Parameters<typeof makeIso>[1]; image: readonly unknown[] }[] = [
    {
      what: "Ubuntu is kept whole under a name that its initrd takes",
      files: {
        ...info('Ubuntu-Server 24.04.3 LTS "Noble Numbat" - Release amd64 (20250805.1)'),
        "casper/vmlinuz": fakeKernel(),
        "casper/initrd": "initrd",
        "casper/install-sources.yaml": "- id: ubuntu-server\n",
      },
      image: ["ubuntu-server-24.04.3", null, "vmlinuz", "initrd", "ubuntu-server-24.04.3.iso"],
    },
    {
      what: "Rocky has its second stage beside its .treeinfo",
      files: {
        ".treeinfo":
          "[general]\nfamily = Rocky Linux\nversion = 9.6\narch = x86_64\n[images-x86_64]\nkernel = images/pxeboot/vmlinuz\ninitrd = images/pxeboot/initrd.img\n",
        "images/pxeboot/vmlinuz": fakeKernel(),
        "images/pxeboot/initrd.img": "initrd",
        "images/install.img": "stage2",
      },
      image: ["rocky-9.6", null, "vmlinuz", "initrd.img", "tree/.treeinfo", "tree/images/install.img"],
    },
    {
      what: "an unknown Linux is named for its file",
      files: { "boot/x86_64/loader/linux": fakeKernel(), "boot/x86_64/loader/initrd": "initrd" },
      image: ["any-1.0_x86", true, "linux", "initrd"],
    },
  ];
  for (const { what, files, image } of cases) {
    test(what, async () => {
      const iso = makeIso(join(folder, "any-1.0_x86.iso"), files);
      const made = await added(await newAssets(), [iso]);
      const attended = made.attended === null ? null : true;
      assert.deepEqual([made.name, attended, ...made.files.map(({ path }) => path)], image);
    });
  }
});

describe("what is no image", () => {
  const whole = proxmoxFiles();
  const iso = (name: string, files: Parameters<typeof makeIso>[1]) => makeIso(join(folder, name), files);
  const cases: readonly { what: string; file: () => Promise<string>; code: number; says: RegExp }[] = [
    {
      what: "an ISO that was cut off",
      file: async () => {
        const path = join(folder, "cut.iso");
        await writeFile(path, (await readFile(PVE)).subarray(0, 2_000_000));
        return path;
      },
      code: 6,
      says: /expected \d+ octets, as the ISO says of itself, found 2000000: its end is missing/,
    },
    {
      what: "an ISO whose directory was overwritten",
      file: async () => {
        const path = join(folder, "noise.iso");
        const bytes = await readFile(PVE);
        const root = bytes.readUInt32LE(16 * 2048 + 158) * 2048;
        await writeFile(path, bytes.fill(0xa5, root, root + 4096));
        return path;
      },
      code: 6,
      says: /^bootqueue: /,
    },
    {
      what: "a file that is no ISO",
      file: async () => {
        const path = join(folder, "text.iso");
        await writeFile(path, "hello ".repeat(20_000));
        return path;
      },
      code: 6,
      says: /expected an ISO image, found something else/,
    },
    {
      what: "a file that is not there",
      file: async () => join(folder, "none.iso"),
      code: 1,
      says: /cannot read .*none\.iso: it does not exist/,
    },
    { what: "a folder", file: async () => folder, code: 1, says: /expected an ISO file|it is a folder/ },
    {
      what: "an ISO without Linux",
      file: async () => iso("nothing.iso", { "readme.txt": "hello" }),
      code: 6,
      says: /expected an ISO with a Linux kernel and its initrd, found no Linux kernel/,
    },
    {
      what: "Proxmox VE 8.1",
      file: async () => iso("old.iso", proxmoxFiles("8.1", { "auto-installer-capable": null })),
      code: 6,
      says: /Proxmox VE 8\.1-1 cannot be installed unattended\n {2}.*8\.2/,
    },
    {
      what: "a kernel that is none",
      file: async () => iso("fake.iso", { ...whole, "boot/linux26": "not a kernel ".repeat(500) }),
      code: 6,
      says: /expected a Linux kernel in \/boot\/linux26 of this ISO, found something else/,
    },
    {
      what: "a kernel that is a link out of the ISO",
      file: async () => iso("link.iso", { ...whole, "boot/linux26": { link: "../../../../etc/shadow" } }),
      code: 6,
      says: /it has no \/boot\/linux26/,
    },
    {
      what: "a boot folder that is a link out of the ISO",
      file: async () => iso("folder-link.iso", { ".cd-info": whole[".cd-info"] ?? "", boot: { link: "/etc" } }),
      code: 6,
      says: /it has no \/boot\/linux26 and no \/boot\/initrd\.img/,
    },
    {
      what: "an address of another kind",
      file: async () => "ftp://10.0.0.1/x.iso",
      code: 1,
      says: /expected a file, an http or https address, or -/,
    },
  ];
  for (const { what, file, code, says } of cases) {
    test(`${what}: a sentence, exit code ${code}, and nothing is left`, async () => {
      const assets = await newAssets();
      const ran = await run(assets, ["add", await file()]);
      assert.equal(ran.code, code, ran.err);
      assert.match(said(ran), says);
      assert.deepEqual(await contentOf(assets), []);
    });
  }

  test("names that would lead out, be huge or break lines do no harm", async () => {
    const files = { ...whole, [`${"n".repeat(200)}/${"m".repeat(200)}`]: "x", "two\nlines": "x", "'quoted'": "x" };
    const made = await added(await newAssets(), [iso("names.iso", files)]);
    assert.deepEqual(
      made.files.map(({ path }) => path),
      ["linux26", "initrd.img"],
    );
  });
});

describe("the disk and its folder", () => {
  test("that has not enough room is told before it is full", async (t) => {
    const assets = await newAssets();
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=17m", "bootqueue-test", assets]);
    t.after(() => execFileSync("umount", [assets]));
    const ran = await run(assets, ["add", PVE]);
    assert.equal(ran.code, 1);
    assert.match(said(ran), /expected 20 MiB free on the disk of .*images, found 17\n {2}remove images/);
    assert.deepEqual(await contentOf(assets), []);
  });

  test("that fills up meanwhile is told, and nothing is kept", async (t) => {
    const assets = await newAssets();
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=20m", "bootqueue-test", assets]);
    t.after(() => execFileSync("umount", [assets]));
    // What is read from standard input has no size that could be asked for before.
    const endless = Readable.from([(await readFile(PVE)).subarray(0, 1_000_000), Buffer.alloc(40_000_000)]);
    const ran = await run(assets, ["add", "-"], endless);
    assert.equal(ran.code, 1, ran.err);
    assert.match(said(ran), /the disk of .* is full; nothing was kept/);
    assert.deepEqual(await contentOf(assets), []);
  });

  test("is not followed where a link leads out of it", async () => {
    const assets = await newAssets();
    const outside = join(folder, "outside");
    await mkdir(outside);
    await symlink(outside, join(assets, "images"));
    const ran = await run(assets, ["add", PVE]);
    assert.deepEqual([ran.code, await readdir(outside)], [1, []]);
    assert.match(said(ran), /expected a folder, found .*images, which is none/);
  });

  test("that is missing is told, with what makes it", async () => {
    const ran = await run(join(folder, "nowhere"), ["add", PVE]);
    assert.equal(ran.code, 1);
    assert.match(said(ran), /expected the folder .*nowhere, found none\n {2}scripts\/install makes it/);
  });
});
