import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { loadConfig, parseConfig } from "../../src/config/load.ts";
import { parseServerType } from "../../src/config/server-types.ts";
import { formatProblem } from "../../src/std/problem.ts";

const HEAD = `[network]
address = "10.11.0.1"
subnet = "10.11.0.0/22"
domain = "lab.example"
`;
const MS01 = `[[server_type]]
name = "ms-01"
display_name = "Minisforum MS-01"
product = ["Venus Series", "MS-01*"]
mac_prefix = "58-47-CA"
boot_disk = "/dev/nvme0n1"
management_nic = "enp2s0"
gpu = false
hostname_prefix = "pve-ms"
`;

function configOf(text: string) {
  const config = parseConfig(HEAD + text, "bootqueue.toml");
  assert.ok(config.ok, JSON.stringify(config));
  return config.value;
}

function problemsOf(text: string): string {
  const config = parseConfig(HEAD + text, "bootqueue.toml");
  assert.ok(!config.ok);
  return config.error.map(formatProblem).join("\n");
}

/** Tables of TOML have no prototype. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe("a server type", () => {
  test("says how a machine is recognised and what is in it", () => {
    assert.deepEqual(plain(configOf(`${MS01}settings.global.keyboard = "de"\n`).serverTypes), [
      {
        name: "ms-01",
        displayName: "Minisforum MS-01",
        file: "bootqueue.toml",
        path: "server_type[0]",
        products: ["Venus Series", "MS-01*"],
        macPrefixes: ["58:47:ca"],
        hardware: { bootDisk: { path: "/dev/nvme0n1" }, managementNic: { name: "enp2s0" } },
        gpu: "",
        hostnamePrefix: "pve-ms",
        settings: { global: { keyboard: "de" } },
      },
    ]);
  });

  test("may describe its disk and its NIC", () => {
    const [type] = configOf(
      `[[server_type]]\nname = "a"\nboot_disk = { size = "smallest", min_gb = 100 }\nmanagement_nic = { driver = "igc" }\ngpu = "A2"\n`,
    ).serverTypes;
    assert.deepEqual(type?.hardware, { bootDisk: { size: "smallest", min_gb: 100 }, managementNic: { driver: "igc" } });
    assert.equal(type?.gpu, "A2");
  });

  const wrong: readonly (readonly [string, string, RegExp])[] = [
    [
      "two of one name",
      MS01 + MS01.replace("58-47-CA", "aa"),
      /^server_type\[1\]: there is a server type "ms-01" already, at server_type\[0\]$/m,
    ],
    [
      "two with one MAC prefix",
      MS01 + MS01.replace("ms-01", "x"),
      /^server_type\[1\]\.mac_prefix: 58:47:ca leads to server type "ms-01" already/m,
    ],
    ["a MAC prefix that is none", MS01.replace("58-47-CA", "xyz"), /^server_type\[0\]\.mac_prefix: expected/],
    [
      "a boot disk that is no device",
      MS01.replace("/dev/nvme0n1", "nvme0n1"),
      /^server_type\[0\]\.boot_disk: expected a device such as/,
    ],
    [
      "a boot disk of nothing",
      MS01.replace('"/dev/nvme0n1"', "{}"),
      /^server_type\[0\]\.boot_disk: expected at least one/,
    ],
    [
      "sizes that exclude each other",
      MS01.replace('"/dev/nvme0n1"', "{ min_gb = 2, max_gb = 1 }"),
      /min_gb: expected at most max_gb \(1\), found 2/,
    ],
    [
      "a NIC by two things",
      MS01.replace('"enp2s0"', '{ name = "a", driver = "b" }'),
      /expected one of name, driver and path, found name and driver/,
    ],
    [
      "a misspelt key",
      `${MS01}boot_disc = "x"\n`,
      /^server_type\[0\]\.boot_disc: unknown key; did you mean boot_disk\?/,
    ],
    [
      "settings that are no table",
      `${MS01}settings = 7\n`,
      /^server_type\[0\]\.settings: expected a table of settings/,
    ],
  ];
  for (const [what, text, says] of wrong) test(`is refused with ${what}`, () => assert.match(problemsOf(text), says));
});

describe("slots without a hostname", () => {
  const slot = (ip: string, more = 'server_type = "ms-01"') => `[[slot]]\nip = "${ip}"\nprofile = "pve"\n${more}\n`;
  const range = `[[slot_range]]\nfirst = "10.11.0.20"\ncount = 2\nprofile = "pve"\nserver_type = "ms-01"\nfirst_number = 5\n`;
  const names = (text: string) => configOf(text).slots.map(({ hostname }) => hostname);

  test("are named by their type: one by the last number of its address, a range in its order", () => {
    assert.deepEqual(names(MS01 + slot("10.11.0.11") + range), ["pve-ms11", "pve-ms5", "pve-ms6"]);
    assert.deepEqual(names(MS01.replace("pve-ms", "ms{nnn}-a") + slot("10.11.0.11")), ["ms011-a"]);
  });

  test("are refused when their type names none, or they have none", () => {
    assert.match(
      problemsOf(slot("10.11.0.11", "")),
      /^slot\[0\]\.hostname: missing: expected a host name, or a server_type/,
    );
    assert.match(problemsOf(slot("10.11.0.11")), /but no server type is called "ms-01"/);
    assert.match(problemsOf(MS01.replace(/hostname_prefix.*\n/, "") + range), /"ms-01" has no hostname_prefix/);
  });
});

describe("settings of slots and hosts", () => {
  test("stand in the configuration as a profile has them", () => {
    const { slots, hosts } = configOf(`
[[slot]]
ip = "10.11.0.11"
hostname = "a"
profile = "pve"
settings.global.country = "at"

[[host]]
mac = "52-54-00-AB-CD-EF"
server_type = "ms-01"

[host.settings.disk_setup]
disk_list = ["sdb"]
`);
    assert.deepEqual(plain(slots[0]?.settings), { path: "slot[0].settings", values: { global: { country: "at" } } });
    assert.deepEqual(plain(hosts), [
      {
        mac: "52:54:00:ab:cd:ef",
        serverType: "ms-01",
        settings: { path: "host[0].settings", values: { disk_setup: { disk_list: ["sdb"] } } },
      },
    ]);
  });

  test("may hold a script in which lines look like slots", () => {
    const more = `settings.first_boot.script = '''\n#!/bin/sh\n[[slot]] # it's no "slot\n'''\n`;
    const entry = (ip: string, hostname: string, rest = "") =>
      `[[slot]]\nip = "${ip}"\nhostname = "${hostname}"\nprofile = "pve"\n${rest}`;
    const one = `[[slot_range]]\nfirst = "10.11.0.20"\ncount = 1\nhostname = "b{n}"\nprofile = "pve"\n`;
    const { slots } = configOf(entry("10.11.0.2", "a", more) + one + entry("10.11.0.3", "c"));
    assert.deepEqual(
      slots.map(({ hostname }) => hostname),
      ["a", "b1", "c"],
    );
  });

  test("of a host are refused twice, or without anything in them", () => {
    const host = '[[host]]\nmac = "52:54:00:ab:cd:ef"\n';
    assert.match(problemsOf(host), /^host\[0\]: expected server_type or settings, found neither/);
    assert.match(
      problemsOf(`${host}server_type = "a"\n${host}server_type = "b"\n`),
      /52:54:00:ab:cd:ef is there twice/,
    );
  });
});

describe("the folder of server types", () => {
  const folder = mkdtempSync(join(tmpdir(), "bootqueue-types-"));
  after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "bootqueue.toml");
  const types = join(folder, "types");
  mkdirSync(types);
  mkdirSync(join(folder, "profiles"));
  writeFileSync(join(folder, "profiles", "pve.toml"), "");
  const load = async (text: string, type: string) => {
    writeFileSync(join(types, "um790.toml"), type);
    writeFileSync(file, `${HEAD}[paths]\nprofiles = "${folder}/profiles"\nserver_types = "${types}"\n${text}`);
    return await loadConfig(file);
  };

  test("holds one file each, and names slots too", async () => {
    const config = await load(
      '[[slot]]\nip = "10.11.0.7"\nprofile = "pve"\nserver_type = "um790"\n',
      'hostname_prefix = "um"\nboot_disk = { serial = "S*" }\n',
    );
    assert.ok(config.ok, JSON.stringify(config));
    assert.deepEqual(
      config.value.config.serverTypes.map(({ name, file, path }) => [name, file, path]),
      [["um790", join(types, "um790.toml"), ""]],
    );
    assert.equal(config.value.config.slots[0]?.hostname, "um7");
  });

  test("is named with its file when something in it is wrong", async () => {
    const config = await load("", "gpus = true\n");
    assert.ok(!config.ok);
    assert.deepEqual(config.error.map(formatProblem), [`${types}/um790.toml: gpus: unknown key; did you mean gpu?`]);
  });

  test("is refused when it is named and not there", async () => {
    writeFileSync(file, `${HEAD}[paths]\nserver_types = "${folder}/nowhere"\n`);
    const config = await loadConfig(file);
    assert.ok(!config.ok);
    assert.match(
      formatProblem(config.error[0] ?? { path: "", message: "" }),
      /nowhere: cannot be read: it does not exist/,
    );
  });
});

test("the example of a server type is right", () => {
  const url = new URL("../../server-types/minisforum-ms-01.toml", import.meta.url);
  const type = parseServerType("minisforum-ms-01", "x", readFileSync(url, "utf8"));
  assert.ok(type.ok, JSON.stringify(type));
});
