import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Repeats, replyAgain, xidOf } from "../../src/dhcp/repeats.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";

const HEARD = {};
const TO = { address: "10.11.0.254" as Ipv4Address, port: 67 };

describe("Repeats", () => {
  test("knows a question by every octet but those of xid and secs", () => {
    const repeats = new Repeats();
    remember(repeats, question(1));
    for (let at = 0; at < 300; at++) {
      const asked = question(1);
      asked[at] = (asked[at] ?? 0) ^ 1;
      const isSame = at >= 4 && at < 10;
      assert.equal(repeats.find(asked, HEARD) !== undefined, isSame, `octet ${at}`);
    }
  });

  test("takes neither a longer question nor one heard elsewhere for the same", () => {
    const repeats = new Repeats();
    remember(repeats, question(1));
    assert.equal(repeats.find(Buffer.concat([question(1), Buffer.alloc(1)]), HEARD), undefined);
    assert.equal(repeats.find(question(1).subarray(0, 299), HEARD), undefined);
    assert.equal(repeats.find(question(1), {}), undefined);
    assert.equal(repeats.find(new Uint8Array(100), HEARD), undefined);
  });

  test("knows each octet of sname and file, and gives those of the reply back", () => {
    for (const filled of [[], [43], [44], [107], [108], [235], [44, 235], [100, 101]]) {
      const asked = question(1);
      const reply = Buffer.alloc(320);
      reply.fill(9, 236);
      for (const at of filled) {
        asked[at] = 5;
        reply[at] = 6;
      }
      const repeats = new Repeats();
      repeats.remember(asked, reply, { heardOn: HEARD, to: TO, answer: { again: () => true } });
      const known = repeats.find(asked, HEARD) ?? assert.fail(`${filled}`);
      reply.writeUInt32BE(asked.readUInt32BE(4), 4);
      assert.deepEqual(Buffer.from(replyAgain(known, asked)), reply);
      for (let at = 10; at < 300; at++) {
        const other = Buffer.from(asked);
        other[at] = (other[at] ?? 0) ^ 4;
        assert.equal(repeats.find(other, HEARD), undefined, `octet ${at}, filled ${filled}`);
      }
    }
  });

  test("tells each answer's own destination", () => {
    const repeats = new Repeats();
    const places = [TO, { ...TO }, { ...TO, port: 68 }, { ...TO, address: "10.11.0.253" as Ipv4Address }, TO];
    for (const [n, to] of places.entries()) {
      repeats.remember(question(n), new Uint8Array(300), { heardOn: HEARD, to, answer: { again: () => true } });
    }
    assert.deepEqual(
      places.map((_, n) => repeats.find(question(n), HEARD)?.to),
      places,
    );
  });

  test("answers in the transaction that asks, and keeps nothing of what it was given", () => {
    const repeats = new Repeats();
    const asked = question(1);
    const reply = Buffer.alloc(300, 7);
    repeats.remember(asked, reply, { heardOn: HEARD, to: TO, answer: { again: () => true } });
    asked.fill(0);
    reply.fill(0);
    const again = question(1);
    again.writeUInt32BE(0xfedcba98, 4);
    const known = repeats.find(again, HEARD) ?? assert.fail();
    const sent = Buffer.from(replyAgain(known, again));
    assert.equal(sent.readUInt32BE(4), 0xfedcba98);
    assert.equal(xidOf(again), 0xfedcba98);
    assert.deepEqual([sent[0], sent[3], sent[8], sent[299]], [7, 7, 7, 7]);
    assert.notEqual(replyAgain(known, again), replyAgain(known, again));
  });

  test("gives a client's next question the room of the one before, and lets none run into another's", () => {
    const repeats = new Repeats();
    for (const [n, size] of [
      [1, 300],
      [2, 300],
      [1, 280],
      [2, 600],
      [1, 300],
      [3, 4000],
    ] as const) {
      repeats.remember(question(n), Buffer.alloc(size, n), { heardOn: HEARD, to: TO, answer: { again: () => true } });
    }
    for (const [n, size] of [
      [1, 300],
      [2, 600],
    ] as const) {
      const again = replyAgain(repeats.find(question(n), HEARD) ?? assert.fail(), question(n));
      assert.deepEqual([again.length, again[0], again.at(-1)], [size, n, n]);
    }
    assert.equal(repeats.find(question(3), HEARD), undefined, "too large to be kept");
  });

  test("what is larger than usual pushes out others before the memory is full", () => {
    const repeats = new Repeats(1000);
    for (let n = 0; n < 3000; n++) {
      repeats.remember(question(n), Buffer.alloc(3000), { heardOn: HEARD, to: TO, answer: { again: () => true } });
    }
    const kept = Array.from({ length: 3000 }, (_, n) => n).filter((n) => repeats.find(question(n), HEARD));
    assert.ok(kept.length >= 400 && kept.length < 1200, `${kept.length} kept`);
    assert.equal(kept.at(-1), 2999);
  });

  test("keeps a client's DISCOVER beside its REQUEST, and a bounded number of all", () => {
    const repeats = new Repeats(100);
    remember(repeats, question(1, 1));
    remember(repeats, question(1, 3));
    assert.ok(repeats.find(question(1, 1), HEARD) && repeats.find(question(1, 3), HEARD));
    for (let n = 2; n < 10_000; n++) remember(repeats, question(n));
    const kept = Array.from({ length: 10_000 }, (_, n) => n).filter((n) => repeats.find(question(n), HEARD));
    assert.ok(kept.length >= 100 && kept.length <= 200, `${kept.length} kept`);
    assert.equal(kept.at(-1), 9999);
  });
});

function remember(repeats: Repeats, bytes: Buffer): void {
  repeats.remember(bytes, new Uint8Array(300), { heardOn: HEARD, to: TO, answer: { again: () => true } });
}

/** Client `n`'s, `type` 1: DISCOVER. */
function question(n: number, type = 1): Buffer {
  const bytes = Buffer.alloc(300);
  bytes.writeUInt32BE(n, 4);
  bytes.writeUIntBE(0x020000000000 + n, 28, 6);
  bytes.set([53, 1, type, 255], 240);
  return bytes;
}
