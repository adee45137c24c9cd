import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { lostState } from "../src/daemon-lost-state.ts";

const MAC = "52:54:00:00:01:01";

describe("lostState()", () => {
  test("says nothing of a folder in which no daemon has run", async (t) => {
    assert.equal(await lostState(await folderWith(t, {})), null);
  });

  test("says nothing of a timeline without installs: the daemon was stopped before anybody came", async (t) => {
    const lines = [
      line("daemon", "bootqueue 0.1.0 started"),
      line("dhcp", "OFFER 10.11.0.2"),
      line("queue", "pxe_ready"),
    ];
    assert.equal(await lostState(await folderWith(t, { "timeline.jsonl": lines })), null);
  });

  test("refuses to forget an install of which only the timeline tells, and says what to do", async (t) => {
    const folder = await folderWith(t, {
      "timeline.jsonl": [line("daemon", "bootqueue 0.1.0 started")],
      "timeline.jsonl.1": [
        line("queue", "installing, slot node1 10.11.0.2"),
        line("queue", "ready, slot node1 10.11.0.2"),
      ],
    });
    const why = await lostState(folder);
    assert.match(why ?? "", /expected a saved queue in .*state\.json, found no such file/);
    assert.match(why ?? "", /the last: 52:54:00:00:01:01 ready, slot node1 10\.11\.0\.2, 2026-/);
    assert.match(why ?? "", /bootqueue restore FILE/);
    assert.match(why ?? "", new RegExp(`mv ${folder}/timeline\\.jsonl\\* ${folder}/old/`));
  });
});

function line(road: string, what: string): string {
  const at = Date.parse("2026-11-20T12:00:00Z");
  const outcome = road === "queue" || road === "daemon" ? "noted" : "answered";
  return JSON.stringify({ at, last: at, count: 1, mac: road === "daemon" ? null : MAC, road, outcome, what, why: "" });
}

async function folderWith(t: TestContext, files: Readonly<Record<string, readonly string[]>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "bootqueue-lost-"));
  t.after(() => rm(folder, { recursive: true }));
  for (const [name, lines] of Object.entries(files)) await writeFile(join(folder, name), `${lines.join("\n")}\n`);
  return folder;
}
