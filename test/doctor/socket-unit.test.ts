import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readSocketUnit } from "../../src/doctor/socket-unit.ts";

test("readSocketUnit() says to which device the last drop-in binds it", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "bootqueue-units-"));
  t.after(() => rm(folder, { recursive: true }));
  assert.equal(await readSocketUnit(folder), null);
  const unit = join(folder, "bootqueue-dhcp.socket");
  await writeFile(unit, "[Socket]\nListenDatagram=0.0.0.0:67\n# The drop-in adds BindToDevice=eth9\n");
  assert.deepEqual(await readSocketUnit(folder), { device: null });
  await mkdir(`${unit}.d`);
  await writeFile(join(`${unit}.d`, "boot-network.conf"), "[Socket]\nBindToDevice=eth1\n");
  assert.deepEqual(await readSocketUnit(folder), { device: "eth1" });
  await writeFile(join(`${unit}.d`, "own.conf"), "[Socket]\nBindToDevice=eth2\n");
  await writeFile(join(`${unit}.d`, "own.conf.old"), "[Socket]\nBindToDevice=eth3\n");
  assert.deepEqual(await readSocketUnit(folder), { device: "eth2" });
  await writeFile(join(`${unit}.d`, "zero.conf"), "[Socket]\nBindToDevice=\n");
  assert.deepEqual(await readSocketUnit(folder), { device: null });
});
