import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Urls } from "../src/boot/urls.ts";
import {
  declaredSlots,
  installSite,
  loadSettings,
  nameWarnings,
  needsRestart,
  queueRules,
  type Settings,
} from "../src/daemon-settings.ts";
import type { Hostname } from "../src/net/hostname.ts";
import { EMPTY_QUEUE, type QueueState } from "../src/queue/state.ts";
import { transition } from "../src/queue/transition.ts";
import type { Instant } from "../src/std/clock.ts";
import { formatProblem } from "../src/std/problem.ts";
import { HASH, proxmoxText } from "./support/proxmox-profile.ts";
import { marked, declaredSlots as queueSlots, RULES, requested } from "./support/queue-builder.ts";

let folder: string;
let file: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "bootqueue-settings-"));
  file = join(folder, "bootqueue.toml");
});

after(() => rm(folder, { recursive: true }));

const NETWORK = `
[network]
address = "10.11.0.1"
subnet = "10.11.0.0/22"
domain = "lab.example"
`;

const SLOTS = `
[[slot]]
ip = "10.11.0.2"
hostname = "peach-beach"
profile = "pve"

[[slot]]
ip = "10.11.0.3"
hostname = "moo-moo-farm"
profile = "pve"
mac = "52-54-00-AB-CD-EF"

[[slot]]
ip = "10.11.0.4"
hostname = "gpu"
profile = "pve"
server_type = "gpu"
`;

/** Reads a configuration with these profiles; the keys are their names. */
async function load(
  more: string,
  profiles: Readonly<Record<string, string>> = { pve: proxmoxText() },
  network: string = NETWORK,
) {
  const profilesAt = join(folder, "profiles");
  await rm(profilesAt, { recursive: true, force: true });
  await mkdir(profilesAt);
  for (const [name, text] of Object.entries(profiles)) await writeFile(join(profilesAt, `${name}.toml`), text);
  await writeFile(file, `${network}\n[paths]\nprofiles = "${profilesAt}"\n${more}`);
  return loadSettings(file);
}

async function settingsOf(more: string, profiles?: Readonly<Record<string, string>>): Promise<Settings> {
  const settings = await load(more, profiles);
  if (!settings.ok) assert.fail(settings.error.map(formatProblem).join("\n"));
  return settings.value;
}

async function problemsOf(
  more: string,
  profiles?: Readonly<Record<string, string>>,
  network?: string,
): Promise<string[]> {
  const settings = await load(more, profiles, network);
  assert.ok(!settings.ok, "expected problems");
  return settings.error.map((problem) => formatProblem(problem).replaceAll(folder, ""));
}

describe("loadSettings()", () => {
  test("reads the configuration and the profiles that its slots name", async () => {
    const { config, profiles } = await settingsOf(SLOTS);
    assert.equal(config.slots.length, 3);
    assert.deepEqual([...profiles.keys()], ["pve"]);
  });

  test("keeps a profile that no slot names any more: a host may still be installing with it", async () => {
    const { profiles } = await settingsOf(SLOTS, { pve: proxmoxText(), old: proxmoxText() });
    assert.deepEqual([...profiles.keys()].sort(), ["old", "pve"]);
  });

  test("is not kept from starting by a profile that is wrong and that no slot names", async () => {
    const { profiles } = await settingsOf(SLOTS, { pve: proxmoxText(), draft: "kind = " });
    assert.deepEqual([...profiles.keys()], ["pve"]);
  });

  const wrong: readonly { what: string; more: string; profiles?: Record<string, string>; problems: RegExp[] }[] = [
    {
      what: "a misspelt key of the configuration",
      more: "[queue]\naproval = true\n",
      problems: [/^\/bootqueue\.toml: queue\.aproval: unknown key; did you mean/],
    },
    {
      what: "a slot whose profile does not exist",
      more: SLOTS.replace('profile = "pve"', 'profile = "pwe"'),
      problems: [/^\/bootqueue\.toml: slot\[0\]\.profile: there is no profile "pwe"; did you mean "pve"\?/],
    },
    {
      what: "two wrong profiles at once, each with its file",
      more: SLOTS.replace('profile = "pve"', 'profile = "two"'),
      profiles: { pve: "kind = 'proxmoxx'", two: proxmoxText({ image: undefined }) },
      problems: [/^\/profiles\/pve\.toml: kind: .*did you mean "proxmox"/, /^\/profiles\/two\.toml: image: missing/],
    },
    {
      what: "more disks than an installer can be told",
      more: `${SLOTS}disk_serials = ["a", "b", "c", "d"]\n`,
      problems: [/slot\[2\]\.disk_serials: expected at most three disks/],
    },
    {
      what: "a slot that names board and disks for an installer that cannot be held to them",
      more: SLOTS.replace('profile = "pve"', 'profile = "ubuntu"\nboard_serial = "B-1"\ndisk_serials = ["S4EV1"]'),
      profiles: {
        pve: proxmoxText(),
        ubuntu: readFileSync(new URL("../profiles/ubuntu.toml", import.meta.url), "utf8").replace("FILL-IN", HASH),
      },
      problems: [
        /slot 10\.11\.0\.2 with profile ubuntu: board_serial: installers of the kind ubuntu cannot be held to it/,
        /slot 10\.11\.0\.2 with profile ubuntu: disk_serials: installers of the kind ubuntu cannot be held to it/,
      ],
    },
    {
      what: "serial numbers that would match more than they say",
      more: `${SLOTS}board_serial = "A B"\ndisk_serials = ["S4*"]\n`,
      problems: [
        /slot\[2\]\.board_serial: expected a serial number/,
        /slot\[2\]\.disk_serials\[0\]: expected the serial number of a disk/,
      ],
    },
  ];
  for (const { what, more, profiles, problems } of wrong) {
    test(`tells of ${what}`, async () => {
      const found = await problemsOf(more, profiles);
      for (const problem of problems)
        assert.ok(
          found.some((text) => problem.test(text)),
          `${problem} in ${found.join(" | ")}`,
        );
    });
  }

  test("tells of a slot that the installer would refuse, before a machine asks", async () => {
    const domain = Array.from({ length: 4 }, () => "x".repeat(60)).join(".");
    const problems = await problemsOf(SLOTS, undefined, NETWORK.replace("lab.example", domain));
    assert.deepEqual(problems, [
      "/bootqueue.toml: slot 10.11.0.2 with profile pve: hostname: expected a full name of at most 253 characters, found 255",
      "/bootqueue.toml: slot 10.11.0.3 with profile pve: hostname: expected a full name of at most 253 characters, found 256",
    ]);
  });

  test("tells of a file that is not there instead of rejecting", async () => {
    const settings = await loadSettings(join(folder, "nothing.toml"));
    assert.ok(!settings.ok);
    assert.match(settings.error.map(formatProblem).join(), /nothing\.toml: cannot be read: it does not exist/);
  });
});

describe("declaredSlots()", () => {
  test("is the list of the file in its order, known by their addresses", async () => {
    const { config } = await settingsOf(SLOTS);
    const slots = declaredSlots(config);
    assert.deepEqual(
      slots.map(({ id, hostname }) => `${id} ${hostname}`),
      ["10.11.0.2 peach-beach", "10.11.0.3 moo-moo-farm", "10.11.0.4 gpu"],
    );
    assert.deepEqual(
      slots.map(({ reservation }) => reservation),
      [null, { type: "mac", mac: "52:54:00:ab:cd:ef" }, { type: "server-type", serverType: "gpu" }],
    );
  });
});

test("nameWarnings() tells of machines that are still called as before, and says how they get their new names", () => {
  const slots = queueSlots(2);
  const installed = [{ type: "slots-declared", slots }, requested(1), marked(1)] as const;
  const state = installed.reduce(
    (before: QueueState, event) => transition(before, event, 1 as Instant, RULES).state,
    EMPTY_QUEUE,
  );
  assert.deepEqual(nameWarnings(state, { slots } as never), []);
  const renamed = slots.map((slot) => ({ ...slot, hostname: `new-${slot.hostname}` as Hostname }));
  assert.deepEqual(nameWarnings(state, { slots: renamed } as never), [
    "10.11.0.2 is called new-node1 in the configuration, and its machine node1, as it was installed; `bootqueue rebuild node1` would give it the new name",
  ]);
});

describe("queueRules()", () => {
  test("turns minutes and seconds into milliseconds", async () => {
    const rules = queueRules(await settingsOf(`[queue]\nhold_seconds = 90\n[queue.limits]\ninstalling = 45\n${SLOTS}`));
    assert.equal(rules.holdMs, 90_000);
    assert.equal(rules.limitMs.installing, 45 * 60_000);
    assert.equal(rules.limitMs.armed, 1440 * 60_000);
    assert.deepEqual([rules.approval, rules.attemptsMax], [false, 3]);
  });

  test("knows of each profile whether it has first-boot steps", async () => {
    const slots = SLOTS.replace('profile = "pve"', 'profile = "quiet"');
    const profiles = { pve: proxmoxText({ first_boot: {} }), quiet: proxmoxText() };
    const { flows } = queueRules(await settingsOf(slots, profiles));
    assert.deepEqual([...flows].sort(), [
      ["pve", { firstBoot: true, cluster: null }],
      ["quiet", { firstBoot: false, cluster: null }],
    ]);
  });
});

describe("installSite()", () => {
  test("is the network, the profiles, and the UUIDs that count as none", async () => {
    const settings = await settingsOf(`[dhcp]\nbogus_uuids = ["4C4C4544-0043-5110-8031-C7C04F515131"]\n${SLOTS}`);
    const urls = new Urls(settings.config.network.address, 80);
    const site = installSite(settings, urls);
    assert.deepEqual(
      [site.subnet, site.router, site.domainNameServers, site.domain],
      ["10.11.0.0/22", "10.11.0.1", ["10.11.0.1"], "lab.example"],
    );
    assert.deepEqual([...site.bogusUuids], ["4c4c4544-0043-5110-8031-c7c04f515131"]);
    assert.equal(site.profiles, settings.profiles);
  });
});

describe("needsRestart()", () => {
  const changes: readonly { what: string; more: string; sections: string[] }[] = [
    { what: "nothing", more: SLOTS, sections: [] },
    { what: "slots and the queue's rules", more: "[queue]\napproval = true\n", sections: [] },
    { what: "the TFTP limits", more: `[tftp]\ntransfers_max = 9\n${SLOTS}`, sections: ["tftp"] },
    {
      what: "the log and the HTTP port",
      more: `[log]\nlevel = "warn"\n[http]\nport = 8081\n${SLOTS}`,
      sections: ["http", "log"],
    },
    { what: "what installed hosts get", more: `[dhcp]\nprovisioned = "local-boot"\n${SLOTS}`, sections: ["dhcp"] },
  ];
  for (const { what, more, sections } of changes) {
    test(`of a change of ${what}: ${sections.join(", ") || "no"}`, async () => {
      const before = await settingsOf(SLOTS);
      const now = await settingsOf(more);
      assert.deepEqual(needsRestart(before.config, now.config), sections);
    });
  }
});

describe("clusters", () => {
  test("a profile leads its hosts to a cluster that is declared", async () => {
    const profiles = { pve: proxmoxText({ cluster: "lab" }) };
    const settings = await settingsOf(`[[cluster]]\nname = "lab"\n${SLOTS}`, profiles);
    assert.equal(queueRules(settings).flows.get("pve" as never)?.cluster, "lab");
    assert.deepEqual(await problemsOf(`[[cluster]]\nname = "lap"\n${SLOTS}`, profiles), [
      '/bootqueue.toml: profile pve: cluster: there is no [[cluster]] called "lab"; did you mean "lap"?',
    ]);
  });

  test("its slots need the same links", async () => {
    const uneven = SLOTS.replace('hostname = "gpu"', 'hostname = "gpu"\nlink1 = "10.10.2.4"');
    const problems = await problemsOf(`[[cluster]]\nname = "lab"\n${uneven}`, { pve: proxmoxText({ cluster: "lab" }) });
    assert.equal(problems.length, 2);
    assert.match(problems[0] ?? "", /slot 10\.11\.0\.2: link1 is missing/);
  });
});
