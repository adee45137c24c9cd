import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, test } from "node:test";
import type { Endpoint } from "../../src/net/udp-socket.ts";
import { type Instant, later } from "../../src/std/clock.ts";
import { DEFAULT_TFTP_LIMITS, negotiate, type TransferTerms } from "../../src/tftp/negotiate.ts";
import { decodePacket, encodePacket, type TftpPacket } from "../../src/tftp/packet.ts";
import { beginTransfer, blockCount, SILENCE_LIMIT_MS, stepTransfer } from "../../src/tftp/transfer.ts";
import { readHexPacket } from "../support/hex-packet.ts";
import { chosenSeed, seeded } from "../support/random-queue.ts";
import { fileOf, rrqOf, SERVER, TftpBench } from "../support/tftp-bench.ts";

const SEED = chosenSeed();
/** Datagrams through the decoder; a thirtieth as many go through a whole server. */
const COUNT = Number(process.env.FUZZ_COUNT ?? 1_000_000);

const FIXTURES = new URL("../fixtures/tftp/", import.meta.url);
const SEEDS: readonly Uint8Array[] = [
  ...readdirSync(FIXTURES).map((name) => readHexPacket(new URL(name, FIXTURES))),
  rrqOf("file", "blksize 8 windowsize 4 tsize 0 timeout 1"),
  encodePacket({ type: "ACK", block: 0 }),
  encodePacket({ type: "ACK", block: 1 }),
  encodePacket({ type: "ACK", block: 65_535 }),
  encodePacket({ type: "DATA", block: 1, bytes: fileOf(40) }),
];

describe(`TFTP under fire (SEED=${SEED} FUZZ_COUNT=${COUNT})`, () => {
  test("no datagram makes the decoder, the negotiation or a transfer throw or leave its bounds", () => {
    const random = seeded(SEED);
    let terms: TransferTerms = { sizeBytes: 3000, blksize: 512, windowsize: 4, timeoutMs: null, oack: true };
    let now = 0 as Instant;
    let state = beginTransfer(terms, now).state;
    for (let round = 0; round < COUNT; round++) {
      const where = `SEED=${SEED} round ${round}`;
      const bytes = mutated(random);
      const decoded = decodePacket(bytes);
      if (!decoded.ok) continue;
      const packet = decoded.value;
      assertReadable(packet, where);
      if (packet.type === "RRQ" || packet.type === "OACK") {
        const answer = negotiate(packet.options, Math.floor(random() * 100_000), DEFAULT_TFTP_LIMITS);
        assertTerms(answer.terms, where);
        assert.ok(answer.oack.length <= 4, where);
        if (state.type === "over") {
          terms = answer.terms;
          state = beginTransfer(terms, now).state;
        }
      }
      now = later(now, Math.floor(random() * 5));
      const input =
        packet.type === "ACK"
          ? // Half of them near what was sent, or hardly any would count.
            {
              type: "ack" as const,
              block: random() < 0.5 || state.type === "over" ? packet.block : nearTo(state, random),
            }
          : packet.type === "ERROR" && random() < 0.05
            ? { type: "error" as const, code: packet.code, message: packet.message }
            : packet.type === "RRQ"
              ? { type: "asked-again" as const }
              : { type: "time-passed" as const };
      const step = stepTransfer(terms, state, input, now);
      if (step.send !== null) {
        const { from, to } = step.send;
        assert.ok(from >= 0 && from <= to && to <= blockCount(terms), `${where}: blocks ${from}-${to}`);
        assert.ok(to - from < terms.windowsize, `${where}: more than a window, ${from}-${to}`);
      }
      if (step.state.type === "sending") {
        assert.ok(step.state.acked >= (state.type === "sending" ? state.acked : -1), `${where}: went back`);
        assert.ok(step.state.deadline <= later(now, SILENCE_LIMIT_MS), `${where}: a deadline too far`);
      }
      state = step.state;
    }
  });

  test("a server goes on serving, and forgets everything it was sent", async () => {
    const random = seeded(SEED + 1);
    const count = Math.ceil(COUNT / 30);
    const bench = await TftpBench.start({ delayMs: 1, seed: SEED }, { transfersMax: 64 });
    bench.files.set("file", fileOf(3000));
    bench.files.set("snponly.efi", fileOf(5000));
    bench.files.set("boot.efi", fileOf(100));
    const sockets = await Promise.all(Array.from({ length: 200 }, () => bench.socket()));
    const ports: Endpoint[] = Array.from({ length: 50 }, () => SERVER);
    for (const socket of sockets) {
      // Some answers lead to the ports of transfers, so these get their share of the noise.
      socket.onDatagram((_, from) => {
        ports[Math.floor(random() * ports.length)] = random() < 0.3 ? SERVER : from;
      });
    }
    for (let sent = 0; sent < count; ) {
      for (let burst = 0; burst < 20; burst++, sent++) {
        const to = ports[Math.floor(random() * ports.length)] ?? SERVER;
        sockets[Math.floor(random() * sockets.length)]?.send(mutated(random), random() < 0.5 ? SERVER : to);
      }
      await bench.network.run(Math.floor(random() * 40));
      assert.ok(bench.serving.transfers().length <= 64, `SEED=${SEED}`);
    }
    await bench.network.run(2 * SILENCE_LIMIT_MS);
    assert.deepEqual(bench.serving.transfers(), [], `SEED=${SEED}`);
    assert.equal(bench.network.openSockets, sockets.length + 1, `SEED=${SEED}: ports left open`);
    assert.equal(bench.clock.pending, 0, `SEED=${SEED}: alarms left set`);
    assert.deepEqual(
      bench.complaints.filter((line) => line.includes("report this")),
      [],
      `SEED=${SEED}`,
    );
    const client = await bench.client("file");
    await bench.network.run(1000);
    assert.deepEqual(client.end, { type: "received", bytes: fileOf(3000) }, `SEED=${SEED}`);
  });
});

/** One of the known packets, with up to four things done to it; now and then nothing but noise. */
function mutated(random: () => number): Uint8Array {
  const below = (limit: number): number => Math.floor(random() * limit);
  if (random() < 0.03) return Uint8Array.from({ length: below(80) }, () => below(256));
  let bytes: Uint8Array = Uint8Array.from(SEEDS[below(SEEDS.length)] ?? []);
  for (let changes = below(5); changes > 0; changes--) {
    const at = below(bytes.length);
    const kind = below(6);
    if (kind === 0) bytes = bytes.subarray(0, at);
    else if (kind === 1) bytes[at] = below(256);
    else if (kind === 2) bytes[at] = [0, 1, 3, 4, 5, 6, 47, 48, 57, 92, 127, 255][below(12)] ?? 0;
    else if (kind === 3) bytes = joined(bytes.subarray(0, at), bytes.subarray(below(bytes.length)));
    else if (kind === 4) bytes = joined(bytes, (SEEDS[below(SEEDS.length)] ?? bytes).subarray(2));
    else if (bytes.length > 1) bytes[1] = below(8);
  }
  return bytes;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function nearTo({ sent }: { readonly sent: number }, random: () => number): number {
  return (sent - Math.floor(random() * 4)) & 0xffff;
}

/** What was read can be written, and then reads the same; a text that was not UTF-8 has become one by then. */
function assertReadable(packet: TftpPacket, where: string): void {
  if (packet.type === "ACK" || packet.type === "DATA") {
    assert.ok(packet.block >= 0 && packet.block <= 0xffff, where);
    return;
  }
  if (packet.type === "RRQ" || packet.type === "WRQ") assert.equal(packet.filename.includes("\0"), false, where);
  assert.doesNotThrow(() => encodePacket(packet), where);
}

function assertTerms(terms: TransferTerms, where: string): void {
  const { blksize, windowsize, timeoutMs } = terms;
  assert.ok(blksize >= 8 && blksize <= DEFAULT_TFTP_LIMITS.blksizeMax, `${where}: blksize ${blksize}`);
  assert.ok(windowsize >= 1 && windowsize <= DEFAULT_TFTP_LIMITS.windowsizeMax, `${where}: windowsize ${windowsize}`);
  assert.ok(timeoutMs === null || (timeoutMs >= 1000 && timeoutMs <= 255_000), `${where}: timeout ${timeoutMs}`);
}
