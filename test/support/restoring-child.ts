// Restores a backup and kills itself after the n-th change to the disk: `restoring-child.ts ARCHIVE CONFIG N`.
import { readFile } from "node:fs/promises";
import { restore } from "../../src/backup/restore.ts";
import { planRestore } from "../../src/backup/restore-plan.ts";
import type { Instant } from "../../src/std/clock.ts";

const [archive = "", config = "", count = ""] = process.argv.slice(2);
const plan = planRestore(await readFile(archive), config);
if (!plan.ok) throw new Error(plan.error);
let changes = 0;
await restore(plan.value, {
  archive,
  keepArmed: false,
  otherStateFolder: null,
  now: Date.UTC(2026, 10, 20, 13) as Instant,
  onChange() {
    if (++changes === Number(count)) process.kill(process.pid, "SIGKILL");
  },
});
