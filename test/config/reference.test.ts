import { test } from "node:test";
import { renderConfigReference } from "../../src/config/reference.ts";
import { assertGolden } from "../support/golden.ts";

test("the reference page is what the schema says", () => {
  assertGolden(new URL("../../docs/reference/config.md", import.meta.url), renderConfigReference());
});
