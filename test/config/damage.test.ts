import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { EXAMPLE_CONFIG } from "../../src/config/example.ts";
import { parseConfig } from "../../src/config/load.ts";
import { parseProfile } from "../../src/profiles/profiles.ts";
import { chosenSeed, seeded } from "../support/random-queue.ts";

const PROFILE = readFileSync(new URL("../fixtures/answers/zfs-full.profile.toml", import.meta.url), "utf8");
const PIECES = [
  '"',
  "'",
  "[",
  "]",
  "[[",
  "\n",
  "=",
  "{",
  "}",
  "#",
  ".",
  "-",
  "0",
  "1e999",
  "nan",
  "true",
  "\u0000",
  "☂",
  "\\",
];

describe("a damaged file never throws:", () => {
  for (const [what, text, read] of [
    ["the configuration", EXAMPLE_CONFIG, (damaged: string) => parseConfig(damaged, "bootqueue.toml")],
    ["a profile", PROFILE, (damaged: string) => parseProfile("pve", damaged)],
  ] as const) {
    test(`${what}, cut off anywhere`, () => {
      for (let length = 0; length < text.length; length += 3) read(text.slice(0, length));
    });

    test(`${what}, with pieces put in, left out and doubled`, () => {
      const seed = chosenSeed();
      const random = seeded(seed);
      for (let round = 0; round < 400; round++) {
        let damaged = text;
        for (let blow = 0; blow <= round % 3; blow++) {
          const at = Math.floor(random() * damaged.length);
          const end = at + Math.floor(random() * 4);
          damaged = damaged.slice(0, at) + PIECES[Math.floor(random() * PIECES.length)] + damaged.slice(end);
        }
        assert.doesNotThrow(() => read(damaged), `SEED=${seed}, round ${round}`);
      }
    });
  }
});
