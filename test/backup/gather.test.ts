import assert from "node:assert/strict";
import { rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { gatherBackup } from "../../src/backup/gather.ts";
import { loadConfig } from "../../src/config/load.ts";
import { toSaved } from "../../src/store/format.ts";
import { applianceFolder } from "../support/appliance-folder.ts";

const ABOUT = { program: "1.2.3", host: "peach" };
const NOW = Date.UTC(2026, 10, 20, 12, 30);

async function gathered(config: string) {
  const loaded = await loadConfig(config);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  return gatherBackup(loaded.value.config, ABOUT, NOW);
}

async function sound(config: string) {
  const backup = await gathered(config);
  if (!backup.ok) throw new Error(backup.error);
  return backup.value;
}

function savedIn(content: Uint8Array | undefined) {
  return { ...(JSON.parse(Buffer.from(content ?? []).toString()) as object), sha256: undefined };
}

describe("gatherBackup()", () => {
  test("finds everything that stands the appliance up again, and nothing else", async (t) => {
    const { config, folder } = await applianceFolder(t);
    const { files, ...about } = await sound(config);
    assert.deepEqual(about, { ...ABOUT, madeAt: "2026-11-20T12:30:00.000Z", images: [] });
    assert.deepEqual(files.map(({ path, mode }) => `${path} ${mode.toString(8)}`).sort(), [
      "config/bootqueue.toml 640",
      "profiles/pve.toml 640",
      "secrets/1 600",
      "server-types/r640.toml 644",
      "state/clusters.json 600",
      "state/join-keys/one.json 600",
      "state/operator-token.sha256 600",
      "state/state.json 600",
      "state/timeline.jsonl 600",
      "state/tls-cert.pem 600",
      "state/tls-key.pem 600",
    ]);
    assert.equal(files.find(({ path }) => path === "secrets/1")?.original, join(folder, "etc/lab.password"));
  });

  test("writes what is in the journal into the state file, while it goes on growing", async (t) => {
    const { config, queue, store } = await applianceFolder(t);
    const { files } = await sound(config);
    const found = files.find(({ path }) => path === "state/state.json")?.content;
    assert.deepEqual(savedIn(found), { ...JSON.parse(JSON.stringify(toSaved(queue))), sha256: undefined });
    await store.save({ ...queue, paused: true });
  });

  test("finds one moment while everything is saved over and over", async (t) => {
    const { config, queue, store } = await applianceFolder(t);
    let isOver = false;
    const saving = (async () => {
      let state = queue;
      for (let n = 3; !isOver; n++) {
        state = { ...state, paused: n % 2 === 0 };
        await store.save(state);
      }
    })();
    try {
      for (let round = 0; round < 10; round++) await sound(config);
    } finally {
      isOver = true;
      await saving;
    }
  });

  test("follows no link in the state folder", async (t) => {
    const { config, state, folder } = await applianceFolder(t);
    await writeFile(join(folder, "private"), "not the daemon's");
    await rm(join(state, "leases.json"), { force: true });
    await symlink(join(folder, "private"), join(state, "leases.json"));
    await assert.rejects(gathered(config), /leases\.json is a link/);
  });

  test("refuses a state that the daemon would refuse, and says why", async (t) => {
    const { config, state, store } = await applianceFolder(t);
    await store.close();
    await writeFile(join(state, "state.json"), "{}");
    const backup = await gathered(config);
    assert.match(backup.ok ? "" : backup.error, /cannot read .*state\.json/);
  });

  test("works before anything was saved", async (t) => {
    const { config, state, store } = await applianceFolder(t);
    await store.close();
    await rename(state, `${state}.gone`);
    const { files } = await sound(config);
    assert.deepEqual(
      files.filter(({ path }) => path.startsWith("state/")),
      [],
    );
  });

  test("refuses what a restore has left half done", async (t) => {
    const { config, state } = await applianceFolder(t);
    await writeFile(join(state, "restore-under-way"), "/srv/b.tar.gz\n/copy\n");
    const backup = await gathered(config);
    assert.match(backup.ok ? "" : backup.error, /a restore was cut off.*bootqueue restore \/srv\/b\.tar\.gz/s);
  });
});
