// Who asks for an address on a boot network and boots nothing from it: none of them may cost a slot.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { machineBench, SERVER, slotAddress } from "../support/machine-bench.ts";
import { DISCOVER, END, hex, ip, option, type RawDhcp, REQUEST, rawDhcp } from "../support/raw-dhcp.ts";

const MAC = "70b5e8000101";
const INFORM = option(53, 8);
const DUID = option(61, 255, 0, 0, 0, 1, 0, 1, hex("2a3b4c5d 70b5e8000101"));

interface Client {
  readonly what: string;
  readonly says: readonly (readonly number[])[];
  readonly header?: Partial<RawDhcp>;
  /** How it is called on the timeline; left out: an ordinary client with this class. */
  readonly called?: RegExp;
}

const CLIENTS: readonly Client[] = [
  {
    what: "Windows",
    says: [
      option(61, 1, hex(MAC)),
      option(12, "DESKTOP-1"),
      option(60, "MSFT 5.0"),
      option(55, 1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252),
    ],
    called: /an ordinary DHCP client \(MSFT 5\.0\)/,
  },
  {
    what: "Android",
    says: [
      option(57, 0x05, 0xdc),
      option(60, "android-dhcp-14"),
      option(55, 1, 3, 6, 15, 26, 28, 51, 58, 59, 43, 114, 108),
    ],
    called: /\(android-dhcp-14\)/,
  },
  {
    what: "macOS, which claims no class",
    says: [
      option(55, 1, 121, 3, 6, 15, 108, 114, 119, 252, 95, 44, 46),
      option(57, 0x05, 0xdc),
      option(61, 1, hex(MAC)),
      option(51, 0, 0x76, 0xa7, 0),
    ],
  },
  {
    what: "a Mac that looks for a NetBoot server (BSDP)",
    says: [option(60, "AAPLBSDPC/i386/iMac14,2"), option(55, 43, 60), option(43, 1, 1, 1, 2, 2, 1, 1)],
    called: /\(AAPLBSDPC\/i386\/iMac14,2\)/,
  },
  {
    what: "ChromeOS",
    says: [
      option(60, "dhcpcd-6.8.2:ChromiumOS-10.0:x86_64:GenuineIntel"),
      DUID,
      option(55, 1, 121, 33, 3, 6, 12, 15, 26, 28, 42, 43, 51, 54, 58, 59, 119),
    ],
    called: /\(dhcpcd-6\.8\.2:ChromiumOS/,
  },
  {
    what: "an HP printer",
    says: [
      option(60, "Hewlett-Packard JetDirect"),
      option(12, "NPI000101"),
      option(55, 6, 3, 1, 15, 66, 67, 13, 44, 12, 81, 252),
    ],
    called: /\(Hewlett-Packard JetDirect\)/,
  },
  {
    what: "a Cisco switch that asks for its configuration",
    says: [
      option(60, "ciscopnp"),
      option(61, 0, "cisco-70b5.e800.0101-Vl1"),
      option(55, 1, 6, 15, 44, 3, 7, 33, 150, 43, 67),
    ],
    called: /\(ciscopnp\)/,
  },
  {
    what: "an Arista switch, zero touch",
    says: [option(60, "Arista;DCS-7050;01.02;JPE0001"), option(55, 1, 3, 6, 12, 15, 28, 42, 66, 67, 43)],
    called: /\(Arista;DCS-7050;01\.02;JPE0001\)/,
  },
  {
    what: "ONIE on a bare switch",
    says: [
      option(60, "onie_vendor:x86_64-accton_as5712_54x-r0"),
      option(77, "onie_dhcp_user_class"),
      option(55, 1, 3, 6, 12, 15, 28, 42, 43, 54, 66, 67, 72, 114, 150),
    ],
    called: /\(onie_vendor:x86_64-accton/,
  },
  { what: "a BMC with a DUID and an empty vendor class", says: [DUID, option(60), option(55, 1, 3, 6, 12, 15)] },
  { what: "an iDRAC", says: [option(60, "iDRAC"), option(43, 1, 2, 3)], called: /\(iDRAC\)/ },
  {
    what: "an OpenBMC with a class of NULs",
    says: [DUID, option(60, "\0\0\0\0")],
  },
  {
    what: "a cloud image with networkd",
    says: [
      DUID,
      option(57, 0x05, 0xdc),
      option(12, "ubuntu"),
      option(80),
      option(55, 1, 3, 6, 12, 15, 26, 33, 42, 119, 120, 121),
    ],
  },
  {
    what: "a telephone that wants a TFTP server",
    says: [option(60, "Polycom-VVX410"), option(55, 1, 3, 6, 15, 42, 66, 150, 160)],
    called: /\(Polycom-VVX410\)/,
  },
  {
    what: "a client that asks for everything there is",
    says: [
      option(
        55,
        Array.from({ length: 249 }, (_, n) => n + 1),
      ),
    ],
  },
  {
    what: "U-Boot, which looks for a script of its own",
    says: [
      option(60, "U-Boot.armv8"),
      option(93, 0, 22),
      option(94, 1, 0, 0),
      option(55, 1, 3, 6, 12, 17, 66, 67, 209),
    ],
    called: /an ordinary DHCP client for U-Boot ARM64 \(U-Boot\.armv8\)/,
  },
  {
    what: "Petitboot on POWER, which looks for a configuration of its own",
    says: [option(60, "udhcp 1.31.1"), option(93, 0, 14), option(55, 1, 3, 6, 12, 15, 28, 209, 210)],
    called: /an ordinary DHCP client for POWER OPAL \(udhcp 1\.31\.1\)/,
  },
  {
    what: "a class that only looks like firmware's",
    says: [option(60, "XPXEClient:Arch:00007:UNDI:003000"), option(93, 0, 7)],
    called: /an ordinary DHCP client for UEFI x64 \(XPXEClient/,
  },
  {
    what: "a class in small letters",
    says: [option(60, "pxeclient"), option(93, 0, 7)],
    called: /an ordinary DHCP client for UEFI x64 \(pxeclient\)/,
  },
];

describe("no netboot client", () => {
  for (const { what, says, header = {}, called = /an ordinary DHCP client: / } of CLIENTS) {
    test(`${what}: silence with words to all it sends, and no slot`, async () => {
      const bench = await machineBench();
      const send = (fields: readonly (readonly number[])[], more: Partial<RawDhcp> = {}, unicast = false) =>
        bench.dhcp(rawDhcp({ chaddr: MAC, ...header, ...more, fields: [...fields, ...says, END] }), unicast);
      const ours = option(54, ip(SERVER));
      const wish = option(50, ip(slotAddress(1)));
      assert.equal(await send([DISCOVER]), null);
      assert.match(bench.reasons().at(-1) ?? "", called);
      assert.equal(await send([DISCOVER, wish]), null);
      assert.equal(await send([REQUEST, wish, ours]), null);
      assert.equal(await send([REQUEST, wish]), null);
      assert.equal(await send([REQUEST], { ciaddr: slotAddress(1) }, true), null);
      assert.equal(await send([INFORM], { ciaddr: slotAddress(1) }), null);
      assert.equal(bench.slots(), "available available available");
      assert.equal(bench.engine.state.hosts.length, 0);
      assert.equal(bench.reasons().length, 6);
      for (const line of bench.reasons()) assert.match(line, /: .*\w{4}/);
    });
  }

  test("BOOTP without DHCP, as Sun and IBM firmware sends it: the timeline names the machine", async () => {
    const bench = await machineBench();
    assert.equal(await bench.dhcp(rawDhcp({ chaddr: "080020000101", fields: [END], size: 300 })), null);
    assert.match(
      bench.reasons().at(-1) ?? "",
      /no message type \(option 53\); a BOOTP client\?; its hardware address is 08:00:20:00:01:01/,
    );
  });
});
