import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  broadcastAddress,
  type Ipv4Address,
  type Ipv4Subnet,
  ipv4FromBytes,
  ipv4FromNumber,
  ipv4Plus,
  ipv4ToNumber,
  isHostAddress,
  isInSubnet,
  networkAddress,
  parseIpv4Address,
  parseIpv4Subnet,
  prefixLength,
  subnetMask,
} from "../../src/net/ipv4-address.ts";

describe("parseIpv4Address()", () => {
  for (const text of ["0.0.0.0", "10.11.0.2", "255.255.255.255"]) {
    test(`accepts ${text}`, () => assert.deepEqual(parseIpv4Address(text), { ok: true, value: text }));
  }

  const refused = [
    "",
    "10.1",
    "010.1.1.1",
    "0x10.1.1.1",
    "10.11.0.256",
    "10.11.0.2 ",
    " 10.11.0.2",
    "10.11.0.0/22",
    "::1",
    "10.11.0.2.3",
    "a.b.c.d",
    "-1.0.0.0",
    "1e1.0.0.0",
    "10.11.0.2\n",
  ];
  for (const text of refused) {
    test(`refuses ${JSON.stringify(text)}`, () =>
      assert.deepEqual(parseIpv4Address(text), { ok: false, error: "not-an-ipv4-address" }));
  }
});

describe("parseIpv4Subnet()", () => {
  const accepted = [
    { text: "10.11.0.0/22", subnet: "10.11.0.0/22" },
    { text: "10.11.3.9/22", subnet: "10.11.0.0/22" },
    { text: "10.11.0.1/32", subnet: "10.11.0.1/32" },
    { text: "1.2.3.4/0", subnet: "0.0.0.0/0" },
  ];
  for (const { text, subnet } of accepted) {
    test(`reads ${text} as ${subnet}`, () => assert.deepEqual(parseIpv4Subnet(text), { ok: true, value: subnet }));
  }
  for (const text of ["10.11.0.0", "10.11.0.0/33", "10.11.0.0/", "10.11.0.0/255.255.252.0", "10.11.0/22", "::/0", ""]) {
    test(`refuses ${JSON.stringify(text)}`, () =>
      assert.deepEqual(parseIpv4Subnet(text), { ok: false, error: "not-an-ipv4-subnet" }));
  }
});

describe("arithmetic", () => {
  const numbers: readonly (readonly [string, number])[] = [
    ["0.0.0.0", 0],
    ["10.11.0.2", 0x0a0b0002],
    ["128.0.0.1", 0x80000001],
    ["255.255.255.255", 0xffffffff],
  ];
  for (const [text, number] of numbers) {
    test(`${text} is ${number}, and back`, () => {
      assert.equal(ipv4ToNumber(text as Ipv4Address), number);
      assert.equal(ipv4FromNumber(number), text);
    });
  }

  test("reads four octets from where it is told", () => {
    assert.equal(ipv4FromBytes(Uint8Array.of(9, 10, 11, 0, 255, 9), 1), "10.11.0.255");
  });

  const sums: readonly (readonly [string, number, string])[] = [
    ["10.11.0.255", 1, "10.11.1.0"],
    ["10.11.1.0", -1, "10.11.0.255"],
    ["255.255.255.255", 1, "0.0.0.0"],
    ["0.0.0.0", -1, "255.255.255.255"],
  ];
  for (const [from, count, to] of sums) {
    test(`${from} and ${count} is ${to}`, () => assert.equal(ipv4Plus(from as Ipv4Address, count), to));
  }
});

describe("a subnet", () => {
  const subnets = [
    { subnet: "10.11.0.0/22", length: 22, mask: "255.255.252.0", first: "10.11.0.0", last: "10.11.3.255" },
    { subnet: "192.168.1.0/24", length: 24, mask: "255.255.255.0", first: "192.168.1.0", last: "192.168.1.255" },
    { subnet: "10.0.0.1/32", length: 32, mask: "255.255.255.255", first: "10.0.0.1", last: "10.0.0.1" },
    { subnet: "0.0.0.0/0", length: 0, mask: "0.0.0.0", first: "0.0.0.0", last: "255.255.255.255" },
  ];
  for (const { subnet, length, mask, first, last } of subnets) {
    test(`${subnet} has mask ${mask} and reaches from ${first} to ${last}`, () => {
      const network = subnet as Ipv4Subnet;
      assert.deepEqual(
        [prefixLength(network), subnetMask(network), networkAddress(network), broadcastAddress(network)],
        [length, mask, first, last],
      );
    });
  }

  const members = [
    { address: "10.11.0.0", subnet: "10.11.0.0/22", isIn: true, isHost: false },
    { address: "10.11.0.1", subnet: "10.11.0.0/22", isIn: true, isHost: true },
    { address: "10.11.3.255", subnet: "10.11.0.0/22", isIn: true, isHost: false },
    { address: "10.11.4.0", subnet: "10.11.0.0/22", isIn: false, isHost: false },
    { address: "200.0.0.1", subnet: "200.0.0.0/30", isIn: true, isHost: true },
    { address: "10.0.0.0", subnet: "10.0.0.0/31", isIn: true, isHost: true },
    { address: "10.0.0.1", subnet: "10.0.0.1/32", isIn: true, isHost: true },
  ];
  for (const { address, subnet, isIn, isHost } of members) {
    test(`${address} is ${isIn ? "in" : "outside"} ${subnet} and ${isHost ? "may" : "must not"} be a host's`, () => {
      assert.equal(isInSubnet(address as Ipv4Address, subnet as Ipv4Subnet), isIn);
      assert.equal(isHostAddress(address as Ipv4Address, subnet as Ipv4Subnet), isHost);
    });
  }
});
