// `bootqueue image add` as a process of its own: killed, interrupted, under another user, without its tools.
import assert from "node:assert/strict";
import { once } from "node:events";
import { chown, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { contentOf, ended, imageBench, run, said, start } from "../support/image-bench.ts";
import { makeIso, proxmoxFiles } from "../support/iso-maker.ts";

const bench = await imageBench();
const { folder, newAssets, added } = bench;
after(bench.close);

const PVE = makeIso(join(folder, "proxmox-ve_9.2-1.iso"), proxmoxFiles(), "PVE");
const LARGE = makeIso(
  join(folder, "large.iso"),
  proxmoxFiles("9.2", { "large.squashfs": Buffer.alloc(60_000_000, 7) }),
);

/** The folder of assets in which a process was at work when it was killed. */
async function killedAt(step: string): Promise<string> {
  for (;;) {
    const assets = await newAssets();
    const child = start(assets, ["add", LARGE]);
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      if (text.includes(step)) child.kill("SIGKILL");
    });
    await once(child, "close");
    // On a busy machine it may have been faster.
    if (child.signalCode === "SIGKILL") return assets;
    assert.equal(child.exitCode, 0);
  }
}

describe("an interrupted `image add`", () => {
  for (const step of ["reading large.iso", "looking into it", "preparing the ISO", "putting the ISO into the initrd"]) {
    test(`killed while ${step} leaves no image, and the next one clears up and succeeds`, async () => {
      const assets = await killedAt(step);
      assert.match((await run(assets, ["list"])).out, /there are no images/);
      assert.equal((await added(assets, [LARGE])).isNew, true);
      const left = (await readdir(join(assets, "images"))).filter((name) => name.startsWith(".") && name !== ".lock");
      assert.deepEqual(left, []);
      assert.equal((await run(assets, ["verify"])).code, 0);
    });
  }

  test("by Ctrl-C says so, keeps nothing, and ends although nothing comes any more", async () => {
    const assets = await newAssets();
    const child = start(assets, ["add", "-"]);
    const end = ended(child);
    const beginning = (await readFile(LARGE)).subarray(0, 5_000_000);
    // Until all of it was taken: then the process waits for more.
    await new Promise((taken) => child.stdin?.write(beginning, taken));
    while (!(await contentOf(assets)).some((name) => name.endsWith("source.iso")))
      await new Promise((resolve) => setTimeout(resolve, 20));

    const second = await run(assets, ["add", PVE]);
    assert.deepEqual([second.code, new RegExp(`process ${child.pid} is adding`).test(said(second))], [1, true]);

    child.kill("SIGINT");
    const ran = await end;
    assert.equal(ran.code, 5, ran.err);
    assert.match(said(ran), /stopped; nothing was kept/);
    assert.deepEqual(await contentOf(assets), []);
  });
});

test("without xorriso nothing is begun", async () => {
  const assets = await newAssets();
  const ran = await ended(start(assets, ["add", PVE], { PATH: "/nonexistent" }));
  assert.deepEqual([ran.code, await contentOf(assets)], [1, []]);
  assert.match(said(ran), /xorriso, which is not installed\n {2}apt-get install xorriso/);
});

test("the folder of the daemon's user stays his when root adds an image that only root can read", async () => {
  const [uid, gid] = [65_534, 65_534];
  const assets = await newAssets();
  await chown(assets, uid, gid);
  const secret = join(folder, "root-only.iso");
  await writeFile(secret, await readFile(PVE), { mode: 0o600 });
  const ran = await ended(start(assets, ["add", "--json", secret]));
  assert.equal(ran.code, 0, ran.err);
  const image = JSON.parse(ran.out) as { readonly folder: string };
  for (const path of [".", image.folder, `${image.folder}/linux26`, `${image.folder}/manifest.json`]) {
    const found = await stat(join(assets, path));
    assert.deepEqual([found.uid, found.gid], [uid, gid], path);
  }
});
