import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type ClientSockets, ForeignServers } from "../../src/boot/foreign-servers.ts";
import { composeMessage, decodeMessage, encodeMessage } from "../../src/dhcp/message.ts";
import type { DhcpOptions } from "../../src/dhcp/option.ts";
import type { Ipv4Address, Ipv4Subnet } from "../../src/net/ipv4-address.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeUdpSocket } from "../support/fake-udp-socket.ts";
import { machineBench, settled } from "../support/machine-bench.ts";
import { LAPTOP, machine, says, selects, UEFI_X64 } from "../support/netboot-machine.ts";

const ip = (text: string) => text as Ipv4Address;
const OWN = ip("10.11.0.1");
const ROUTER = ip("10.11.3.254");

function bench(options: { beside?: boolean; hearsOthers?: boolean } = {}) {
  const clock = new FakeClock();
  const notes: string[] = [];
  let next = 1;
  const foreign = new ForeignServers({
    own: OWN,
    subnet: "10.11.0.0/22" as Ipv4Subnet,
    beside: options.beside ?? false,
    clock,
    tracer: { note: ({ what, why }) => void notes.push(`${what}: ${why}`) },
    randomBytes: (count) => Uint8Array.from({ length: count }, () => 0xf0 + next++),
  });
  const receive = new FakeUdpSocket("0.0.0.0", 68);
  const send = new FakeUdpSocket(OWN, 68);
  const sockets: ClientSockets = { receive, send, hearsOthers: options.hearsOthers ?? false };
  foreign.listen(sockets);
  /** What it asked since it was last asked. */
  const asked = () =>
    send.sent.splice(0).map(({ bytes }) => {
      const message = decodeMessage(bytes);
      return message.ok ? message.value : assert.fail();
    });
  /** Another server's answer to somebody. */
  function offers(
    from: Ipv4Address,
    more: DhcpOptions = {},
    xid = 7,
    chaddr: Uint8Array = Uint8Array.of(2, 0, 0, 0, 0, 1),
  ) {
    const message = composeMessage(
      { op: 2, xid, chaddr, yiaddr: ip("10.11.3.77") },
      { dhcpMessageType: "OFFER", serverIdentifier: from, router: [from], ...more },
    );
    receive.receive(encodeMessage(message), { address: from, port: 67 });
  }
  return { clock, notes, foreign, sockets, asked, offers, receive };
}

describe("ForeignServers › a look", () => {
  test("asks twice, as a client and as firmware, with an address of nobody's and by broadcast", async () => {
    const b = bench();
    const looking = b.foreign.look(b.sockets, 3500);
    b.clock.advance(3500);
    assert.deepEqual(await looking, []);
    const questions = b.asked();
    assert.deepEqual(
      questions.map(({ type, broadcast, mac, options }) => [
        type,
        broadcast,
        mac === b.foreign.mac,
        options.vendorClassIdentifier !== undefined,
      ]),
      [
        ["DISCOVER", true, true, false],
        ["DISCOVER", true, true, true],
      ],
    );
    // Locally administered, of one interface.
    assert.equal(Number.parseInt(b.foreign.mac.slice(0, 2), 16) & 3, 2);
    assert.equal(b.clock.pending, 0);
  });

  test("ends as soon as a server answers, and says what it is", async () => {
    const b = bench();
    const looking = b.foreign.look(b.sockets, 3500);
    const [question] = b.asked();
    assert.ok(question);
    b.offers(ROUTER, {}, question.xid, question.chaddr);
    const found = await looking;
    assert.deepEqual(
      found.map(({ address, kind, router }) => [address, kind, router]),
      [[ROUTER, "full", ROUTER]],
    );
    assert.equal(b.clock.pending, 0);
    assert.match(b.notes[0] ?? "", /another DHCP server, 10\.11\.3\.254, was seen/);
  });

  test("that is stopped ends at once", async () => {
    const b = bench();
    const looking = b.foreign.look(b.sockets, 3500);
    b.foreign.stop();
    assert.deepEqual(await looking, []);
    assert.equal(b.clock.pending, 0);
  });
});

describe("ForeignServers › what is heard", () => {
  test("an offer to a machine is a warning, until nothing was heard of that server for 25 minutes", () => {
    const b = bench();
    b.offers(ROUTER);
    b.offers(ROUTER);
    assert.deepEqual(b.foreign.warnings(), [
      'another DHCP server answers on the boot network: 10.11.3.254 is a DHCP server that gives addresses (10.11.3.77) with the router 10.11.3.254; machines take whichever offer comes first; switch it off, or set dhcp.mode = "proxy" to work beside it',
    ]);
    assert.equal(b.notes.length, 1);
    b.clock.advance(26 * 60_000);
    assert.deepEqual(b.foreign.warnings(), []);
  });

  test("beside another server only one that is in the way is a warning", () => {
    const b = bench({ beside: true });
    b.offers(ROUTER);
    b.foreign.chosen(ROUTER);
    assert.deepEqual([b.foreign.warnings(), b.notes], [[], []]);
    b.offers(ROUTER, { bootfileName: "pxelinux.0" });
    assert.match(b.foreign.warnings()[0] ?? "", /pxelinux\.0; machines may boot from there instead of from us/);
  });

  test("on a host with several networks, only what comes from ours counts, and what answers our look", async () => {
    const b = bench({ hearsOthers: true });
    b.offers(ip("192.168.7.1"));
    assert.deepEqual(b.foreign.warnings(), []);
    const looking = b.foreign.look(b.sockets, 3500);
    const [question] = b.asked();
    assert.ok(question);
    b.offers(ip("192.168.7.1"), {}, question.xid, question.chaddr);
    assert.equal((await looking).length, 1);
  });

  test("a machine that chose another server is heard too", () => {
    const b = bench();
    b.foreign.chosen(ROUTER);
    assert.match(b.foreign.warnings()[0] ?? "", /a machine took the offer of another DHCP server, 10\.11\.3\.254/);
  });

  test("what a machine says of a server makes us look, once in a while", () => {
    const b = bench();
    b.foreign.chosen(ROUTER);
    b.foreign.chosen(ip("10.11.3.253"));
    b.clock.advance(0);
    assert.equal(b.asked().length, 1);
    b.foreign.chosen(ip("10.11.3.252"));
    b.clock.advance(4999);
    assert.equal(b.asked().length, 1, "the second question of the first look");
    b.clock.advance(1);
    assert.equal(b.asked().length, 1, "the next look");
    b.foreign.chosen(ip("10.11.3.251"));
    b.foreign.stop();
    b.clock.advance(60_000);
    assert.deepEqual(b.asked(), []);
    assert.equal(b.clock.pending, 0);
  });

  test("thousands of invented servers cost no memory and push out none that answered", () => {
    const b = bench();
    b.offers(ROUTER);
    for (let n = 0; n < 5000; n++) b.foreign.chosen(ip(`10.11.${n >> 8}.${n & 255}`));
    assert.equal(b.foreign.warnings().length, 32);
    assert.ok(b.foreign.warnings().some((line) => line.includes("10.11.3.254")));
    assert.ok(b.notes.length <= 32);
  });

  test("noise does nothing", () => {
    const b = bench();
    for (let n = 0; n < 500; n++) {
      b.receive.receive(
        Uint8Array.from({ length: n }, (_, i) => (i * 31 + n) & 255),
        { address: ROUTER, port: 67 },
      );
    }
    assert.deepEqual(b.foreign.warnings(), []);
  });
});

describe("SlotDhcpPolicy › other servers", () => {
  const peach = machine(1);
  const look = { userClass: ["bootqueue-look"] };

  test("another daemon's look is answered truthfully and costs no slot", async () => {
    const b = await machineBench();
    const offer = await b.dhcp(says(peach, UEFI_X64, "DISCOVER", look));
    assert.deepEqual([offer?.type, offer?.yiaddr, offer?.options.bootfileName], ["OFFER", "0.0.0.0", "snponly.efi"]);
    assert.equal(b.slots(), "available available available");
  });

  test("our own look gets silence and leaves no trace", async () => {
    const b = await machineBench();
    const chaddr = Uint8Array.from([2, 0, 0, 0, 0, 0x99]);
    assert.equal(await b.dhcp(says(peach, LAPTOP, "DISCOVER", look, { chaddr })), null);
    assert.deepEqual(b.footprints, []);
  });

  test("a machine that takes another server's offer gives back what was held for it, and the server is remembered", async () => {
    const b = await machineBench();
    await b.dhcp(says(peach, UEFI_X64, "DISCOVER"));
    assert.equal(await b.dhcp(selects(peach, UEFI_X64, ip("10.11.3.9"), ROUTER)), null);
    await settled();
    assert.equal(b.slots(), "available available available");
    assert.deepEqual(b.others, [ROUTER]);
  });
});
