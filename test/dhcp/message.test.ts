import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type DhcpMessage,
  decodeMessage,
  encodeMessage,
  MESSAGE_ERRORS,
  type MessageError,
  sizeMaxFor,
} from "../../src/dhcp/message.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import { dhcpRequest } from "../support/dhcp-request.ts";
import { goldenDhcpPackets } from "../support/golden-dhcp.ts";
import { chosenSeed, seeded } from "../support/random-queue.ts";

const ip = (text: string) => text as Ipv4Address;
const octets = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));

/** A header without names, and these options. */
function packet(options: string, fields: { file?: string; sname?: string } = {}): Uint8Array {
  const head = encodeMessage(dhcpRequest("DISCOVER")).slice(0, 240);
  head.set(octets(fields.sname ?? ""), 44);
  head.set(octets(fields.file ?? ""), 108);
  return Buffer.concat([head, octets(options)]);
}

function decoded(bytes: Uint8Array): DhcpMessage {
  const result = decodeMessage(bytes);
  assert(result.ok, JSON.stringify(result));
  return result.value;
}

describe("decodeMessage refuses", () => {
  const refused: readonly { what: string; bytes: Uint8Array; error: MessageError }[] = [
    { what: "an empty datagram", bytes: octets(""), error: "too-short" },
    { what: "a datagram that ends inside the header", bytes: packet("").subarray(0, 239), error: "too-short" },
    { what: "BOOTP without the magic cookie", bytes: packet("").fill(0, 236, 240), error: "no-magic-cookie" },
    { what: "a header and nothing else", bytes: packet(""), error: "no-message-type" },
    { what: "options without a message type", bytes: packet("0c0161 ff 350101"), error: "no-message-type" },
    { what: "an option longer than the packet, before 53", bytes: packet("0cff61 350101ff"), error: "options-overrun" },
    { what: "a code without its length", bytes: packet("35"), error: "options-overrun" },
    { what: "a message type of two octets", bytes: packet("35020101ff"), error: "bad-message-type" },
    { what: "two message types", bytes: packet("350101 350103 ff"), error: "bad-message-type" },
    { what: "message type 0", bytes: packet("350100ff"), error: "bad-message-type" },
    { what: "message type 9, a later RFC's", bytes: packet("350109ff"), error: "bad-message-type" },
    { what: "hlen 17", bytes: packet("350101ff").fill(17, 2, 3), error: "hardware-address-too-long" },
  ];
  for (const { what, bytes, error } of refused) {
    test(`${what}: ${error}`, () => {
      assert.deepEqual(decodeMessage(bytes), { ok: false, error });
      assert.match(MESSAGE_ERRORS[error], /\w{4}/);
    });
  }
});

describe("decodeMessage reads", () => {
  test("what came before an option that is longer than the packet", () => {
    const { type, options } = decoded(packet("350101 0c0161 0fff62"));
    assert.deepEqual(
      { type, hostName: options.hostName, domainName: options.domainName },
      {
        type: "DISCOVER",
        hostName: "a",
        domainName: undefined,
      },
    );
  });

  test("options between pads, in any order", () => {
    assert.equal(decoded(packet("00 0c0161 00 00 350101 00 ff")).options.hostName, "a");
  });

  test("nothing behind the end", () => {
    assert.equal(decoded(packet("350101 ff 0c0161")).options.hostName, undefined);
  });

  test("an option of a fixed length that is there twice and alike, as one", () => {
    const twice = decoded(packet("350101 390205dc 3204 0a0b0c0d 350101 390205dc 390205dc 3204 0a0b0c0d ff"));
    assert.equal(twice.type, "DISCOVER");
    assert.equal(twice.options.maximumDhcpMessageSize, 1500);
    assert.equal(twice.options.requestedIpAddress, "10.11.12.13");
    const different = decoded(packet("350101 390205dc 390205db ff"));
    assert.equal(different.options.maximumDhcpMessageSize, undefined);
  });

  test("an option in 20,000 parts", () => {
    const parts = decoded(packet(`350101 ${"3c0178".repeat(20_000)} ff`));
    assert.equal(parts.options.vendorClassIdentifier, "x".repeat(20_000));
  });

  test("an option in parts as one (RFC 3396)", () => {
    assert.deepEqual(decoded(packet("370201 03 350101 3702 06fa ff")).options.parameterRequestList, [1, 3, 6, 250]);
  });

  test("unknown options as they are, and known ones too", () => {
    const { raw } = decoded(packet("350101 e0 02 beef 80 00 3d 01 07 ff"));
    assert.deepEqual([...raw.keys()], [53, 224, 128, 61]);
    assert.deepEqual(raw.get(224), octets("beef"));
    assert.deepEqual(raw.get(128), octets(""));
    assert.deepEqual(raw.get(61), octets("07"));
  });

  test("options in file and sname if option 52 says so, in the order options, file, sname", () => {
    const fields = { file: "0c0162 ff", sname: "0c0163 0f0164" };
    const cases = [
      { overload: "01", hostName: "ab", domainName: undefined, file: "", sname: "\x0c\x01c\x0f\x01d" },
      { overload: "02", hostName: "ac", domainName: "d", file: "\x0c\x01b\xff", sname: "" },
      { overload: "03", hostName: "abc", domainName: "d", file: "", sname: "" },
      { overload: "04", hostName: "a", domainName: undefined, file: "\x0c\x01b\xff", sname: "\x0c\x01c\x0f\x01d" },
    ];
    for (const { overload, ...expected } of cases) {
      const { options, file, sname } = decoded(packet(`3401${overload} 0c0161 350101 ff`, fields));
      assert.deepEqual({ hostName: options.hostName, domainName: options.domainName, file, sname }, expected, overload);
    }
  });

  test("a message type that stands in file", () => {
    assert.equal(decoded(packet("340101 ff", { file: "350103 ff" })).type, "REQUEST");
  });

  test("no option 52 inside an overloaded field", () => {
    const message = decoded(packet("340101 350101 ff", { file: "340102", sname: "0c0161" }));
    assert.equal(message.options.optionOverload, 1);
    assert.equal(message.options.hostName, undefined);
  });

  test("a chaddr of sixteen octets, which is no MAC address", () => {
    const bytes = packet("350101ff").fill(0xab, 28, 44).fill(16, 2, 3);
    assert.deepEqual(decoded(bytes).chaddr, new Uint8Array(16).fill(0xab));
    assert.equal(decoded(bytes).mac, null);
  });

  test("names that fill their field to the last octet", () => {
    const { sname, file } = decoded(packet("350101ff", { sname: "61".repeat(64), file: "62".repeat(128) }));
    assert.deepEqual([sname, file], ["a".repeat(64), "b".repeat(128)]);
  });

  test("a datagram that is part of a larger memory", () => {
    const memory = Buffer.concat([Buffer.alloc(7, 0xee), packet("350101 0c0161 ff"), Buffer.alloc(7, 0xee)]);
    assert.equal(decoded(memory.subarray(7, -7)).options.hostName, "a");
  });
});

describe("encodeMessage", () => {
  test("and decodeMessage are each other's inverse for every field", () => {
    const message = dhcpRequest(
      "REQUEST",
      { requestedIpAddress: ip("10.11.0.2"), parameterRequestList: [1, 3] },
      {
        op: 2,
        hops: 3,
        xid: 0xfedcba98,
        secs: 0xffff,
        broadcast: true,
        ciaddr: ip("10.11.0.3"),
        yiaddr: ip("10.11.0.4"),
        siaddr: ip("10.11.0.5"),
        giaddr: ip("255.255.255.255"),
        sname: "10.11.0.5",
        file: "x".repeat(127),
      },
      new Map([[224, octets("beef")]]),
    );
    assert.deepEqual(decoded(encodeMessage(message)), message);
  });

  test("pads to 300 octets (RFC 951)", () => {
    const bytes = encodeMessage(dhcpRequest("DISCOVER"));
    assert.equal(bytes.length, 300);
    assert.deepEqual(bytes.slice(240, 248), octets("350101 ff 00000000"));
  });

  test("puts 53 first, then 54 and 51, the mask before the router, and 82 last", () => {
    const message = dhcpRequest(
      "ACK",
      { router: [ip("10.11.0.1")], subnetMask: ip("255.255.255.0"), ipAddressLeaseTime: 60, hostName: "a" },
      {},
      new Map([
        [82, octets("0101ee")],
        [54, octets("0a0b0001")],
        [224, octets("00")],
      ]),
    );
    const codes: number[] = [];
    const bytes = encodeMessage(message);
    for (let at = 240; bytes[at] !== 255; at += 2 + (bytes[at + 1] ?? 0)) codes.push(bytes[at] ?? 0);
    assert.deepEqual(codes, [53, 54, 51, 1, 3, 12, 224, 82]);
  });

  test("splits an option that is longer than 255 octets (RFC 3396)", () => {
    const url = `http://10.11.0.1/${"a".repeat(300)}`;
    const message = dhcpRequest("OFFER", { bootfileName: url });
    const bytes = encodeMessage(message, 1472);
    assert.deepEqual([bytes[243], bytes[244], bytes[245 + 255], bytes[246 + 255]], [67, 255, 67, url.length + 1 - 255]);
    assert.equal(decoded(bytes).options.bootfileName, url);
  });

  for (const length of [0, 1, 254, 255, 256, 510, 511]) {
    test(`writes ${length} octets of an option so that they come back`, () => {
      const value = new Uint8Array(length).fill(7);
      const message = dhcpRequest("OFFER", {}, {}, new Map([[224, value]]));
      assert.deepEqual(decoded(encodeMessage(message, 1472)).raw.get(224), value);
    });
  }

  test("never writes an overload, a pad or an end as an option", () => {
    const message = dhcpRequest(
      "OFFER",
      {},
      {},
      new Map([
        [52, octets("03")],
        [0, octets("01")],
        [255, octets("01")],
      ]),
    );
    assert.deepEqual([...decoded(encodeMessage(message)).raw.keys()], [53]);
  });

  test("keeps within the limit for every limit, and drops what is least needed", () => {
    const message = dhcpRequest(
      "ACK",
      { serverIdentifier: ip("10.11.0.1"), ipAddressLeaseTime: 60, subnetMask: ip("255.0.0.0"), domainName: "lab" },
      {},
      new Map([
        [82, new Uint8Array(100)],
        [224, new Uint8Array(100)],
        [67, new Uint8Array(50)],
      ]),
    );
    for (let sizeMax = 300; sizeMax <= 548; sizeMax++) {
      const bytes = encodeMessage(message, sizeMax);
      assert(bytes.length <= sizeMax, `${bytes.length} > ${sizeMax}`);
      const { raw } = decoded(bytes);
      for (const code of [53, 54, 51, 1]) assert(raw.has(code), `${code} at ${sizeMax}`);
      // RFC 3046 §2.2: whole, or not at all.
      assert([undefined, 100].includes(raw.get(82)?.length));
      if (raw.has(224)) assert(raw.has(67) && raw.has(82), `224 kept at ${sizeMax}`);
    }
    assert.equal(decoded(encodeMessage(message, 548)).raw.size, message.raw.size);
  });

  test("refuses names that are longer than their fields", () => {
    assert.throws(() => encodeMessage(dhcpRequest("OFFER", {}, { file: "x".repeat(129) })), RangeError);
    assert.throws(() => encodeMessage(dhcpRequest("OFFER", {}, { sname: "x".repeat(65) })), RangeError);
    assert.throws(() => encodeMessage(dhcpRequest("OFFER", {}, { file: "Ω" })), RangeError);
  });
});

describe("sizeMaxFor()", () => {
  const cases: readonly { claimed: number | undefined; sizeMax: number }[] = [
    { claimed: undefined, sizeMax: 548 },
    { claimed: 0, sizeMax: 548 },
    { claimed: 576, sizeMax: 548 },
    { claimed: 1472, sizeMax: 1444 },
    { claimed: 1500, sizeMax: 1472 },
    { claimed: 65280, sizeMax: 1472 },
  ];
  for (const { claimed, sizeMax } of cases) {
    test(`a client that says ${claimed ?? "nothing"} gets at most ${sizeMax} octets`, () => {
      const options = claimed === undefined ? {} : { maximumDhcpMessageSize: claimed };
      assert.equal(sizeMaxFor(dhcpRequest("DISCOVER", options)), sizeMax);
    });
  }
});

describe("no damage makes decodeMessage throw:", () => {
  const golden = [...goldenDhcpPackets()];

  test("every octet of every golden packet replaced by 0, 1, 255, and its own complement", () => {
    for (const [name, bytes] of golden) {
      for (let at = 0; at < bytes.length; at++) {
        for (const octet of [0, 1, 255, 255 - (bytes[at] ?? 0)]) {
          const damaged = bytes.slice();
          damaged[at] = octet;
          assert.doesNotThrow(() => decodeMessage(damaged), `${name}, octet ${at} = ${octet}`);
        }
      }
    }
  });

  test("every golden packet cut at every length", () => {
    for (const [name, bytes] of golden) {
      for (let length = 0; length < bytes.length; length++) {
        assert.doesNotThrow(() => decodeMessage(bytes.subarray(0, length)), `${name}, ${length} octets`);
      }
    }
  });

  test("noise behind a valid header", () => {
    const seed = chosenSeed();
    const random = seeded(seed);
    for (let round = 0; round < 3000; round++) {
      const noise = Uint8Array.from({ length: Math.floor(random() * 400) }, () => Math.floor(random() * 256));
      assert.doesNotThrow(() => decodeMessage(Buffer.concat([packet("350101"), noise])), `SEED=${seed} round ${round}`);
    }
  });
});
