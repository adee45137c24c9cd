// Firmware that no capture of ours shows, from RFCs, registries and what its makers and users tell of it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { describeClient, identifyClient } from "../../src/boot/client.ts";
import { type DhcpMessage, decodeMessage } from "../../src/dhcp/message.ts";
import { machineBench, SERVER, slotAddress } from "../support/machine-bench.ts";
import { DISCOVER, END, hex, ip, option, type RawDhcp, REQUEST, rawDhcp } from "../support/raw-dhcp.ts";

const MAC = "0cc47a000101";
const URL = "http://10.97.0.1/ipxe/0c-c4-7a-00-01-01";

/** As SMBIOS writes it: the first three fields are little-endian. */
const UUID = hex("44454c4c 4300 1051 8031 c7c04f515131");
const WISHES = option(
  55,
  1,
  2,
  3,
  5,
  6,
  11,
  12,
  13,
  15,
  16,
  17,
  18,
  43,
  54,
  60,
  67,
  128,
  129,
  130,
  131,
  132,
  133,
  134,
  135,
);
const UNDI_2 = option(94, 1, 2, 1);
const UNDI_3 = option(94, 1, 3, 16);

const pxe = (arch: string, undi = "003016") => option(60, `PXEClient:Arch:${arch}:UNDI:${undi}`);
const arch = (...octets: readonly number[]) => option(93, octets);
const uuid = option(97, 0, UUID);
const features = (...codes: readonly number[]) => codes.flatMap((code) => [code, 1, 1]);

interface Firmware {
  readonly what: string;
  /** All options but 53, 50, 54 and the end. */
  readonly says: readonly (readonly number[])[];
  readonly header?: Partial<RawDhcp>;
  /** How it is called on the timeline. */
  readonly client: string;
  /** What it is told to load. */
  readonly loads: string;
}

const X64 = "snponly.efi";
const FIRMWARE: readonly Firmware[] = [
  {
    what: "Broadcom MBA on a Dell server: 548 octets, the UUID as client identifier too, at most 1260 octets",
    says: [option(57, 0x04, 0xec), option(61, 0, UUID), pxe("00000", "002001"), arch(0, 0), UNDI_2, WISHES, uuid],
    header: { size: 548, secs: 4 },
    client: "BIOS firmware",
    loads: "undionly.kpxe",
  },
  {
    what: "Intel Boot Agent, which leaves the broadcast bit clear",
    says: [WISHES, option(57, 0x04, 0xec), uuid, arch(0, 0), UNDI_2, pxe("00000", "002001")],
    header: { flags: 0, size: 548, secs: 4 },
    client: "BIOS firmware",
    loads: "undionly.kpxe",
  },
  {
    what: "a Supermicro board that sends no UUID (danderson/pixiecore issue 21)",
    says: [option(57, 0x05, 0xc0), WISHES, pxe("00000", "002001"), arch(0, 0), UNDI_2],
    client: "BIOS firmware",
    loads: "undionly.kpxe",
  },
  {
    what: "HPE UEFI: UNDI 3.16, DUID-like client identifier",
    says: [
      option(57, 0x05, 0xc0),
      WISHES,
      option(61, 255, 0, 0, 0, 1, 0, 4, UUID),
      uuid,
      UNDI_3,
      arch(0, 7),
      pxe("00007"),
    ],
    client: "UEFI x64 firmware",
    loads: X64,
  },
  {
    what: "AMI UEFI that says EBC",
    says: [WISHES, uuid, UNDI_3, arch(0, 9), pxe("00009")],
    client: "UEFI x64 (as EBC) firmware",
    loads: X64,
  },
  {
    what: "a tablet with 32-bit UEFI",
    says: [WISHES, uuid, UNDI_3, arch(0, 6), pxe("00006")],
    client: "UEFI IA32 firmware",
    loads: "i386/snponly.efi",
  },
  {
    what: "U-Boot that boots by EFI on ARM64: no UUID, no UNDI",
    says: [option(57, 0x02, 0x40), arch(0, 11), pxe("00011", "003000"), option(55, 1, 3, 6, 12, 17, 66, 67, 150)],
    header: { flags: 0 },
    client: "UEFI ARM64 firmware",
    loads: "arm64/snponly.efi",
  },
  {
    what: "UEFI HTTP Boot on ARM64",
    says: [WISHES, uuid, UNDI_3, arch(0, 19), option(60, "HTTPClient:Arch:00019:UNDI:003001")],
    client: "UEFI ARM64, HTTP Boot firmware",
    loads: "http://10.97.0.1/assets/arm64/snponly.efi",
  },
  {
    what: "a vendor class that ends in NULs",
    says: [WISHES, uuid, UNDI_3, arch(0, 7), option(60, "PXEClient:Arch:00007:UNDI:003016\0\0\0")],
    client: "UEFI x64 firmware",
    loads: X64,
  },
  {
    what: "several architectures, the first of which has no loader",
    says: [WISHES, uuid, UNDI_3, arch(0, 10, 0, 11), pxe("00010")],
    client: "UEFI ARM64 firmware",
    loads: "arm64/snponly.efi",
  },
  {
    what: "several architectures, the first of which is unknown",
    says: [WISHES, uuid, UNDI_3, arch(1, 99, 0, 7), pxe("00007")],
    client: "UEFI x64 firmware",
    loads: X64,
  },
  {
    what: "an architecture in little endian",
    says: [WISHES, uuid, UNDI_3, arch(7, 0), pxe("00007")],
    client: "UEFI x64 firmware",
    loads: X64,
  },
  {
    what: "an architecture in one octet",
    says: [WISHES, uuid, UNDI_3, arch(7), pxe("00007")],
    client: "UEFI x64 firmware",
    loads: X64,
  },
  {
    what: "an architecture and half of another",
    says: [WISHES, uuid, UNDI_3, arch(0, 7, 0), pxe("00007")],
    client: "UEFI x64 firmware",
    loads: X64,
  },
  {
    what: "its architecture in the vendor class alone",
    says: [WISHES, uuid, UNDI_3, pxe("00011")],
    client: "UEFI ARM64 firmware",
    loads: "arm64/snponly.efi",
  },
  {
    what: "an empty option 93, and its architecture in the vendor class",
    says: [WISHES, uuid, UNDI_3, arch(), pxe("00000", "002001")],
    client: "BIOS firmware",
    loads: "undionly.kpxe",
  },
  {
    what: "its architecture twice",
    says: [arch(0, 7), WISHES, uuid, UNDI_3, arch(0, 7), pxe("00007")],
    client: "UEFI x64 firmware",
    loads: X64,
  },
  {
    what: "the message type twice, and again at the end",
    says: [DISCOVER, WISHES, uuid, UNDI_3, arch(0, 7), pxe("00007"), DISCOVER],
    client: "UEFI x64 firmware",
    loads: X64,
  },
  {
    what: "iPXE with its class as RFC 3004 writes it",
    says: [WISHES, uuid, option(77, 4, "iPXE"), option(175, features(0x13, 0x15)), arch(0, 7), pxe("00007", "003010")],
    client: "iPXE on UEFI x64",
    loads: URL,
  },
  {
    what: "iPXE with its class among others",
    says: [
      WISHES,
      uuid,
      option(77, 3, "lab", 4, "iPXE"),
      option(175, features(0x13)),
      arch(0, 7),
      pxe("00007", "003010"),
    ],
    client: "iPXE on UEFI x64",
    loads: URL,
  },
  {
    what: "iPXE with its class as a bare text with a NUL",
    says: [WISHES, uuid, option(77, "iPXE\0"), arch(0, 0), pxe("00000", "002001")],
    client: "iPXE on BIOS",
    loads: URL,
  },
  {
    what: "FlexBoot and others that iPXE is inside of: a class of their own, and option 175",
    says: [
      WISHES,
      uuid,
      option(77, "FlexBoot"),
      option(175, 0xb1, 5, 1, 0x15, 0xb3, 0x10, 0x13, features(0x13)),
      arch(0, 7),
      pxe("00007"),
    ],
    client: "iPXE on UEFI x64",
    loads: URL,
  },
  {
    what: "the ROM of VirtualBox, an iPXE without HTTP",
    says: [
      WISHES,
      uuid,
      option(77, "iPXE"),
      option(175, features(0x15, 0x21, 0x10)),
      arch(0, 0),
      pxe("00000", "002001"),
    ],
    client: "iPXE on BIOS",
    loads: "undionly.kpxe",
  },
  {
    what: "pads between its options, and no end",
    says: [[0, 0], WISHES, [0], uuid, [0, 0, 0], UNDI_3, arch(0, 7), [0], pxe("00007"), [0]],
    client: "UEFI x64 firmware",
    loads: X64,
  },
  {
    what: "what stands behind the end, which says BIOS",
    says: [WISHES, uuid, UNDI_3, arch(0, 7), pxe("00007"), END, arch(0, 0), pxe("00000")],
    client: "UEFI x64 firmware",
    loads: X64,
  },
  {
    what: "its wishes in two parts, and again",
    says: [option(55, 1, 3), uuid, arch(0, 7), option(55, 66, 67), pxe("00007"), option(55, 66, 67)],
    client: "UEFI x64 firmware",
    loads: X64,
  },
  {
    what: "its vendor class in two parts (RFC 3396)",
    says: [option(60, "PXECl"), WISHES, uuid, arch(0, 7), option(60, "ient:Arch:00007:UNDI:003016")],
    client: "UEFI x64 firmware",
    loads: X64,
  },
  {
    what: "odd secs and all flags",
    says: [WISHES, uuid, UNDI_3, arch(0, 7), pxe("00007")],
    header: { secs: 0xffff, flags: 0xffff },
    client: "UEFI x64 firmware",
    loads: X64,
  },
  {
    what: "the least that it would take: 64 octets",
    says: [option(57, 0, 64), WISHES, uuid, UNDI_3, arch(0, 7), pxe("00007")],
    client: "UEFI x64 firmware",
    loads: X64,
  },
  {
    what: "a hardware type of IEEE 802 (6)",
    says: [WISHES, uuid, UNDI_3, arch(0, 7), pxe("00007")],
    header: { htype: 6 },
    client: "UEFI x64 firmware",
    loads: X64,
  },
  {
    what: "ciaddr of another network in its DISCOVER",
    says: [WISHES, uuid, UNDI_3, arch(0, 7), pxe("00007")],
    header: { ciaddr: "192.168.1.77" },
    client: "UEFI x64 firmware",
    loads: X64,
  },
];

describe("firmware that no capture shows", () => {
  for (const { what, says, header = {}, client, loads } of FIRMWARE) {
    const datagram = (...fields: readonly (readonly number[])[]) =>
      rawDhcp({ chaddr: MAC, ...header, fields: [...fields, ...says, END] });

    test(`${what}: takes one slot and loads ${loads}`, async () => {
      const bench = await machineBench();
      const decoded = decodeMessage(datagram(DISCOVER));
      assert.ok(decoded.ok);
      assert.equal(describeClient(identifyClient(decoded.value)), client);
      const offer = await bench.dhcp(datagram(DISCOVER));
      assert.equal(drawn(offer), `OFFER ${slotAddress(1)} ${loads}`, bench.reasons().at(-1));
      assert.equal(offer?.file, loads);
      assert.equal(offer?.ciaddr, "0.0.0.0");
      const request = rawDhcp({
        chaddr: MAC,
        ...header,
        ciaddr: "0.0.0.0",
        fields: [
          REQUEST,
          option(50, ip(slotAddress(1))),
          option(54, ip(SERVER)),
          ...says.filter((field) => field !== DISCOVER),
          END,
        ],
      });
      assert.equal(drawn(await bench.dhcp(request)), `ACK ${slotAddress(1)} ${loads}`, bench.reasons().at(-1));
      assert.equal(drawn(await bench.dhcp(datagram(DISCOVER))), `OFFER ${slotAddress(1)} ${loads}`);
      assert.equal(bench.slots(), "pxe_ready available available");
      assert.equal(bench.engine.state.hosts.length, 1);
      for (const line of bench.reasons()) assert.match(line, new RegExp(client.replaceAll(/[()]/g, "\\$&")));
    });
  }
});

const SILENT: readonly {
  what: string;
  says: readonly (readonly number[])[];
  header?: Partial<RawDhcp>;
  why: RegExp;
}[] = [
  {
    what: "UEFI for RISC-V",
    says: [WISHES, uuid, UNDI_3, arch(0, 27), pxe("00027")],
    why: /there is no boot loader for UEFI RISC-V 64/,
  },
  {
    what: "UEFI for LoongArch",
    says: [WISHES, uuid, UNDI_3, arch(0, 39), pxe("00039")],
    why: /there is no boot loader for UEFI LoongArch 64/,
  },
  {
    what: "Itanium",
    says: [WISHES, uuid, UNDI_2, arch(0, 2), pxe("00002", "002001")],
    why: /there is no boot loader for Itanium/,
  },
  {
    what: "an architecture that says nothing in either order",
    says: [WISHES, uuid, UNDI_3, arch(1, 0), pxe("00256")],
    why: /its architecture 256 is unknown/,
  },
  {
    what: "an old ROM that only says PXEClient",
    says: [WISHES, option(60, "PXEClient")],
    why: /its architecture \(none given\) is unknown/,
  },
  {
    what: "firmware that sends its UUID in place of its hardware address",
    says: [WISHES, uuid, UNDI_3, arch(0, 7), pxe("00007")],
    header: { chaddr: Buffer.from(UUID).toString("hex") },
    why: /hardware type 1 with 16 octets, expected Ethernet: type 1 with 6/,
  },
  {
    what: "FlexBoot on InfiniBand, which has no hardware address of six octets",
    says: [WISHES, option(61, hex("ff 00000000 0002 000002c9 0002c90300a1b2c3")), uuid, arch(0, 0), pxe("00000")],
    header: { chaddr: "", htype: 32 },
    why: /hardware type 32 with 0 octets/,
  },
  {
    what: "firmware with a group address",
    says: [WISHES, uuid, UNDI_3, arch(0, 7), pxe("00007")],
    header: { chaddr: "01005e000001" },
    why: /hardware address 01:00:5e:00:00:01 names no single interface/,
  },
];

describe("firmware that cannot be booted from here", () => {
  for (const { what, says, header = {}, why } of SILENT) {
    test(`${what}: silence with words, and no slot`, async () => {
      const bench = await machineBench();
      const discover = rawDhcp({ chaddr: MAC, ...header, fields: [DISCOVER, ...says, END] });
      assert.equal(await bench.dhcp(discover), null);
      assert.match(bench.reasons().at(-1) ?? "", why);
      const request = [REQUEST, option(50, ip(slotAddress(1))), option(54, ip(SERVER)), ...says, END];
      assert.equal(await bench.dhcp(rawDhcp({ chaddr: MAC, ...header, fields: request })), null);
      assert.equal(bench.slots(), "available available available");
      assert.equal(bench.engine.state.hosts.length, 0);
    });
  }
});

describe("a Raspberry Pi", () => {
  const PI = "2ccf67000001";
  const serial = option(97, 0, hex("52506935 0d10d0ab 00000000 0d10d0ab"));
  for (const { what, says } of [
    { what: "5 that says BIOS", says: [arch(0, 0), UNDI_2, serial, pxe("00000", "002001")] },
    { what: "that says what it is (41)", says: [arch(0, 41), UNDI_2, serial, pxe("00041", "002001")] },
  ]) {
    test(`${what} gets the menu that it knows`, async () => {
      const bench = await machineBench();
      const offer = await bench.dhcp(rawDhcp({ chaddr: PI, fields: [DISCOVER, WISHES, ...says, END] }));
      assert.equal(offer?.options.vendorClassIdentifier, "PXEClient");
      assert.match(Buffer.from(offer?.options.vendorSpecificInformation ?? []).toString("latin1"), /Raspberry Pi Boot/);
      assert.equal(offer?.file, "");
    });
  }
});

function drawn(reply: DhcpMessage | null): string {
  if (reply === null) return "silence";
  return `${reply.type} ${reply.yiaddr} ${reply.options.bootfileName ?? ""}`.trim();
}
