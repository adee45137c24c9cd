import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { loadConfig, parseConfig } from "../../src/config/load.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import type { MacAddress } from "../../src/net/mac-address.ts";
import { formatProblem } from "../../src/std/problem.ts";

const BASE = `[network]
address = "10.11.0.1"
subnet = "10.11.0.0/22"
domain = "lab.example"
`;
const PIN = "ab".repeat(32);
const slot = (power: string) => `[[slot]]\nip = "10.11.0.2"\nhostname = "one"\nprofile = "pve"\npower = { ${power} }\n`;
const REDFISH = `url = "https://10.0.9.5", user = "op", password_file = "/etc/bq/bmc", fingerprint = "${PIN}"`;

function targets(text: string) {
  const config = parseConfig(BASE + text, "");
  assert.ok(config.ok, JSON.stringify(config));
  return config.value.powerTargets;
}

describe("the power of a slot", () => {
  test("is Redfish, with a fingerprint in the one form, and limits in milliseconds", () => {
    assert.deepEqual(targets(slot(REDFISH)).slots.get("10.11.0.2" as Ipv4Address), {
      type: "redfish",
      url: "https://10.0.9.5",
      user: "op",
      passwordFile: "/etc/bq/bmc",
      trust: { type: "fingerprint", sha256: Array.from({ length: 32 }, () => "AB").join(":") },
      system: null,
      checkIdentity: true,
      boot: "auto",
      limits: { requestMs: 30_000, switchMs: 120_000, shutdownMs: 120_000 },
    });
  });

  test("takes what it does not say itself from [power]", () => {
    const common = `[power]\nuser = "all"\npassword_file = "/etc/bq/all"\nca_file = "/etc/bq/ca.pem"\nboot = "uefi"\nswitch_seconds = 30\n`;
    const settings = targets(common + slot('url = "https://bmc1.example:8443", system = "1"')).slots.get(
      "10.11.0.2" as Ipv4Address,
    );
    assert.ok(settings?.type === "redfish");
    const { user, passwordFile, trust, boot, limits, url } = settings;
    assert.deepEqual(
      [url, user, passwordFile, trust, boot, limits.switchMs],
      ["https://bmc1.example:8443", "all", "/etc/bq/all", { type: "ca", file: "/etc/bq/ca.pem" }, "uefi", 30_000],
    );
  });

  test("is Wake-on-LAN to its own network, and IPMI", () => {
    assert.deepEqual(targets(slot('type = "wake-on-lan"')).slots.get("10.11.0.2" as Ipv4Address), {
      type: "wake-on-lan",
      broadcast: "10.11.3.255",
    });
    const ipmi = targets(slot('type = "ipmi", address = "10.0.9.5", user = "op", password_file = "/etc/bq/bmc"'));
    assert.equal(ipmi.slots.get("10.11.0.2" as Ipv4Address)?.type, "ipmi");
  });
});

test("[[power.host]] is for one machine, whatever its slot", () => {
  const found = targets(`[[power.host]]\nmac = "52-54-00-AB-CD-EF"\n${REDFISH.replaceAll(", ", "\n")}\n`);
  assert.deepEqual([...found.hosts.keys()], ["52:54:00:ab:cd:ef" as MacAddress]);
});

describe("the power of a slot, when it is wrong:", () => {
  const wrong: readonly { what: string; text: string; problem: RegExp }[] = [
    {
      what: "no address",
      text: slot('user = "op"'),
      problem: /slot\[0\]\.power\.url: missing: expected the https address/,
    },
    {
      what: "no password",
      text: slot(REDFISH.replace(/password_file = "[^"]*", /, "")),
      problem: /power\.password_file: missing/,
    },
    {
      what: "nothing to know the BMC by",
      text: slot(REDFISH.replace(/, fingerprint = .*/, "")),
      problem: /power\.fingerprint: missing: .*`openssl s_client -connect 10\.0\.9\.5:443/,
    },
    {
      what: "no TLS",
      text: slot(REDFISH.replace("https:", "http:")),
      problem: /slot\[0\]\.power\.url: expected the https address/,
    },
    {
      what: "a built path",
      text: slot(REDFISH.replace("9.5", "9.5/redfish/v1/Systems/1")),
      problem: /power\.url: expected .* without a path/,
    },
    {
      what: "a fingerprint of another kind",
      text: slot(REDFISH.replace(PIN, "abcd")),
      problem: /power\.fingerprint: expected the SHA-256/,
    },
    {
      what: "a key of another type",
      text: slot(`${REDFISH}, broadcast = "10.11.3.255"`),
      problem: /power\.broadcast: there is no broadcast with type "redfish"/,
    },
    {
      what: "a misspelt key",
      text: slot(`${REDFISH}, sistem = "1"`),
      problem: /power\.sistem: unknown key; did you mean system/,
    },
    { what: "no check of nobody", text: slot(`${REDFISH}, check_identity = false`), problem: /power\.system: missing/ },
    {
      what: "HTTP boot by IPMI",
      text: slot('type = "ipmi", address = "10.0.9.5", user = "op", password_file = "/p", boot = "uefi-http"'),
      problem: /power\.boot: IPMI knows no HTTP boot/,
    },
    {
      what: "one system for two machines",
      text:
        slot(`${REDFISH}, system = "1"`) + slot(`${REDFISH}, system = "1"`).replace("0.2", "0.3").replace("one", "two"),
      problem: /slot: system 1 of https:\/\/10\.0\.9\.5 is given twice: for 10\.11\.0\.2 and 10\.11\.0\.3/,
    },
    {
      what: "the same machine twice",
      text: `[[power.host]]\nmac = "52:54:00:ab:cd:ef"\ntype = "wake-on-lan"\n`.repeat(2),
      problem: /power\.host\[1\]\.mac: 52:54:00:ab:cd:ef is given twice/,
    },
  ];
  for (const { what, text, problem } of wrong) {
    test(what, () => {
      const config = parseConfig(BASE + text, "");
      assert.match(config.ok ? "" : config.error.map(formatProblem).join("\n"), problem);
    });
  }
});

describe("loadConfig() of a password file", () => {
  async function load(t: TestContext, damage: (file: string) => Promise<unknown>) {
    const folder = await mkdtemp(join(tmpdir(), "bootqueue-config-"));
    t.after(() => rm(folder, { recursive: true }));
    const password = join(folder, "bmc");
    await writeFile(password, "secret\n", { mode: 0o600 });
    await mkdir(join(folder, "profiles"));
    await writeFile(join(folder, "profiles", "pve.toml"), "");
    const paths = `[paths]\nprofiles = "${folder}/profiles"\n`;
    await writeFile(join(folder, "bq.toml"), BASE + paths + slot(REDFISH.replace("/etc/bq/bmc", password)));
    await damage(password);
    const loaded = await loadConfig(join(folder, "bq.toml"));
    return loaded.ok ? "good" : loaded.error.map(formatProblem).join("\n");
  }

  const files: readonly { what: string; damage: (file: string) => Promise<unknown>; said: RegExp }[] = [
    { what: "that is right", damage: async () => {}, said: /^good$/ },
    { what: "that others may read", damage: (file) => chmod(file, 0o640), said: /expected mode 0600, found 0640/ },
    { what: "that is empty", damage: (file) => writeFile(file, "\n"), said: /expected the password in its first line/ },
    { what: "that is not there", damage: (file) => rm(file), said: /there is no such file/ },
  ];
  for (const { what, damage, said } of files) {
    test(`${what}, without its content`, async (t) => {
      const words = await load(t, damage);
      assert.match(words, said);
      assert.doesNotMatch(words, /secret/);
    });
  }
});
