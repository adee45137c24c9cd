import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { stringify } from "smol-toml";
import type { MacAddress } from "../../src/net/mac-address.ts";
import { parseProfile } from "../../src/profiles/profiles.ts";
import { complaints, JUDGED_RELEASES, type JudgedMachine } from "../support/proxmox-answer-judge.ts";
import { LINKS, requestOf, TARGET } from "../support/proxmox-profile.ts";
import { type Draft, damaged, randomProfile } from "../support/random-profile.ts";
import { chosenSeed, seeded } from "../support/random-queue.ts";

const SEED = chosenSeed();
const RUNS = 300;
const NICS = ["52:54:00:ba:5e:12", "52:54:00:ba:5e:11", "52:54:00:ba:5e:13"] as MacAddress[];
const TLS_LINKS = {
  ...LINKS,
  installed: LINKS.installed.replace("http:", "https:"),
  firstBootScript: LINKS.firstBootScript.replace("http:", "https:"),
  certFingerprint: "AB".repeat(32),
};

/** What we serve for this draft, or why not. */
function served(draft: Draft, release: string, random: () => number) {
  const profile = parseProfile("pve", stringify(draft));
  if (!profile.ok) return profile;
  const request = { ...requestOf(release), macs: NICS, installer: "pve" };
  return profile.value.answer(TARGET, random() < 0.5 ? LINKS : TLS_LINKS, request);
}

const MACHINE: JudgedMachine = { product: "pve", nics: NICS };

describe("a random profile", () => {
  test(`that is right is served to every release that knows what it says, and accepted there (SEED=${SEED})`, () => {
    const random = seeded(SEED);
    for (let run = 0; run < RUNS; run++) {
      const { draft, since } = randomProfile(random);
      for (const release of JUDGED_RELEASES) {
        const answer = served(draft, release, random);
        const told = `${release}, run ${run}: ${JSON.stringify(draft)}\n${JSON.stringify(answer)}`;
        assert.equal(answer.ok, release >= since, told);
        if (answer.ok) assert.deepEqual(complaints(answer.value.text, release, MACHINE), [], told);
      }
    }
  });

  test(`that is damaged is refused by us wherever an installer would refuse it (SEED=${SEED})`, () => {
    const random = seeded(SEED + 1);
    let refused = 0;
    for (let run = 0; run < 4 * RUNS; run++) {
      const { draft } = randomProfile(random);
      let worse = draft;
      for (let times = 1 + Math.floor(random() * 3); times > 0; times--) worse = damaged(worse, random);
      const release = JUDGED_RELEASES[Math.floor(random() * JUDGED_RELEASES.length)] ?? "9.2";
      const answer = served(worse, release, random);
      if (!answer.ok) {
        refused++;
        for (const { path, message } of answer.error) assert.ok(message !== "" && typeof path === "string");
        continue;
      }
      const told = `${release}, run ${run}: ${JSON.stringify(worse)}\n${answer.value.text}`;
      assert.deepEqual(complaints(answer.value.text, release, MACHINE), [], told);
    }
    assert.ok(refused > RUNS, `only ${refused} were refused: the damage does none`);
  });
});
