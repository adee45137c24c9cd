import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isAtPort, parseRelayPort, type RelayPort, relayPortFromIds } from "../../src/net/relay-port.ts";

const octets = (...values: number[]) => Uint8Array.from(values);
const ascii = (text: string) => Uint8Array.from(Buffer.from(text, "ascii"));
const port = (text: string) => {
  const parsed = parseRelayPort(text);
  assert.ok(parsed.ok, text);
  return parsed.value;
};

describe("parseRelayPort()", () => {
  const same: readonly { what: string; written: string; remote: Uint8Array; circuit: Uint8Array; as: string }[] = [
    { what: "text", written: "switch1/7", remote: ascii("switch1"), circuit: ascii("7"), as: "switch1/7" },
    {
      what: "a circuit id with slashes",
      written: "sw/Gi1/0/7",
      remote: ascii("sw"),
      circuit: ascii("Gi1/0/7"),
      as: "sw/Gi1/0/7",
    },
    {
      what: "hexadecimal, in either case",
      written: "0x0006AABBCCddeeff/0x000400010107",
      remote: octets(0, 6, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff),
      circuit: octets(0, 4, 0, 1, 1, 7),
      as: "0x0006aabbccddeeff/0x000400010107",
    },
    {
      what: "hexadecimal of what could be text",
      written: "0x737731/0x37",
      remote: ascii("sw1"),
      circuit: ascii("7"),
      as: "sw1/7",
    },
    {
      what: "a remote id with a slash in hexadecimal",
      written: "0x612f62/7",
      remote: ascii("a/b"),
      circuit: ascii("7"),
      as: "0x612f62/7",
    },
    { what: "no remote id", written: "/eth1", remote: octets(), circuit: ascii("eth1"), as: "/eth1" },
    {
      what: "text that begins like hexadecimal",
      written: "sw/0x30783a",
      remote: ascii("sw"),
      circuit: ascii("0x:"),
      as: "sw/0x30783a",
    },
  ];
  for (const { what, written, remote, circuit, as } of same) {
    test(`reads ${what}, and writes the ids of a message the same way`, () => {
      assert.equal(port(written), as);
      assert.equal(relayPortFromIds(remote, circuit), as);
      assert.equal(port(as), as);
    });
  }

  for (const text of ["", "7", "switch1/", "/", "sw itch/7", "0xabc/7", "0xzz/7", `/${"a".repeat(256)}`, "größe/7"]) {
    test(`refuses ${JSON.stringify(text.slice(0, 20))}`, () => {
      assert.deepEqual(parseRelayPort(text), { ok: false, error: "not-a-relay-port" });
    });
  }

  test("every pair of ids has one form, which reads as itself (seeded)", () => {
    const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
    let state = seed;
    const random = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      return state % below;
    };
    const ids = new Map<string, string>();
    for (let n = 0; n < 2000; n++) {
      const remote = Uint8Array.from({ length: random(4) }, () => 45 + random(5));
      const circuit = Uint8Array.from({ length: 1 + random(4) }, () =>
        random(3) === 0 ? random(256) : 45 + random(5),
      );
      const made = relayPortFromIds(remote, circuit);
      const key = `${Buffer.from(remote).toString("hex")} ${Buffer.from(circuit).toString("hex")}`;
      assert.ok(made !== null, `seed ${seed}`);
      assert.equal(port(made), made, `seed ${seed}`);
      assert.equal(ids.get(made) ?? key, key, `seed ${seed}: ${made} stands for two ports`);
      ids.set(made, key);
    }
  });
});

describe("isAtPort()", () => {
  const cases: readonly [asked: string, reserved: string, fits: boolean][] = [
    ["switch1/7", "switch1/7", true],
    ["switch1/7", "switch1/8", false],
    ["switch1/7", "switch2/7", false],
    ["switch1/7", "/7", true],
    ["/7", "/7", true],
    ["/7", "switch1/7", false],
    ["switch1/Gi1/0/7", "/0/7", false],
    ["switch1/Gi1/0/7", "/Gi1/0/7", true],
  ];
  for (const [asked, reserved, fits] of cases) {
    test(`${asked} is ${fits ? "" : "not "}at ${reserved}`, () => {
      assert.equal(isAtPort(asked as RelayPort, reserved as RelayPort), fits);
    });
  }
});

describe("relayPortFromIds()", () => {
  test("without a circuit id there is no port", () => {
    assert.equal(relayPortFromIds(ascii("switch1"), octets()), null);
  });
});
