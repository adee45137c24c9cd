import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { MacAddress } from "../../src/net/mac-address.ts";
import { type ServerType, serverTypeOf } from "../../src/profiles/server-type.ts";
import { serverType } from "../support/server-type.ts";

const TYPES: readonly ServerType[] = [
  serverType("vendor", { macPrefixes: ["1c:69:7a"] }),
  serverType("batch", { macPrefixes: ["1c:69:7a:1", "1c:69:7a:00:11"] }),
  serverType("ms-01", { products: ["Venus Series", "MS-01*"] }),
  serverType("odd", { products: ["A.B (?)"] }),
];

describe("serverTypeOf()", () => {
  const cases = [
    { what: "nothing that fits", clues: {}, type: null },
    { what: "a product name", clues: { product: "Venus Series" }, type: "ms-01" },
    { what: "a pattern, in whatever letters", clues: { product: " ms-01 rev 2 " }, type: "ms-01" },
    { what: "a product name that only looks like a pattern", clues: { product: "AxB (1)" }, type: null },
    { what: "a sign for one character", clues: { product: "A.B (1)" }, type: "odd" },
    { what: "the beginning of a MAC address", clues: { macs: ["1c:69:7a:22:00:01"] }, type: "vendor" },
    { what: "the longest beginning", clues: { macs: ["1c:69:7a:12:00:01"] }, type: "batch" },
    { what: "any of its NICs", clues: { macs: ["52:54:00:00:00:01", "1c:69:7a:00:11:01"] }, type: "batch" },
    {
      what: "the product before the MAC address",
      clues: { product: "MS-01", macs: ["1c:69:7a:12:00:01"] },
      type: "ms-01",
    },
    { what: "the hand before all", clues: { assigned: "odd", product: "MS-01" }, type: "odd" },
    { what: "a hand that names no type", clues: { assigned: "gone", product: "MS-01" }, type: null },
  ];
  for (const { what, clues, type } of cases) {
    test(`goes by ${what}`, () => {
      const { macs = [], ...rest } = clues as { macs?: string[]; assigned?: string; product?: string };
      const found = serverTypeOf(TYPES, { assigned: null, product: null, ...rest, macs: macs as MacAddress[] });
      assert.equal(found?.name ?? null, type);
    });
  }
});
