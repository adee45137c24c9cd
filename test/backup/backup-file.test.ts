import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { type Backup, packBackup, unpackBackup } from "../../src/backup/backup-file.ts";
import { type TarEntry, tarGz } from "../../src/std/tar-gz.ts";

const BACKUP: Backup = {
  program: "1.2.3",
  host: "peach",
  madeAt: "2026-11-20T12:00:00.000Z",
  images: [{ name: "pve-9.1", title: "Proxmox VE 9.1", sha256: "a".repeat(64) }],
  files: [
    { path: "config/bootqueue.toml", original: "/etc/b.toml", mode: 0o640, isDaemons: false, content: text("config") },
    { path: "state/state.json", original: "/var/s.json", mode: 0o600, isDaemons: true, content: text("state") },
  ],
};

describe("a backup file", () => {
  test("gives back what was put into it", () => {
    const unpacked = unpackBackup(packBackup(BACKUP));
    assert.deepEqual(unpacked, { ok: true, value: BACKUP });
  });

  test("is refused whichever octet of it is another", () => {
    const archive = packBackup(BACKUP);
    // Not in the header of gzip, where a time and the name of a system stand, which mean nothing.
    let refused = 0;
    for (let at = 10; at < archive.length; at++) {
      const damaged = Buffer.from(archive);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      const unpacked = unpackBackup(damaged);
      // Some bits fill up the last octet of what is compressed, and mean nothing either.
      if (unpacked.ok) assert.deepEqual(unpacked.value, BACKUP, `octet ${at}`);
      else refused++;
    }
    assert.ok(refused > archive.length - 14, `${refused} of ${archive.length}`);
  });

  test("is refused wherever it ends too early", () => {
    const archive = packBackup(BACKUP);
    for (let size = 0; size < archive.length; size += 7) {
      assert.equal(unpackBackup(archive.subarray(0, size)).ok, false, `${size} octets`);
    }
  });

  test("hands out no file that is another, although gzip's own checksum fits", () => {
    const tar = gunzipSync(packBackup(BACKUP));
    // What stands behind the end of a file in its last block means nothing.
    for (let at = 0; at < tar.length; at += 13) {
      const damaged = Buffer.from(tar);
      damaged[at] = (damaged[at] ?? 0) ^ 0x41;
      const unpacked = unpackBackup(gzipSync(damaged));
      const contents = unpacked.ok ? unpacked.value.files.map(({ content }) => content.toString()) : [];
      if (unpacked.ok) assert.deepEqual(contents, ["config", "state"], `octet ${at}`);
    }
  });

  const strange: readonly { what: string; archive: () => Uint8Array; found: RegExp }[] = [
    { what: "nothing", archive: () => new Uint8Array(), found: /no sound gzip file/ },
    { what: "a text", archive: () => text("hello"), found: /no sound gzip file/ },
    { what: "another archive", archive: () => tarGz([plain("hello")]), found: /no backup\.json as its first file/ },
    { what: "a file that is not listed", archive: () => packed({}, [plain("state/x")]), found: /"state\/x".*not list/ },
    { what: "a file that is not there", archive: () => packed({ files: [listed("gone")] }, []), found: /no gone/ },
    {
      what: "a file that is listed twice",
      archive: () => packed({ files: [listed("a"), listed("a")] }, [plain("a")]),
      found: /no a, although .* or twice/,
    },
    {
      what: "a file with another content",
      archive: () => packed({ files: [{ ...listed("a"), sha256: "0".repeat(64) }] }, [plain("a")]),
      found: /a with another content/,
    },
    { what: "a newer form", archive: () => packed({ version: 2 }, []), found: /version 2 .*a newer one made it/ },
    {
      what: "permissions of a program that runs as root",
      archive: () => packed({ files: [{ ...listed("a"), mode: 0o4755 }] }, [plain("a")]),
      found: /mode/,
    },
    { what: "a folder", archive: () => packed({}, [plain("state/")]), found: /no plain file/ },
    { what: "a link", archive: () => packed({}, [{ ...plain("a"), link: "/etc/shadow" }]), found: /no plain file/ },
    { what: "a path that leads out", archive: () => packed({}, [plain("../a")]), found: /no plain file/ },
    { what: "a path that leads out later", archive: () => packed({}, [plain("a/../../b")]), found: /no plain file/ },
    { what: "an absolute path", archive: () => packed({}, [plain("/etc/passwd")]), found: /no plain file/ },
    { what: "a path with nothing in it", archive: () => packed({}, [plain("a//b")]), found: /no plain file/ },
    { what: "a file twice", archive: () => packed({}, [plain("a"), plain("a")]), found: /"a" twice/ },
    {
      what: "something behind its end",
      archive: () => gzipSync(Buffer.concat([gunzipSync(packBackup(BACKUP)), Buffer.alloc(512, 1)])),
      found: /no end/,
    },
  ];
  for (const { what, archive, found } of strange) {
    test(`is refused with ${what}`, () => {
      const unpacked = unpackBackup(archive());
      assert.match(unpacked.ok ? "" : unpacked.error, found);
    });
  }
});

function text(words: string): Buffer {
  return Buffer.from(words);
}

function plain(path: string): TarEntry {
  return { path, mode: 0o644, content: "" };
}

function listed(path: string) {
  const sha256 = createHash("sha256").update("").digest("hex");
  return { path, original: "/x", mode: 0o600, isDaemons: true, sizeBytes: 0, sha256 };
}

function packed(changes: object, entries: readonly TarEntry[]): Uint8Array {
  const { program, host, madeAt } = BACKUP;
  const manifest = { format: "bootqueue-backup", version: 1, program, host, madeAt, files: [], images: [], ...changes };
  return tarGz([{ path: "backup.json", mode: 0o600, content: JSON.stringify(manifest) }, ...entries]);
}
