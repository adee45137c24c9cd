import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type DhcpMessage, decodeMessage, encodeMessage } from "../../src/dhcp/message.ts";
import type { DhcpDecision, DhcpPolicy, DhcpQuestion, DhcpReport } from "../../src/dhcp/policy.ts";
import { serveDhcp, UNDECIDED_MAX } from "../../src/dhcp/server.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import type { Endpoint } from "../../src/net/udp-socket.ts";
import { type Log, silentLog } from "../../src/std/log.ts";
import { dhcpRequest } from "../support/dhcp-request.ts";
import { FakeUdpSocket } from "../support/fake-udp-socket.ts";

const ip = (text: string) => text as Ipv4Address;
const OWN = ip("10.11.0.1");
const ADDRESS = ip("10.11.0.21");
const CLIENT: Endpoint = { address: ip("0.0.0.0"), port: 68 };

const GRANT: DhcpDecision = {
  type: "lease",
  lease: {
    address: ADDRESS,
    subnetMask: ip("255.255.252.0"),
    router: null,
    domainNameServers: [],
    hostname: null,
    domainName: null,
    leaseSeconds: 600,
    boot: null,
    extra: [],
  },
};

type Decide = (question: DhcpQuestion) => DhcpDecision | Promise<DhcpDecision>;

/** A server with a policy that answers with `decide`, and everything that came of it. */
function bench(decide: Decide = () => GRANT, over: Partial<DhcpPolicy> = {}) {
  const own = new FakeUdpSocket(OWN, 67);
  const broadcast = new FakeUdpSocket("0.0.0.0", 67);
  const bootServer = new FakeUdpSocket(OWN, 4011);
  const heard: DhcpQuestion[] = [];
  const reports: DhcpReport[] = [];
  const errors: string[] = [];
  const warnings: string[] = [];
  const policy: DhcpPolicy = {
    decide,
    heard: (question) => heard.push(question),
    outcome: (report) => reports.push(report),
    ...over,
  };
  const log: Log = {
    ...silentLog,
    error: (message) => errors.push(message),
    warn: (message) => warnings.push(message),
  };
  serveDhcp({ own, broadcast, bootServer }, policy, OWN, log);
  return { own, broadcast, bootServer, heard, reports, errors, warnings };
}

function sentBy(socket: FakeUdpSocket): readonly { to: Endpoint; reply: DhcpMessage }[] {
  return socket.sent.map(({ bytes, to }) => {
    const decoded = decodeMessage(bytes);
    assert(decoded.ok);
    return { to, reply: decoded.value };
  });
}

const DISCOVER = encodeMessage(dhcpRequest("DISCOVER"));

describe("serveDhcp()", () => {
  test("answers a broadcast from its own address before the listener returns", () => {
    const { own, broadcast, reports } = bench();
    broadcast.receive(DISCOVER, CLIENT);
    assert.deepEqual(
      sentBy(own).map(({ to, reply }) => [reply.type, reply.yiaddr, to]),
      [["OFFER", ADDRESS, { address: "255.255.255.255", port: 68 }]],
    );
    assert.equal(broadcast.sent.length, 0);
    assert.deepEqual(
      reports.map(({ request, reply, to, reason }) => [request?.type, reply?.type, to?.port, reason]),
      [["DISCOVER", "OFFER", 68, ""]],
    );
  });

  test("tells a renewal from a rebinding by the socket it came in on", () => {
    const seen: string[] = [];
    const { own, broadcast } = bench(({ exchange }) => {
      seen.push(exchange.type);
      return GRANT;
    });
    const extending = encodeMessage(dhcpRequest("REQUEST", {}, { ciaddr: ADDRESS }));
    own.receive(extending, { address: ADDRESS, port: 68 });
    broadcast.receive(extending, { address: ADDRESS, port: 68 });
    assert.deepEqual(seen, ["RENEWING", "REBINDING"]);
  });

  test("with one socket for everything takes each extension as a rebinding", () => {
    const own = new FakeUdpSocket("0.0.0.0", 67);
    const seen: string[] = [];
    const policy: DhcpPolicy = {
      decide({ exchange }) {
        seen.push(exchange.type);
        return GRANT;
      },
      heard() {},
      outcome() {},
    };
    serveDhcp({ own, broadcast: null }, policy, OWN, silentLog);
    own.receive(encodeMessage(dhcpRequest("REQUEST", {}, { ciaddr: ADDRESS })), CLIENT);
    assert.deepEqual(seen, ["REBINDING"]);
  });

  test("waits for a decision that takes its time, and reports once", async () => {
    const { own, broadcast, reports } = bench(async () => GRANT);
    broadcast.receive(DISCOVER, CLIENT);
    assert.equal(own.sent.length, 0);
    await settled();
    assert.equal(own.sent.length, 1);
    assert.equal(reports.length, 1);
  });

  test("reports the reason of a NAK", () => {
    const { broadcast, reports } = bench(() => ({ type: "refuse", reason: "wrong network" }));
    broadcast.receive(encodeMessage(dhcpRequest("REQUEST", { requestedIpAddress: ADDRESS })), CLIENT);
    assert.deepEqual([reports[0]?.reply?.type, reports[0]?.reason], ["NAK", "wrong network"]);
  });

  test("sends no more than the client says it can take", () => {
    const big = { code: 224, bytes: new Uint8Array(500), onlyIfAsked: false };
    const { own, broadcast } = bench(() => ({ ...GRANT, lease: { ...GRANT.lease, extra: [big] } }));
    broadcast.receive(DISCOVER, CLIENT);
    broadcast.receive(encodeMessage(dhcpRequest("DISCOVER", { maximumDhcpMessageSize: 1500 })), CLIENT);
    assert.deepEqual(
      own.sent.map(({ bytes }) => [bytes.length <= 548, bytes.length > 548]),
      [
        [true, false],
        [false, true],
      ],
    );
  });

  test("answers port 4011 from there, to where the question came from", () => {
    const boot = { type: "pxe", nextServer: OWN, file: "snponly.efi" } as const;
    const { own, bootServer } = bench(() => ({ type: "boot-only", boot }));
    const client = { address: ADDRESS, port: 4011 };
    bootServer.receive(encodeMessage(dhcpRequest("REQUEST", {}, { ciaddr: ADDRESS })), client);
    assert.deepEqual(
      sentBy(bootServer).map(({ to, reply }) => [to, reply.type, reply.file]),
      [[client, "ACK", "snponly.efi"]],
    );
    assert.equal(own.sent.length, 0);
  });

  test("warns of a reply that the system would not send", () => {
    const { own, warnings } = bench();
    own.refuseToSend(new Error("EPERM"), CLIENT);
    assert.equal(warnings.length, 1);
  });
});

describe("silence has one report with a reason:", () => {
  const group = Uint8Array.of(1, 0, 0x5e, 0, 0, 1);
  const silent: readonly { what: string; bytes: Uint8Array; decide?: Decide; reason: RegExp; errors?: number }[] = [
    { what: "noise", bytes: Uint8Array.of(1, 2, 3), reason: /shorter than 240/ },
    { what: "a server's OFFER", bytes: encodeMessage(dhcpRequest("OFFER", {}, { op: 2 })), reason: /op is 2/ },
    { what: "an OFFER with a client's op", bytes: encodeMessage(dhcpRequest("OFFER")), reason: /server's message/ },
    {
      what: "InfiniBand",
      bytes: encodeMessage(dhcpRequest("DISCOVER", {}, { htype: 32, chaddr: new Uint8Array(0) })),
      reason: /hardware type 32 with 0 octets, expected Ethernet/,
    },
    {
      what: "a UUID for a hardware address",
      bytes: encodeMessage(dhcpRequest("DISCOVER", {}, { chaddr: new Uint8Array(16) })),
      reason: /type 1 with 16 octets/,
    },
    {
      what: "an address of zeros",
      bytes: encodeMessage(dhcpRequest("DISCOVER", {}, { chaddr: new Uint8Array(6) })),
      reason: /no single interface/,
    },
    {
      what: "a group address",
      bytes: encodeMessage(dhcpRequest("DISCOVER", {}, { chaddr: group })),
      reason: /no single interface/,
    },
    {
      what: "a relay at a multicast address",
      bytes: encodeMessage(dhcpRequest("DISCOVER", {}, { giaddr: ip("224.0.0.1") })),
      reason: /giaddr 224\.0\.0\.1/,
    },
    {
      what: "an INFORM from nowhere",
      bytes: encodeMessage(dhcpRequest("INFORM")),
      reason: /no ciaddr/,
    },
    {
      what: "a policy that is silent",
      bytes: DISCOVER,
      decide: () => ({ type: "silence", reason: "no slot is free" }),
      reason: /^no slot is free$/,
    },
    {
      what: "a refused DISCOVER",
      bytes: DISCOVER,
      decide: () => ({ type: "refuse", reason: "not here" }),
      reason: /DISCOVER cannot get: not here/,
    },
    {
      what: "a policy that throws",
      bytes: DISCOVER,
      decide() {
        throw new Error("the policy broke");
      },
      reason: /the policy broke/,
      errors: 1,
    },
    {
      what: "a policy that rejects",
      bytes: DISCOVER,
      decide: () => Promise.reject(new Error("the disk is full")),
      reason: /the disk is full/,
      errors: 1,
    },
    {
      what: "a lease that does not fit a message, decided late",
      bytes: DISCOVER,
      decide: async () => ({ ...GRANT, lease: { ...GRANT.lease, leaseSeconds: -1 } }),
      reason: /RangeError/,
      errors: 1,
    },
    {
      what: "a lease that does not fit a message",
      bytes: DISCOVER,
      decide: () => ({ ...GRANT, lease: { ...GRANT.lease, leaseSeconds: -1 } }),
      reason: /RangeError/,
      errors: 1,
    },
  ];
  for (const { what, bytes, decide, reason, errors } of silent) {
    test(what, async () => {
      const of = bench(decide);
      of.broadcast.receive(bytes, CLIENT);
      await settled();
      assert.equal(of.own.sent.length, 0);
      assert.equal(of.reports.length, 1);
      assert.match(of.reports[0]?.reason ?? "", reason);
      assert.deepEqual([of.reports[0]?.reply, of.reports[0]?.to, of.reports[0]?.from], [null, null, CLIENT]);
      assert.equal(of.errors.length, errors ?? 0);
    });
  }
});

describe("a message that wants no answer", () => {
  const messages: readonly { what: string; request: DhcpMessage; reason: RegExp }[] = [
    {
      what: "DECLINE",
      request: dhcpRequest("DECLINE", { requestedIpAddress: ADDRESS, serverIdentifier: OWN }),
      reason: /DECLINE wants no answer/,
    },
    {
      what: "RELEASE",
      request: dhcpRequest("RELEASE", { serverIdentifier: OWN }, { ciaddr: ADDRESS }),
      reason: /RELEASE wants no answer/,
    },
    {
      what: "SELECTING-ANOTHER",
      request: dhcpRequest("REQUEST", { requestedIpAddress: ADDRESS, serverIdentifier: ip("10.11.0.9") }),
      reason: /another DHCP server, 10\.11\.0\.9/,
    },
  ];
  for (const { what, request, reason } of messages) {
    test(`is heard, not decided: ${what}`, () => {
      const { broadcast, heard, reports, own } = bench(() => assert.fail("was asked"));
      broadcast.receive(encodeMessage(request), CLIENT);
      assert.deepEqual(
        heard.map(({ exchange }) => exchange.type),
        [what],
      );
      assert.match(reports[0]?.reason ?? "", reason);
      assert.equal(reports.length, 1);
      assert.equal(own.sent.length, 0);
    });
  }

  test("has its report even when hearing it fails", () => {
    const broken = { heard: () => assert.fail("deaf") };
    const { broadcast, reports, errors } = bench(() => GRANT, broken);
    broadcast.receive(encodeMessage(messages[0]?.request ?? assert.fail()), CLIENT);
    assert.match(reports[0]?.reason ?? "", /deaf/);
    assert.deepEqual([reports.length, errors.length], [1, 1]);
  });
});

test("a policy that cannot note the outcome stops nothing", async () => {
  const deaf = { outcome: () => assert.fail("no pen") };
  for (const decide of [() => GRANT, async () => GRANT]) {
    const { own, broadcast, errors } = bench(decide, deaf);
    broadcast.receive(DISCOVER, CLIENT);
    await settled();
    assert.deepEqual([own.sent.length, errors.length], [1, 1]);
  }
});

test("requests beyond the limit are dropped with a reason until decisions have been made", async () => {
  const waiting: ((decision: DhcpDecision) => void)[] = [];
  const { own, broadcast, reports } = bench(() => new Promise((resolve) => waiting.push(resolve)));
  for (let i = 0; i < UNDECIDED_MAX + 3; i++) broadcast.receive(DISCOVER, CLIENT);
  assert.equal(waiting.length, UNDECIDED_MAX);
  assert.deepEqual(
    reports.map(({ reason }) => /too busy/.test(reason)),
    [true, true, true],
  );
  for (const decide of waiting.splice(0)) decide(GRANT);
  await settled();
  assert.equal(own.sent.length, UNDECIDED_MAX);
  broadcast.receive(DISCOVER, CLIENT);
  assert.equal(waiting.length, 1);
});

/** Everything that waits on promises alone has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
