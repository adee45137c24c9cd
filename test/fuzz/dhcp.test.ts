import assert from "node:assert/strict";
import { test } from "node:test";
import { bootServerExchangeOf, exchangeOf } from "../../src/dhcp/exchange.ts";
import { decodeMessage, encodeMessage, sizeMaxFor } from "../../src/dhcp/message.ts";
import type { DhcpDecision } from "../../src/dhcp/policy.ts";
import { composeReply } from "../../src/dhcp/reply.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import { goldenDhcpPackets } from "../support/golden-dhcp.ts";
import { chosenSeed, seeded } from "../support/random-queue.ts";

const COUNT = Number(process.env.FUZZ_COUNT ?? 1_000_000);
const HEAP_GROWTH_MAX = 64 << 20;

const OWN = "10.97.0.1" as Ipv4Address;

const GRANT: DhcpDecision = {
  type: "lease",
  lease: {
    address: "10.97.0.2" as Ipv4Address,
    subnetMask: "255.255.0.0" as Ipv4Address,
    router: OWN,
    domainNameServers: [OWN],
    hostname: "peach-beach",
    domainName: "lab.example",
    leaseSeconds: 600,
    boot: { type: "ipxe", nextServer: OWN, file: "http://10.97.0.1/ipxe/02-00-00-00-01-01" },
    extra: [{ code: 250, bytes: Buffer.from("http://10.97.0.1/answer"), onlyIfAsked: true }],
  },
};

const BOOT_ONLY: DhcpDecision = {
  type: "boot-only",
  boot: { type: "pxe", nextServer: OWN, file: "snponly.efi" },
};

test(`${COUNT} damaged packets: each is refused or answered with a message that can be read`, () => {
  const seed = chosenSeed();
  const random = seeded(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const golden = [...goldenDhcpPackets().values()];
  const memory = new Uint8Array(2048);
  let answered = 0;
  const heapBefore = process.memoryUsage().heapUsed;

  for (let round = 0; round < COUNT; round++) {
    const original = golden[below(golden.length)] ?? assert.fail();
    const datagram = damage(original, memory, below);
    try {
      const decoded = decodeMessage(datagram);
      if (!decoded.ok) continue;
      const request = decoded.value;
      const asProxy = round % 4 === 0;
      const onBootServerPort = asProxy && random() < 0.5;
      const exchange = onBootServerPort ? bootServerExchangeOf(request, OWN) : exchangeOf(request, OWN, random() < 0.5);
      const reply = composeReply(request, exchange, asProxy ? BOOT_ONLY : GRANT, OWN);
      if (reply === null) continue;
      const bytes = encodeMessage(reply, sizeMaxFor(request));
      assert(bytes.length >= 300 && bytes.length <= sizeMaxFor(request), `${bytes.length} octets`);
      // Reading each of them again would take most of the time and tell little more than every eighth.
      if (round % 8 === 0) assert.equal(decodeMessage(bytes).ok, true, "our own answer cannot be read");
      answered++;
    } catch (cause) {
      const packet = Buffer.from(datagram).toString("hex");
      throw new Error(`SEED=${seed} round ${round}: ${packet}`, { cause });
    }
  }

  const growth = process.memoryUsage().heapUsed - heapBefore;
  assert(growth < HEAP_GROWTH_MAX, `SEED=${seed}: the heap grew by ${growth} octets`);
  assert(answered > COUNT / 10, `SEED=${seed}: only ${answered} were answered; the damage is too coarse to test much`);
});

/** One to eight small accidents, written into `memory`; returns the part of it that is the datagram. */
function damage(original: Uint8Array, memory: Uint8Array, below: (limit: number) => number): Uint8Array {
  memory.set(original);
  let length = original.length;
  // Options are where most of the reading happens.
  const place = () => (below(4) === 0 ? below(length) : Math.min(length - 1, 240 + below(Math.max(1, length - 240))));
  for (let accidents = 1 + below(8); accidents > 0 && length > 1; accidents--) {
    const at = place();
    switch (below(7)) {
      case 0:
        memory[at] = below(256);
        break;
      case 1:
        memory[at] = (memory[at] ?? 0) ^ (1 << below(8));
        break;
      case 2:
        memory[at] = [0, 1, 52, 53, 82, 119, 255][below(7)] ?? 0;
        break;
      case 3:
        if (below(4) === 0) length = 1 + below(length);
        break;
      case 4: {
        // A piece from elsewhere: options twice, in the wrong place, inside one another.
        const size = 1 + below(24);
        memory.copyWithin(at, place(), Math.min(length, place() + size));
        length = Math.max(length, Math.min(1500, at + size));
        break;
      }
      case 5: {
        const size = 1 + below(8);
        memory.copyWithin(at, at + size, length);
        length = Math.max(1, length - size);
        break;
      }
      default: {
        const size = 1 + below(200);
        const grown = Math.min(1500, length + size);
        for (let i = length; i < grown; i++) memory[i] = below(256);
        length = grown;
      }
    }
  }
  return memory.subarray(0, length);
}
