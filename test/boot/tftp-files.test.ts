import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, rename, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { AssetTftpFiles, type AssetTftpFilesOptions } from "../../src/boot/tftp-files.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import type { Endpoint } from "../../src/net/udp-socket.ts";

const FROM: Endpoint = { address: "10.11.0.7" as Ipv4Address, port: 2001 };

describe("AssetTftpFiles", () => {
  let folder = "";
  let root = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "bootqueue-tftp-files-"));
    root = join(folder, "assets");
    await mkdir(join(root, "arm64"), { recursive: true });
    await mkdir(join(folder, "assets-of-another"));
    await writeFile(join(folder, "secret"), "secret");
    await writeFile(join(folder, "assets-of-another", "file"), "secret");
    await writeFile(join(root, "undionly.kpxe"), "bios");
    await writeFile(join(root, "arm64", "snponly.efi"), "arm");
    await writeFile(join(root, "empty"), "");
    await writeFile(join(root, "bücher"), "books");
    await writeFile(join(root, "a b"), "blank");
    await writeFile(join(root, "..dots"), "dots");
    await symlink("arm64/snponly.efi", join(root, "link-inside"));
    await symlink(join(folder, "secret"), join(root, "link-outside"));
    await symlink("../assets-of-another", join(root, "link-beside"));
    await symlink("nowhere", join(root, "link-nowhere"));
    await symlink("link-loop", join(root, "link-loop"));
    execFileSync("mkfifo", [join(root, "pipe")]);
  });
  after(async () => await rm(folder, { recursive: true, force: true }));

  /** `code message`, or the text of the file. */
  async function ask(filename: string, options: AssetTftpFilesOptions = {}, from = root): Promise<string> {
    return await read(new AssetTftpFiles(from, options), filename);
  }

  async function read(files: AssetTftpFiles, filename: string): Promise<string> {
    const file = await files.open(filename, FROM);
    return file.type === "file" ? Buffer.from(file.bytes).toString() : `${file.code} ${file.message}`;
  }

  const served: readonly { filename: string; text: string }[] = [
    { filename: "undionly.kpxe", text: "bios" },
    { filename: "/undionly.kpxe", text: "bios" },
    { filename: "//undionly.kpxe", text: "bios" },
    { filename: "\\undionly.kpxe", text: "bios" },
    { filename: "./undionly.kpxe", text: "bios" },
    { filename: "arm64/snponly.efi", text: "arm" },
    { filename: "arm64\\snponly.efi", text: "arm" },
    { filename: "\\arm64//./\\snponly.efi", text: "arm" },
    { filename: "empty", text: "" },
    { filename: "bücher", text: "books" },
    { filename: "a b", text: "blank" },
    { filename: "..dots", text: "dots" },
    { filename: "link-inside", text: "arm" },
  ];
  for (const { filename, text } of served) {
    test(`serves ${JSON.stringify(filename)}`, async () => assert.equal(await ask(filename), text));
  }

  const refused: readonly { filename: string; says: RegExp }[] = [
    { filename: "../secret", says: /^2 not allowed/ },
    { filename: "/../secret", says: /^2 not allowed/ },
    { filename: "arm64/../../secret", says: /^2 not allowed/ },
    { filename: "arm64/../undionly.kpxe", says: /^2 not allowed/ },
    { filename: "..\\secret", says: /^2 not allowed/ },
    { filename: "arm64\\..\\..\\secret", says: /^2 not allowed/ },
    { filename: "..", says: /^2 not allowed/ },
    { filename: "undionly.kpxe\0.txt", says: /^2 not allowed/ },
    { filename: "link-outside", says: /^2 .*link out of the folder/ },
    { filename: "link-beside/file", says: /^2 .*link out of the folder/ },
    { filename: "link-nowhere", says: /^1 file not found: link-nowhere/ },
    { filename: "link-loop", says: /^1 file not found: link-loop/ },
    { filename: "nix.efi", says: /^1 file not found: nix\.efi/ },
    { filename: "UNDIONLY.KPXE", says: /^1 file not found/ },
    { filename: "undionly.kpxe/more", says: /^1 file not found/ },
    { filename: "x".repeat(400), says: /^1 file not found/ },
    { filename: "arm64", says: /^1 not a file: arm64/ },
    { filename: "arm64/", says: /^1 not a file/ },
    { filename: "", says: /^1 not a file/ },
    { filename: "/", says: /^1 not a file/ },
    { filename: "pipe", says: /^1 not a file: pipe/ },
  ];
  for (const { filename, says } of refused) {
    test(`refuses ${JSON.stringify(filename).slice(0, 60)}`, async () => assert.match(await ask(filename), says));
  }

  test("refuses a file over the limit, and names the other way", async () => {
    await writeFile(join(root, "large"), "");
    await truncate(join(root, "large"), 2 * 1024 * 1024 + 1);
    assert.match(await ask("large", { fileSizeMax: 2 * 1024 * 1024 }), /^1 too large for TFTP: .* 2 MiB.* HTTP/);
  });

  test("without its folder every file is missing", async () => {
    assert.match(await ask("undionly.kpxe", {}, join(folder, "absent")), /^1 file not found/);
  });

  test("the folder itself may be a link", async () => {
    await symlink(root, join(folder, "link-to-assets"));
    assert.equal(await ask("undionly.kpxe", {}, join(folder, "link-to-assets")), "bios");
    assert.match(await ask("link-outside", {}, join(folder, "link-to-assets")), /^2 /);
  });

  test("a file that the daemon may not read is refused with a word", async (t) => {
    await writeFile(join(root, "private"), "private");
    await chmod(join(root, "private"), 0);
    // The mode does not stop root; there the text arrives, which is as good an answer.
    const isRoot = process.getuid?.() === 0;
    t.diagnostic(isRoot ? "as root" : "as an ordinary user");
    assert.match(await ask("private"), isRoot ? /^private$/ : /^2 the daemon may not read private/);
  });

  test("a hundred machines share one copy of the bytes", async () => {
    const files = new AssetTftpFiles(root);
    const opened = await Promise.all(Array.from({ length: 100 }, () => files.open("undionly.kpxe", FROM)));
    const again = await files.open("/undionly.kpxe", FROM);
    const copies = new Set([...opened, again].map((file) => (file.type === "file" ? file.bytes : null)));
    assert.equal(copies.size, 1);
    assert.equal(files.cachedBytes, 4);
  });

  test("a file that was replaced, rewritten or touched is read again", async () => {
    const files = new AssetTftpFiles(root);
    const path = join(root, "changing");
    await writeFile(path, "first");
    assert.equal(await read(files, "changing"), "first");
    await writeFile(`${path}.new`, "other");
    await rename(`${path}.new`, path);
    assert.equal(await read(files, "changing"), "other");
    await writeFile(path, "longer than before");
    assert.equal(await read(files, "changing"), "longer than before");
    await writeFile(path, "same length as now");
    await utimes(path, new Date(), new Date(Date.UTC(2030, 0, 1)));
    assert.equal(await read(files, "changing"), "same length as now");
    await rm(path);
    assert.match(await read(files, "changing"), /^1 file not found/);
  });

  test("keeps no more octets than it may, and drops what was not asked for longest", async () => {
    const files = new AssetTftpFiles(root, { cacheSizeMax: 25 });
    for (const name of ["ten-a", "ten-b", "ten-c"]) await writeFile(join(root, name), "0123456789");
    const bytesOf = async (name: string) => {
      const file = await files.open(name, FROM);
      return file.type === "file" ? file.bytes : null;
    };
    const [a, b] = [await bytesOf("ten-a"), await bytesOf("ten-b")];
    assert.equal(await bytesOf("ten-a"), a);
    await bytesOf("ten-c");
    assert.equal(files.cachedBytes, 20);
    assert.equal(await bytesOf("ten-a"), a);
    assert.notEqual(await bytesOf("ten-b"), b);
  });

  test("a file larger than the whole cache is served and not kept", async () => {
    const files = new AssetTftpFiles(root, { cacheSizeMax: 3 });
    assert.equal(await read(files, "undionly.kpxe"), "bios");
    assert.equal(files.cachedBytes, 0);
  });

  test("notes what became of each request", async () => {
    const notes: unknown[] = [];
    const files = new AssetTftpFiles(root, { noted: (...note) => notes.push(note) });
    const file = await files.open("/undionly.kpxe", FROM);
    assert.ok(file.type === "file");
    assert.deepEqual(notes, []);
    file.closed({ type: "probed" });
    await files.open("../secret", FROM);
    assert.deepEqual(notes, [
      ["/undionly.kpxe", FROM, { type: "probed" }],
      [
        "../secret",
        FROM,
        { type: "refusal", code: 2, message: "not allowed: ../secret leaves the folder of boot files" },
      ],
    ]);
  });

  test("rejects when the disk is broken, with the system's error as cause", async () => {
    const files = new AssetTftpFiles("\0");
    await assert.rejects(files.open("undionly.kpxe", FROM), (error: Error) => error.cause instanceof Error);
  });
});
