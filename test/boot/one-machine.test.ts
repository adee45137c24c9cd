// A machine is one machine, whatever its programs write where its name belongs; and two machines are two.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type MachineBench, machineBench, SERVER, slotAddress } from "../support/machine-bench.ts";
import { DISCOVER, END, hex, ip, option, type RawDhcp, REQUEST, rawDhcp } from "../support/raw-dhcp.ts";

const FIRST = "0cc47a000101";
const SECOND = "0cc47a000102";
const OTHER = "0cc47a000201";
const UUID = hex("44454c4c 4300 1051 8031 c7c04f515131");
/** The same with its first three fields the other way round. */
const TURNED = hex("4c4c4544 0043 5110 8031 c7c04f515131");
const WISHES = option(55, 1, 3, 6, 66, 67);
const UEFI = [option(93, 0, 7), option(60, "PXEClient:Arch:00007:UNDI:003016")];
const IPXE = [...UEFI, option(77, "iPXE"), option(175, 0x13, 1, 1)];
const INSTALLER = [option(55, 1, 3, 6, 250, 251)];

type Fields = readonly (readonly number[])[];

const discovers = (chaddr: string, says: Fields, more: Partial<RawDhcp> = {}) =>
  rawDhcp({ chaddr, ...more, fields: [DISCOVER, ...says, END] });

const requests = (chaddr: string, address: string, says: Fields, more: Partial<RawDhcp> = {}) =>
  rawDhcp({ chaddr, ...more, fields: [REQUEST, option(50, ip(address)), option(54, ip(SERVER)), ...says, END] });

/** `OFFER 1`, with the number of the slot. */
async function answer(bench: MachineBench, datagram: Uint8Array): Promise<string> {
  const reply = await bench.dhcp(datagram);
  const slot = [1, 2, 3].find((n) => slotAddress(n) === reply?.yiaddr);
  return reply === null ? "silence" : `${reply.type} ${slot ?? reply.yiaddr}`;
}

describe("one machine", () => {
  const identifiers: readonly { what: string; ofStage: readonly Fields[] }[] = [
    { what: "none, then iPXE's", ofStage: [[], [option(61, 1, hex(FIRST))], []] },
    {
      what: "its UUID, then its hardware address, then a DUID",
      ofStage: [[option(61, 0, UUID)], [option(61, 1, hex(FIRST))], [option(61, 255, 0, 0, 0, 1, 0, 4, UUID)]],
    },
    { what: "one of one octet", ofStage: [[option(61, 7)], [option(61, 0)], [option(61)]] },
    { what: "the same as another machine's", ofStage: [[option(61, 0, "node")], [option(61, 0, "node")], []] },
  ];
  for (const { what, ofStage } of identifiers) {
    test(`keeps its slot when its client identifier is ${what}`, async () => {
      const bench = await machineBench();
      const [firmware = [], ipxe = [], installer = []] = ofStage;
      const id97 = option(97, 0, UUID);
      await answer(bench, discovers(OTHER, [WISHES, ...UEFI, option(61, 0, "node")]));
      assert.equal(await answer(bench, discovers(FIRST, [WISHES, ...UEFI, id97, ...firmware])), "OFFER 2");
      assert.equal(await answer(bench, requests(FIRST, slotAddress(2), [WISHES, ...UEFI, id97, ...firmware])), "ACK 2");
      assert.equal(await answer(bench, discovers(FIRST, [WISHES, ...IPXE, id97, ...ipxe])), "OFFER 2");
      assert.equal(await answer(bench, requests(FIRST, slotAddress(2), [WISHES, ...IPXE, id97, ...ipxe])), "ACK 2");
      const [host] = bench.engine.state.hosts;
      assert.ok(host);
      await bench.happen({ type: "script-fetched", host: host.id });
      assert.equal(await answer(bench, discovers(FIRST, [...INSTALLER, ...installer])), "OFFER 2");
      assert.equal(bench.slots(), "held pxe_booted available");
      assert.equal(bench.engine.state.hosts.length, 1);
    });
  }

  const names: readonly { what: string; first: readonly number[]; second: readonly number[] }[] = [
    { what: "without its type, then with it", first: option(97, UUID), second: option(97, 0, UUID) },
    { what: "with its type, then without it", first: option(97, 0, UUID), second: option(97, UUID) },
    { what: "in either order of the octets", first: option(97, 0, UUID), second: option(97, 0, TURNED) },
  ];
  for (const { what, first, second } of names) {
    test(`that writes its UUID ${what} takes no second slot through its other NIC`, async () => {
      const bench = await machineBench();
      assert.equal(await answer(bench, discovers(FIRST, [WISHES, ...UEFI, first])), "OFFER 1");
      assert.equal(await answer(bench, requests(FIRST, slotAddress(1), [WISHES, ...UEFI, first])), "ACK 1");
      assert.equal(await answer(bench, discovers(SECOND, [WISHES, ...UEFI, second])), "silence");
      assert.equal(await answer(bench, requests(SECOND, slotAddress(2), [WISHES, ...UEFI, second])), "silence");
      assert.equal(bench.slots(), "pxe_ready available available");
    });
  }

  test("whose firmware has no UUID is known by the one that its iPXE sends", async () => {
    const bench = await machineBench();
    await bench.dhcp(discovers(FIRST, [WISHES, ...UEFI, option(97, 0, hex("ff".repeat(16)))]));
    await bench.dhcp(requests(FIRST, slotAddress(1), [WISHES, ...UEFI]));
    const id97 = option(97, 0, UUID);
    assert.equal(await answer(bench, discovers(FIRST, [WISHES, ...IPXE, id97])), "OFFER 1");
    assert.equal(await answer(bench, requests(FIRST, slotAddress(1), [WISHES, ...IPXE, id97])), "ACK 1");
    assert.equal(bench.engine.state.hosts.length, 1);
  });

  test("whose DISCOVER comes directly and through a relay on the same wire takes one slot", async () => {
    const bench = await machineBench();
    const says = [WISHES, ...UEFI, option(97, 0, UUID)];
    const relayed = { giaddr: "10.97.0.250", hops: 1 };
    const viaRelay = discovers(FIRST, [...says, option(82, 1, 2, "p7")], relayed);
    bench.send(discovers(FIRST, says));
    bench.send(viaRelay, true);
    await new Promise((resolve) => setImmediate(resolve));
    const offers = bench.sent();
    assert.deepEqual(offers.map(({ type, yiaddr, giaddr }) => `${type} ${yiaddr} ${giaddr}`).sort(), [
      `OFFER ${slotAddress(1)} 0.0.0.0`,
      `OFFER ${slotAddress(1)} 10.97.0.250`,
    ]);
    assert.equal(bench.slots(), "held available available");
  });

  test("that calls its interface Ethernet and then IEEE 802 takes one slot", async () => {
    const bench = await machineBench();
    assert.equal(await answer(bench, discovers(FIRST, [WISHES, ...UEFI])), "OFFER 1");
    assert.equal(await answer(bench, discovers(FIRST, [WISHES, ...UEFI], { htype: 6 })), "OFFER 1");
    assert.equal(await answer(bench, requests(FIRST, slotAddress(1), [WISHES, ...UEFI], { htype: 6 })), "ACK 1");
    assert.equal(bench.engine.state.hosts.length, 1);
  });
});

describe("two machines", () => {
  const nobodys: readonly { what: string; octets: readonly number[] }[] = [
    { what: "zeros", octets: [0, ...hex("00".repeat(16))] },
    { what: "ones", octets: [0, ...hex("ff".repeat(16))] },
    { what: "ones without a type", octets: hex("ff".repeat(16)) },
    { what: "of another type", octets: [1, ...UUID] },
    { what: "too short", octets: [0, ...UUID.slice(0, 8)] },
    { what: "the filler of their maker", octets: [0, ...hex("00020003 0004 0005 0006 000700080009")] },
    { what: "erased flash behind a prefix", octets: [0, ...hex("1297f456 ffff ffff ffff ffffffffffff")] },
  ];
  for (const { what, octets } of nobodys) {
    test(`with the same UUID, which is ${what}, take two slots`, async () => {
      const bench = await machineBench();
      const says = [WISHES, ...UEFI, option(97, octets)];
      assert.equal(await answer(bench, discovers(FIRST, says)), "OFFER 1");
      assert.equal(await answer(bench, requests(FIRST, slotAddress(1), says)), "ACK 1");
      assert.equal(await answer(bench, discovers(OTHER, says)), "OFFER 2");
      assert.equal(await answer(bench, requests(OTHER, slotAddress(2), says)), "ACK 2");
      assert.equal(bench.slots(), "pxe_ready pxe_ready available");
    });
  }
});
