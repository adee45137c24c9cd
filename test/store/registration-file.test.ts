import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { Dispatch } from "../../src/registration/outbox.ts";
import { RegistrationFile } from "../../src/store/registration-file.ts";

const folder = await mkdtemp(join(tmpdir(), "bootqueue-registrations-"));
after(() => rm(folder, { recursive: true }));
let made = 0;
const newPath = () => join(folder, `registrations-${made++}.json`);

const dispatch = (n: number, state: object) => ({ registrar: "cmdb", host: `52-54-00-ab-cd-0${n}`, readyAt: 5, state });

const DISPATCHES = [
  dispatch(1, { type: "done", at: 6, what: "told" }),
  dispatch(2, { type: "waiting", attempts: 1, nextAt: 9, reason: "503" }),
  dispatch(3, { type: "dead", attempts: 1, at: 9, reason: "401" }),
] as unknown as readonly Dispatch[];

describe("RegistrationFile", () => {
  test("has nothing to load before the first save, and afterwards what was saved", async () => {
    const path = newPath();
    assert.equal(await new RegistrationFile(path).load(), null);
    await new RegistrationFile(path).save(DISPATCHES);
    assert.deepEqual(await new RegistrationFile(path).load(), DISPATCHES);
  });

  test("refuses a damaged file with words, and leaves it as it is", async () => {
    const path = newPath();
    await new RegistrationFile(path).save(DISPATCHES);
    const text = (await readFile(path, "utf8")).replace("told", "tald");
    await writeFile(path, text);
    await assert.rejects(new RegistrationFile(path).load(), /cannot read .*move it away: .*registered once more/s);
    assert.equal(await readFile(path, "utf8"), text);
  });
});
