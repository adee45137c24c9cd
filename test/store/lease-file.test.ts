import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import type { MacAddress } from "../../src/net/mac-address.ts";
import type { PoolLease } from "../../src/pool/lease.ts";
import type { Instant } from "../../src/std/clock.ts";
import { LeaseFile } from "../../src/store/lease-file.ts";

const folder = await mkdtemp(join(tmpdir(), "bootqueue-leases-"));
after(() => rm(folder, { recursive: true }));
let made = 0;
const newPath = () => join(folder, `leases-${made++}.json`);

const LEASES: readonly PoolLease[] = [
  {
    address: "10.11.2.10" as Ipv4Address,
    mac: "02:00:00:00:00:01" as MacAddress,
    state: { type: "bound", since: 1 as Instant, until: 2 as Instant },
  },
  {
    address: "10.11.2.11" as Ipv4Address,
    mac: "02:00:00:00:00:02" as MacAddress,
    state: { type: "released", at: 3 as Instant },
  },
  {
    address: "10.11.2.12" as Ipv4Address,
    mac: "02:00:00:00:00:03" as MacAddress,
    state: { type: "in-conflict", until: 4 as Instant },
  },
];

describe("LeaseFile", () => {
  test("has nothing to load before the first save, and afterwards what was saved", async () => {
    const path = newPath();
    assert.equal(await new LeaseFile(path).load(), null);
    await new LeaseFile(path).save(LEASES);
    assert.deepEqual(await new LeaseFile(path).load(), LEASES);
    await new LeaseFile(path).save([]);
    assert.deepEqual(await new LeaseFile(path).load(), []);
  });

  const damages: readonly { what: string; damage: (text: string) => string }[] = [
    { what: "that is empty", damage: () => "" },
    { what: "that was cut off", damage: (text) => text.slice(0, text.length / 2) },
    { what: "in which one digit changed", damage: (text) => text.replace("02:00:00:00:00:02", "02:00:00:00:00:04") },
    {
      what: "of another version",
      damage: (text) => text.replace(/"sha256".*\n/, "").replace('"version":1', '"version":9'),
    },
    {
      what: "with an address twice",
      damage: (text) => text.replace(/"sha256".*\n/, "").replace("10.11.2.11", "10.11.2.10"),
    },
  ];
  for (const { what, damage } of damages) {
    test(`refuses a file ${what}, and says what to do`, async () => {
      const path = newPath();
      await new LeaseFile(path).save(LEASES);
      await writeFile(path, damage(await readFile(path, "utf8")));
      await assert.rejects(new LeaseFile(path).load(), /cannot read .*leases-\d+\.json: .*move it away/s);
    });
  }
});
