import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { bootServerExchangeOf, exchangeOf } from "../../src/dhcp/exchange.ts";
import { type DhcpMessage, decodeMessage, encodeMessage } from "../../src/dhcp/message.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import { goldenDhcpPackets } from "../support/golden-dhcp.ts";

/** The addresses of the servers that the clients talked to when they were captured. */
const SERVER = "10.97.0.1" as Ipv4Address;
const PROXY = "10.97.1.1" as Ipv4Address;

/** What each packet says, as a reader found that shares no code with ours; octets as `hex:…`. */
const EXPECTED = JSON.parse(readFileSync(new URL("../fixtures/dhcp/expected.json", import.meta.url), "utf8")) as Record<
  string,
  { exchange: string; port: number; unicast: boolean; header: Record<string, unknown>; options: unknown }
>;

describe("a golden packet", () => {
  for (const [name, bytes] of goldenDhcpPackets()) {
    const expected = EXPECTED[name];
    assert(expected !== undefined, `expected.json has no entry for ${name}.hex`);

    test(`${name} is read as it was meant`, () => {
      const { options, raw: _, ...header } = decoded(bytes);
      assert.deepEqual(plain(header), expected.header);
      assert.deepEqual(plain(options), expected.options);
    });

    test(`${name} is a ${expected.exchange}`, () => {
      const exchange =
        expected.port === 4011
          ? bootServerExchangeOf(decoded(bytes), PROXY)
          : exchangeOf(decoded(bytes), SERVER, expected.unicast);
      assert.equal(exchange.type, expected.exchange);
    });

    test(`${name} written again says the same`, () => {
      assert.deepEqual(decoded(encodeMessage(decoded(bytes))), decoded(bytes));
    });
  }
});

test("what was decoded does not change when the datagram's memory is used again", () => {
  for (const [name, bytes] of goldenDhcpPackets()) {
    const datagram = Buffer.from(bytes);
    const message = decoded(datagram);
    datagram.fill(0xee);
    assert.deepEqual(message, decoded(bytes), name);
  }
});

function decoded(bytes: Uint8Array): DhcpMessage {
  const result = decodeMessage(bytes);
  assert(result.ok, JSON.stringify(result));
  return result.value;
}

/** As JSON can say it. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return `hex:${Buffer.from(value).toString("hex")}`;
  if (value instanceof Map) return plain(Object.fromEntries(value));
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
