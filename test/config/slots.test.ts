import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseConfig } from "../../src/config/load.ts";
import type { DeclaredSlot } from "../../src/config/slots.ts";
import type { DeclaredSlot as QueueSlot } from "../../src/queue/slot.ts";
import { formatProblem } from "../../src/std/problem.ts";

const HEAD = `[network]
address = "10.11.0.1"
router = "10.11.3.254"
subnet = "10.11.0.0/22"
domain = "lab.example"
`;

const slot = (ip: string, hostname: string, more = "") =>
  `[[slot]]\nip = "${ip}"\nhostname = "${hostname}"\nprofile = "pve"\n${more}\n`;
const range = (first: string, count: number, hostname: string, more = "") =>
  `[[slot_range]]\nfirst = "${first}"\ncount = ${count}\nhostname = "${hostname}"\nprofile = "pve"\n${more}\n`;

function slotsOf(text: string): readonly QueueSlot[] {
  const config = parseConfig(HEAD + text, "");
  assert.ok(config.ok, JSON.stringify(config));
  // The compiler checks here that the queue takes what the configuration declares.
  const slots: readonly DeclaredSlot[] = config.value.slots;
  return slots;
}

describe("the queue's order", () => {
  const names = (text: string) => slotsOf(text).map(({ hostname }) => hostname);

  test("is that of the file, slots and ranges mixed", () => {
    const text =
      range("10.11.0.10", 2, "a{n}") + slot("10.11.0.2", "b") + range("10.11.0.20", 1, "c{n}") + slot("10.11.0.3", "d");
    assert.deepEqual(names(text), ["a1", "a2", "b", "c1", "d"]);
  });

  test("is not led astray by headers in comments and strings", () => {
    const text = `# [[slot]]\n${range("10.11.0.10", 1, "a{n}")}${slot("10.11.0.2", "b")} # [[slot_range]]\n${range("10.11.0.20", 1, "c{n}")}`;
    assert.deepEqual(names(text), ["a1", "b", "c1"]);
  });

  test("knows headers with blanks and quotes", () => {
    const text = range("10.11.0.10", 1, "a{n}") + slot("10.11.0.2", "b");
    assert.deepEqual(names(text.replace("[[slot_range]]", '  [[ "slot_range" ]]').replace("[[slot]]", "[['slot']]")), [
      "a1",
      "b",
    ]);
  });

  test("is first slots, then ranges where they are written in one line", () => {
    const inline = `slot_range = [{ first = "10.11.0.10", count = 1, hostname = "a{n}", profile = "pve" }]
slot = [{ ip = "10.11.0.2", hostname = "b", profile = "pve" }]
`;
    const config = parseConfig(inline + HEAD, "");
    assert.ok(config.ok);
    assert.deepEqual(
      config.value.slots.map(({ hostname }) => hostname),
      ["b", "a1"],
    );
  });
});

describe("a range", () => {
  test("counts addresses and names, and carries its server type along", () => {
    assert.deepEqual(
      slotsOf(range("10.11.0.254", 3, "node{nn}", 'first_number = 9\nlabels = ["rack2"]\nserver_type = "r640"')),
      [
        {
          id: "10.11.0.254",
          address: "10.11.0.254",
          hostname: "node09",
          profile: "pve",
          labels: ["rack2"],
          reservation: { type: "server-type", serverType: "r640" },
          link0: "10.11.0.254",
          link1: null,
          boardSerial: null,
          diskSerials: [],
        },
        {
          id: "10.11.0.255",
          address: "10.11.0.255",
          hostname: "node10",
          profile: "pve",
          labels: ["rack2"],
          reservation: { type: "server-type", serverType: "r640" },
          link0: "10.11.0.255",
          link1: null,
          boardSerial: null,
          diskSerials: [],
        },
        {
          id: "10.11.1.0",
          address: "10.11.1.0",
          hostname: "node11",
          profile: "pve",
          labels: ["rack2"],
          reservation: { type: "server-type", serverType: "r640" },
          link0: "10.11.1.0",
          link1: null,
          boardSerial: null,
          diskSerials: [],
        },
      ],
    );
  });

  for (const [pattern, names] of [
    ["node{n}", ["node8", "node9", "node10"]],
    ["node{nn}", ["node08", "node09", "node10"]],
    ["node{nnn}-a", ["node008-a", "node009-a", "node010-a"]],
    ["r{n}u{nn}", ["r8u08", "r9u09", "r10u10"]],
  ] as const) {
    test(`of ${pattern} is ${names.join(", ")}`, () => {
      assert.deepEqual(
        slotsOf(range("10.11.0.10", 3, pattern, "first_number = 8")).map(({ hostname }) => hostname),
        names,
      );
    });
  }
});

const BAD: readonly { what: string; text: string; says: readonly string[] }[] = [
  {
    what: "an address outside the network",
    text: slot("10.12.0.2", "a"),
    says: ["slot[0].ip: expected the address of a host in 10.11.0.0/22, found 10.12.0.2"],
  },
  {
    what: "the network's and the broadcast address",
    text: slot("10.11.0.0", "a") + slot("10.11.3.255", "b"),
    says: [
      "slot[0].ip: expected the address of a host in 10.11.0.0/22, found 10.11.0.0",
      "slot[1].ip: expected the address of a host in 10.11.0.0/22, found 10.11.3.255",
    ],
  },
  {
    what: "our own address and the router's",
    text: slot("10.11.0.1", "a") + slot("10.11.3.254", "b"),
    says: [
      "slot[0].ip: expected another address than our own (network.address), found 10.11.0.1",
      "slot[1].ip: expected another address than the router's (network.router), found 10.11.3.254",
    ],
  },
  {
    what: "a range over our own address",
    text: slot("10.11.0.3", "a").replace("10.11.0.3", "10.11.0.9") + range("10.11.0.1", 2, "n{n}"),
    says: ["slot_range[0]: expected another address than our own (network.address), found 10.11.0.1"],
  },
  {
    what: "an address twice",
    text: slot("10.11.0.2", "a") + slot("10.11.0.2", "b"),
    says: ["slot[1].ip: the address 10.11.0.2 is taken already by slot[0]"],
  },
  {
    what: "an address that a range has",
    text: range("10.11.0.2", 3, "n{n}") + slot("10.11.0.4", "a"),
    says: ["slot[0].ip: the address 10.11.0.4 is taken already by slot_range[0]"],
  },
  {
    what: "a name twice",
    text: slot("10.11.0.2", "peach") + slot("10.11.0.3", "Peach"),
    says: ["slot[1].hostname: the hostname peach is taken already by slot[0]"],
  },
  {
    what: "a name that a range makes",
    text: range("10.11.0.10", 3, "n{n}") + slot("10.11.0.2", "n2"),
    says: ["slot[0].hostname: the hostname n2 is taken already by slot_range[0]"],
  },
  {
    what: "a MAC address twice",
    text: slot("10.11.0.2", "a", 'mac = "52:54:00:ab:cd:ef"') + slot("10.11.0.3", "b", 'mac = "52-54-00-AB-CD-EF"'),
    says: ["slot[1].mac: the MAC address 52:54:00:ab:cd:ef is taken already by slot[0]"],
  },
  {
    what: "both a MAC address and a server type",
    text: slot("10.11.0.2", "a", 'mac = "52:54:00:ab:cd:ef"\nserver_type = "r640"'),
    says: ["slot[0]: expected mac, port or server_type, found mac and server_type: a slot is kept for one of them"],
  },
  {
    what: "a port that is written wrongly",
    text: slot("10.11.0.2", "a", 'port = "7"'),
    says: [
      'slot[0].port: expected a switch port as REMOTE-ID/CIRCUIT-ID, each in ASCII or as 0x and hexadecimal, such as switch1/7 or /eth1, found "7"',
    ],
  },
  {
    what: "one port for two slots, however it is written",
    text: slot("10.11.0.2", "a", 'port = "sw1/7"') + slot("10.11.0.3", "b", 'port = "0x737731/0x37"'),
    says: ["slot[1].port: the port sw1/7 is taken already by slot[0]"],
  },
  {
    what: "a range that leaves the network",
    text: range("10.11.3.250", 6, "n{n}"),
    says: ["slot_range[0]: expected all addresses inside 10.11.0.0/22, found 10.11.3.250 to 10.11.3.255"],
  },
  {
    what: "a range round the end of all addresses",
    text: range("255.255.255.255", 3, "n{n}"),
    says: ["slot_range[0]: expected all addresses inside 10.11.0.0/22, found 255.255.255.255 to 0.0.0.1"],
  },
  {
    what: "a range longer than any network",
    text: range("10.11.0.10", 1_000_000_000, "n{n}"),
    says: ["slot_range[0].count: expected a whole number from 1 to 4096, found 1000000000"],
  },
  {
    what: "a pattern without a number",
    text: range("10.11.0.10", 2, "node"),
    says: [
      'slot_range[0].hostname: expected a host name with {n}, {nn} or {nnn} for the number such as node{nn}, found "node"',
    ],
  },
  {
    what: "a pattern that makes no names",
    text: range("10.11.0.10", 2, "node_{n}"),
    says: ['slot_range[0].hostname: expected a pattern that makes host names, but number 1 is "node_1"'],
  },
  {
    what: "a pattern that makes numbers",
    text: range("10.11.0.10", 2, "{nnn}"),
    says: ['slot_range[0].hostname: expected a pattern that makes host names, but number 1 is "001"'],
  },
];

describe("parseConfig() refuses", () => {
  for (const { what, text, says } of BAD) {
    test(what, () => {
      const config = parseConfig(HEAD + text, "");
      assert.ok(!config.ok, "it was accepted");
      assert.deepEqual(config.error.map(formatProblem), says);
    });
  }
});
