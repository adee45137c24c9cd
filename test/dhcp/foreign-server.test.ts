import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { composeLook, describeForeignServer, foreignServerOf, isLook } from "../../src/dhcp/foreign-server.ts";
import { composeMessage, decodeMessage, encodeMessage, type MessageHeader } from "../../src/dhcp/message.ts";
import type { MessageType } from "../../src/dhcp/message-type.ts";
import type { DhcpOptions } from "../../src/dhcp/option.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";

const ip = (text: string) => text as Ipv4Address;
const OWN = ip("10.11.0.1");
const OTHER = ip("10.11.3.254");
const CHADDR = Uint8Array.of(2, 1, 2, 3, 4, 5);

function answer(type: MessageType, options: DhcpOptions, header: Partial<MessageHeader> = {}) {
  return composeMessage({ op: 2, xid: 1, chaddr: CHADDR, ...header }, { dhcpMessageType: type, ...options });
}

describe("foreignServerOf() tells what kind of server it is", () => {
  const kinds: readonly { what: string; options: DhcpOptions; header?: Partial<MessageHeader>; words: string }[] = [
    {
      what: "a router that gives addresses",
      options: { serverIdentifier: OTHER, router: [OTHER] },
      header: { yiaddr: ip("10.11.3.20") },
      words: "10.11.3.254 is a DHCP server that gives addresses (10.11.3.20) with the router 10.11.3.254",
    },
    {
      what: "one that also names a boot file",
      options: { serverIdentifier: OTHER, bootfileName: "pxelinux.0" },
      header: { yiaddr: ip("10.11.3.20") },
      words: "10.11.3.254 is a DHCP server that gives addresses (10.11.3.20) and names the boot file pxelinux.0",
    },
    {
      what: "one that names it in the header alone",
      options: { serverIdentifier: OTHER },
      header: { yiaddr: ip("10.11.3.20"), file: "boot.efi" },
      words: "10.11.3.254 is a DHCP server that gives addresses (10.11.3.20) and names the boot file boot.efi",
    },
    {
      what: "a proxyDHCP server",
      options: {
        serverIdentifier: OTHER,
        vendorClassIdentifier: "PXEClient",
        vendorSpecificInformation: Uint8Array.of(6, 1, 8, 255),
        bootfileName: "ipxe.efi",
      },
      words: "10.11.3.254 is a proxyDHCP server: it tells machines what to boot and names the boot file ipxe.efi",
    },
    {
      what: "a server with option 60 and without 43",
      options: { serverIdentifier: OTHER, vendorClassIdentifier: "PXEClient" },
      header: { yiaddr: ip("10.11.3.20") },
      words:
        "10.11.3.254 is a DHCP server that gives addresses (10.11.3.20); it claims to be a boot server (option 60 PXEClient) without saying how (option 43), so UEFI machines ask its port 4011 in vain (PXE-E16, PXE-E55): remove option 60 there",
    },
    {
      what: "one that does not say who it is",
      options: {},
      header: { yiaddr: ip("10.11.3.20") },
      words: "10.11.3.7 is a DHCP server that gives addresses (10.11.3.20)",
    },
  ];
  for (const { what, options, header, words } of kinds) {
    test(what, () => {
      const found = foreignServerOf(answer("OFFER", options, header), ip("10.11.3.7"), OWN);
      assert.equal(found && describeForeignServer(found), words);
    });
  }
});

describe("foreignServerOf() passes over", () => {
  const nobody: readonly { what: string; message: ReturnType<typeof answer>; from?: Ipv4Address }[] = [
    { what: "our own offer", message: answer("OFFER", { serverIdentifier: OWN }) },
    { what: "our own offer that names a relay", message: answer("OFFER", { serverIdentifier: OTHER }), from: OWN },
    { what: "a NAK, which gives nothing", message: answer("NAK", { serverIdentifier: OTHER }) },
    { what: "a client's message", message: answer("DISCOVER", {}, { op: 1 }) },
    { what: "a client that says OFFER", message: answer("OFFER", { serverIdentifier: OTHER }, { op: 1 }) },
  ];
  for (const { what, message, from = OTHER } of nobody) {
    test(what, () => assert.equal(foreignServerOf(message, from, OWN), null));
  }
});

describe("composeLook()", () => {
  for (const asPxe of [false, true]) {
    test(asPxe ? "asks as firmware, which proxies answer too" : "asks as an ordinary client", () => {
      const sent = decodeMessage(encodeMessage(composeLook(CHADDR, 0xfeedbeef, asPxe)));
      assert.ok(sent.ok);
      const { type, broadcast, xid, options } = sent.value;
      assert.deepEqual([type, broadcast, xid], ["DISCOVER", true, 0xfeedbeef]);
      assert.equal(options.vendorClassIdentifier?.startsWith("PXEClient") ?? false, asPxe);
      assert.ok(isLook(sent.value));
    });
  }

  test("no machine's DISCOVER is taken for one", () => {
    assert.equal(isLook(answer("DISCOVER", { userClass: ["iPXE"] }, { op: 1 })), false);
    assert.equal(isLook(answer("DISCOVER", {}, { op: 1 })), false);
  });
});
