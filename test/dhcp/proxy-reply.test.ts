import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bootServerExchangeOf, type Exchange, exchangeOf } from "../../src/dhcp/exchange.ts";
import { type DhcpMessage, decodeMessage, encodeMessage, sizeMaxFor } from "../../src/dhcp/message.ts";
import type { BootTarget } from "../../src/dhcp/policy.ts";
import { composeReply } from "../../src/dhcp/reply.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import { dhcpRequest } from "../support/dhcp-request.ts";
import { goldenDhcpPackets } from "../support/golden-dhcp.ts";

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

  test("leaves PXE's option 43 out where the client is to ask port 4011, and gives a Raspberry Pi its own", () => {
    const asking = offer({ viaBootServer: true });
    assert.deepEqual([asking?.options.vendorClassIdentifier, asking?.raw.has(43)], ["PXEClient", false]);
    const pi = offer({ type: "raspberry-pi", file: "" });
    assert.match(Buffer.from(pi?.raw.get(43) ?? []).toString("latin1"), /Raspberry Pi Boot/);
    assert.deepEqual([pi?.options.vendorClassIdentifier, pi?.raw.has(67)], ["PXEClient", false]);
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

/**
 * Written by hand from RFC 2131 §2, RFC 2132, RFC 4578 and PXE 2.1, to DISCOVERs that were captured. What is not named
 * of the header is zero.
 */
const GOLDEN_OFFERS: readonly {
  readonly to: string;
  readonly target: Partial<BootTarget>;
  readonly flags: string;
  readonly options: readonly string[];
}[] = [
  {
    to: "ovmf-pxe-discover",
    target: {},
    flags: "8000",
    options: [
      "35 01 02", // OFFER
      "36 04 0a 61 00 01", // server identifier
      "42 0a 31 30 2e 39 37 2e 30 2e 31 00", // TFTP server, with its NUL
      "43 0c 73 6e 70 6f 6e 6c 79 2e 65 66 69 00", // snponly.efi, with its NUL
      "3c 09 50 58 45 43 6c 69 65 6e 74", // PXEClient
      "2b 04 06 01 08 ff", // boot from this offer, ask nobody
      "61 11 00 00 00 00 02 00 00 00 40 80 00 00 00 00 00 01 12", // the machine's UUID as it came
    ],
  },
  {
    to: "ovmf-http-discover",
    target: { type: "http", file: "http://10.97.0.1/a.efi" },
    flags: "8000",
    options: [
      "35 01 02",
      "36 04 0a 61 00 01",
      "42 0a 31 30 2e 39 37 2e 30 2e 31 00",
      "43 17 68 74 74 70 3a 2f 2f 31 30 2e 39 37 2e 30 2e 31 2f 61 2e 65 66 69 00",
      "3c 0a 48 54 54 50 43 6c 69 65 6e 74", // HTTPClient
      "61 11 00 00 00 00 02 00 00 00 40 80 00 00 00 00 00 01 13",
    ],
  },
  {
    to: "ipxe-bios-discover",
    target: { type: "ipxe", file: "http://10.97.0.1/x" },
    flags: "0000",
    options: [
      "35 01 02",
      "36 04 0a 61 00 01",
      "42 0a 31 30 2e 39 37 2e 30 2e 31 00",
      "43 13 68 74 74 70 3a 2f 2f 31 30 2e 39 37 2e 30 2e 31 2f 78 00",
      "3c 09 50 58 45 43 6c 69 65 6e 74",
      "2b 04 06 01 08 ff",
      "af 03 01 01 7f", // iPXE: priority 127
      "3d 07 01 02 00 00 00 01 11", // the client identifier as it came (RFC 6842)
      "61 11 00 00 00 00 02 00 00 00 40 80 00 00 00 00 00 01 11",
    ],
  },
];

describe("a proxy's OFFER, octet by octet,", () => {
  for (const { to, target, flags, options } of GOLDEN_OFFERS) {
    test(`to ${to}`, () => {
      const request = decodeMessage(goldenDhcpPackets().get(to) ?? new Uint8Array());
      assert.ok(request.ok);
      const own = ip("10.97.0.1");
      const boot: BootTarget = { type: "pxe", nextServer: own, file: "snponly.efi", ...target };
      const reply = composeReply(
        request.value,
        exchangeOf(request.value, own, false),
        { type: "boot-only", boot },
        own,
      );
      assert.ok(reply !== null);
      const bytes = Buffer.from(encodeMessage(reply, sizeMaxFor(request.value)));
      const field = (from: number, end: number) => bytes.subarray(from, end).toString("hex");
      assert.equal(field(0, 4), "02010600");
      assert.equal(field(8, 12), `0000${flags}`);
      assert.equal(field(12, 28), `${"00".repeat(8)}0a610001${"00".repeat(4)}`, "only siaddr is set");
      assert.equal(bytes.subarray(108, 236).toString().replace(/\0+$/, ""), boot.file);
      const written = `63825363${options.join("").replaceAll(" ", "")}ff`;
      assert.equal(
        bytes
          .subarray(236)
          .toString("hex")
          .replace(/(00)*$/, ""),
        written,
      );
      assert.ok(bytes.length >= 300);
    });
  }
});
