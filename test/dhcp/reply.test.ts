import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { destinationOf } from "../../src/dhcp/destination.ts";
import { exchangeOf } from "../../src/dhcp/exchange.ts";
import { type DhcpMessage, decodeMessage, encodeMessage } from "../../src/dhcp/message.ts";
import type { DhcpDecision, Lease } from "../../src/dhcp/policy.ts";
import { composeReply } from "../../src/dhcp/reply.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import type { Endpoint } from "../../src/net/udp-socket.ts";
import { dhcpRequest } from "../support/dhcp-request.ts";

const ip = (text: string) => text as Ipv4Address;
const OWN = ip("10.11.0.1");
const ADDRESS = ip("10.11.0.21");
const RELAY = ip("10.12.0.1");

const LEASE: Lease = {
  address: ADDRESS,
  subnetMask: ip("255.255.252.0"),
  router: OWN,
  domainNameServers: [OWN],
  hostname: "peach-beach",
  domainName: "lab.example",
  leaseSeconds: 600,
  boot: null,
  extra: [],
};

const discover = dhcpRequest("DISCOVER");
const selecting = dhcpRequest("REQUEST", { requestedIpAddress: ADDRESS, serverIdentifier: OWN });
const rebooting = dhcpRequest("REQUEST", { requestedIpAddress: ADDRESS });
const renewing = dhcpRequest("REQUEST", {}, { ciaddr: ADDRESS });
const inform = dhcpRequest("INFORM", {}, { ciaddr: ADDRESS });

function replyTo(request: DhcpMessage, decision: Partial<Lease> | DhcpDecision = {}): DhcpMessage | null {
  const whole: DhcpDecision = "type" in decision ? decision : { type: "lease", lease: { ...LEASE, ...decision } };
  return composeReply(request, exchangeOf(request, OWN, true), whole, OWN);
}

function granted(request: DhcpMessage, decision: Partial<Lease> = {}): DhcpMessage {
  const reply = replyTo(request, decision);
  assert(reply !== null);
  return reply;
}

const refusal: DhcpDecision = { type: "refuse", reason: "wrong network" };

describe("composeReply() answers", () => {
  const cases: readonly {
    what: string;
    request: DhcpMessage;
    decision?: Partial<Lease> | DhcpDecision;
    type: string;
  }[] = [
    { what: "a DISCOVER with an OFFER", request: discover, type: "OFFER" },
    { what: "SELECTING with an ACK", request: selecting, type: "ACK" },
    { what: "INIT-REBOOT with an ACK", request: rebooting, type: "ACK" },
    { what: "RENEWING with an ACK", request: renewing, type: "ACK" },
    { what: "an INFORM with an ACK", request: inform, type: "ACK" },
    { what: "a REQUEST for another address with a NAK", request: selecting, decision: { address: RELAY }, type: "NAK" },
    {
      what: "INIT-REBOOT with another address with a NAK",
      request: rebooting,
      decision: { address: RELAY },
      type: "NAK",
    },
    { what: "RENEWING of another address with a NAK", request: renewing, decision: { address: RELAY }, type: "NAK" },
    { what: "an INFORM from another address with an ACK", request: inform, decision: { address: RELAY }, type: "ACK" },
    { what: "a refused REQUEST with a NAK", request: selecting, decision: refusal, type: "NAK" },
    { what: "a refused INIT-REBOOT with a NAK", request: rebooting, decision: refusal, type: "NAK" },
    { what: "a refused renewal with a NAK", request: renewing, decision: refusal, type: "NAK" },
    { what: "a refused DISCOVER with silence", request: discover, decision: refusal, type: "silence" },
    { what: "a refused INFORM with silence", request: inform, decision: refusal, type: "silence" },
    { what: "silence with silence", request: discover, decision: { type: "silence", reason: "x" }, type: "silence" },
    { what: "a DECLINE with silence", request: dhcpRequest("DECLINE"), type: "silence" },
  ];
  for (const { what, request, decision, type } of cases) {
    test(what, () => {
      assert.equal(replyTo(request, decision)?.type ?? "silence", type);
    });
  }
});

describe("an OFFER or ACK", () => {
  test("says what RFC 2131 table 3 wants of it", () => {
    const { options, raw, ...header } = granted(dhcpRequest("DISCOVER", {}, { secs: 4, hops: 1, broadcast: true }));
    assert.deepEqual(header, {
      op: 2,
      htype: 1,
      hlen: 6,
      hops: 0,
      xid: 0x3903f326,
      secs: 0,
      broadcast: true,
      ciaddr: "0.0.0.0",
      yiaddr: ADDRESS,
      siaddr: "0.0.0.0",
      giaddr: "0.0.0.0",
      chaddr: Uint8Array.of(2, 0, 0, 0, 1, 1),
      mac: "02:00:00:00:01:01",
      sname: "",
      file: "",
      type: "OFFER",
    });
    assert.deepEqual(options, {
      dhcpMessageType: "OFFER",
      serverIdentifier: OWN,
      ipAddressLeaseTime: 600,
      renewalTimeValue: 300,
      rebindingTimeValue: 525,
      subnetMask: "255.255.252.0",
      router: [OWN],
      domainNameServer: [OWN],
      hostName: "peach-beach",
      domainName: "lab.example",
    });
    assert.equal(raw.size, 10);
  });

  test("is read by a client as it was composed", () => {
    const boot = { type: "ipxe", nextServer: OWN, file: "http://10.11.0.1/ipxe/x" } as const;
    const reply = granted(discover, { boot, extra: [{ code: 250, bytes: Buffer.from("u"), onlyIfAsked: false }] });
    const read = decodeMessage(encodeMessage(reply));
    assert(read.ok);
    assert.deepEqual(read.value.options, reply.options);
    assert.deepEqual([...read.value.raw.keys()].sort(), [...reply.raw.keys()].sort());
  });

  test("carries beyond the mask only what option 55 asks for", () => {
    const asks = (...codes: number[]) => granted(dhcpRequest("DISCOVER", { parameterRequestList: codes })).options;
    assert.deepEqual(asks(12).hostName, "peach-beach");
    assert.deepEqual(
      [asks(12).router, asks(12).domainNameServer, asks(12).domainName],
      [undefined, undefined, undefined],
    );
    assert.deepEqual([asks(3, 6, 15).router, asks(3, 6, 15).domainNameServer], [[OWN], [OWN]]);
    assert.equal(asks(28).broadcastAddress, "10.11.3.255");
    assert.equal(asks(51, 54, 61, 255).subnetMask, "255.255.252.0");
  });

  test("leaves out what the lease has not", () => {
    const bare = { router: null, domainNameServers: [], hostname: null, domainName: null };
    const { options } = granted(discover, bare);
    assert.deepEqual(
      [options.router, options.domainNameServer, options.hostName, options.domainName],
      [undefined, undefined, undefined, undefined],
    );
  });

  test("of a lease without end names no renewal", () => {
    const { options } = granted(discover, { leaseSeconds: 0xffffffff });
    assert.deepEqual([options.renewalTimeValue, options.rebindingTimeValue], [undefined, undefined]);
  });

  test("copies ciaddr for a client that extends, and for no other", () => {
    assert.equal(granted(renewing).ciaddr, ADDRESS);
    assert.equal(granted(dhcpRequest("DISCOVER", {}, { ciaddr: ADDRESS })).ciaddr, "0.0.0.0");
    const odd = dhcpRequest("REQUEST", { requestedIpAddress: ADDRESS, serverIdentifier: OWN }, { ciaddr: RELAY });
    assert.equal(granted(odd).ciaddr, "0.0.0.0");
  });

  test("to an INFORM has no address and no times, not even as extra options", () => {
    const reply = granted(inform, { extra: [{ code: 51, bytes: new Uint8Array(4), onlyIfAsked: false }] });
    assert.deepEqual([reply.yiaddr, reply.ciaddr], ["0.0.0.0", ADDRESS]);
    assert.deepEqual(
      [51, 58, 59].filter((code) => reply.raw.has(code)),
      [],
    );
    assert.equal(reply.options.subnetMask, "255.255.252.0");
  });

  test("calls itself what the relay wants (RFC 5107)", () => {
    const relayAgentInformation = new Map([[11, Uint8Array.of(10, 12, 0, 1)]]);
    assert.equal(granted(dhcpRequest("DISCOVER", { relayAgentInformation })).options.serverIdentifier, RELAY);
  });
});

describe("a boot target", () => {
  const boot = (type: "pxe" | "http" | "ipxe", file: string) =>
    granted(discover, { boot: { type, nextServer: OWN, file } });

  test("stands in the header and in 66 and 67 with the same words, ended by a NUL there", () => {
    const { siaddr, sname, file, raw } = boot("pxe", "snponly.efi");
    assert.deepEqual([siaddr, sname, file], [OWN, OWN, "snponly.efi"]);
    assert.equal(Buffer.from(raw.get(66) ?? []).toString(), "10.11.0.1\0");
    assert.equal(Buffer.from(raw.get(67) ?? []).toString(), "snponly.efi\0");
  });

  test("of more than 127 characters stands in 67 alone", () => {
    assert.deepEqual([boot("ipxe", "x".repeat(127)).file, boot("ipxe", "x".repeat(128)).file], ["x".repeat(127), ""]);
    assert.equal(boot("ipxe", "x".repeat(128)).options.bootfileName, "x".repeat(128));
  });

  test("for PXE names no vendor class, which would send the firmware to port 4011", () => {
    const { options } = boot("pxe", "snponly.efi");
    assert.deepEqual([options.vendorClassIdentifier, options.etherboot], [undefined, undefined]);
  });

  test("for UEFI HTTP Boot says HTTPClient", () => {
    const { options } = boot("http", "http://10.11.0.1/assets/snponly.efi");
    assert.deepEqual([options.vendorClassIdentifier, options.etherboot], ["HTTPClient", undefined]);
  });

  test("for iPXE says: prefer us, and wait for no proxy", () => {
    const { raw, options } = boot("ipxe", "http://10.11.0.1/ipxe/x");
    assert.equal(Buffer.from(raw.get(175) ?? []).toString("hex"), "01017fb00101");
    assert.equal(options.vendorClassIdentifier, undefined);
  });

  test("is in the ACK as in the OFFER", () => {
    const target = { boot: { type: "pxe", nextServer: OWN, file: "snponly.efi" } } as const;
    const [offer, ack] = [granted(discover, target), granted(selecting, target)];
    assert.deepEqual({ ...ack, type: "OFFER" }, { ...offer, options: ack.options, raw: ack.raw });
    assert.deepEqual({ ...ack.options, dhcpMessageType: "OFFER" }, offer.options);
  });
});

describe("extra options", () => {
  const extra = [
    { code: 250, bytes: Buffer.from("http://10.11.0.1/a"), onlyIfAsked: true },
    { code: 42, bytes: Uint8Array.of(10, 11, 0, 1), onlyIfAsked: false },
  ];

  test("are sent as they are, some only if asked", () => {
    const codes = (request: DhcpMessage) => [250, 42].filter((code) => granted(request, { extra }).raw.has(code));
    assert.deepEqual(codes(discover), [42]);
    assert.deepEqual(codes(dhcpRequest("DISCOVER", { parameterRequestList: [1] })), [42]);
    assert.deepEqual(codes(dhcpRequest("DISCOVER", { parameterRequestList: [250] })), [250, 42]);
    assert.equal(granted(discover, { extra }).options.networkTimeProtocolServers?.[0], OWN);
  });

  test("replace what we would have said", () => {
    const { options } = granted(discover, { extra: [{ code: 15, bytes: Buffer.from("other"), onlyIfAsked: false }] });
    assert.equal(options.domainName, "other");
  });

  for (const code of [0, 50, 52, 53, 54, 55, 57, 61, 82, 97, 255]) {
    test(`cannot be ${code}, which is the protocol's own`, () => {
      const reply = granted(discover, { extra: [{ code, bytes: Uint8Array.of(9), onlyIfAsked: false }] });
      assert.notDeepEqual(reply.raw.get(code), Uint8Array.of(9));
    });
  }
});

describe("what a client or relay sent is echoed octet by octet:", () => {
  // Malformed on purpose: it has to come back all the same.
  const sent = new Map([
    [61, Uint8Array.of(7)],
    [97, Uint8Array.of(1, 2, 3)],
    [82, Uint8Array.of(1, 99)],
  ]);
  const request = dhcpRequest("REQUEST", { requestedIpAddress: ADDRESS, serverIdentifier: OWN }, {}, sent);

  test("61, 97 and 82 in an ACK", () => {
    for (const [code, bytes] of sent) assert.deepEqual(granted(request).raw.get(code), bytes);
  });

  test("61 and 82 in a NAK", () => {
    const nak = replyTo(request, refusal);
    assert.deepEqual([...(nak?.raw.keys() ?? [])], [53, 54, 56, 61, 82]);
  });

  test("nothing that was not sent", () => {
    assert.deepEqual(
      [61, 97, 82].filter((code) => granted(discover).raw.has(code)),
      [],
    );
  });
});

test("a NAK has no addresses, no names, no lease, the reason, and the B bit for the relay", () => {
  const nak = replyTo(dhcpRequest("REQUEST", { requestedIpAddress: ADDRESS }, { giaddr: RELAY }), refusal);
  assert.deepEqual(nak?.options, { dhcpMessageType: "NAK", serverIdentifier: OWN, message: "wrong network" });
  assert.deepEqual([nak?.ciaddr, nak?.yiaddr, nak?.siaddr, nak?.giaddr], ["0.0.0.0", "0.0.0.0", "0.0.0.0", RELAY]);
  assert.deepEqual([nak?.broadcast, nak?.sname, nak?.file], [true, "", ""]);
});

test("destinationOf() broadcasts a NAK even if someone filled in its ciaddr", () => {
  const nak = dhcpRequest("NAK", {}, { op: 2, ciaddr: ADDRESS });
  assert.deepEqual(destinationOf(nak), { address: "255.255.255.255", port: 68 });
});

describe("destinationOf()", () => {
  const everybody: Endpoint = { address: ip("255.255.255.255"), port: 68 };
  const cases: readonly { what: string; request: DhcpMessage; decision?: DhcpDecision; to: Endpoint }[] = [
    { what: "a client without an address hears a broadcast", request: discover, to: everybody },
    { what: "the B bit changes nothing", request: dhcpRequest("DISCOVER", {}, { broadcast: true }), to: everybody },
    {
      what: "a DISCOVER with ciaddr still hears a broadcast",
      request: dhcpRequest("DISCOVER", {}, { ciaddr: ADDRESS }),
      to: everybody,
    },
    { what: "a client that extends is answered at its address", request: renewing, to: { address: ADDRESS, port: 68 } },
    { what: "an INFORM is answered at its address", request: inform, to: { address: ADDRESS, port: 68 } },
    { what: "a NAK is broadcast", request: renewing, decision: refusal, to: everybody },
    {
      what: "a relay is answered at port 67",
      request: dhcpRequest("DISCOVER", {}, { giaddr: RELAY }),
      to: { address: RELAY, port: 67 },
    },
    {
      what: "a relay is answered at port 67 whatever ciaddr and flags say",
      request: dhcpRequest("REQUEST", {}, { giaddr: RELAY, ciaddr: ADDRESS, broadcast: true }),
      to: { address: RELAY, port: 67 },
    },
    {
      what: "a NAK goes to the relay",
      request: dhcpRequest("REQUEST", {}, { giaddr: RELAY, ciaddr: ADDRESS }),
      decision: refusal,
      to: { address: RELAY, port: 67 },
    },
  ];
  for (const { what, request, decision, to } of cases) {
    test(what, () => {
      const reply = replyTo(request, decision);
      assert(reply !== null);
      assert.deepEqual(destinationOf(reply), to);
    });
  }
});
