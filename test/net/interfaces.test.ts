import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type InterfaceTable,
  interfaceBearing,
  otherIpv4Interfaces,
  refusalToServe,
} from "../../src/net/interfaces.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";

const v4 = (address: string) => ({ address, family: "IPv4", internal: false });
const v6 = (address: string) => ({ address, family: "IPv6", internal: false });
const LO = { lo: [{ address: "127.0.0.1", family: "IPv4", internal: true }] };
const ONE: InterfaceTable = { ...LO, eth0: [v4("10.11.0.1"), v6("fe80::1")] };
const TWO: InterfaceTable = { ...ONE, eth1: [v4("192.168.1.5")] };
const OWN = "10.11.0.1" as Ipv4Address;

test("interfaceBearing() finds the interface of an address, also behind an alias, or none", () => {
  assert.equal(interfaceBearing(TWO, OWN), "eth0");
  assert.equal(interfaceBearing({ "eth0:7": [v4(OWN)] }, OWN), "eth0");
  assert.equal(interfaceBearing(TWO, "10.11.0.2" as Ipv4Address), null);
  assert.equal(interfaceBearing({ eth0: undefined }, OWN), null);
});

test("otherIpv4Interfaces() counts neither loopback, nor IPv6 alone, nor an alias of the same interface", () => {
  assert.deepEqual(otherIpv4Interfaces(ONE, "eth0"), []);
  assert.deepEqual(otherIpv4Interfaces(TWO, "eth0"), ["eth1"]);
  assert.deepEqual(otherIpv4Interfaces({ ...ONE, eth2: [v6("fe80::2")], "eth0:1": [v4("10.11.0.9")] }, "eth0"), []);
});

describe("refusalToServe()", () => {
  const cases: readonly {
    what: string;
    table: InterfaceTable;
    network?: Partial<Parameters<typeof refusalToServe>[1]>;
    hasSockets?: boolean;
    refusal: RegExp | null;
  }[] = [
    { what: "starts on a host with one network", table: ONE, refusal: null },
    {
      what: "does not start beside another network",
      table: TWO,
      refusal: /other networks \(eth1\).*systemctl start bootqueue.*allow_shared_host/,
    },
    { what: "starts beside another network with sockets from systemd", table: TWO, hasSockets: true, refusal: null },
    {
      what: "starts beside another network when told to",
      table: TWO,
      network: { allowSharedHost: true },
      refusal: null,
    },
    {
      what: "does not start when no interface bears the address, and says what there is",
      table: TWO,
      network: { address: "10.11.0.2" as Ipv4Address },
      hasSockets: true,
      refusal:
        /network\.address: expected an address of this host, found 10\.11\.0\.2; eth0 has 10\.11\.0\.1, eth1 has/,
    },
    { what: "does not start without any network", table: LO, refusal: /no interface is up with an IPv4 address/ },
    {
      what: "starts when the named interface bears the address",
      table: ONE,
      network: { interface: "eth0" },
      refusal: null,
    },
    {
      what: "does not start when the named interface is another one",
      table: TWO,
      network: { interface: "eth1" },
      hasSockets: true,
      refusal: /network\.interface: expected eth0, which bears 10\.11\.0\.1, found eth1/,
    },
  ];
  for (const { what, table, network = {}, hasSockets = false, refusal } of cases) {
    test(what, () => {
      const served = { address: OWN, interface: null, allowSharedHost: false, ...network };
      const found = refusalToServe(table, served, hasSockets);
      if (refusal === null) assert.equal(found, null);
      else assert.match(found ?? "", refusal);
    });
  }
});
