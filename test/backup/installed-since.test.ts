import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { installedSince } from "../../src/backup/installed-since.ts";
import { EMPTY_QUEUE } from "../../src/queue/state.ts";
import { applianceFolder } from "../support/appliance-folder.ts";
import { requested, seen } from "../support/queue-builder.ts";

const FIRST = { mac: "52:54:00:00:01:01", where: "node1 at 10.11.0.2", address: "10.11.0.2" };
const SECOND = { mac: "52:54:00:00:01:02", where: "node2 at 10.11.0.3", address: "10.11.0.3" };

describe("installedSince()", () => {
  test("names machines that the backup does not know, also out of the journal, and also one in the middle of it", async (t) => {
    const { state } = await applianceFolder(t);
    assert.deepEqual(await installedSince(state, EMPTY_QUEUE), [
      { ...FIRST, isKnown: false },
      { ...SECOND, isKnown: false },
    ]);
  });

  test("names machines of which the backup knows no install", async (t) => {
    const [present, before] = [await applianceFolder(t), await applianceFolder(t, [seen(1), requested(1)])];
    assert.deepEqual(await installedSince(present.state, before.queue), [
      { ...FIRST, isKnown: true },
      { ...SECOND, isKnown: false },
    ]);
  });

  test("names nobody where the backup knows as much, or nothing can be read", async (t) => {
    const { state, queue, store } = await applianceFolder(t);
    assert.deepEqual(await installedSince(state, queue), []);
    await store.close();
    await writeFile(join(state, "state.json"), "damaged");
    assert.deepEqual(await installedSince(state, EMPTY_QUEUE), []);
    await rm(join(state, "state.json"));
    assert.deepEqual(await installedSince(state, EMPTY_QUEUE), []);
  });
});
