import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { placeOf, type ServedNetworks, subnetAt } from "../../src/boot/subnets.ts";
import type { MessageHeader } from "../../src/dhcp/message.ts";
import type { MessageType } from "../../src/dhcp/message-type.ts";
import type { DhcpOptions } from "../../src/dhcp/option.ts";
import type { DomainName, Hostname } from "../../src/net/hostname.ts";
import type { Ipv4Address, Ipv4Subnet } from "../../src/net/ipv4-address.ts";
import type { RelayPort } from "../../src/net/relay-port.ts";
import { type DeclaredSlot, type ProfileName, type Reservation, slotIdOf } from "../../src/queue/slot.ts";
import { dhcpRequest } from "../support/dhcp-request.ts";
import { machineBench, SERVER } from "../support/machine-bench.ts";
import { INSTALLER, machine, says, selects, UEFI_X64 } from "../support/netboot-machine.ts";

const ip = (text: string) => text as Ipv4Address;
const subnet = (text: string) => text as Ipv4Subnet;
const ascii = (text: string) => Uint8Array.from(Buffer.from(text, "ascii"));

const RELAY = ip("10.98.0.1");
const RACK2 = {
  subnet: subnet("10.98.0.0/24"),
  router: RELAY,
  domainNameServers: [ip("10.98.0.53")],
  domain: "rack2.example" as DomainName,
};
const SERVED: ServedNetworks = {
  subnet: subnet("10.97.0.0/24"),
  router: SERVER,
  domainNameServers: [SERVER],
  domain: "lab.example" as DomainName,
  relayed: [RACK2],
};

/** Option 82 with these sub-options. */
function agent(ids: {
  circuit?: string;
  remote?: string;
  link?: readonly number[];
  ciscoLink?: readonly number[];
}): DhcpOptions {
  const entries: [number, Uint8Array][] = [];
  if (ids.circuit !== undefined) entries.push([1, ascii(ids.circuit)]);
  if (ids.remote !== undefined) entries.push([2, ascii(ids.remote)]);
  if (ids.link !== undefined) entries.push([5, Uint8Array.from(ids.link)]);
  if (ids.ciscoLink !== undefined) entries.push([150, Uint8Array.from(ids.ciscoLink)]);
  return { relayAgentInformation: new Map(entries) };
}

describe("placeOf()", () => {
  const cases: readonly {
    what: string;
    type?: MessageType;
    options?: DhcpOptions;
    header?: Partial<MessageHeader>;
    place: string;
  }[] = [
    { what: "a client on our own wire", place: "10.97.0.0/24" },
    { what: "a client behind a relay", header: { giaddr: RELAY }, place: "10.98.0.0/24" },
    { what: "a relay on our own network", header: { giaddr: ip("10.97.0.9") }, place: "10.97.0.0/24" },
    {
      what: "a relay that selects the link (82.5)",
      header: { giaddr: ip("10.97.0.9") },
      options: agent({ link: [10, 98, 0, 0] }),
      place: "10.98.0.0/24",
    },
    {
      what: "a relay that selects the link by the number that Cisco had before the RFC (82.150)",
      header: { giaddr: ip("10.97.0.9") },
      options: agent({ ciscoLink: [10, 98, 0, 0] }),
      place: "10.98.0.0/24",
    },
    {
      what: "the link 0.0.0.0, which is none",
      header: { giaddr: RELAY },
      options: agent({ link: [0, 0, 0, 0] }),
      place: "10.98.0.0/24",
    },
    {
      what: "the network 0.0.0.0 (118), which is none",
      header: { giaddr: RELAY },
      options: { subnetSelection: ip("0.0.0.0") },
      place: "10.98.0.0/24",
    },
    {
      what: "a client that selects the network (118)",
      options: { subnetSelection: ip("10.98.0.0") },
      place: "10.98.0.0/24",
    },
    {
      what: "the link that the relay selects before the network that the client selects",
      options: { ...agent({ link: [10, 97, 0, 0] }), subnetSelection: ip("10.98.0.0") },
      place: "10.97.0.0/24",
    },
    {
      what: "a malformed 82.5, which counts as none",
      header: { giaddr: RELAY },
      options: agent({ link: [10, 97] }),
      place: "10.98.0.0/24",
    },
    {
      what: "a renewal that comes to us directly, by the address it is for",
      type: "REQUEST",
      header: { ciaddr: ip("10.98.0.7") },
      place: "10.98.0.0/24",
    },
    {
      what: "a renewal through a relay, by the relay",
      type: "REQUEST",
      header: { ciaddr: ip("10.97.0.7"), giaddr: RELAY },
      place: "10.98.0.0/24",
    },
    {
      what: "a DISCOVER with a ciaddr, which means nothing there",
      header: { ciaddr: ip("10.98.0.7") },
      place: "10.97.0.0/24",
    },
    {
      what: "a switch port",
      header: { giaddr: RELAY },
      options: agent({ circuit: "Gi1/0/7", remote: "switch1" }),
      place: "10.98.0.0/24 switch1/Gi1/0/7",
    },
    {
      what: "a switch port that a snooping switch names, without a relay",
      options: agent({ circuit: "7" }),
      place: "10.97.0.0/24 /7",
    },
    { what: "a remote id alone, which names no port", options: agent({ remote: "switch1" }), place: "10.97.0.0/24" },
    {
      what: "a relay of a network that is not declared",
      header: { giaddr: ip("10.99.0.1") },
      place: "its relay, 10.99.0.1, is in no network that we serve; add a [[subnet]] to the configuration",
    },
    {
      what: "a selected link that is not declared, whatever giaddr says",
      header: { giaddr: RELAY },
      options: agent({ link: [10, 99, 0, 0] }),
      place:
        "the network that was selected for it (82.5 or 118), 10.99.0.0, is in no network that we serve; add a [[subnet]] to the configuration",
    },
  ];
  for (const { what, type = "DISCOVER", options = {}, header = {}, place } of cases) {
    test(what, () => {
      const found = placeOf(dhcpRequest(type, options, header), SERVED);
      assert.equal(
        found.ok ? [found.value.subnet, found.value.port].filter((part) => part !== null).join(" ") : found.error,
        place,
      );
    });
  }
});

test("subnetAt() finds the network of an address, and none for one that is not declared", () => {
  assert.equal(subnetAt(SERVED, ip("10.97.0.200")), SERVED);
  assert.equal(subnetAt(SERVED, ip("10.98.0.200")), RACK2);
  assert.equal(subnetAt(SERVED, ip("10.99.0.200")), undefined);
});

function slot(address: string, hostname: string, reservation: Reservation | null = null): DeclaredSlot {
  return {
    id: slotIdOf(ip(address)),
    address: ip(address),
    hostname: hostname as Hostname,
    profile: "pve" as ProfileName,
    labels: [],
    reservation,
    boardSerial: null,
    diskSerials: [],
  };
}

const FAR = [slot("10.98.0.11", "far1"), slot("10.98.0.12", "far2")];
const peach = machine(1);
const daisy = machine(2);
const viaRelay = { giaddr: RELAY };

describe("SlotDhcpPolicy › networks behind relays", () => {
  const bench = (moreSlots: readonly DeclaredSlot[] = FAR) => machineBench({ slots: 2, relayed: [RACK2], moreSlots });

  test("a machine gets a slot of the network that it asks through, with that network's mask, router, DNS and domain", async () => {
    const b = await bench();
    const offer = await b.dhcp(says(peach, UEFI_X64, "DISCOVER", agent({ circuit: "eth1" }), viaRelay));
    assert.equal(offer?.yiaddr, "10.98.0.11");
    const { subnetMask, router, domainNameServer, hostName, domainName } = offer.options;
    assert.deepEqual(
      [subnetMask, router, domainNameServer, hostName, domainName],
      ["255.255.255.0", [RELAY], ["10.98.0.53"], "far1", "rack2.example"],
    );
    // Boot loaders come from us all the same, and the relay gets its option back.
    assert.equal(offer.siaddr, SERVER);
    assert.deepEqual(offer.options.relayAgentInformation, new Map([[1, ascii("eth1")]]));
  });

  test("a machine on our own wire gets none of another network", async () => {
    const b = await machineBench({ slots: 0, relayed: [RACK2], moreSlots: FAR });
    assert.equal(await b.dhcp(says(peach, UEFI_X64, "DISCOVER")), null);
    assert.match(b.reasons().at(-1) ?? "", /no slot is free for it/);
  });

  test("a REQUEST through another network than the OFFER's is refused, and takes nothing", async () => {
    const b = await bench();
    await b.dhcp(says(peach, UEFI_X64, "DISCOVER", {}, viaRelay));
    const nak = await b.dhcp(selects(peach, UEFI_X64, ip("10.98.0.11"), SERVER));
    assert.equal(nak?.type, "NAK");
    assert.equal(b.slots(), "available available held available");
  });

  test("a machine that was carried to another network before it took its slot is offered one there", async () => {
    const b = await bench();
    await b.dhcp(says(peach, UEFI_X64, "DISCOVER", {}, viaRelay));
    const offer = await b.dhcp(says(peach, UEFI_X64, "DISCOVER"));
    assert.equal(offer?.yiaddr, "10.97.0.12");
    assert.equal(b.slots(), "held available available available");
  });

  test("a machine with a slot that asks from another network is told apart: silence to DISCOVER, NAK to REQUEST", async () => {
    const b = await bench();
    await b.takeSlot(peach);
    assert.equal(await b.dhcp(says(peach, UEFI_X64, "DISCOVER", {}, viaRelay)), null);
    assert.match(b.reasons().at(-1) ?? "", /another network than the one its slot is in/);
    const own = ip("10.97.0.12");
    const initReboot = await b.dhcp(says(peach, UEFI_X64, "REQUEST", { requestedIpAddress: own }, viaRelay));
    assert.equal(initReboot?.options.message, "10.97.0.12 does not work on this network; ask again");
    const rebinding = await b.dhcp(says(peach, UEFI_X64, "REQUEST", {}, { ...viaRelay, ciaddr: own }));
    assert.equal(rebinding?.type, "NAK");
    assert.equal(b.slots(), "pxe_ready available available available");
  });

  test("the installer behind a relay gets its address, and is refused through the wrong one", async () => {
    const b = await bench();
    await b.dhcp(says(peach, UEFI_X64, "DISCOVER", {}, viaRelay));
    await b.dhcp(
      says(peach, UEFI_X64, "REQUEST", { requestedIpAddress: ip("10.98.0.11"), serverIdentifier: SERVER }, viaRelay),
    );
    await b.happen({ type: "script-fetched", host: peach.host });
    assert.equal((await b.dhcp(says(peach, INSTALLER, "DISCOVER", {}, viaRelay)))?.yiaddr, "10.98.0.11");
    assert.equal(await b.dhcp(says(peach, INSTALLER, "DISCOVER")), null);
    // Its renewal comes to us directly, without the relay.
    const renewal = says(peach, INSTALLER, "REQUEST", {}, { ciaddr: ip("10.98.0.11") });
    assert.equal((await b.dhcp(renewal, true))?.type, "ACK");
  });

  test("a relay of a network that is not declared is told in words", async () => {
    const b = await bench();
    assert.equal(await b.dhcp(says(peach, UEFI_X64, "DISCOVER", {}, { giaddr: ip("10.99.0.1") })), null);
    assert.match(b.reasons().at(-1) ?? "", /10\.99\.0\.1, is in no network that we serve; add a \[\[subnet\]\]/);
  });

  test("a slot that is kept for a switch port is for whoever asks from there, and for nobody else", async () => {
    const port = (text: string): Reservation => ({ type: "port", port: text as RelayPort });
    const b = await bench([slot("10.98.0.11", "far1", port("switch1/7")), slot("10.98.0.12", "far2", port("/8"))]);
    const at = (remote: string, circuit: string) => agent({ remote, circuit });
    const ask = async (who: typeof peach, options: DhcpOptions) =>
      (await b.dhcp(says(who, UEFI_X64, "DISCOVER", options, viaRelay)))?.yiaddr ?? "silence";
    assert.equal(await ask(machine(3), at("switch2", "7")), "silence");
    assert.equal(await ask(peach, at("switch1", "7")), "10.98.0.11");
    assert.equal(await ask(daisy, at("any switch", "8")), "10.98.0.12");
    assert.equal(await ask(machine(4), {}), "silence");
  });

  test("the network that a client selected is repeated to it (118, RFC 3011)", async () => {
    const b = await bench();
    const offer = await b.dhcp(says(peach, UEFI_X64, "DISCOVER", { subnetSelection: ip("10.98.0.0") }));
    assert.equal(offer?.yiaddr, "10.98.0.11");
    assert.equal(offer.options.subnetSelection, "10.98.0.0");
  });

  test("a relay that wants to be named as the server is (82.11, RFC 5107), and renewals through it count as ours", async () => {
    const b = await bench();
    const override = { relayAgentInformation: new Map([[11, Uint8Array.of(10, 98, 0, 1)]]) };
    const offer = await b.dhcp(says(peach, UEFI_X64, "DISCOVER", override, viaRelay));
    assert.equal(offer?.options.serverIdentifier, RELAY);
    const request = { ...override, requestedIpAddress: ip("10.98.0.11"), serverIdentifier: RELAY };
    assert.equal((await b.dhcp(says(peach, UEFI_X64, "REQUEST", request, viaRelay)))?.type, "ACK");
  });
});
