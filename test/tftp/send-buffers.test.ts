import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SendBuffers } from "../../src/tftp/send-buffers.ts";

describe("SendBuffers", () => {
  test("hands nothing out twice before it was put back, and then nothing new", () => {
    const buffers = new SendBuffers();
    const first = Array.from({ length: 16 }, () => buffers.take(1472));
    assert.equal(new Set(first.map(({ bytes }) => bytes)).size, 16);
    for (const { free } of first) free();
    const second = Array.from({ length: 16 }, () => buffers.take(1472));
    assert.deepEqual(new Set(second.map(({ bytes }) => bytes)), new Set(first.map(({ bytes }) => bytes)));
  });

  test("has each as large as it was asked for, whatever others are under way", () => {
    const buffers = new SendBuffers();
    const usual = buffers.take(1472);
    const other = buffers.take(516);
    assert.deepEqual([usual.bytes.length, other.bytes.length], [1472, 516]);
    other.free();
    assert.notEqual(buffers.take(516).bytes, other.bytes);
    usual.free();
    const next = buffers.take(516);
    assert.equal(next.bytes.length, 516);
    next.free();
    assert.equal(buffers.take(516), next);
  });

  test("keeps a bounded number for later", () => {
    const buffers = new SendBuffers();
    const many = Array.from({ length: 5000 }, () => buffers.take(1472));
    for (const { free } of many) free();
    const known = new Set(many.map(({ bytes }) => bytes));
    const again = Array.from({ length: 5000 }, () => buffers.take(1472));
    const kept = again.filter(({ bytes }) => known.has(bytes)).length;
    assert.ok(kept > 0 && kept <= 256, `${kept} kept`);
  });
});
