import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "smol-toml";
import { complaints } from "../support/proxmox-answer-judge.ts";
import { LINKS, proxmoxProfile, requestOf, TARGET } from "../support/proxmox-profile.ts";

const FINGERPRINT = Array.from({ length: 32 }, (_, n) => n.toString(16).padStart(2, "0").toUpperCase()).join(":");
const TLS_LINKS = { ...LINKS, certFingerprint: FINGERPRINT };

describe("over HTTPS, the answer file", () => {
  for (const release of ["8.3", "8.4", "9.0", "9.1", "9.2"] as const) {
    test(`tells an installer of ${release} the fingerprint, as that release spells it`, () => {
      const answer = proxmoxProfile({ first_boot: {} }).answer(TARGET, TLS_LINKS, requestOf(release));
      assert.ok(answer.ok);
      assert.deepEqual(complaints(answer.value.text, release), []);
      const sections = parse(answer.value.text) as Record<string, Record<string, unknown>>;
      const key = release === "8.3" ? "cert_fingerprint" : "cert-fingerprint";
      assert.equal(sections["post-installation-webhook"]?.[key], FINGERPRINT);
      assert.equal(sections["first-boot"]?.["cert-fingerprint"], FINGERPRINT);
    });
  }

  test("over plain HTTP says nothing of one", () => {
    const answer = proxmoxProfile({ first_boot: {} }).answer(TARGET, LINKS, requestOf("9.2"));
    assert.ok(answer.ok && !/fingerprint/.test(answer.value.text));
  });
});
