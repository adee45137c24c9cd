import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { EXAMPLE_CONFIG } from "../../src/config/example.ts";
import { configPath, loadConfig, parseConfig } from "../../src/config/load.ts";
import { formatProblem } from "../../src/std/problem.ts";

/** The smallest configuration that is right. */
const SMALL = `[network]
address = "10.11.0.1"
subnet = "10.11.0.0/22"
domain = "lab.example"
`;

const SLOT = `[[slot]]
ip = "10.11.0.2"
hostname = "peach-beach"
profile = "pve"
`;

describe("parseConfig()", () => {
  test("fills every default in", () => {
    assert.deepEqual(parseConfig(SMALL, "/etc/bootqueue/bootqueue.toml"), {
      ok: true,
      value: {
        file: "/etc/bootqueue/bootqueue.toml",
        network: {
          address: "10.11.0.1",
          subnet: "10.11.0.0/22",
          router: "10.11.0.1",
          dns: ["10.11.0.1"],
          domain: "lab.example",
          lease_seconds: 3600,
          allow_shared_host: false,
        },
        dhcp: {
          mode: "authoritative",
          provisioned: "ignore",
          conflict_probe: true,
          allow_other_servers: false,
          bogus_uuids: [],
          proxy_asks_4011: [],
          options: [],
          boot_files: {
            bios: "undionly.kpxe",
            uefi_x64: "snponly.efi",
            uefi_arm64: "arm64/snponly.efi",
            uefi_ia32: "i386/snponly.efi",
            uefi_x64_secure: "secure-boot/shimx64.efi",
            uefi_arm64_secure: "secure-boot/arm64/shimaa64.efi",
          },
        },
        tftp: { blksize_max: 1468, windowsize_max: 16, transfers_max: 512, single_port: false },
        http: { port: 80 },
        operator: { listen: { address: "10.11.0.1", port: 8080 }, socket: "/run/bootqueue/bootqueue.sock" },
        queue: {
          approval: false,
          attempts_max: 3,
          hold_seconds: 120,
          limits: {
            pxe_ready: 15,
            armed: 1440,
            pxe_booted: 15,
            installing: 60,
            installed: 30,
            first_boot: 60,
            joining: 30,
          },
        },
        paths: {
          state: "/var/lib/bootqueue",
          assets: "/var/lib/bootqueue/assets",
          profiles: "/etc/bootqueue/profiles",
        },
        log: { level: "info" },
        subnet: [],
        slot: [],
        power: {
          boot: "auto",
          request_seconds: 30,
          switch_seconds: 120,
          shutdown_seconds: 120,
          cycle_stuck: false,
          host: [],
        },
        powerTargets: { slots: new Map(), hosts: new Map() },
        cluster: [],
        registration: [],
        slot_range: [],
        slots: [],
        server_type: [],
        serverTypes: [],
        host: [],
        hosts: [],
      },
    });
  });

  test("the name server is the router unless it is said otherwise", () => {
    const config = parseConfig(SMALL.replace("domain", 'router = "10.11.3.254"\ndomain'), "");
    assert.ok(config.ok);
    assert.deepEqual(config.value.network.dns, ["10.11.3.254"]);
  });

  test("brings values into their one form", () => {
    const config = parseConfig(
      `${SMALL.replace("10.11.0.0/22", "10.11.1.7/22").replace("lab.example", "Lab.Example")}
[dhcp]
bogus_uuids = ["AAAAAAAA-1111-2222-3333-444444444444"]
options = [{ code = 42, hex = "0A:0b 00:01" }]
[[slot]]
ip = "10.11.0.2"
hostname = "Peach-Beach"
profile = "pve"
mac = "52-54-00-AB-CD-EF"
`,
      "",
    );
    assert.ok(config.ok, JSON.stringify(config));
    assert.equal(config.value.network.subnet, "10.11.0.0/22");
    assert.equal(config.value.network.domain, "lab.example");
    assert.deepEqual(config.value.dhcp.bogus_uuids, ["aaaaaaaa-1111-2222-3333-444444444444"]);
    assert.deepEqual(config.value.dhcp.options, [{ code: 42, hex: "0a0b0001" }]);
    assert.deepEqual(config.value.slots[0]?.reservation, { type: "mac", mac: "52:54:00:ab:cd:ef" });
    assert.equal(config.value.slots[0]?.hostname, "peach-beach");
  });

  test("reads a file that an editor of another system saved", () => {
    assert.ok(parseConfig(`\ufeff${SMALL.replaceAll("\n", "\r\n")}`, "").ok);
  });

  test("reads the example of the reference, which says every default as it is", () => {
    const example = parseConfig(EXAMPLE_CONFIG, "");
    assert.ok(example.ok, JSON.stringify(example));
    const { dhcp, tftp, http, operator, queue, paths, log } = example.value;
    const small = parseConfig(SMALL, "");
    assert.ok(small.ok);
    assert.deepEqual(
      { dhcp: { ...dhcp, options: [] }, tftp, http, operator, queue, paths, log },
      {
        dhcp: small.value.dhcp,
        tftp: small.value.tftp,
        http: small.value.http,
        operator: small.value.operator,
        queue: small.value.queue,
        paths: small.value.paths,
        log: small.value.log,
      },
    );
    assert.deepEqual(
      example.value.slots.map(({ hostname }) => hostname).filter((_, index) => index < 3 || index > 20),
      ["peach-beach", "moo-moo-farm", "node01", "node20"],
    );
  });
});

/** What is wrong, the text, and every message that comes of it, word for word. */
const BAD: readonly { what: string; text: string; says: readonly string[] }[] = [
  {
    what: "an empty file",
    text: "",
    says: [
      "network.address: missing: expected an IPv4 address such as 10.11.0.1",
      "network.subnet: missing: expected an IPv4 network with its prefix length such as 10.11.0.0/22",
      "network.domain: missing: expected a domain name such as lab.example",
    ],
  },
  {
    what: "a mistake in the TOML",
    text: `${SMALL}lease_seconds = \n`,
    says: ["line 5, column 17: not valid TOML: invalid value"],
  },
  {
    what: "an address that is none",
    text: SMALL.replace("10.11.0.1", "10.0.8.256"),
    says: ['network.address: expected an IPv4 address such as 10.11.0.1, found "10.0.8.256"'],
  },
  {
    what: "an address with a prefix",
    text: SMALL.replace("10.11.0.1", "10.11.0.1/22"),
    says: ['network.address: expected an IPv4 address such as 10.11.0.1, found "10.11.0.1/22"'],
  },
  {
    what: "a network without a prefix",
    text: SMALL.replace("/22", ""),
    says: ['network.subnet: expected an IPv4 network with its prefix length such as 10.11.0.0/22, found "10.11.0.0"'],
  },
  {
    what: "our own address elsewhere",
    text: SMALL.replace("10.11.0.1", "10.12.0.1"),
    says: ["network.address: expected the address of a host in 10.11.0.0/22, found 10.12.0.1"],
  },
  {
    what: "the network's address as our own",
    text: SMALL.replace("10.11.0.1", "10.11.0.0"),
    says: ["network.address: expected the address of a host in 10.11.0.0/22, found 10.11.0.0"],
  },
  {
    what: "a router elsewhere",
    text: `${SMALL}router = "10.12.0.1"\n`,
    says: ["network.router: expected the address of a host in 10.11.0.0/22, found 10.12.0.1"],
  },
  {
    what: "a network too small for anybody",
    text: SMALL.replace("/22", "/31"),
    says: ["network.subnet: expected a prefix length from 8 to 30, found 10.11.0.0/31"],
  },
  {
    what: "a network for multicast",
    text: SMALL.replace("10.11.0.1", "239.1.0.1").replace("10.11.0.0", "239.1.0.0"),
    says: ["network.subnet: expected a network that hosts can have, found 239.1.0.0/22"],
  },
  {
    what: "no name server",
    text: `${SMALL}dns = []\n`,
    says: ["network.dns: expected a list of one to eight IPv4 addresses, found an empty list"],
  },
  {
    what: "a name server outside a list",
    text: `${SMALL}dns = "10.11.0.1"\n`,
    says: ['network.dns: expected a list of one to eight IPv4 addresses, found "10.11.0.1"'],
  },
  {
    what: "one bad name server of two",
    text: `${SMALL}dns = ["10.11.0.1", "ns"]\n`,
    says: ['network.dns[1]: expected an IPv4 address such as 10.11.0.1, found "ns"'],
  },
  {
    what: "a number as text",
    text: `${SMALL}lease_seconds = "3600"\n`,
    says: ['network.lease_seconds: expected a whole number from 60 to 86400, found "3600"'],
  },
  {
    what: "a broken number",
    text: `${SMALL}lease_seconds = 90.5\n`,
    says: ["network.lease_seconds: expected a whole number from 60 to 86400, found 90.5"],
  },
  {
    what: "a number out of range",
    text: `${SMALL}[tftp]\nblksize_max = 7\nwindowsize_max = 65536\n[http]\nport = 0\n`,
    says: [
      "tftp.blksize_max: expected a whole number from 8 to 65464, found 7",
      "tftp.windowsize_max: expected a whole number from 1 to 65535, found 65536",
      "http.port: expected a whole number from 1 to 65535, found 0",
    ],
  },
  {
    what: "a word that is none of the choice",
    text: `${SMALL}[dhcp]\nprovisioned = "local"\n[log]\nlevel = "trace"\n`,
    says: [
      'dhcp.provisioned: expected "ignore" or "local-boot", found "local"',
      'log.level: expected "debug", "info", "warn" or "error", found "trace"',
    ],
  },
  {
    what: "text for true or false",
    text: `${SMALL}[queue]\napproval = "yes"\n`,
    says: ['queue.approval: expected true or false, found "yes"'],
  },
  {
    what: "a misspelt key, a misspelt section and one with dashes",
    text: `${SMALL}[dchp]\n[queue]\naprovall = true\n[queue.limits]\npxe-ready = 3\n`,
    says: [
      "queue.limits.pxe-ready: unknown key; did you mean pxe_ready?",
      "queue.aprovall: unknown key; did you mean approval?",
      "dchp: unknown key; did you mean dhcp?",
    ],
  },
  {
    what: "a key that is like no other",
    text: `${SMALL}[http]\nfrobnicate = 1\n`,
    says: ["http.frobnicate: unknown key; known here: port, tls_port"],
  },
  {
    what: "keys that other programs have",
    text: `${SMALL}gateway = "10.11.0.1"\nnetmask = "255.255.252.0"\n${SLOT}address = "10.11.0.2"\n`,
    says: [
      "network.gateway: unknown key; the default router is called router",
      "network.netmask: unknown key; the mask is part of subnet, such as 10.11.0.0/22",
      "slot[0].address: unknown key; the address of a slot is called ip",
    ],
  },
  {
    what: "a section that is a value",
    text: `http = 80\n${SMALL}`,
    says: ["http: expected a table, found 80"],
  },
  {
    what: "a slot that is a table and not a list of tables",
    text: `${SMALL}[slot]\nip = "10.11.0.2"\n`,
    says: ["slot: expected a list, found a table"],
  },
  {
    what: "boot files outside assets",
    text: `${SMALL}[dhcp.boot_files]\nbios = "/undionly.kpxe"\nuefi_x64 = "../snponly.efi"\nuefi_ia32 = "a//b"\nuefi_arm64 = "a/./b"\n`,
    says: ["/undionly.kpxe", "../snponly.efi", "a/./b", "a//b"].map(
      (name, index) =>
        `dhcp.boot_files.${["bios", "uefi_x64", "uefi_arm64", "uefi_ia32"][index]}: expected a file name below assets, without a leading slash or .. and at most 127 characters, found "${name}"`,
    ),
  },
  {
    what: "options that are ours, twice, or not octets",
    text: `${SMALL}[dhcp]\noptions = [{ code = 53, hex = "01" }, { code = 300, hex = "01" }, { code = 42, hex = "0a0" }]\n`,
    says: [
      "dhcp.options[0].code: expected an option that bootqueue does not set itself, found 53",
      "dhcp.options[1].code: expected a whole number from 1 to 254, found 300",
      'dhcp.options[2].hex: expected 1 to 255 octets in hexadecimal such as 0a0b0001, found "0a0"',
    ],
  },
  {
    what: "an option twice",
    text: `${SMALL}[dhcp]\noptions = [{ code = 42, hex = "01" }, { code = 42, hex = "02" }]\n`,
    says: ["dhcp.options[1].code: option 42 is given twice"],
  },
  {
    what: "a UUID that is none",
    text: `${SMALL}[dhcp]\nbogus_uuids = ["0000"]\n`,
    says: ['dhcp.bogus_uuids[0]: expected a UUID such as 03000200-0400-0500-0006-000700080009, found "0000"'],
  },
  {
    what: "the page on the machines' port",
    text: `${SMALL}[operator]\nlisten = "0.0.0.0:80"\n`,
    says: ["operator.listen: expected another port than that of the machines (http.port), found 80"],
  },
  {
    what: "an endpoint without a port",
    text: `${SMALL}[operator]\nlisten = "10.11.0.1"\n`,
    says: ['operator.listen: expected an IPv4 address and a port such as 10.11.0.1:8080, found "10.11.0.1"'],
  },
  {
    what: "relative paths",
    text: `${SMALL}[paths]\nstate = "state"\n[operator]\nsocket = "bootqueue.sock"\n`,
    says: [
      'operator.socket: expected an absolute path of at most 107 characters such as /run/bootqueue/bootqueue.sock, found "bootqueue.sock"',
      'paths.state: expected an absolute path such as /var/lib/bootqueue, found "state"',
    ],
  },
  {
    what: "a slot of which everything is wrong",
    text: `${SMALL}${SLOT}[[slot]]\nip = "x"\nhostname = "under_score"\nprofile = "../pve"\nmac = "ff:ff:ff:ff:ff:ff"\n`,
    says: [
      'slot[1].ip: expected an IPv4 address such as 10.11.0.1, found "x"',
      'slot[1].hostname: expected a host name: up to 63 letters, digits and inner hyphens, not only digits, found "under_score"',
      'slot[1].profile: expected the name of a profile: its file name without .toml, of letters, digits, - and _, found "../pve"',
      'slot[1].mac: expected the MAC address of one NIC such as 52:54:00:ab:cd:ef, found "ff:ff:ff:ff:ff:ff"',
    ],
  },
];

describe("parseConfig() refuses", () => {
  for (const { what, text, says } of BAD) {
    test(what, () => {
      const config = parseConfig(text, "bootqueue.toml");
      assert.ok(!config.ok, "it was accepted");
      assert.deepEqual(config.error.map(formatProblem), says);
    });
  }
});

describe("loadConfig()", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "config-"));
    mkdirSync(join(folder, "profiles"));
    writeFileSync(join(folder, "profiles", "pve.toml"), 'kind = "proxmox"\n');
    writeFileSync(join(folder, "profiles", "README.md"), "not a profile\n");
    writeFileSync(join(folder, "profiles", ".pve.toml.swp.toml"), "an editor's\n");
  });
  after(() => rmSync(folder, { recursive: true }));

  const write = (name: string, text: string) => {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  };
  const paths = (name = "profiles") => `[paths]\nprofiles = "${join(folder, name)}"\n`;

  test("gives the configuration and the text of every profile", async () => {
    const file = write("good.toml", `${SMALL}${paths()}${SLOT}`);
    const loaded = await loadConfig(file);
    assert.ok(loaded.ok, JSON.stringify(loaded));
    assert.equal(loaded.value.config.file, file);
    assert.deepEqual(loaded.value.profiles, [
      { name: "pve", file: join(folder, "profiles", "pve.toml"), text: 'kind = "proxmox"\n' },
    ]);
  });

  const bad: readonly { what: string; load: () => string; says: RegExp }[] = [
    {
      what: "a file that is not there",
      load: () => join(folder, "none.toml"),
      says: /none\.toml: cannot be read: it does not exist$/,
    },
    { what: "a folder", load: () => folder, says: /config-\w+: cannot be read: it is a folder$/ },
    {
      what: "a mistake, with the name of the file",
      load: () => write("bad.toml", `${SMALL}lease_seconds = 1\n`),
      says: /\/bad\.toml: network\.lease_seconds: expected a whole number/,
    },
    {
      what: "a folder of profiles that is not there",
      load: () => write("no-folder.toml", `${SMALL}${paths("none")}`),
      says: /\/none: cannot be read: it does not exist$/,
    },
    {
      what: "a profile that does not exist",
      load: () => write("no-profile.toml", `${SMALL}${paths()}${SLOT.replace('"pve"', '"pev"')}`),
      says: /no-profile\.toml: slot\[0\]\.profile: there is no profile "pev"; did you mean "pve"\?$/,
    },
    {
      what: "a range with a profile that does not exist",
      load: () =>
        write(
          "no-range-profile.toml",
          `${SMALL}${paths()}[[slot_range]]\nfirst = "10.11.0.10"\ncount = 2\nhostname = "n{n}"\nprofile = "ubuntu"\n`,
        ),
      says: /slot_range\[0\]\.profile: there is no profile "ubuntu"; there are: pve$/,
    },
  ];
  for (const { what, load, says } of bad) {
    test(`reports ${what}`, async () => {
      const loaded = await loadConfig(load());
      assert.ok(!loaded.ok);
      assert.equal(loaded.error.length, 1);
      assert.match(formatProblem(loaded.error[0] ?? { path: "", message: "" }), says);
    });
  }

  test("reports a profile that cannot be read", async () => {
    mkdirSync(join(folder, "odd"));
    mkdirSync(join(folder, "odd", "pve.toml"));
    chmodSync(join(folder, "odd"), 0o755);
    const loaded = await loadConfig(write("odd.toml", `${SMALL}${paths("odd")}`));
    assert.ok(!loaded.ok);
    assert.match(loaded.error.map(formatProblem).join("\n"), /odd\/pve\.toml: cannot be read: it is a folder$/);
  });
});

test("the file is the one that the environment names, or the usual one", () => {
  assert.equal(configPath({}), "/etc/bootqueue/bootqueue.toml");
  assert.equal(configPath({ BOOTQUEUE_CONFIG: "" }), "/etc/bootqueue/bootqueue.toml");
  assert.equal(configPath({ BOOTQUEUE_CONFIG: "/tmp/x.toml" }), "/tmp/x.toml");
});
