import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { findAssetsFolder } from "../../src/config/assets-folder.ts";

async function file(t: TestContext, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "bootqueue-config-"));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "b.toml"), text);
  return join(folder, "b.toml");
}

describe("findAssetsFolder()", () => {
  const good: readonly (readonly [what: string, text: string, folder: string])[] = [
    ["what the file says", '[paths]\nassets = "/srv/assets"\n', "/srv/assets"],
    ["that also of a file that is wrong elsewhere", '[network]\naddress = 7\n[paths]\nassets = "/a"\n', "/a"],
    ["the usual folder where it says nothing", "[network]\n", "/var/lib/bootqueue/assets"],
  ];
  for (const [what, text, folder] of good) {
    test(`finds ${what}`, async (t) => {
      assert.deepEqual(await findAssetsFolder(await file(t, text)), { ok: true, value: folder });
    });
  }

  test("finds the usual folder where there is no file", async () => {
    assert.deepEqual(await findAssetsFolder("/nonexistent/b.toml"), { ok: true, value: "/var/lib/bootqueue/assets" });
  });

  for (const [what, text, says] of [
    ["a folder that is no path", '[paths]\nassets = "here"\n', /paths\.assets: expected/],
    ["a file that is no TOML", "[paths\n", /line 1.*not valid TOML/],
  ] as const) {
    test(`refuses ${what}`, async (t) => {
      const found = await findAssetsFolder(await file(t, text));
      assert.match(found.ok ? "" : `${found.error.path}: ${found.error.message}`, says);
    });
  }
});
