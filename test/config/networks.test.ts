import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseConfig } from "../../src/config/load.ts";
import { formatProblem } from "../../src/std/problem.ts";

const NETWORK = `[network]
address = "10.11.0.1"
subnet = "10.11.0.0/22"
domain = "lab.example"
`;
const RACK2 = `[[subnet]]
name = "rack2"
subnet = "10.12.0.0/24"
router = "10.12.0.1"
`;
const slot = (ip: string, more = "") =>
  `[[slot]]\nip = "${ip}"\nhostname = "n${ip.replaceAll(".", "-")}"\nprofile = "pve"\n${more}\n`;
const pool = (first: string, last: string) => `[pool]\nfirst = "${first}"\nlast = "${last}"\n`;

function problems(text: string): readonly string[] {
  const parsed = parseConfig(text, "");
  return parsed.ok ? [] : parsed.error.map(formatProblem);
}

describe("[[subnet]]", () => {
  test("takes DNS and domain from [network] where it says nothing", () => {
    const parsed = parseConfig(
      `${NETWORK}${RACK2}${RACK2.replaceAll("rack2", "rack3").replaceAll("10.12", "10.13")}domain = "r3.example"\ndns = ["10.13.0.53"]\n`,
      "",
    );
    assert.ok(parsed.ok);
    assert.deepEqual(
      parsed.value.subnet.map(({ name, subnet, router, dns, domain }) => [name, subnet, router, ...dns, domain]),
      [
        ["rack2", "10.12.0.0/24", "10.12.0.1", "10.11.0.1", "lab.example"],
        ["rack3", "10.13.0.0/24", "10.13.0.1", "10.13.0.53", "r3.example"],
      ],
    );
  });

  test("slots and ranges may lie in any declared network", () => {
    const range = '[[slot_range]]\nfirst = "10.12.0.20"\ncount = 3\nhostname = "r{n}"\nprofile = "pve"\n';
    assert.deepEqual(
      problems(`${NETWORK}${RACK2}${slot("10.11.0.2")}${slot("10.12.0.7", 'port = "sw1/7"')}${range}`),
      [],
    );
  });

  const refused: readonly { what: string; text: string; says: string }[] = [
    {
      what: "a slot in no declared network",
      text: `${NETWORK}${RACK2}${slot("10.13.0.7")}`,
      says: "slot[0].ip: expected the address of a host in 10.11.0.0/22 or 10.12.0.0/24, found 10.13.0.7",
    },
    {
      what: "a slot on the router of its network",
      text: `${NETWORK}${RACK2}${slot("10.12.0.1")}`,
      says: "slot[0].ip: expected another address than the router's of rack2, found 10.12.0.1",
    },
    {
      what: "a range that leaves its network",
      text: `${NETWORK}${RACK2}[[slot_range]]\nfirst = "10.12.0.250"\ncount = 9\nhostname = "r{n}"\nprofile = "pve"\n`,
      says: "slot_range[0]: expected all addresses inside 10.12.0.0/24, found 10.12.0.250 to 10.12.1.2",
    },
    {
      what: "a network that overlaps ours",
      text: `${NETWORK}${RACK2.replaceAll("10.12.0", "10.11.2")}`,
      says: "subnet[0].subnet: expected a network apart from network.subnet, found 10.11.2.0/24",
    },
    {
      what: "two networks that overlap",
      text: `${NETWORK}${RACK2}${RACK2.replace("rack2", "rack3").replace("10.12.0.0/24", "10.12.0.0/16")}`,
      says: "subnet[1].subnet: expected a network apart from rack2's, found 10.12.0.0/16",
    },
    {
      what: "a name twice",
      text: `${NETWORK}${RACK2}${RACK2.replaceAll("10.12", "10.13")}`,
      says: "subnet[1].name: the name rack2 is taken already by another subnet",
    },
    {
      what: "a router outside",
      text: `${NETWORK}${RACK2.replace('router = "10.12.0.1"', 'router = "10.11.0.9"')}`,
      says: "subnet[0].router: expected the address of a host in 10.12.0.0/24, found 10.11.0.9",
    },
    {
      what: "a network that no host can have",
      text: `${NETWORK}${RACK2.replaceAll("10.12", "239.12")}`,
      says: "subnet[0].subnet: expected a network that hosts can have, found 239.12.0.0/24",
    },
    {
      what: "a prefix that is no network",
      text: `${NETWORK}${RACK2.replace("/24", "/31")}`,
      says: "subnet[0].subnet: expected a prefix length from 8 to 30, found 10.12.0.0/31",
    },
  ];
  for (const { what, text, says } of refused) {
    test(`refuses ${what}`, () => assert.deepEqual(problems(text), [says]));
  }
});

describe("[pool]", () => {
  test("is off when it is not there, and has a lease of an hour", () => {
    const without = parseConfig(NETWORK, "");
    const parsed = parseConfig(`${NETWORK}${pool("10.11.3.10", "10.11.3.99")}`, "");
    assert.ok(without.ok && parsed.ok);
    assert.equal(without.value.pool, undefined);
    assert.deepEqual(parsed.value.pool, { first: "10.11.3.10", last: "10.11.3.99", lease_seconds: 3600 });
  });

  const refused: readonly { what: string; text: string; says: string }[] = [
    {
      what: "addresses of a slot",
      text: `${NETWORK}${pool("10.11.3.10", "10.11.3.99")}${slot("10.11.3.50")}`,
      says: "pool: expected addresses that nobody has, but 10.11.3.50 is a slot's; found 10.11.3.10 to 10.11.3.99",
    },
    {
      what: "our own address",
      text: `${NETWORK}${pool("10.11.0.1", "10.11.0.9")}`,
      says: "pool: expected addresses that nobody has, but 10.11.0.1 is our own; found 10.11.0.1 to 10.11.0.9",
    },
    {
      what: "the router's",
      text: `${NETWORK}${RACK2}${pool("10.12.0.1", "10.12.0.9")}`,
      says: "pool: expected addresses that nobody has, but 10.12.0.1 is a router's; found 10.12.0.1 to 10.12.0.9",
    },
    {
      what: "an end before the beginning",
      text: `${NETWORK}${pool("10.11.3.99", "10.11.3.10")}`,
      says: "pool.last: expected an address not before the first, found 10.11.3.99 to 10.11.3.10",
    },
    {
      what: "two networks",
      text: `${NETWORK}${RACK2}${pool("10.11.3.99", "10.12.0.10")}`,
      says: "pool.last: expected the address of a host in 10.11.0.0/22, found 10.12.0.10",
    },
    {
      what: "a network that is not served",
      text: `${NETWORK}${pool("10.13.0.10", "10.13.0.20")}`,
      says: "pool.first: expected an address of a network that is served, found 10.13.0.10",
    },
    {
      what: "one beside another DHCP server",
      text: `${NETWORK}${pool("10.11.3.10", "10.11.3.99")}[dhcp]\nmode = "proxy"\n`,
      says: 'pool: expected no pool with dhcp.mode = "proxy": there another server gives the addresses',
    },
    {
      what: "very many addresses",
      text: `${NETWORK.replaceAll("/22", "/8")}${pool("10.20.0.1", "10.90.0.1")}`,
      says: "pool: expected at most 16384 addresses, found 10.20.0.1 to 10.90.0.1",
    },
  ];
  for (const { what, text, says } of refused) {
    test(`refuses ${what}`, () => assert.deepEqual(problems(text), [says]));
  }
});
