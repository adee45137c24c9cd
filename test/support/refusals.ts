import assert from "node:assert/strict";
import { test } from "node:test";
import { parseProfile } from "../../src/profiles/profiles.ts";
import { exampleText } from "./kind-examples.ts";

/** A change that makes an example wrong: what rule it breaks, where that is told, and how. */
export interface Refusal {
  readonly rule: string;
  readonly change: Record<string, unknown>;
  readonly path: string;
  readonly says: RegExp;
}

/** A test for each: the example with that change is refused with that path and message. */
export function testRefusals(example: string, refusals: readonly Refusal[]): void {
  for (const { rule, change, path, says } of refusals) {
    test(`refuses ${rule}`, () => {
      const parsed = parseProfile(example, exampleText(example, change));
      assert.ok(!parsed.ok);
      const problem = parsed.error.find((each) => each.path === path);
      assert.match(problem?.message ?? JSON.stringify(parsed.error), says);
    });
  }
}
