import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { identifyClient } from "../../src/boot/client.ts";
import { composeMessage, type DhcpMessage, decodeMessage, encodeMessage } from "../../src/dhcp/message.ts";
import { lookMac } from "../../src/doctor/dhcp-check.ts";
import { lookForServers } from "../../src/doctor/dhcp-look.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import type { UdpOptions } from "../../src/net/udp-socket.ts";
import { FakeUdpSocket } from "../support/fake-udp-socket.ts";

const ip = (text: string) => text as Ipv4Address;
const OWN = ip("10.11.0.1");
const XID = 0x12345678;

/** A network on which `answer` says what comes back to each DISCOVER. */
function look(answer: (request: DhcpMessage) => readonly (readonly [Uint8Array, string])[] = () => []) {
  const sent: Uint8Array[] = [];
  const opened: UdpOptions[] = [];
  const receive = new FakeUdpSocket("0.0.0.0", 68);
  const open = async (options: UdpOptions) => {
    opened.push(options);
    if (opened.length === 1) return receive;
    const send = new FakeUdpSocket(OWN, 68);
    send.send = (bytes) => {
      sent.push(bytes);
      const request = decodeMessage(bytes);
      assert.ok(request.ok);
      for (const [reply, from] of answer(request.value)) receive.receive(reply, { address: ip(from), port: 67 });
    };
    return send;
  };
  const found = lookForServers({ open, own: OWN, mac: lookMac(OWN), xid: XID, waitMs: 5 });
  return { found, sent, opened };
}

function offer({ chaddr, xid }: { chaddr: Uint8Array; xid: number }, server: string | null, yiaddr = "10.11.2.10") {
  const named = server === null ? {} : { serverIdentifier: ip(server) };
  const header = { op: 2, xid, chaddr, yiaddr: ip(yiaddr) };
  return encodeMessage(composeMessage(header, { dhcpMessageType: "OFFER", ...named, router: [ip("10.11.3.254")] }));
}

describe("lookForServers()", () => {
  test("asks as a client that boots nothing, for a broadcast, in a datagram that relays pass on", async () => {
    const { found, sent, opened } = look();
    assert.deepEqual(await found, { ok: true, value: [] });
    assert.deepEqual(
      opened.map(({ address, port, shared }) => [address, port, shared]),
      [
        ["0.0.0.0", 68, true],
        [OWN, 68, true],
      ],
    );
    assert.ok(sent.length >= 2);
    for (const bytes of sent) {
      const request = decodeMessage(bytes);
      assert.ok(request.ok && bytes.length >= 300);
      assert.deepEqual([request.value.type, request.value.broadcast], ["DISCOVER", true]);
      assert.equal(identifyClient(request.value).type, "other");
    }
  });

  test("names every server that answers once, and sends no REQUEST", async () => {
    const { found, sent } = look((request) => [
      [offer(request, "10.11.3.254"), "10.11.3.254"],
      [offer(request, null, "10.11.2.11"), "10.11.3.253"],
    ]);
    assert.deepEqual(await found, {
      ok: true,
      value: [
        { server: "10.11.3.254", from: "10.11.3.254", offered: "10.11.2.10" },
        { server: "10.11.3.253", from: "10.11.3.253", offered: "10.11.2.11" },
      ],
    });
    assert.ok(sent.every((bytes) => decodeMessage(bytes).ok && sent.length === 2));
  });

  test("takes no notice of what is for others, no OFFER, or damaged", async () => {
    const { found } = look((request) => {
      const good = offer(request, "10.11.3.254");
      const cut = [0, 1, 28, 240, 242, 245].map((length) => [good.subarray(0, length), "10.11.3.254"] as const);
      const ack = composeMessage({ op: 2, xid: request.xid, chaddr: request.chaddr }, { dhcpMessageType: "ACK" });
      return [
        ...cut,
        [encodeMessage(ack), "10.11.3.254"],
        [offer({ chaddr: request.chaddr, xid: 1 }, "10.11.3.254"), "10.11.3.254"],
        [offer({ chaddr: Uint8Array.of(2, 0, 0, 0, 1, 1), xid: XID }, "10.11.3.254"), "10.11.3.254"],
      ];
    });
    assert.deepEqual(await found, { ok: true, value: [] });
  });

  for (const [code, type] of [
    ["EACCES", "forbidden"],
    ["EADDRINUSE", "taken"],
  ] as const) {
    test(`goes on when port 68 is ${type}`, async () => {
      const open = async () => {
        throw new Error("cannot open", { cause: Object.assign(new Error(code), { code }) });
      };
      const found = await lookForServers({ open, own: OWN, mac: lookMac(OWN), xid: XID, waitMs: 5 });
      assert.deepEqual(found, { ok: false, error: { type } });
    });
  }
});
