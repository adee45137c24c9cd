import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { originsOfToml, settingsForPeople } from "../../src/profiles/answer-origins.ts";
import { mergeLayers } from "../../src/profiles/layers.ts";

const layer = (name: string, values: object, path = "") => ({
  name,
  file: `${name}.toml`,
  path,
  values: { ...values },
});

const { said } = mergeLayers(
  layer("profile", {
    global: { country: "de", root_password_hashed: "$y$secret" },
    net: { mapping: { "52-54-00-BA-5E-11": "lan0" } },
    run: "#!/bin/sh\nPASSWORD=secret\n",
  }),
  [layer("slot", { global: { country: "at" } }, "slot[0].settings")],
);

describe("originsOfToml()", () => {
  const lines = originsOfToml(
    `[global]
country = "at"
root-password-hashed = "(hidden)"
keyboard = "en-us"
fqdn = "a.b"

[net.mapping]
"52:54:00:ba:5e:11" = "lan0"

[webhook]
url = "http://x/"
`,
    said,
    { "global.fqdn": "the slot", webhook: "this install" },
  );

  test("names the layer of a setting, however it is spelt", () => {
    const from = Object.fromEntries(lines.map((line) => [line.text.split(" ")[0], line.from]));
    assert.deepEqual(from, {
      "[global]": null,
      country: "slot",
      "root-password-hashed": "profile",
      keyboard: "default",
      fqdn: "the slot",
      "": null,
      "[net.mapping]": null,
      '"52:54:00:ba:5e:11"': "profile",
      "[webhook]": null,
      url: "this install",
    });
  });
});

describe("settingsForPeople()", () => {
  test("shows no secret, and no text that may hold one", () => {
    const settings = settingsForPeople(said);
    assert.ok(!JSON.stringify(settings).includes("secret"));
    assert.deepEqual(
      settings.map(({ path, value, from, file }) => [path, value, from, file]),
      [
        ["global.country", '"at"', "slot", "slot.toml: slot[0].settings"],
        ["global.root_password_hashed", "(hidden)", "profile", "profile.toml"],
        ["net.mapping.52-54-00-BA-5E-11", '"lan0"', "profile", "profile.toml"],
        ["run", "(2 lines)", "profile", "profile.toml"],
      ],
    );
  });
});
