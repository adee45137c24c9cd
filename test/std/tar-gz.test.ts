import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { readTarGz, tarGz } from "../../src/std/tar-gz.ts";

const ENTRIES = [
  { path: "etc/", mode: 0o755, content: "" },
  { path: "etc/hostname", mode: 0o644, content: "peach\n" },
  { path: "etc/run", mode: 0o777, content: "", link: "/etc/init.d/run" },
  { path: "etc/big", mode: 0o600, content: "x".repeat(1025) },
];

test("tarGz() makes blocks as POSIX wants them, and the same ones each time", () => {
  const archive = tarGz(ENTRIES);
  assert.deepEqual(archive, tarGz(ENTRIES));
  const tar = gunzipSync(archive);
  assert.equal(tar.length, 512 * (1 + 2 + 1 + 4 + 2));
  const field = (at: number, length: number) =>
    tar
      .subarray(at, at + length)
      .toString("latin1")
      .replace(/\0.*$/s, "");
  assert.deepEqual(
    [field(512, 100), field(512 + 100, 8), field(512 + 124, 12), field(512 + 156, 1), field(512 + 257, 6)],
    ["etc/hostname", "0000644", "00000000006", "0", "ustar"],
  );
  assert.equal(tar.subarray(1024, 1030).toString(), "peach\n");
  assert.deepEqual([field(1536 + 156, 1), field(1536 + 157, 100)], ["2", "/etc/init.d/run"]);
  const sum = Number.parseInt(field(512 + 148, 8), 8);
  const copy = Buffer.from(tar.subarray(512, 1024)).fill(" ", 148, 156);
  assert.equal(
    copy.reduce((total, octet) => total + octet, 0),
    sum,
  );
});

test("tarGz() refuses a path that would be cut off", () => {
  assert.throws(() => tarGz([{ path: "x".repeat(101), mode: 0o644, content: "" }]), RangeError);
});

test("readTarGz() gives back files, and nothing that is larger than it may be", () => {
  const archive = tarGz([
    { path: "a", mode: 0o644, content: "" },
    { path: "b/c", mode: 0o600, content: Buffer.from([0, 255, 10]) },
    { path: "b/full", mode: 0o600, content: "x".repeat(512) },
  ]);
  const read = readTarGz(archive, 1 << 20);
  assert.ok(read.ok);
  assert.deepEqual(
    read.value.map(({ path, content }) => [path, content.toString("latin1")]),
    [
      ["a", ""],
      ["b/c", "\0\u00ff\n"],
      ["b/full", "x".repeat(512)],
    ],
  );
  assert.deepEqual(readTarGz(archive, 3583), { ok: false, error: "more than 3583 octets" });
});
