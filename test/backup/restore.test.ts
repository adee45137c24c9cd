import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { packBackup } from "../../src/backup/backup-file.ts";
import { gatherBackup } from "../../src/backup/gather.ts";
import { type RestoreOptions, restore } from "../../src/backup/restore.ts";
import { planRestore } from "../../src/backup/restore-plan.ts";
import { cutOffRestore } from "../../src/backup/under-way.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Instant } from "../../src/std/clock.ts";
import { JsonFileStore } from "../../src/store/json-file-store.ts";
import { lockFolder } from "../../src/store/lock.ts";
import { type ApplianceFolder, applianceFolder, contentOf } from "../support/appliance-folder.ts";
import { FakeClock } from "../support/fake-clock.ts";

const NOW = Date.UTC(2026, 10, 20, 13) as Instant;
const COPY = "before-restore-20261120T130000Z";

async function archiveOf({ config }: ApplianceFolder): Promise<Uint8Array> {
  const loaded = await loadConfig(config);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  const backup = await gatherBackup(loaded.value.config, { program: "1.2.3", host: "peach" }, NOW);
  if (!backup.ok) throw new Error(backup.error);
  return packBackup(backup.value);
}

function planOf(archive: Uint8Array, config: string) {
  const plan = planRestore(archive, config);
  if (!plan.ok) throw new Error(plan.error);
  return plan.value;
}

const OPTIONS: RestoreOptions = { archive: "/srv/b.tar.gz", keepArmed: false, otherStateFolder: null, now: NOW };

/** A backup, and then everything is another. */
async function changedSince(t: TestContext) {
  const appliance = await applianceFolder(t);
  const archive = await archiveOf(appliance);
  await appliance.store.close();
  const { folder, state } = appliance;
  await writeFile(join(folder, "etc/profiles/pve.toml"), 'kind = "debian"\n');
  await writeFile(join(folder, "etc/profiles/later.toml"), 'kind = "debian"\n');
  await rm(join(folder, "etc/lab.password"));
  await writeFile(join(state, "join-keys/two.json"), "{}\n");
  await writeFile(join(state, "state.journal"), "of another history\n");
  await writeFile(join(state, "tls-key.pem"), "another key\n");
  return { ...appliance, archive };
}

describe("restore()", () => {
  test("makes everything as it was, and copies what was there", async (t) => {
    const { folder, config, state, archive } = await changedSince(t);
    const before = await contentOf(folder);
    const restored = await restore(planOf(archive, config), OPTIONS);
    const now = await contentOf(folder);
    assert.equal(now["etc/profiles/pve.toml"], '640 kind = "proxmox"\n');
    assert.equal(now["etc/lab.password"], "600 secret of the cluster\n");
    assert.equal(now["state/tls-key.pem"], "600 the key\n");
    for (const gone of [
      "etc/profiles/later.toml",
      "state/join-keys/two.json",
      "state/state.journal",
      "state/restore-under-way",
    ])
      assert.equal(now[gone], undefined, gone);
    assert.equal(now["state/assets/snponly.efi"], "644 a boot loader\n");
    assert.equal(restored.copy, join(state, COPY));
    const copied = await contentOf(join(state, COPY, folder));
    for (const [name, text] of Object.entries(before))
      if (now[name] !== text) assert.equal(copied[name], text, `${name} is copied`);
  });

  test("lets nothing be installed before the operator says so", async (t) => {
    const { config, state, archive } = await changedSince(t);
    const restored = await restore(planOf(archive, config), OPTIONS);
    const queue = await new JsonFileStore(join(state, "state.json"), new FakeClock()).load();
    assert.deepEqual(restored.disarmed, ["52-54-00-00-01-02"]);
    assert.deepEqual(
      queue?.hosts.map(({ state }) => state.type),
      ["ready", "failed"],
    );
    assert.equal(queue?.paused, true);
    const why = queue?.hosts.at(1)?.state;
    assert.match(why?.type === "failed" ? why.reason : "", /a backup of 2026-11-20T13:00:00\.000Z/);
  });

  test("leaves armed what was armed, where the operator vouches for it", async (t) => {
    const { config, state, archive, queue } = await changedSince(t);
    await restore(planOf(archive, config), { ...OPTIONS, keepArmed: true });
    const restored = await new JsonFileStore(join(state, "state.json"), new FakeClock()).load();
    assert.deepEqual(JSON.parse(JSON.stringify(restored)), JSON.parse(JSON.stringify(queue)));
  });

  test("stands an appliance up where there was none", async (t) => {
    const appliance = await applianceFolder(t);
    const archive = await archiveOf(appliance);
    await appliance.store.close();
    const [etc, state] = [join(appliance.folder, "etc"), appliance.state];
    await rename(etc, `${etc}.old`);
    await rename(state, `${state}.old`);
    const restored = await restore(planOf(archive, appliance.config), OPTIONS);
    assert.equal(restored.copy, null);
    assert.ok((await loadConfig(appliance.config)).ok);
    assert.equal((await contentOf(etc))["lab.password"], (await contentOf(`${etc}.old`))["lab.password"]);
  });

  test("changes nothing while a daemon runs, on this state folder or on the present one", async (t) => {
    const { folder, config, state, archive } = await changedSince(t);
    const before = await contentOf(folder);
    const own = await lockFolder(state);
    await assert.rejects(restore(planOf(archive, config), OPTIONS), /is in use by process/);
    own.release();
    const elsewhere = join(folder, "elsewhere");
    await mkdir(elsewhere);
    const other = await lockFolder(elsewhere);
    t.after(() => other.release());
    await assert.rejects(restore(planOf(archive, config), { ...OPTIONS, otherStateFolder: elsewhere }), /is in use by/);
    await rm(elsewhere, { recursive: true });
    assert.deepEqual(await contentOf(folder), before);
  });

  test("does not follow a link that somebody put into the state folder", async (t) => {
    const { folder, config, state, archive } = await changedSince(t);
    await rm(join(state, "join-keys"), { recursive: true });
    await mkdir(join(folder, "elsewhere"));
    await symlink(join(folder, "elsewhere"), join(state, "join-keys"));
    await assert.rejects(restore(planOf(archive, config), OPTIONS), /join-keys is no folder/);
    assert.deepEqual(await readdir(join(folder, "elsewhere")), []);
  });

  test("kill -9 at any moment: nothing has changed, or no daemon starts until it is done again", async (t) => {
    const { folder, config, state, archive } = await changedSince(t);
    const file = join(folder, "b.tar.gz");
    await writeFile(file, archive);
    const pristine = join(folder, "..", `${folder.split("/").at(-1)}.pristine`);
    t.after(() => rm(pristine, { recursive: true }));
    await cp(folder, pristine, { recursive: true });
    const before = await contentOf(folder);
    await restore(planOf(archive, config), OPTIONS);
    const after = await contentOf(folder);
    for (const [killed, marked] of [
      [1, false],
      [2, true],
      [4, true],
      [9, true],
      [15, true],
    ] as const) {
      await rm(folder, { recursive: true });
      await cp(pristine, folder, { recursive: true });
      assert.equal(await killedAfter(file, config, killed), "SIGKILL", `${killed}`);
      const cutOff = await cutOffRestore(state);
      assert.equal(cutOff !== null, marked, `after ${killed} changes: ${cutOff}`);
      if (!marked) assert.deepEqual(await contentOf(folder), before);
      const copied = await contentOf(join(state, COPY, folder));
      for (const [name, text] of Object.entries(before))
        if (after[name] !== text) assert.equal(copied[name], text, `${name} is copied`);
      await restore(planOf(await readFile(file), config), OPTIONS);
      assert.deepEqual(await contentOf(folder), after, `after ${killed} changes and another try`);
    }
  });
});

async function killedAfter(file: string, config: string, count: number): Promise<string | null> {
  const script = join(import.meta.dirname, "../support/restoring-child.ts");
  const argv = ["--import", "tsx", script, file, config, String(count)];
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "inherit", "inherit"] });
  const [, signal] = (await once(child, "close")) as [number | null, string | null];
  return signal;
}
