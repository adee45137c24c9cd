import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { renderBootScript } from "../../src/boot/boot-script.ts";
import { renderGrubConfig } from "../../src/boot/grub-config.ts";
import { KIND_NAMES } from "../../src/profiles/kinds.ts";
import { parseProfile } from "../../src/profiles/profiles.ts";
import type { ProfileName } from "../../src/queue/slot.ts";
import { EXAMPLES, exampleProfile, exampleText, SHA512_HASH } from "../support/kind-examples.ts";
import { HASH, LINKS, requestOf, TARGET, TOKEN } from "../support/proxmox-profile.ts";
import { seeded } from "../support/random-queue.ts";

/** What holds for every kind of profile; a new one is tested by its example in profiles/. */
describe("every kind", () => {
  test("has an example", () => {
    const kinds = new Set([...EXAMPLES.keys()].map((name) => exampleProfile(name).kind));
    assert.deepEqual(
      KIND_NAMES.filter((kind) => !kinds.has(kind)),
      [],
    );
  });
});

for (const name of EXAMPLES.keys()) {
  describe(`the example ${name}`, () => {
    const profile = exampleProfile(name);
    const hash = EXAMPLES.get(name)?.includes(SHA512_HASH) ? SHA512_HASH : HASH;
    const answer = profile.answer(TARGET, LINKS, requestOf(null));

    test("lacks what has to be filled in, and nothing else", () => {
      const text = readFileSync(new URL(`../../profiles/${name}.toml`, import.meta.url), "utf8");
      const parsed = parseProfile(name, text);
      for (const { message } of parsed.ok ? [] : parsed.error) assert.match(message, /still to be filled in/);
    });

    test("is right once that is filled in, and surprises nobody", () => {
      assert.deepEqual(profile.warnings(), []);
      assert.deepEqual(profile.checkTarget(TARGET), []);
    });

    test("is refused with the path of every key that is misspelt or of the wrong type", () => {
      for (const [changes, path] of [
        [{ imagee: "x" }, "imagee"],
        [{ image: 7 }, "image"],
        [{ image: "../../etc" }, "image"],
        [{ kernel_args: "quiet || shell" }, "kernel_args"],
      ] as const) {
        const parsed = parseProfile(name, exampleText(name, changes));
        assert.ok(!parsed.ok, path);
        assert.ok(
          parsed.error.some((problem) => problem.path === path && problem.message.length > 10),
          JSON.stringify(parsed.error),
        );
      }
    });

    test("boots by one line that no boot loader splits, and only by addresses of ours", () => {
      const plan = profile.bootPlan(TARGET, LINKS);
      assert.match(plan.args, /^[\x21-\x7e]+( [\x21-\x7e]+)*$/);
      assert.doesNotMatch(plan.args, /[`"'\\|&<>]|\$\{|\binitrd=/);
      assert.ok(plan.args.length < 1900, "the kernel takes 2048 octets");
      for (const url of [plan.kernel, ...plan.initrds.map((each) => each.url)])
        assert.match(url, /^http:\/\/10\.11\.0\.1\//);
      assert.match(renderBootScript(plan, "x"), /^kernel \S+ .*\|\| goto failed$/m);
      assert.match(renderGrubConfig(plan, "x", LINKS.asset("")), /^if linux \S+ /m);
    });

    test("names the files that it boots", () => {
      const urls = profile.assets(null).map((path) => LINKS.asset(path));
      const plan = profile.bootPlan(TARGET, LINKS);
      for (const url of [plan.kernel, ...plan.initrds.map((each) => each.url)]) assert.ok(urls.includes(url), url);
    });

    test("has an answer that is the same each time, and no secret in what people see of it", () => {
      assert.ok(answer.ok, JSON.stringify(answer));
      assert.deepEqual(profile.answer(TARGET, LINKS, requestOf(null)), answer);
      assert.equal(answer.value.masked.includes(TOKEN), false, "the token");
      assert.equal(answer.value.masked.includes(hash), false, "the hash of a password");
      assert.equal(answer.value.masked.length > 0, true);
    });

    test("tells the machine where to report, under the token of its install", () => {
      if (profile.remote(TARGET) !== null) return;
      assert.ok(answer.ok);
      const said = `${answer.value.text}\n${profile.bootPlan(TARGET, LINKS).args}`;
      const reports = [LINKS.installed, LINKS.phoneHome, LINKS.plain.installed, LINKS.plain.progress];
      assert.ok(
        // Inside of a data URL, slashes and colons are escaped.
        reports.some((url) => said.includes(url) || said.includes(encodeURIComponent(url))),
        said,
      );
    });

    test("has each of its files, and the decisive one among them", () => {
      if (profile.files === null) return;
      const files = profile.files.render(TARGET, LINKS);
      assert.ok(files.ok);
      assert.deepEqual([...files.value.keys()], profile.files.names);
      assert.ok(profile.files.names.includes(profile.files.decisive));
      for (const file of profile.files.names) assert.match(file, /^[A-Za-z0-9._-]+$/);
      for (const { masked } of files.value.values()) {
        assert.equal(masked.includes(TOKEN), false);
        assert.equal(masked.includes(hash), false);
      }
    });

    test("says nothing of what stands in a secret that is wrong", () => {
      const text = EXAMPLES.get(name) ?? "";
      const parsed = parseProfile(name, text.replaceAll(hash, "Tr0ub4dor and 3"));
      assert.equal(JSON.stringify(parsed.ok ? [] : parsed.error).includes("Tr0ub4dor"), false);
      assert.equal(parsed.ok, !text.includes(hash), "a password is not its hash");
    });

    test("takes whatever the network brings without a word", () => {
      const random = seeded(name.length);
      for (const body of [
        null,
        0,
        "",
        [],
        {},
        { name: {} },
        { event_type: 1, name: [] },
        JSON.parse('{"__proto__":1}'),
      ]) {
        profile.readAnswerRequest(body);
        profile.readInstallReport(body);
        profile.readProgress(body);
      }
      for (let round = 0; round < 300; round++) profile.readProgress(noise(random));
    });

    test("moves along the road that the queue knows", () => {
      assert.deepEqual(Object.keys(profile.flow()).sort(), ["cluster", "firstBoot"]);
      assert.equal(profile.name, name as ProfileName);
    });
  });
}

function noise(random: () => number): unknown {
  const words = ["subiquity/Install/install", "finish", "start", "FAIL", "SUCCESS", "", "\u0000", "x".repeat(9000)];
  const word = () => words[Math.floor(random() * words.length)];
  return { name: word(), event_type: word(), result: word(), description: word(), level: word() };
}
