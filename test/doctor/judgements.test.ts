import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { mayAccess, parsePasswd } from "../../src/doctor/account.ts";
import { configFindings } from "../../src/doctor/config-check.ts";
import { daemonFindings } from "../../src/doctor/daemon-check.ts";
import { type DhcpCheck, dhcpFindings, lookMac } from "../../src/doctor/dhcp-check.ts";
import { fetchFailed, sameOctets } from "../../src/doctor/fetched.ts";
import type { Finding } from "../../src/doctor/finding.ts";
import { type NetworkCheck, networkFindings } from "../../src/doctor/network-check.ts";
import { clockFinding } from "../../src/doctor/state-check.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import { isUnicastMac } from "../../src/net/mac-address.ts";
import { err, ok } from "../../src/std/result.ts";

const ip = (text: string) => text as Ipv4Address;
const OWN = ip("10.11.0.1");
const lines = (findings: readonly Finding[]) => findings.map(({ level, words }) => `${level} ${words}`);

test("configFindings() has one line for all that is right, and one for each thing that is not", () => {
  const checked = { file: "a.toml", slots: 3, problems: [], warnings: [] };
  assert.deepEqual(lines(configFindings(checked)), ["ok a.toml is right: 3 slots"]);
  const problems = [{ path: "network.address", message: "expected another" }];
  const warnings = [{ path: "profile pve", message: "is odd" }];
  assert.deepEqual(lines(configFindings({ ...checked, problems, warnings })), [
    "problem network.address: expected another",
    "warning profile pve: is odd",
  ]);
});

describe("networkFindings()", () => {
  const v4 = (address: string) => [{ address, family: "IPv4", internal: false }];
  const one: NetworkCheck = {
    table: { eth0: v4(OWN) },
    address: OWN,
    interface: null,
    allowSharedHost: false,
    isServing: false,
    socketUnit: null,
  };
  const two = { ...one, table: { ...one.table, eth1: v4("192.168.1.2") } };
  const cases: readonly { what: string; check: NetworkCheck; says: readonly RegExp[] }[] = [
    { what: "the address is here", check: one, says: [/^ok eth0 bears 10\.11\.0\.1$/] },
    {
      what: "nobody has it",
      check: { ...one, table: { eth0: v4("10.9.0.1") } },
      says: [/^problem .*eth0 has 10\.9\.0\.1/],
    },
    {
      what: "another interface has it",
      check: { ...one, interface: "eth7" },
      says: [/^problem network\.interface.*eth7/],
    },
    { what: "other networks, no sockets", check: two, says: [/^ok/, /^problem .*\(eth1\).*refuses to start/] },
    {
      what: "other networks, the units",
      check: { ...two, socketUnit: { device: "eth0" } },
      says: [/^ok/, /^ok .*eth0 alone/],
    },
    {
      what: "other networks, units that are bound to none",
      check: { ...two, socketUnit: { device: null } },
      says: [/^ok/, /^problem/],
    },
    {
      what: "units that are bound to the wrong interface",
      check: { ...one, socketUnit: { device: "eth1" }, isServing: true },
      says: [/^ok/, /^problem the sockets of systemd are bound to eth1, and 10\.11\.0\.1 is on eth0/],
    },
    { what: "other networks, and it runs", check: { ...two, isServing: true }, says: [/^ok/, /^ok/] },
    {
      what: "other networks, wanted",
      check: { ...two, allowSharedHost: true },
      says: [/^ok/, /^warning .*answered too/],
    },
  ];
  for (const { what, check, says } of cases) {
    test(what, () => {
      const found = lines(networkFindings(check));
      assert.equal(found.length, says.length, found.join("\n"));
      for (const [index, pattern] of says.entries()) assert.match(found[index] ?? "", pattern);
    });
  }
});

describe("dhcpFindings()", () => {
  const own = { server: OWN, from: OWN, offered: ip("10.11.2.2") };
  const other = { server: ip("10.11.3.254"), from: ip("10.11.3.254"), offered: ip("10.11.2.10") };
  const base = { own: OWN, mode: "authoritative", allowOtherServers: false } as const;
  const cases: readonly { what: string; check: DhcpCheck; says: readonly RegExp[] }[] = [
    { what: "silence", check: { ...base, looked: ok([]) }, says: [/^ok no other server/] },
    { what: "our own pool", check: { ...base, looked: ok([own]) }, says: [/^ok our own pool/, /^ok no other/] },
    {
      what: "a rogue",
      check: { ...base, looked: ok([other]) },
      says: [/^problem another server, 10\.11\.3\.254, gives/],
    },
    {
      what: "two of them beside our own",
      check: { ...base, looked: ok([other, own, { ...other, server: ip("10.11.3.253") }]) },
      says: [/^ok our own/, /^problem/, /^problem .*3\.253/],
    },
    {
      what: "a server that names nobody but answers from our address",
      check: { ...base, looked: ok([{ ...own, server: ip("0.0.0.0") }]) },
      says: [/^ok our own/, /^ok/],
    },
    {
      what: "one that is allowed",
      check: { ...base, allowOtherServers: true, looked: ok([other]) },
      says: [/^warning/],
    },
    { what: "one beside a proxy", check: { ...base, mode: "proxy", looked: ok([other]) }, says: [/^ok another/] },
    { what: "none beside a proxy", check: { ...base, mode: "proxy", looked: ok([]) }, says: [/^warning no other/] },
    { what: "not root", check: { ...base, looked: err({ type: "forbidden" }) }, says: [/^warning .*only root/] },
    { what: "a port that is taken", check: { ...base, looked: err({ type: "taken" }) }, says: [/^warning .*port 68/] },
  ];
  for (const { what, check, says } of cases) {
    test(what, () => {
      const found = lines(dhcpFindings(check));
      assert.equal(found.length, says.length, found.join("\n"));
      for (const [index, pattern] of says.entries()) assert.match(found[index] ?? "", pattern);
    });
  }

  test("asks from an address that is nobody's and always the same", () => {
    assert.equal(lookMac(OWN), "02:b0:0a:0b:00:01");
    assert.ok(isUnicastMac(lookMac(OWN)));
  });
});

describe("daemonFindings()", () => {
  test("shows its warnings, but none that stands there already", () => {
    const answer = ok({ version: "1.2.3", warnings: ["/a/b.efi is missing: machines cannot boot", "a rogue"] });
    assert.deepEqual(lines(daemonFindings(answer, ["/a/b.efi is missing"])), [
      "ok bootqueue 1.2.3 runs",
      "warning a rogue",
    ]);
  });

  test("a daemon that is silent is a problem, one that must not be asked a warning", () => {
    const silence = { message: "does not run", hint: "start it", isForbidden: false };
    assert.deepEqual(daemonFindings(err(silence), []), [
      { level: "problem", what: "daemon", words: "does not run", todo: "start it" },
    ]);
    assert.equal(daemonFindings(err({ ...silence, isForbidden: true }), [])[0]?.level, "warning");
  });
});

describe("what was fetched", () => {
  test("must be what lies on the disk, octet for octet", () => {
    const onDisk = Buffer.from("abcdef");
    const judge = (came: string) => sameOctets("TFTP", "f", Buffer.from(came), onDisk);
    assert.equal(judge("abcdef").level, "ok");
    assert.match(judge("abXdef").words, /6 octets of 6, the first difference at 2/);
    assert.match(judge("abc").words, /3 octets of 6, the first difference at 3/);
    assert.match(judge("abcdefg").words, /7 octets of 6, the first difference at 6/);
    for (const came of ["abXdef", "abc", "abcdefg", ""]) assert.equal(judge(came).level, "problem");
  });

  test("what blocks depends on whether the daemon answers", () => {
    const todo = (type: "refused" | "silent", runs: boolean) => fetchFailed("TFTP", "f", "UDP 69", { type }, runs).todo;
    assert.match(todo("silent", true), /^a firewall seems to block UDP 69/);
    assert.match(todo("silent", false), /^start the daemon.*; or a firewall/);
    assert.match(todo("refused", false), /^start the daemon/);
    assert.match(todo("refused", true), /^is that the daemon/);
    const denied = fetchFailed("HTTP", "f", "TCP 80", { type: "denied", words: "status 404" }, true);
    assert.match(denied.words, /did not give f: status 404/);
  });
});

test("clockFinding() believes no clock from before this program", () => {
  assert.equal(clockFinding(Date.UTC(2026, 1)).level, "ok");
  assert.equal(clockFinding(0).level, "problem");
});

describe("accounts", () => {
  const user = { uid: 5, gid: 6, name: "bootqueue" };

  test("are read from passwd(5)", () => {
    assert.deepEqual(parsePasswd("root:x:0:0::/root:/bin/sh\nbroken\nbootqueue:x:5:6:::\n"), [
      { uid: 0, gid: 0, name: "root" },
      user,
    ]);
  });

  const cases: readonly [
    what: string,
    file: { uid: number; gid: number; mode: number },
    wanted: number,
    may: boolean,
  ][] = [
    ["its own", { uid: 5, gid: 0, mode: 0o700 }, 7, true],
    ["its own, closed even to it", { uid: 5, gid: 6, mode: 0o077 }, 4, false],
    ["its group's", { uid: 0, gid: 6, mode: 0o750 }, 5, true],
    ["its group's, to write", { uid: 0, gid: 6, mode: 0o750 }, 7, false],
    ["everybody's", { uid: 0, gid: 0, mode: 0o755 }, 5, true],
    ["root's alone", { uid: 0, gid: 0, mode: 0o600 }, 4, false],
  ];
  for (const [what, file, wanted, may] of cases) {
    test(`${may ? "may" : "may not"} use what is ${what}`, () => {
      assert.equal(mayAccess(file, user, wanted), may);
      assert.equal(mayAccess(file, { ...user, uid: 0 }, wanted), true);
    });
  }
});
