import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { readAnswerRequest, readInstallReport } from "../../src/profiles/proxmox-report.ts";
import { chosenSeed, seeded } from "../support/random-queue.ts";

const FOLDER = new URL("../fixtures/answers/", import.meta.url);

/** Bodies of real shape, written by hand from the installer's types; `note` in each says more. */
function fixture(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(new URL(name, FOLDER), "utf8"));
}

const ONE_NIC = {
  macs: ["52:54:00:0a:00:01"],
  uuid: null,
  serial: null,
  boardSerial: null,
  nics: ["52:54:00:0a:00:01"],
  product: null,
};

describe("readAnswerRequest()", () => {
  test("reads the request of a 9.2, with its MAC addresses in capitals", () => {
    assert.deepEqual(readAnswerRequest(fixture("request-9.2.json")), {
      ok: true,
      value: {
        macs: ["52:54:00:0a:00:01", "52:54:00:0a:00:02"],
        uuid: "4c4c4544-0043-5110-8031-c7c04f515131",
        serial: "C7Q1",
        boardSerial: "/C7Q1/",
        nics: ["52:54:00:0a:00:01", "52:54:00:0a:00:02"],
        product: "OptiPlex 7070",
        release: "9.2",
        installer: "pve",
      },
    });
  });

  test("reads the request of an 8.2, which has no schema, and a board that nobody filled in", () => {
    assert.deepEqual(readAnswerRequest(fixture("request-8.2.json")), {
      ok: true,
      value: { ...ONE_NIC, release: "8.2", installer: "pve" },
    });
  });

  test("needs nothing but one hardware address", () => {
    assert.deepEqual(readAnswerRequest({ network_interfaces: [{ mac: "52:54:00:0a:00:01" }] }), {
      ok: true,
      value: { ...ONE_NIC, release: null },
    });
  });

  test("skips InfiniBand, loopback, group and unreadable addresses, and repeats", () => {
    const request = readAnswerRequest({
      network_interfaces: [
        { link: "ib0", mac: "80:00:00:48:fe:80:00:00:00:00:00:00:00:02:c9:03:00:0a:00:01" },
        { link: "dummy0", mac: "00:00:00:00:00:00" },
        { link: "odd0", mac: "01:00:5e:00:00:01" },
        { link: "x", mac: 7 },
        "nonsense",
        null,
        { link: "eno1", mac: "52:54:00:0A:00:01" },
        { link: "vmbr0", mac: "52:54:00:0a:00:01" },
      ],
    });
    assert.ok(request.ok);
    assert.deepEqual(request.value.macs, ["52:54:00:0a:00:01"]);
  });

  test("looks at 256 NICs and no more", () => {
    const network_interfaces = Array.from({ length: 5000 }, (_, n) => ({
      mac: `52:54:00:00:${(n >> 8).toString(16).padStart(2, "0")}:${(n & 255).toString(16).padStart(2, "0")}`,
    }));
    const request = readAnswerRequest({ network_interfaces });
    assert.ok(request.ok);
    assert.equal(request.value.macs.length, 256);
  });

  for (const filler of [
    "To be filled by O.E.M.",
    "To Be Filled By O.E.M",
    "Default string",
    "System Serial Number",
    "Not Specified",
    "Not Applicable",
    "None",
    "N/A",
    "0",
    "00000000",
    "........",
    "0123456789",
    "123456789",
    "XXXXXXX",
    "unknown",
    "  ",
  ]) {
    test(`takes the serial number ${JSON.stringify(filler)} for none`, () => {
      const request = readAnswerRequest({
        dmi: { system: { serial: filler } },
        network_interfaces: [{ mac: "52:54:00:0a:00:01" }],
      });
      assert.ok(request.ok);
      assert.equal(request.value.serial, null);
    });
  }

  test("makes one line of at most 1000 characters of a text", () => {
    const request = readAnswerRequest({
      dmi: { system: { name: `a\r\n\u0000b${"c".repeat(5000)}` } },
      network_interfaces: [{ mac: "52:54:00:0a:00:01" }],
    });
    assert.ok(request.ok);
    assert.equal(request.value.product, `a b${"c".repeat(995)}`);
  });

  for (const [what, body] of [
    ["nothing", undefined],
    ["null", null],
    ["a text", "hello"],
    ["a list", []],
    ["an empty object", {}],
    ["no NIC", { network_interfaces: [] }],
    ["no NIC with an address", { network_interfaces: [{ link: "ib0", mac: "80:00:00" }] }],
  ] as const) {
    test(`refuses ${what}`, () => {
      const request = readAnswerRequest(body);
      assert.ok(!request.ok);
      assert.match(request.error[0]?.message ?? "", /^expected /);
    });
  }
});

describe("readInstallReport()", () => {
  test("reads the report of a 9.1", () => {
    assert.deepEqual(readInstallReport(fixture("report-9.1.json")), {
      ok: true,
      value: {
        macs: ["52:54:00:0a:00:01", "52:54:00:0a:00:02"],
        uuid: "4c4c4544-0043-5110-8031-c7c04f515131",
        serial: "C7Q1",
        token: null,
        inventory: {
          system: "Proxmox VE 9.1.2",
          fqdn: "node2.lab.example",
          kernel: "6.17.2-1-pve",
          bootMode: "efi",
          secureBoot: false,
          filesystem: "zfs (RAID1)",
          machineId: "0f3c5a6e8b1d4f7290a1b2c3d4e5f607",
          cpu: { model: "Intel(R) Core(TM) i5-9500T CPU @ 2.20GHz", sockets: 1, cores: 6, cpus: 12 },
          board: { product: "OptiPlex 7070", serial: "C7Q1", boardSerial: null },
          disks: [
            {
              device: "/dev/sda",
              model: "Samsung_SSD_860_EVO_500GB",
              serial: "S4EVNX0R000001",
              sizeBytes: null,
              isBootDisk: true,
            },
            {
              device: "/dev/sdb",
              model: null,
              serial: "CT500MX500SSD1_2000E0000001",
              sizeBytes: null,
              isBootDisk: false,
            },
          ],
          nics: [
            { name: "enp1s0", mac: "52:54:00:0a:00:01", address: "10.11.0.2/22", isManagement: true },
            { name: "enp2s0", mac: "52:54:00:0a:00:02", address: null, isManagement: false },
          ],
          sshHostKeys: {
            ecdsa: "ecdsa-sha2-nistp256 AAAAE2VjZHNh root@node2",
            ed25519: "ssh-ed25519 AAAAC3NzaC1l root@node2",
            rsa: "ssh-rsa AAAAB3NzaC1y root@node2",
          },
        },
      },
    });
  });

  test("reads the report of a 9.2 that could find out little, and its token", () => {
    assert.deepEqual(readInstallReport(fixture("report-9.2-unknown.json")), {
      ok: true,
      value: {
        macs: [],
        uuid: null,
        serial: null,
        token: "4f1c9b7e2a6d",
        inventory: {
          system: "Proxmox VE",
          fqdn: "node2.lab.example",
          kernel: null,
          bootMode: "bios",
          secureBoot: true,
          filesystem: "ext4",
          machineId: null,
          cpu: null,
          board: { product: null, serial: null, boardSerial: null },
          disks: [],
          nics: [],
          sshHostKeys: {},
        },
      },
    });
  });

  test("reads the report of an 8.3, the first of its kind", () => {
    const report = readInstallReport(fixture("report-8.3.json"));
    assert.ok(report.ok);
    assert.equal(report.value.inventory.system, "Proxmox VE 8.3.0");
    assert.deepEqual(report.value.macs, ["52:54:00:0a:00:01"]);
  });

  test("keeps no host key that is not one", () => {
    const keys = { ed25519: "unknown", rsa: "ssh-rsa", ecdsa: "-o ProxyCommand=id AAAA" };
    const report = readInstallReport({ "ssh-public-host-keys": keys });
    assert.ok(report.ok);
    assert.deepEqual(report.value.inventory.sshHostKeys, {});
  });

  for (const body of [undefined, null, 7, "x", []]) {
    test(`refuses ${JSON.stringify(body)}`, () => assert.equal(readInstallReport(body).ok, false));
  }
});

describe("whatever is damaged in a body,", () => {
  const seed = chosenSeed();
  for (const [name, read] of [
    ["request-9.2.json", readAnswerRequest],
    ["request-8.2.json", readAnswerRequest],
    ["report-9.1.json", readInstallReport],
    ["report-9.2-unknown.json", readInstallReport],
    ["report-8.3.json", readInstallReport],
  ] as const) {
    test(`reading ${name} does not throw`, () => {
      const random = seeded(seed);
      for (let round = 0; round < 400; round++) {
        const body = damaged(fixture(name), random);
        assert.doesNotThrow(() => read(body), `SEED=${seed} round ${round}: ${JSON.stringify(body)?.slice(0, 400)}`);
      }
    });
  }
});

/** The same with about one in ten parts removed, doubled or made into something else. */
function damaged(value: unknown, random: () => number): unknown {
  if (random() < 0.1) return ODD[Math.floor(random() * ODD.length)];
  if (Array.isArray(value)) {
    return value.flatMap((item) => (random() < 0.05 ? [] : random() < 0.05 ? [item, item] : [damaged(item, random)]));
  }
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(() => random() >= 0.05);
  return Object.fromEntries(kept.map(([key, item]) => [key, damaged(item, random)]));
}

const ODD: readonly unknown[] = [
  null,
  undefined,
  true,
  -1,
  0.5,
  Number.NaN,
  2 ** 60,
  "",
  "unknown",
  "\u0000\n☂",
  "x".repeat(10_000),
  [],
  [[[]]],
  {},
  { __proto__: null, toString: 1, mac: {} },
];
