import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DhcpMessage } from "../../src/dhcp/message.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import { type MachineBench, machineBench, SERVER, settled, slotAddress } from "../support/machine-bench.ts";
import { INSTALLER, LAPTOP, machine, says, selects, UEFI_X64 } from "../support/netboot-machine.ts";

const ip = (text: string) => text as Ipv4Address;
const FIRST = ip("10.97.0.200");
const LAST = ip("10.97.0.202");
const pool = { first: FIRST, last: LAST };
const laptop = machine(50);
const tablet = machine(51);
const peach = machine(1);

/** Several turns: the pool asks who is at an address before it offers it. */
async function ask(bench: MachineBench, message: DhcpMessage, unicast = false): Promise<DhcpMessage | null> {
  bench.send(message, unicast);
  for (let turn = 0; turn < 20; turn++) await settled();
  return bench.sent()[0] ?? null;
}

async function lease(bench: MachineBench, who = laptop) {
  const offer = await ask(bench, says(who, LAPTOP, "DISCOVER"));
  assert.equal(offer?.type, "OFFER", bench.reasons().at(-1));
  return ask(bench, selects(who, LAPTOP, offer.yiaddr, SERVER));
}

describe("PoolPolicy", () => {
  test("a laptop gets an address of the pool, with the network and nothing to boot, saved before the ACK", async () => {
    const b = await machineBench({ pool });
    const ack = await lease(b);
    assert.deepEqual([ack?.type, ack?.yiaddr, ack?.file, ack?.siaddr], ["ACK", FIRST, "", "0.0.0.0"]);
    const { subnetMask, router, ipAddressLeaseTime, hostName, bootfileName } = ack?.options ?? {};
    assert.deepEqual(
      [subnetMask, router, ipAddressLeaseTime, hostName, bootfileName],
      ["255.255.255.0", [SERVER], 600, undefined, undefined],
    );
    assert.equal(b.leases.saved?.at(0)?.address, FIRST);
    assert.equal(b.slots(), "available available available");
  });

  test("without a pool it gets silence, as before", async () => {
    const b = await machineBench();
    assert.equal(await b.dhcp(says(laptop, LAPTOP, "DISCOVER")), null);
    assert.match(b.reasons().at(-1) ?? "", /no host of ours/);
  });

  test("it keeps its address over renewal, restart and RELEASE", async () => {
    const b = await machineBench({ pool });
    await lease(b);
    const renewal = await ask(b, says(laptop, LAPTOP, "REQUEST", {}, { ciaddr: FIRST }), true);
    assert.deepEqual([renewal?.type, renewal?.yiaddr], ["ACK", FIRST]);
    const restart = await ask(b, says(laptop, LAPTOP, "REQUEST", { requestedIpAddress: FIRST }));
    assert.equal(restart?.type, "ACK");
    await ask(b, says(laptop, LAPTOP, "RELEASE", { serverIdentifier: SERVER }, { ciaddr: FIRST }), true);
    assert.equal(b.leases.saved?.at(0)?.state.type, "released");
    assert.equal((await lease(b, tablet))?.yiaddr, ip("10.97.0.201"));
    assert.equal((await lease(b))?.yiaddr, FIRST);
  });

  test("a client from elsewhere is refused at once, so that it asks anew", async () => {
    const b = await machineBench({ pool });
    const nak = await ask(b, says(laptop, LAPTOP, "REQUEST", { requestedIpAddress: ip("192.168.7.7") }));
    assert.equal(nak?.type, "NAK");
    assert.equal(await ask(b, says(laptop, LAPTOP, "REQUEST", {}, { ciaddr: ip("192.168.7.7") })), null);
  });

  test("an address that somebody answers at is passed over, and declined ones are too", async () => {
    const b = await machineBench({ pool: { ...pool, inUse: { [FIRST]: "02:aa:00:00:00:01" } } });
    const ack = await lease(b);
    assert.equal(ack?.yiaddr, ip("10.97.0.201"));
    assert.ok(b.footprints.some(({ what }) => what === "address 10.97.0.200 of the pool is in use"));
    await ask(b, says(laptop, LAPTOP, "DECLINE", { requestedIpAddress: ack.yiaddr, serverIdentifier: SERVER }));
    assert.equal((await lease(b))?.yiaddr, LAST);
    assert.deepEqual(b.pool?.warnings(), [
      "address 10.97.0.200 of the pool is in use by somebody it was not given to",
      "address 10.97.0.201 of the pool is in use by somebody it was not given to",
    ]);
  });

  test("a client that lives at the address already is no conflict", async () => {
    const b = await machineBench({ pool: { ...pool, inUse: { [FIRST]: laptop.macs[0] } } });
    assert.equal((await lease(b))?.yiaddr, FIRST);
  });

  test("when every address is in use, the reason says so", async () => {
    const b = await machineBench({ pool });
    for (const n of [61, 62, 63]) await lease(b, machine(n));
    assert.equal(await ask(b, says(laptop, LAPTOP, "DISCOVER")), null);
    assert.match(b.reasons().at(-1) ?? "", /every address of the pool is in use/);
  });

  test("an INFORM is answered whatever address it names, and gives none", async () => {
    const b = await machineBench({ pool });
    const ack = await ask(b, says(laptop, LAPTOP, "INFORM", {}, { ciaddr: ip("10.97.0.66") }));
    assert.deepEqual([ack?.type, ack?.yiaddr, ack?.options.ipAddressLeaseTime], ["ACK", "0.0.0.0", undefined]);
    assert.equal(b.leases.saved, null);
  });

  test("a host of ours never gets an address of the pool, whatever runs on it", async () => {
    const b = await machineBench({ pool });
    await b.bring(peach, "ready");
    assert.equal(await ask(b, says(peach, LAPTOP, "DISCOVER")), null);
    assert.equal(await ask(b, says(peach, LAPTOP, "REQUEST", { requestedIpAddress: FIRST })), null);
    const other = machine(2);
    await b.bring(other, "installing");
    assert.equal((await ask(b, says(other, INSTALLER, "DISCOVER")))?.yiaddr, slotAddress(2));
    assert.equal(b.leases.saved, null);
  });

  test("neither firmware without a slot nor an unknown installer gets one", async () => {
    const b = await machineBench({ pool, slots: 0 });
    assert.equal(await ask(b, says(peach, UEFI_X64, "DISCOVER")), null);
    assert.equal(await ask(b, says(peach, INSTALLER, "DISCOVER")), null);
  });

  test("what cannot be saved is not given", async () => {
    const b = await machineBench({ pool });
    const offer = await ask(b, says(laptop, LAPTOP, "DISCOVER"));
    b.leases.fail(new Error("no space left on device"));
    assert.equal(await ask(b, selects(laptop, LAPTOP, offer?.yiaddr ?? FIRST, SERVER)), null);
    assert.equal(b.broken.length, 1);
  });

  test("a client behind a relay gets none of a pool on our own network, and is refused what it has of it", async () => {
    const relayed = [
      {
        subnet: "10.98.0.0/24" as never,
        router: ip("10.98.0.1"),
        domainNameServers: [SERVER],
        domain: "lab.example" as never,
      },
    ];
    const b = await machineBench({ pool, relayed });
    const far = { giaddr: ip("10.98.0.1") };
    assert.equal(await ask(b, says(laptop, LAPTOP, "DISCOVER", {}, far)), null);
    const nak = await ask(b, says(laptop, LAPTOP, "REQUEST", { requestedIpAddress: FIRST }, far));
    assert.equal(nak?.options.message, "10.97.0.200 does not work on this network");
  });
});
