import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { formatSize, ProgressDisplay, renderBar } from "../../src/cli/progress-display.ts";
import type { Progress } from "../../src/images/progress.ts";
import { err, ok } from "../../src/std/result.ts";
import { runAs, type User } from "../support/cli-bench.ts";
import { newAssetsFolder, shelveImage } from "../support/shelved-image.ts";

const run = (assets: string, argv: readonly string[], user: User = {}, more = {}) =>
  runAs(user, ["image", "--assets", assets, ...argv], () => 0, more);

describe("image list", () => {
  test("shows the images by name, what they need, and which install nothing by themselves", async (t) => {
    const assets = await newAssetsFolder(t);
    await shelveImage(assets, "proxmox-ve-9.2-1", { memoryMib: 6144 });
    await shelveImage(assets, "debian-netinst-12.11.0", { attended: "it looks for a disc" });
    assert.equal(
      (await run(assets, ["list"])).out,
      `image                   system                         size  memory  added                note
debian-netinst-12.11.0  System debian-netinst-12.11.0  64 B   2 GiB  2026-11-20 14:00:00  not unattended
proxmox-ve-9.2-1        System proxmox-ve-9.2-1        52 B   6 GiB  2026-11-20 14:00:00
`,
    );
  });

  test("says how to add the first one", async (t) => {
    const ran = await run(await newAssetsFolder(t), ["list"]);
    assert.equal(ran.out, "there are no images; add one: bootqueue image add FILE.iso\n");
  });
});

describe("image show", () => {
  test("has all of it for programs", async (t) => {
    const assets = await newAssetsFolder(t);
    const { manifest, folder } = await shelveImage(assets, "proxmox-ve-9.2-1");
    const shown = JSON.parse((await run(assets, ["show", "proxmox-ve-9.2-1", "--json"])).out) as object;
    const { schema: _, ...rest } = manifest;
    assert.deepEqual(shown, { ...rest, sizeBytes: 52, folder });
  });

  test("of a name that is nearly right says which was meant: 4", async (t) => {
    const assets = await newAssetsFolder(t);
    await shelveImage(assets, "proxmox-ve-9.2-1");
    const ran = await run(assets, ["show", "proxmox-ve-9.2"]);
    assert.equal(ran.code, 4);
    assert.match(ran.err, /no image is called "proxmox-ve-9\.2"; did you mean proxmox-ve-9\.2-1\?/);
  });
});

describe("image verify", () => {
  test("says of each that it is as it was added, or what changed: 6", async (t) => {
    const assets = await newAssetsFolder(t);
    await shelveImage(assets, "a-1");
    const { folder } = await shelveImage(assets, "b-1");
    const good = await run(assets, ["verify"]);
    assert.deepEqual([good.code, good.out], [0, "a-1 is as it was added\nb-1 is as it was added\n"]);
    await writeFile(join(assets, folder, "vmlinuz"), "");
    const bad = await run(assets, ["verify"]);
    assert.equal(bad.code, 6);
    assert.match(bad.out, /vmlinuz: expected 13 octets, found 0\na-1 is as it was added\nremove what is damaged/);
  });
});

describe("image remove", () => {
  const uses = (...list: { profile: string; image: string }[]) => ({ imageUses: async () => ok(list) });

  test("shows what goes and asks; nobody to ask is an error: 2", async (t) => {
    const assets = await newAssetsFolder(t);
    await shelveImage(assets, "a-1");
    assert.equal((await run(assets, ["remove", "a-1"])).code, 2);
    const no = await run(assets, ["remove", "a-1"], { answers: ["n"] });
    assert.deepEqual([no.code, /^image +a-1$[\s\S]*Remove a-1, so that/m.test(no.err)], [5, true]);
    const yes = await run(assets, ["remove", "a-1"], { answers: ["y"] }, uses());
    assert.deepEqual([yes.code, yes.out], [0, "a-1 is removed\n"]);
    assert.equal((await run(assets, ["show", "a-1"])).code, 4);
  });

  test("refuses one that profiles use, unless forced: 1", async (t) => {
    const assets = await newAssetsFolder(t);
    await shelveImage(assets, "a-1");
    const more = uses({ profile: "pve", image: "a-1" }, { profile: "x", image: "b-1" }, { profile: "y", image: "a-1" });
    const refused = await run(assets, ["remove", "a-1", "--yes"], {}, more);
    assert.deepEqual([refused.code, refused.err.split("\n")[0]], [1, "bootqueue: a-1 is used by profiles pve, y"]);
    assert.equal((await run(assets, ["remove", "a-1", "--yes", "--force"], {}, more)).code, 0);
  });

  test("refuses where nobody can tell: 1", async (t) => {
    const assets = await newAssetsFolder(t);
    await shelveImage(assets, "a-1");
    const broken = { imageUses: async () => err([{ path: "network", message: "missing" }]) };
    const refused = await run(assets, ["remove", "a-1", "--yes"], {}, broken);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /nobody can tell whether a profile uses a-1.*network: missing/);
  });
});

test("image add refuses a checksum that is none, before it begins: 2", async (t) => {
  const ran = await run(await newAssetsFolder(t), ["add", "x.iso", "--sha256", "abc"]);
  assert.deepEqual([ran.code, /--sha256: expected 64 hexadecimal digits, found "abc"/.test(ran.err)], [2, true]);
});

describe("the bar", () => {
  const progress: Progress = { what: "reading x.iso", done: 904_000_000, total: 1_740_000_000, unit: "octets" };

  test("says how far it is, how fast, and how long it will take, as far as there is room", () => {
    assert.equal(
      renderBar(progress, 3000, 120),
      "reading x.iso  [===============>              ]   51 %  904 MB of 1.7 GB, 301 MB/s, 2 s left",
    );
    assert.equal(renderBar(progress, 3000, 60), "reading x.iso  [========>        ]   51 %  904 MB of 1.7 GB");
    for (let columns = 1; columns < 130; columns++) assert.ok(renderBar(progress, 3000, columns).length < columns);
  });

  test("has no share of what has no known end", () => {
    assert.equal(renderBar({ ...progress, total: null }, 3000, 120), "reading x.iso  904 MB, 301 MB/s");
  });

  test("sizes are those of publishers", () => {
    const sizes = [0, 999, 999_600, 1_740_000_000, 120e9];
    assert.deepEqual(sizes.map(formatSize), ["0 B", "999 B", "1 MB", "1.7 GB", "120 GB"]);
  });
});

describe("progress", () => {
  function shown(errIsTerminal: boolean, steps: readonly (readonly [ms: number, done: number])[]): string {
    let text = "";
    let now = 0;
    const err = (more: string) => {
      text += more;
    };
    const screen = { err, errIsTerminal, columns: () => 40, now: () => now };
    const display = new ProgressDisplay(screen);
    for (const [ms, done] of steps) {
      now = ms;
      display.show({ what: "reading", done, total: 100, unit: "percent" });
    }
    display.end();
    return text;
  }

  test("takes a terminal of no columns for an ordinary one", () => {
    let text = "";
    const err = (more: string) => {
      text += more;
    };
    const display = new ProgressDisplay({ err, errIsTerminal: true, columns: () => 0, now: () => 0 });
    display.show({ what: "reading", done: 50, total: 100, unit: "percent" });
    assert.match(text, /reading {2}\[=+> +\] +50 %$/);
  });

  test("is drawn over on a terminal, ten times a second at most", () => {
    const text = shown(true, [
      [0, 0],
      [50, 10],
      [120, 20],
    ]);
    assert.equal(text.split("\r\u001b[K").length - 1, 3);
    assert.ok(text.endsWith(" 20 %\r\u001b[K"));
    assert.doesNotMatch(text, / 10 %/);
  });

  test("is a line for each step elsewhere, and another only when it takes long", () => {
    const steps = [
      [0, 0],
      [100, 50],
      [6000, 60],
      [7000, 90],
    ] as const;
    assert.equal(shown(false, steps), "reading\nreading: 60 %\n");
  });
});
