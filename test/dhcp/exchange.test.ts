import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bootServerExchangeOf, type Exchange, exchangeOf } from "../../src/dhcp/exchange.ts";
import type { MessageHeader } from "../../src/dhcp/message.ts";
import type { MessageType } from "../../src/dhcp/message-type.ts";
import type { DhcpOptions } from "../../src/dhcp/option.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import { dhcpRequest } from "../support/dhcp-request.ts";

const ip = (text: string) => text as Ipv4Address;
const OWN = ip("10.11.0.1");
const OTHER = ip("10.11.0.9");
const WANTED = ip("10.11.0.21");

interface Case {
  readonly what: string;
  readonly type: MessageType;
  readonly options?: DhcpOptions;
  readonly header?: Partial<MessageHeader>;
  readonly unicast?: boolean | null;
  readonly expect: Exchange | RegExp;
}

const cases: readonly Case[] = [
  { what: "a DISCOVER", type: "DISCOVER", expect: { type: "DISCOVER", address: null } },
  {
    what: "a DISCOVER with a wish",
    type: "DISCOVER",
    options: { requestedIpAddress: WANTED },
    expect: { type: "DISCOVER", address: WANTED },
  },
  {
    what: "a DISCOVER with a ciaddr, which a faulty client sets",
    type: "DISCOVER",
    header: { ciaddr: WANTED },
    expect: { type: "DISCOVER", address: null },
  },
  {
    what: "a REQUEST that names us",
    type: "REQUEST",
    options: { requestedIpAddress: WANTED, serverIdentifier: OWN },
    expect: { type: "SELECTING", address: WANTED },
  },
  {
    what: "a REQUEST that names us and sets ciaddr as well",
    type: "REQUEST",
    options: { requestedIpAddress: WANTED, serverIdentifier: OWN },
    header: { ciaddr: OTHER },
    expect: { type: "SELECTING", address: WANTED },
  },
  {
    what: "a REQUEST that names another server",
    type: "REQUEST",
    options: { requestedIpAddress: WANTED, serverIdentifier: OTHER },
    expect: { type: "SELECTING-ANOTHER", server: OTHER },
  },
  {
    what: "a REQUEST without a server",
    type: "REQUEST",
    options: { requestedIpAddress: WANTED },
    expect: { type: "INIT-REBOOT", address: WANTED },
  },
  {
    what: "a REQUEST to the server 0.0.0.0",
    type: "REQUEST",
    options: { requestedIpAddress: WANTED, serverIdentifier: ip("0.0.0.0") },
    expect: { type: "INIT-REBOOT", address: WANTED },
  },
  {
    what: "a REQUEST that names its relay",
    type: "REQUEST",
    options: { requestedIpAddress: WANTED, serverIdentifier: OTHER },
    header: { giaddr: OTHER },
    expect: { type: "SELECTING-ANOTHER", server: OTHER },
  },
  {
    what: "a REQUEST with ciaddr, sent to us",
    type: "REQUEST",
    header: { ciaddr: WANTED },
    unicast: true,
    expect: { type: "RENEWING", address: WANTED },
  },
  {
    what: "a REQUEST with ciaddr that needlessly names us",
    type: "REQUEST",
    header: { ciaddr: WANTED },
    options: { serverIdentifier: OWN },
    unicast: true,
    expect: { type: "RENEWING", address: WANTED },
  },
  {
    what: "a REQUEST with ciaddr, broadcast",
    type: "REQUEST",
    header: { ciaddr: WANTED },
    unicast: false,
    expect: { type: "REBINDING", address: WANTED },
  },
  {
    what: "a REQUEST with ciaddr of which nobody knows how it was sent",
    type: "REQUEST",
    header: { ciaddr: WANTED },
    unicast: null,
    expect: { type: "REBINDING", address: WANTED },
  },
  {
    what: "a REQUEST with ciaddr that a relay passed on",
    type: "REQUEST",
    header: { ciaddr: WANTED, giaddr: OTHER },
    unicast: true,
    expect: { type: "REBINDING", address: WANTED },
  },
  { what: "a REQUEST for nothing", type: "REQUEST", expect: /neither option 50 nor ciaddr/ },
  {
    what: "a REQUEST that names us and nothing else",
    type: "REQUEST",
    options: { serverIdentifier: OWN },
    expect: /neither option 50 nor ciaddr/,
  },
  {
    what: "a REQUEST from a broadcast address",
    type: "REQUEST",
    header: { ciaddr: ip("255.255.255.255") },
    expect: /255\.255\.255\.255, which no host can have/,
  },
  {
    what: "a DECLINE to us",
    type: "DECLINE",
    options: { requestedIpAddress: WANTED, serverIdentifier: OWN },
    expect: { type: "DECLINE", address: WANTED },
  },
  {
    what: "a DECLINE to another",
    type: "DECLINE",
    options: { requestedIpAddress: WANTED, serverIdentifier: OTHER },
    expect: /another server, 10\.11\.0\.9/,
  },
  {
    what: "a DECLINE to nobody",
    type: "DECLINE",
    options: { requestedIpAddress: WANTED },
    expect: /names no server/,
  },
  { what: "a DECLINE of nothing", type: "DECLINE", options: { serverIdentifier: OWN }, expect: /no option 50/ },
  {
    what: "a RELEASE to us",
    type: "RELEASE",
    options: { serverIdentifier: OWN },
    header: { ciaddr: WANTED },
    expect: { type: "RELEASE", address: WANTED },
  },
  {
    what: "a RELEASE to another",
    type: "RELEASE",
    options: { serverIdentifier: OTHER },
    header: { ciaddr: WANTED },
    expect: /another server/,
  },
  { what: "a RELEASE of nothing", type: "RELEASE", options: { serverIdentifier: OWN }, expect: /no ciaddr/ },
  { what: "an INFORM", type: "INFORM", header: { ciaddr: WANTED }, expect: { type: "INFORM", address: WANTED } },
  { what: "an INFORM from nowhere", type: "INFORM", expect: /no ciaddr/ },
  { what: "an INFORM from everywhere", type: "INFORM", header: { ciaddr: ip("224.0.0.1") }, expect: /no ciaddr/ },
  { what: "an INFORM from within", type: "INFORM", header: { ciaddr: ip("127.0.0.1") }, expect: /no ciaddr/ },
  { what: "an OFFER", type: "OFFER", expect: /OFFER is a server's message/ },
  { what: "an ACK", type: "ACK", expect: /ACK is a server's message/ },
  { what: "a NAK", type: "NAK", expect: /NAK is a server's message/ },
];

describe("exchangeOf() takes", () => {
  for (const { what, type, options, header, unicast, expect } of cases) {
    const name = expect instanceof RegExp ? "nothing of ours" : expect.type;
    test(`${what} as ${name}`, () => {
      const exchange = exchangeOf(dhcpRequest(type, options, header), OWN, unicast ?? null);
      if (!(expect instanceof RegExp)) assert.deepEqual(exchange, expect);
      else assert.match(exchange.type === "none" ? exchange.reason : exchange.type, expect);
    });
  }

  for (const [what, code] of [
    ["RFC 5107", 11],
    ["Cisco's number", 152],
  ] as const) {
    test(`the address that a relay wants us to use as ours (${what})`, () => {
      const relayed = (server: Ipv4Address) =>
        dhcpRequest("REQUEST", {
          requestedIpAddress: WANTED,
          serverIdentifier: server,
          relayAgentInformation: new Map([[code, Uint8Array.of(10, 11, 0, 9)]]),
        });
      assert.equal(exchangeOf(relayed(OTHER), OWN, true).type, "SELECTING");
      assert.equal(exchangeOf(relayed(OWN), OWN, true).type, "SELECTING-ANOTHER");
    });
  }
});

describe("on port 4011 bootServerExchangeOf() takes", () => {
  const own = { serverIdentifier: OWN };
  const asked: readonly Case[] = [
    { what: "a REQUEST as EDK2 sends it", type: "REQUEST", expect: { type: "BOOT-SERVER", address: WANTED } },
    { what: "one as iPXE sends it", type: "REQUEST", options: own, expect: { type: "BOOT-SERVER", address: WANTED } },
    { what: "an INFORM", type: "INFORM", expect: { type: "BOOT-SERVER", address: WANTED } },
    { what: "one to another", type: "REQUEST", options: { serverIdentifier: OTHER }, expect: /another server/ },
    { what: "one from nowhere", type: "REQUEST", header: { ciaddr: ip("0.0.0.0") }, expect: /no ciaddr/ },
    { what: "a DISCOVER", type: "DISCOVER", expect: /DISCOVER on the boot server's port/ },
  ];
  for (const { what, type, options, header, expect } of asked) {
    test(`${what} as ${expect instanceof RegExp ? "nothing of ours" : expect.type}`, () => {
      const exchange = bootServerExchangeOf(dhcpRequest(type, options, { ciaddr: WANTED, ...header }), OWN);
      if (!(expect instanceof RegExp)) assert.deepEqual(exchange, expect);
      else assert.match(exchange.type === "none" ? exchange.reason : exchange.type, expect);
    });
  }
});
