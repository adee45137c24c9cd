import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type BootClient, describeClient, identifyClient } from "../../src/boot/client.ts";
import { type DhcpMessage, decodeMessage } from "../../src/dhcp/message.ts";
import { dhcpRequest } from "../support/dhcp-request.ts";
import { goldenDhcpPackets } from "../support/golden-dhcp.ts";
import {
  BIOS,
  firmwareOf,
  INSTALLER,
  IPXE,
  IPXE_WITHOUT_HTTP,
  machine,
  says,
  UEFI_ARM64,
} from "../support/netboot-machine.ts";

/** How each program of the golden packets presents itself. */
const GOLDEN: Readonly<Record<string, string>> = {
  "dhclient-discover": "an ordinary DHCP client",
  "dhclient-init-reboot": "an ordinary DHCP client",
  "dhclient-release": "an ordinary DHCP client",
  "dhclient-selecting": "an ordinary DHCP client",
  "dhcpcd-discover": "an ordinary DHCP client (dhcpcd-9.4.1:Linux-6.1.0-13-amd64:x86_64:GenuineIntel)",
  "dhcpcd-selecting": "an ordinary DHCP client (dhcpcd-9.4.1:Linux-6.1.0-13-amd64:x86_64:GenuineIntel)",
  "ipxe-bios-discover": "iPXE on BIOS",
  "ipxe-bios-selecting": "iPXE on BIOS",
  "nmap-discover": "an ordinary DHCP client",
  "nmap-inform": "an ordinary DHCP client",
  "nmap-payload-inform": "an ordinary DHCP client",
  "ovmf-http-discover": "UEFI x64, HTTP Boot firmware",
  "ovmf-http-selecting": "UEFI x64, HTTP Boot firmware",
  "ovmf-pxe-discover": "UEFI x64 firmware",
  "ovmf-pxe-selecting": "UEFI x64 firmware",
  "perfdhcp-discover": "an ordinary DHCP client",
  "perfdhcp-selecting": "an ordinary DHCP client",
  "udhcpc-discover": "an ordinary DHCP client (udhcp 1.35.0)",
  "udhcpc-release": "an ordinary DHCP client",
  "udhcpc-renewing": "an ordinary DHCP client (udhcp 1.35.0)",
  "udhcpc-selecting": "an ordinary DHCP client (udhcp 1.35.0)",
};

const PI = Uint8Array.from([0xdc, 0xa6, 0x32, 0, 0, 1]);

const cases: readonly { what: string; message: DhcpMessage; client: string }[] = [
  { what: "the Proxmox installer by its wish for 250 and 251", message: from(INSTALLER), client: "Proxmox installer" },
  {
    what: "a client that asks for 250 alone as an ordinary one",
    message: dhcpRequest("DISCOVER", { parameterRequestList: [1, 3, 250] }),
    client: "an ordinary DHCP client",
  },
  { what: "iPXE before PXEClient, which it also says it is", message: from(IPXE), client: "iPXE on UEFI x64" },
  {
    what: "iPXE by option 175 when its user class is another one",
    message: from({ ...IPXE, options: { ...IPXE.options, userClass: ["my-own-build"] } }),
    client: "iPXE on UEFI x64",
  },
  {
    what: "iPXE by its user class when 175 is missing",
    message: dhcpRequest("DISCOVER", { userClass: ["iPXE"] }),
    client: "iPXE",
  },
  {
    what: "iPXE by a 175 that cannot be read, beside the class of firmware",
    message: dhcpRequest(
      "DISCOVER",
      { vendorClassIdentifier: "PXEClient" },
      {},
      new Map([[175, Uint8Array.of(1, 9, 9)]]),
    ),
    client: "iPXE",
  },
  {
    what: "iPXE by its features alone",
    message: dhcpRequest("DISCOVER", {}, {}, new Map([[175, Uint8Array.of(0xeb, 3, 1, 0, 0, 0x13, 1, 1)]])),
    client: "iPXE",
  },
  {
    what: "a 175 that cannot be read as nothing, as noise has it",
    message: dhcpRequest("DISCOVER", {}, {}, new Map([[175, Uint8Array.of(1, 9, 9)]])),
    client: "an ordinary DHCP client",
  },
  {
    what: "a 175 that names no feature as nothing",
    message: dhcpRequest("DISCOVER", {}, {}, new Map([[175, Uint8Array.of(0x13, 2, 1, 1, 0x90, 1, 1)]])),
    client: "an ordinary DHCP client",
  },
  { what: "BIOS firmware", message: from(BIOS), client: "BIOS firmware" },
  { what: "x64 firmware that says 9", message: from(firmwareOf(9)), client: "UEFI x64 (as EBC) firmware" },
  { what: "an architecture nobody knows", message: from(firmwareOf(77)), client: "architecture 77 firmware" },
  {
    what: "the first architecture that is known, of several",
    message: dhcpRequest("DISCOVER", { vendorClassIdentifier: "PXEClient", clientSystemArchitecture: [99, 11, 7] }),
    client: "UEFI ARM64 firmware",
  },
  {
    what: "PXE firmware without option 93",
    message: dhcpRequest("DISCOVER", { vendorClassIdentifier: "PXEClient" }),
    client: "architecture unknown firmware",
  },
  {
    what: "a Raspberry Pi, which says BIOS",
    message: says(machine(1), BIOS, "DISCOVER", {}, { chaddr: PI }),
    client: "Raspberry Pi firmware",
  },
  {
    what: "a Raspberry Pi with UEFI firmware as what it says",
    message: says(machine(1), UEFI_ARM64, "DISCOVER", {}, { chaddr: PI }),
    client: "UEFI ARM64 firmware",
  },
  {
    what: "a vendor class that is not text, as far as it can be printed",
    message: dhcpRequest("DISCOVER", {}, {}, new Map([[60, Buffer.from(`\x1b[2J\n${"x".repeat(200)}`)]])),
    client: `an ordinary DHCP client (?[2J?${"x".repeat(75)})`,
  },
  {
    what: "iPXE on a Raspberry Pi as iPXE",
    message: says(machine(1), IPXE, "DISCOVER", {}, { chaddr: PI }),
    client: "iPXE on UEFI x64",
  },
];

describe("identifyClient()", () => {
  const golden = goldenDhcpPackets();
  for (const [name, client] of Object.entries(GOLDEN)) {
    test(`the golden packet ${name} comes from ${client}`, () => {
      const message = decodeMessage(golden.get(name) ?? assert.fail(`there is no golden packet ${name}`));
      assert.ok(message.ok);
      assert.equal(describeClient(identifyClient(message.value)), client);
    });
  }

  for (const { what, message, client } of cases) {
    test(`knows ${what}`, () => assert.equal(describeClient(identifyClient(message)), client));
  }

  const httpCases: readonly { what: string; message: DhcpMessage; http: boolean }[] = [
    { what: "names HTTP among its features", message: from(IPXE), http: true },
    { what: "names its features without HTTP", message: from(IPXE_WITHOUT_HTTP), http: false },
    { what: "does not name its features", message: dhcpRequest("DISCOVER", { userClass: ["iPXE"] }), http: true },
  ];
  for (const { what, message, http } of httpCases) {
    test(`an iPXE that ${what} ${http ? "gets" : "does not get"} a script by HTTP`, () => {
      const client: BootClient = identifyClient(message);
      assert.ok(client.type === "ipxe");
      assert.equal(client.http, http);
    });
  }

  test("tells UEFI HTTP Boot from PXE by option 60", () => {
    const client = identifyClient(from(firmwareOf(16, "HTTPClient")));
    assert.ok(client.type === "firmware");
    assert.equal(client.transport, "http");
    assert.equal(client.architectureCode, 16);
  });
});

function from(program: typeof INSTALLER): DhcpMessage {
  return says(machine(1), program, "DISCOVER");
}
