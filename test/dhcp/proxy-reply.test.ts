import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bootServerExchangeOf, type Exchange, exchangeOf } from "../../src/dhcp/exchange.ts";
import type { DhcpMessage } from "../../src/dhcp/message.ts";
import type { BootTarget } from "../../src/dhcp/policy.ts";
import { composeReply } from "../../src/dhcp/reply.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import { dhcpRequest } from "../support/dhcp-request.ts";

const ip = (text: string) => text as Ipv4Address;
const OWN = ip("10.11.0.2");
const ADDRESS = ip("10.11.0.21");

/** As an EDK2 client and a relay might ask. */
const ECHOED = new Map([
  [97, new Uint8Array(17).fill(3)],
  [61, Uint8Array.of(1, 2)],
  [82, Uint8Array.of(1, 1, 9)],
]);

function offer(target: Partial<BootTarget> = {}, request: DhcpMessage = dhcpRequest("DISCOVER", {}, {}, ECHOED)) {
  return reply(request, exchangeOf(request, OWN, false), target);
}

function reply(request: DhcpMessage, exchange: Exchange, target: Partial<BootTarget> = {}): DhcpMessage | null {
  const boot: BootTarget = { type: "pxe", nextServer: OWN, file: "snponly.efi", ...target };
  return composeReply(request, exchange, { type: "boot-only", boot }, OWN);
}

describe("a proxy's OFFER", () => {
  test("names the boot file, and neither address nor lease", () => {
    const said = offer();
    assert.deepEqual([said?.type, said?.yiaddr, said?.ciaddr], ["OFFER", "0.0.0.0", "0.0.0.0"]);
    assert.deepEqual([said?.siaddr, said?.sname, said?.file], [OWN, OWN, "snponly.efi"]);
    assert.deepEqual(
      [...(said?.raw.keys() ?? [])].sort((a, b) => a - b),
      [43, 53, 54, 60, 61, 66, 67, 82, 97],
    );
    for (const [code, octets] of ECHOED) assert.deepEqual(said?.raw.get(code), octets);
  });

  test("tells PXE to boot from it and ask no further", () => {
    assert.equal(offer()?.options.vendorClassIdentifier, "PXEClient");
    assert.deepEqual(offer()?.raw.get(43), Uint8Array.of(6, 1, 8, 255));
  });

  test("tells iPXE to prefer it over the file of another server", () => {
    assert.deepEqual(offer({ type: "ipxe", file: "http://10.11.0.2/x" })?.raw.get(175), Uint8Array.of(1, 1, 0x7f));
  });

  test("for UEFI HTTP Boot says HTTPClient and nothing of PXE", () => {
    const said = offer({ type: "http", file: "http://10.11.0.2/snponly.efi" });
    assert.equal(said?.options.vendorClassIdentifier, "HTTPClient");
    assert.equal(said?.raw.has(43), false);
  });
});

describe("on port 4011", () => {
  const ask = (more: ReadonlyMap<number, Uint8Array> = new Map()) => {
    const request = dhcpRequest("REQUEST", {}, { ciaddr: ADDRESS }, more);
    return reply(request, bootServerExchangeOf(request, OWN));
  };

  test("the ACK names the boot file and copies ciaddr", () => {
    const said = ask();
    assert.deepEqual([said?.type, said?.ciaddr, said?.yiaddr, said?.file], ["ACK", ADDRESS, "0.0.0.0", "snponly.efi"]);
    assert.deepEqual(
      [...(said?.raw.keys() ?? [])].sort((a, b) => a - b),
      [53, 54, 60, 66, 67],
    );
  });

  test("the item of a boot menu comes back", () => {
    assert.deepEqual(
      ask(new Map([[43, Uint8Array.of(71, 4, 0x80, 0, 0, 1, 255)]]))?.raw.get(43),
      Uint8Array.of(71, 4, 0x80, 0, 0, 1, 255),
    );
    assert.equal(ask(new Map([[43, Uint8Array.of(71, 9)]]))?.raw.has(43), false);
  });
});

test("a proxy answers nothing but DISCOVER and port 4011", () => {
  const others = [
    dhcpRequest("REQUEST", { requestedIpAddress: ADDRESS }),
    dhcpRequest("REQUEST", {}, { ciaddr: ADDRESS }),
    dhcpRequest("INFORM", {}, { ciaddr: ADDRESS }),
  ];
  for (const request of others) assert.equal(reply(request, exchangeOf(request, OWN, true)), null);
});
