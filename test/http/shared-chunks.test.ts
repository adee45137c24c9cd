import assert from "node:assert/strict";
import type { FileHandle } from "node:fs/promises";
import { describe, test } from "node:test";
import type { AssetFile } from "../../src/http/asset-file.ts";
import { type Chunk, SharedChunks } from "../../src/http/shared-chunks.ts";

/** A file of which each octet is its offset, and whose reads are counted. */
function fileOf(sizeBytes: number, options: { readonly users?: number; readonly broken?: () => boolean } = {}) {
  const reads: number[] = [];
  const read = async (into: Uint8Array, at: number, length: number, position: number) => {
    reads.push(position);
    await new Promise(setImmediate);
    if (options.broken?.()) throw new Error("the disk is broken");
    const bytesRead = Math.max(0, Math.min(length, sizeBytes - position));
    for (let n = 0; n < bytesRead; n++) into[at + n] = position + n;
    return { bytesRead, buffer: into };
  };
  const file: AssetFile = {
    handle: { read } as unknown as FileHandle,
    identity: "one",
    path: "/assets/one",
    sizeBytes,
    modified: new Date(0),
    etag: '"one"',
    users: options.users ?? 9,
    isUnchanged: async () => true,
    release: () => {},
  };
  return { file, reads };
}

const LIMITS = { chunkBytes: 16, chunksMax: 3, smallBytes: 4 };
const shown = ({ start, bytes }: Chunk) => `${start}:${[...bytes].join(",")}`;

describe("SharedChunks", () => {
  test("reads a piece once for all who take it, and keeps it for those who come later", async () => {
    const { file, reads } = fileOf(40);
    const chunks = new SharedChunks(LIMITS);
    const [one, two] = await Promise.all([chunks.take(file, 0), chunks.take(file, 7)]);
    assert.equal(one, two);
    one.release();
    two.release();
    assert.equal(await chunks.take(file, 3), one);
    assert.deepEqual(reads, [0]);
  });

  test("gives the piece that holds an offset, the last one as short as the file is", async () => {
    const { file } = fileOf(40);
    const chunk = await new SharedChunks(LIMITS).take(file, 39);
    assert.equal(shown(chunk), "32:32,33,34,35,36,37,38,39");
  });

  test("uses a buffer again only when nobody holds it", async () => {
    const { file } = fileOf(160);
    const chunks = new SharedChunks(LIMITS);
    const held = await chunks.take(file, 0);
    for (let at = 16; at < 160; at += 16) (await chunks.take(file, at)).release();
    assert.deepEqual([...held.bytes].slice(0, 3), [0, 1, 2]);
    assert.equal(chunks.allocatedBytes, 48);
  });

  test("never has more memory: when all is held, a machine gets a small piece of its own", async () => {
    const { file } = fileOf(160);
    const chunks = new SharedChunks(LIMITS);
    for (const at of [0, 16, 32]) await chunks.take(file, at);
    const small = await chunks.take(file, 50);
    assert.equal(shown(small), "50:50,51,52,53");
    assert.equal(chunks.allocatedBytes, 48);
    small.release();
    assert.equal(shown(await chunks.take(file, 158)), "158:158,159");
  });

  test("does not use a buffer for anything else while its read is under way, though nobody waits for it any more", async () => {
    const { file } = fileOf(160);
    const chunks = new SharedChunks({ ...LIMITS, chunksMax: 1 });
    const reading = chunks.take(file, 0);
    const other = await chunks.take(file, 16);
    assert.equal(shown(other), "16:16,17,18,19");
    (await reading).release();
    assert.equal((await chunks.take(file, 16)).bytes.length, 16);
  });

  test("keeps a piece until everybody who fetches the file has had it", async () => {
    const { file, reads } = fileOf(40, { users: 2 });
    const chunks = new SharedChunks(LIMITS);
    for (let turn = 0; turn < 3; turn++) (await chunks.take(file, 0)).release();
    assert.deepEqual(reads, [0, 0]);
  });

  test("keeps nothing of a file that one machine alone fetches", async () => {
    const { file, reads } = fileOf(40, { users: 1 });
    const chunks = new SharedChunks(LIMITS);
    (await chunks.take(file, 0)).release();
    (await chunks.take(file, 0)).release();
    assert.deepEqual(reads, [0, 0]);
    assert.equal(chunks.allocatedBytes, 16);
  });

  test("what was prepared is there when it is taken, and is not prepared twice", async () => {
    const { file, reads } = fileOf(160, { users: 1 });
    const chunks = new SharedChunks({ ...LIMITS, chunksMax: 8 });
    chunks.prepare(file, 16);
    chunks.prepare(file, 20);
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.ok(!(chunks.take(file, 16) instanceof Promise));
    assert.deepEqual(reads, [16]);
  });

  test("a read that fails is told to all who wait for it, and tried again by the next", async () => {
    let isBroken = true;
    const { file } = fileOf(40, { broken: () => isBroken });
    const chunks = new SharedChunks({ ...LIMITS, chunksMax: 1 });
    const waiting = [chunks.take(file, 0), chunks.take(file, 1)];
    for (const one of waiting) await assert.rejects(Promise.resolve(one), /cannot be read/);
    isBroken = false;
    assert.equal((await chunks.take(file, 0)).bytes.length, 16);
  });

  test("a file that became shorter cannot be read", async () => {
    const { file } = fileOf(40);
    const longer = { ...file, sizeBytes: 60 };
    await assert.rejects(Promise.resolve(new SharedChunks(LIMITS).take(longer, 48)), /cannot be read/);
  });

  test("gives unused memory back, and goes on", async () => {
    const { file } = fileOf(160);
    const chunks = new SharedChunks(LIMITS);
    const held = await chunks.take(file, 0);
    (await chunks.take(file, 16)).release();
    chunks.trim();
    assert.equal(chunks.allocatedBytes, 16);
    held.release();
    assert.equal(shown(await chunks.take(file, 36)).slice(0, 5), "32:32");
  });
});
