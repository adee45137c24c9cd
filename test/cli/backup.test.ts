import assert from "node:assert/strict";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { lockFolder } from "../../src/store/lock.ts";
import { applianceFolder, contentOf } from "../support/appliance-folder.ts";
import { runAs, type User } from "../support/cli-bench.ts";

const NOW = Date.UTC(2026, 10, 20, 13);

async function bench(t: TestContext) {
  const appliance = await applianceFolder(t);
  const file = join(appliance.folder, "b.tar.gz");
  const run = (argv: readonly string[], user: User = {}) =>
    runAs(user, ["--config", appliance.config, ...argv], () => NOW);
  return { ...appliance, file, run };
}

describe("backup", () => {
  test("writes one file that only its owner may read, and says what is in it", async (t) => {
    const { file, run } = await bench(t);
    const ran = await run(["backup", file]);
    assert.equal(ran.err, "");
    assert.match(ran.out, /b\.tar\.gz: 11 files, .*\nit holds keys and password hashes/);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    const done = JSON.parse((await run(["backup", `${file}.2`, "--json"])).out) as object;
    assert.deepEqual(
      { ...done, sizeBytes: 0 },
      { file: `${file}.2`, sizeBytes: 0, files: 11, images: [], madeAt: "2026-11-20T13:00:00.000Z" },
    );
  });

  test("asks before it replaces a file, and keeps it whole meanwhile", async (t) => {
    const { file, run } = await bench(t);
    await writeFile(file, "precious");
    assert.equal((await run(["backup", file])).code, 2);
    assert.equal((await run(["backup", file], { answers: ["n"] })).code, 5);
    assert.equal(await readFile(file, "utf8"), "precious");
    assert.equal((await run(["backup", file, "--yes"])).code, 0);
    assert.notEqual(await readFile(file, "utf8"), "precious");
  });

  test("is not put where every machine may fetch it", async (t) => {
    const { state, run } = await bench(t);
    const ran = await run(["backup", join(state, "assets/b.tar.gz")]);
    assert.deepEqual([ran.code, /which every machine may read/.test(ran.err)], [2, true]);
  });

  test("refuses a configuration that could not be restored", async (t) => {
    const { file, config, run } = await bench(t);
    await writeFile(config, "[network]\n");
    const ran = await run(["backup", file]);
    assert.equal(ran.code, 2);
    assert.match(ran.err, /network\.address.*bootqueue config check/s);
    await assert.rejects(stat(file));
  });
});

for (const { command, name, words } of [
  {
    command: "backup",
    name: "nowhere/b.tar.gz",
    words: /nowhere\/b\.tar\.gz: there is no such file or folder\n {2}name one/,
  },
  { command: "restore", name: "b.tar.gz", words: /b\.tar\.gz: there is no such file or folder\n {2}name one/ },
  { command: "restore", name: "etc", words: /etc: expected a file, found a folder/ },
] as const) {
  test(`${command} ${name} says in words what is wrong with the file`, async (t) => {
    const { folder, store, run } = await bench(t);
    await store.close();
    const ran = await run([command, join(folder, name), "--yes"]);
    assert.equal(ran.code, 1);
    assert.match(ran.err, words);
  });
}

describe("restore", () => {
  test("puts everything back after asking, and says what to do next", async (t) => {
    const { folder, file, state, store, run } = await bench(t);
    await run(["backup", file]);
    await store.close();
    const profile = join(folder, "etc/profiles/pve.toml");
    await writeFile(profile, 'kind = "debian"\n');
    assert.equal((await run(["restore", file])).code, 2);
    assert.equal((await run(["restore", file], { answers: ["n"] })).code, 5);
    assert.equal(await readFile(profile, "utf8"), 'kind = "debian"\n');
    const ran = await run(["restore", file], { answers: ["y"] });
    assert.match(ran.err, /Everything below is REPLACED.*3 slots, 2 hosts.*Restore it\? \[y\/N\] y/s);
    assert.deepEqual(
      ran.out
        .split("\n")
        .slice(0, 4)
        .map((line) => line.replace(folder, "")),
      [
        `restored 11 files of ${(JSON.parse((await run(["restore", file, "--check", "--json"])).out) as { host: string }).host}, as they were at 2026-11-20T13:00:00.000Z`,
        `what was there before: ${join(state, "before-restore-20261120T130000Z").replace(folder, "")}`,
        "52-54-00-00-01-02 was armed, and counts as failed now: it may have been installed since",
        "the queue is paused. Start the daemon, then tell it what it cannot know: `bootqueue mark-installed HOST` for what was",
      ],
    );
    assert.equal(await readFile(profile, "utf8"), 'kind = "proxmox"\n');
  });

  test("says what to type for a machine that came since, so that it is not wiped", async (t) => {
    const { file, store, queue, run } = await bench(t);
    await store.save({ ...queue, hosts: [], slots: [] });
    await run(["backup", file]);
    await store.save(queue);
    await store.close();
    const ran = await run(["restore", file, "--yes"]);
    assert.match(
      ran.out,
      /^52:54:00:00:01:01 \(node1 at 10\.11\.0\.2\) may have been installed since, .*: bootqueue register 52:54:00:00:01:01 --slot 10\.11\.0\.2; bootqueue mark-installed 52:54:00:00:01:01$/m,
    );
  });

  test("--check changes nothing, and needs nobody to ask", async (t) => {
    const { folder, file, run } = await bench(t);
    await run(["backup", file]);
    const before = await contentOf(folder);
    const ran = await run(["restore", file, "--check"]);
    assert.match(ran.out, /is a whole backup\n {2}made .* by bootqueue 1\.2\.3\n {2}queue .*3 slots, 2 hosts/);
    assert.deepEqual(await contentOf(folder), before);
  });

  test("refuses a damaged file: 6, and changes nothing", async (t) => {
    const { folder, file, run } = await bench(t);
    await run(["backup", file]);
    const archive = await readFile(file);
    await writeFile(file, archive.subarray(0, archive.length - 100));
    const before = await contentOf(folder);
    const ran = await run(["restore", file, "--yes"]);
    assert.equal(ran.code, 6);
    assert.match(ran.err, /expected a backup, found no sound gzip file .*\n {2}nothing was changed/);
    assert.deepEqual(await contentOf(folder), before);
  });

  test("refuses while a daemon runs: 1", async (t) => {
    const { file, state, run } = await bench(t);
    await run(["backup", file]);
    const lock = await lockFolder(state);
    t.after(() => lock.release());
    const ran = await run(["restore", file, "--yes"]);
    assert.equal(ran.code, 1);
    assert.match(ran.err, /is in use by process/);
  });

  test("writes nowhere where the configuration here has nothing, unless that is allowed", async (t) => {
    const { folder, file, store, run, config } = await bench(t);
    await run(["backup", file]);
    await store.close();
    const here = join(folder, "here");
    await mkdir(here);
    const elsewhere = (argv: readonly string[]) =>
      runAs({}, ["--config", join(here, "bootqueue.toml"), ...argv], () => NOW);
    const ran = await elsewhere(["restore", file, "--yes"]);
    assert.equal(ran.code, 2);
    assert.match(ran.err, /would also write .*etc\/profiles\/pve\.toml.*lab\.password/);
    await assert.rejects(stat(join(here, "bootqueue.toml")));
    await rm(config);
    const allowed = await elsewhere(["restore", file, "--yes", "--allow", join(folder, "etc"), join(folder, "state")]);
    assert.deepEqual([allowed.code, allowed.err], [0, ""]);
    assert.ok((await stat(join(here, "bootqueue.toml"))).isFile());
  });
});
