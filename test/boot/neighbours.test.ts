import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readArpTable, whoIsAt } from "../../src/boot/neighbours.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import type { MacAddress } from "../../src/net/mac-address.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeNeighbours } from "../support/fake-neighbours.ts";
import { settled } from "../support/machine-bench.ts";

// As Linux 6 prints it; arp(7).
const TABLE = `IP address       HW type     Flags       HW address            Mask     Device
10.11.0.2        0x1         0x2         da:4f:fb:64:04:56     *        eth0
10.11.0.3        0x1         0x0         00:00:00:00:00:00     *        eth0
10.11.0.4        0x1         0x6         52:54:00:00:00:04     *        eth0
`;

describe("readArpTable()", () => {
  test("names those that answered, also permanent ones, and those that are being asked for", () => {
    assert.deepEqual(
      [...readArpTable(TABLE)],
      [
        ["10.11.0.2", "da:4f:fb:64:04:56"],
        ["10.11.0.3", null],
        ["10.11.0.4", "52:54:00:00:00:04"],
      ],
    );
  });

  for (const text of ["", "\n\n", "nonsense", "head\n10.11.0.2 0x1 0x2", "head\n10.11.0.2 0x1 0x2 zz"]) {
    test(`passes over ${JSON.stringify(text)}`, () => assert.equal(readArpTable(text).size, 0));
  }
});

describe("whoIsAt()", () => {
  const address = "10.11.0.2" as Ipv4Address;
  const mac = "02:aa:00:00:00:01" as MacAddress;
  for (const there of [true, false]) {
    test(there ? "names who answers" : "is null when nobody does", async () => {
      const clock = new FakeClock();
      const neighbours = new FakeNeighbours(clock);
      if (there) neighbours.comes(address, mac);
      const found = whoIsAt(address, neighbours, clock);
      await settled();
      clock.advance(400);
      assert.equal(await found, there ? mac : null);
    });
  }
});
