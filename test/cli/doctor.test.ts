import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runAs } from "../support/cli-bench.ts";

test("doctor says what it finds a line each, or as JSON, and ends with 1 when there is a problem", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "bootqueue-doctor-"));
  t.after(() => rm(folder, { recursive: true }));
  const config = join(folder, "bootqueue.toml");
  await writeFile(config, '[network]\naddress = "10.11.0.256"\n');
  const run = (...argv: string[]) => runAs({}, ["--config", config, ...argv, "doctor"], () => Date.UTC(2026, 10));
  const ran = await run();
  assert.equal(ran.code, 1);
  assert.match(ran.out, /^problem {2}configuration: .*10\.11\.0\.256.*; correct it, then `bootqueue config check`/m);
  assert.match(ran.out, /^ok {7}clock: this host believes that it is 2026-11-01T00:00:00\.000Z$/m);
  assert.match(
    ran.out,
    /^warning {2}daemon: not asked: its socket stands in the configuration; or name it with --socket$/m,
  );
  const socket = join(folder, "none.sock");
  const told = JSON.parse((await run("--json", "--socket", socket)).out) as {
    ok: boolean;
    findings: { level: string; what: string; words: string; todo: string }[];
  };
  assert.equal(told.ok, false);
  const daemon = told.findings.find(({ what }) => what === "daemon");
  assert.deepEqual(
    [daemon?.level, daemon?.words],
    ["problem", `the daemon does not run: there is no socket ${socket}`],
  );
  assert.match(daemon?.todo ?? "", /systemctl start bootqueue/);
});
