import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { loadSettings, queueRules, settingsWarnings } from "../src/daemon-settings.ts";
import type { MacAddress } from "../src/net/mac-address.ts";
import { formatProblem } from "../src/std/problem.ts";
import { proxmoxText } from "./support/proxmox-profile.ts";

let folder: string;
let file: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "bootqueue-machines-"));
  file = join(folder, "bootqueue.toml");
});

after(() => rm(folder, { recursive: true }));

const HEAD = '[network]\naddress = "10.11.0.1"\nsubnet = "10.11.0.0/22"\ndomain = "lab.example"\n';
const slot = (more = "", n = 2) => `[[slot]]\nip = "10.11.0.${n}"\nhostname = "node${n}"\nprofile = "pve"\n${more}\n`;
const type = (name: string, more = "") => `[[server_type]]\nname = "${name}"\n${more}\n`;

async function load(text: string, profile = proxmoxText()) {
  await mkdir(join(folder, "profiles"), { recursive: true });
  await writeFile(join(folder, "profiles", "pve.toml"), profile);
  await writeFile(file, `${HEAD}[paths]\nprofiles = "${folder}/profiles"\nassets = "${folder}"\n${text}`);
  return await loadSettings(file);
}

async function settingsOf(text: string, profile?: string) {
  const settings = await load(text, profile);
  if (!settings.ok) assert.fail(settings.error.map(formatProblem).join("\n"));
  return settings.value;
}

async function problemsOf(text: string, profile?: string): Promise<string> {
  const settings = await load(text, profile);
  assert.ok(!settings.ok, "expected problems");
  return settings.error.map(formatProblem).join("\n").replaceAll(`${folder}/`, "");
}

async function warningsOf(text: string, profile?: string): Promise<string> {
  return settingsWarnings(await settingsOf(text, profile))
    .map(formatProblem)
    .join("\n")
    .replaceAll(`${folder}/`, "");
}

describe("settings of slots", () => {
  test("are checked with the profile, and named with their place", async () => {
    assert.match(
      await problemsOf(slot('settings.disk_setup.lvm.swapsize = "8"')),
      /^bootqueue\.toml: slot\[0\]\.settings\.disk_setup\.lvm\.swapsize: expected a size in GiB/,
    );
    assert.match(
      await problemsOf(slot() + slot('settings.network.gateway = "192.0.2.1"', 3)),
      /slot 10\.11\.0\.3 with profile pve: .*slot\[1\]\.settings\.network\.gateway: expected a gateway inside/,
    );
  });

  test("may bring what the profile leaves out, if all of them do", async () => {
    const bare = proxmoxText({ disk_setup: undefined });
    const disks = 'settings.disk_setup = { filesystem = "xfs", disk_list = ["sda"] }';
    await settingsOf(slot(disks), bare);
    assert.match(
      await problemsOf(slot(disks) + slot("", 3), bare),
      /^profiles\/pve\.toml: disk_setup\.filesystem: missing/,
    );
    assert.match(await problemsOf(slot(), bare), /^profiles\/pve\.toml: disk_setup\.filesystem: missing/);
  });
});

describe("server types", () => {
  test("that the installer cannot follow are refused where a slot is kept for them", async () => {
    const big = type("big", 'boot_disk = { size = "largest" }');
    assert.match(
      await problemsOf(big + slot('server_type = "big"')),
      /^bootqueue\.toml: server_type\[0\]\.boot_disk: expected serial, model or path: the Proxmox installer cannot/,
    );
    assert.match(
      await warningsOf(big + slot()),
      /^profile pve: a machine of server type big would be refused: bootqueue\.toml: server_type\[0\]\.boot_disk/m,
    );
  });

  test("whose disk or NIC a kind of profile has no words for are refused, with the place where to say it", async () => {
    const nuc = type("nuc", 'boot_disk = "/dev/nvme0n1"\nmanagement_nic = "enp2s0"');
    const wanted = /have no words for this: leave it out here, and say it in server_type\[0\]\.settings\.ipxe as/;
    const said = await problemsOf(nuc + slot('server_type = "nuc"'), 'kind = "ipxe"\nkernel = "x/vmlinuz"\n');
    for (const key of ["boot_disk", "management_nic"]) {
      const line = said.split("\n").find((one) => one.startsWith(`bootqueue.toml: server_type[0].${key}: `));
      assert.match(line ?? said, wanted);
    }
  });

  test("may bring what the profile leaves out; machines of no type are then warned of", async () => {
    const bare = proxmoxText({ disk_setup: undefined });
    const nuc = type("nuc", 'product = "NUC*"\nboot_disk = "/dev/nvme0n1"\nsettings.disk_setup.filesystem = "ext4"');
    assert.match(
      await warningsOf(nuc + slot(), bare),
      /a machine of no server type would be refused: .*disk_setup.*missing/,
    );
    assert.equal(await warningsOf(nuc + slot('server_type = "nuc"'), bare), "");
  });

  test("that nobody describes are warned of", async () => {
    assert.match(
      await warningsOf(`${type("nuc")}${slot('server_type = "nucs"')}`),
      /^bootqueue\.toml: slot\[0\]\.server_type: no server type is called "nucs".*did you mean "nuc"\?$/m,
    );
  });

  test("lead the queue: by MAC address, and in what follows an install", async () => {
    const quiet = type("quiet", 'mac_prefix = "58:47:ca"\nsettings.first_boot.phone_home = false');
    const script = proxmoxText({ first_boot: { script: "#!/bin/sh\n" } });
    const rules = queueRules(await settingsOf(quiet + slot(), script));
    assert.equal(rules.typeByMac?.("58:47:ca:00:00:01" as MacAddress), "quiet");
    assert.equal(rules.typeByMac?.("52:54:00:00:00:01" as MacAddress), null);
    const host = (mac: string) =>
      ({ macs: [mac], bootMac: mac, serverType: null, byOperator: false, inventory: null }) as never;
    const at = { id: "10.11.0.2", profile: "pve" } as never;
    assert.equal(rules.flowOf?.(host("58:47:ca:00:00:01"), at)?.firstBoot, false);
    assert.equal(rules.flowOf?.(host("52:54:00:00:00:01"), at)?.firstBoot, true);
  });
});

describe("settings of hosts", () => {
  const host = (more: string) => `[[host]]\nmac = "52:54:00:ab:cd:ef"\n${more}\n`;

  test("are checked with the slot that is kept for the host", async () => {
    assert.match(
      await problemsOf(slot('mac = "52:54:00:ab:cd:ef"') + host("settings.global.nonsense = 1")),
      /^bootqueue\.toml: host\[0\]\.settings\.global\.nonsense: unknown key/,
    );
  });

  test("are checked with all profiles where nobody knows its slot", async () => {
    assert.match(
      await problemsOf(slot() + host("settings.global.nonsense = 1")),
      /^bootqueue\.toml: host\[0\]\.settings\.global\.nonsense: unknown key/,
    );
    await settingsOf(slot() + host('settings.global.country = "at"'));
  });
});

describe("a template beside its profile", () => {
  test("is read with it, is no profile itself, and is named when something in it is wrong", async () => {
    const profile = 'kind = "proxmox"\nimage = "pve"\ntemplate = "answer.toml"\n';
    await mkdir(join(folder, "profiles"), { recursive: true });
    const template = join(folder, "profiles", "answer.toml");
    await writeFile(template, '[global]\nfqdn = "{{nonsense}}"\n');
    assert.match(
      await problemsOf(slot(), profile),
      /^profiles\/pve\.toml: template: answer\.toml, line 2: there is no placeholder \{\{nonsense\}\}/,
    );
    await writeFile(template, '[global]\nfqdn = "{{fqdn}}"\n');
    assert.match(
      await problemsOf(slot(), profile),
      /slot 10\.11\.0\.2 with profile pve: template: answer\.toml: global\.keyboard: missing/,
    );
    assert.match(await problemsOf(slot().replace('"pve"', '"answer"'), profile), /there is no profile "answer"/);
    await rm(template);
  });
});
