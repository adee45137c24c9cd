import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import {
  mkdir,
  mkdtemp,
  open,
  readdir,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { createServer, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { AssetApp, type AssetAppParts } from "../../src/http/asset-app.ts";

const TEN = "0123456789";
const MODIFIED = new Date(Date.UTC(2026, 10, 20, 12, 0, 0, 500));
const DATE = "Fri, 20 Nov 2026 12:00:00 GMT";
const EARLIER = "Fri, 20 Nov 2026 11:59:59 GMT";

let folder: string;
let app: AssetApp;
/** The same, which soon loses patience. */
let hasty: AssetApp;
let etag: string;
const served: { path: string; status: number; sizeBytes: number }[] = [];
const ended: { path: string; type: string; sentBytes: number }[] = [];
const server = createServer((incoming, outgoing) => {
  const asked = incoming.headers["x-hasty"] === undefined ? app : hasty;
  if (!asked.serve(incoming, outgoing)) outgoing.writeHead(404, { "Content-Type": "text/plain" }).end("not a file\n");
});

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "bootqueue-assets-"));
  const root = join(folder, "assets");
  await mkdir(join(root, "pve"), { recursive: true });
  await writeFile(join(folder, "secret"), "not for machines");
  await mkdir(join(folder, "assets-of-another"));
  await writeFile(join(folder, "assets-of-another", "secret"), "not for machines");
  for (const [name, text] of Object.entries(FILES)) await writeFile(join(root, name), text);
  await utimes(join(root, "ten"), MODIFIED, MODIFIED);
  await symlink(join(folder, "secret"), join(root, "way-out"));
  await symlink(folder, join(root, "folder-out"));
  await symlink("pve/linux26", join(root, "way-in"));
  await symlink("loop", join(root, "loop"));
  const parts: AssetAppParts = {
    root,
    served: ({ path }, { status, sizeBytes }) => void served.push({ path, status, sizeBytes }),
    ended: ({ path }, { type, sentBytes }) => void ended.push({ path, type, sentBytes }),
  };
  app = new AssetApp(parts);
  hasty = new AssetApp({ ...parts, stallMs: 300 });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  etag = (await get("/assets/ten")).headers.get("etag") ?? "";
});

const FILES = {
  ten: TEN,
  empty: "",
  "pve/linux26": "the kernel",
  "a b": "a blank",
  "100%": "a percent sign",
  "ä.txt": "an umlaut",
  "%2e%2e": "two dots",
  "snponly.efi": "MZ",
  "DISC.ISO": "CD001",
  "disk.img": "FAT32",
  "autoexec.ipxe": "#!ipxe",
};

after(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => void server.close(resolve));
  await rm(folder, { recursive: true });
});

/** With the path as it is, dots and all. */
function get(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port } = server.address() as AddressInfo;
    const asked = httpRequest({ host: "127.0.0.1", port, path, method, headers, agent: false }, (answer) => {
      let body = "";
      answer.setEncoding("latin1");
      answer.on("data", (part: string) => {
        body += part;
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: headersOf(answer.headers), body }));
      answer.on("error", reject);
    });
    asked.on("error", reject);
    asked.end();
  });
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

function headersOf(found: IncomingHttpHeaders): Headers {
  const kept = Object.entries(found).filter(([name]) => name !== "date");
  return new Headers(kept.map(([name, value]) => [name, String(value)]));
}

describe("AssetApp › a whole file", () => {
  test("comes with its length, its type, a strong ETag and the time of its last change", async () => {
    const { status, headers, body } = await get("/assets/ten");
    assert.deepEqual([status, body], [200, TEN]);
    assert.equal(headers.get("content-length"), "10");
    assert.equal(headers.get("content-type"), "application/octet-stream");
    assert.equal(headers.get("accept-ranges"), "bytes");
    assert.equal(headers.get("last-modified"), DATE);
    assert.match(headers.get("etag") ?? "", /^"[0-9a-f]+-[0-9a-f]+-[0-9a-f]+"$/);
  });

  test("HEAD has the same headers and no body", async () => {
    const whole = await get("/assets/ten");
    const head = await get("/assets/ten", {}, "HEAD");
    assert.deepEqual([head.status, head.body], [200, ""]);
    assert.deepEqual([...head.headers], [...whole.headers]);
  });

  test("that is empty has the length 0", async () => {
    const { status, headers, body } = await get("/assets/empty");
    assert.deepEqual([status, body, headers.get("content-length")], [200, "", "0"]);
  });

  test("with another content has another ETag", async () => {
    const path = join(folder, "assets", "changing");
    await writeFile(path, "one");
    await utimes(path, MODIFIED, MODIFIED);
    const first = (await get("/assets/changing")).headers.get("etag");
    await writeFile(path, "two");
    assert.notEqual((await get("/assets/changing")).headers.get("etag"), first);
  });

  test("that was put in another's place has another ETag, even with the same size and time", async () => {
    const [path, fresh] = [join(folder, "assets", "swapped"), join(folder, "fresh")];
    await writeFile(path, "one");
    await utimes(path, MODIFIED, MODIFIED);
    const first = (await get("/assets/swapped")).headers.get("etag") ?? "";
    await writeFile(fresh, "two");
    await utimes(fresh, MODIFIED, MODIFIED);
    await rename(fresh, path);
    const resumed = await get("/assets/swapped", { "If-Range": first, Range: "bytes=1-" });
    assert.deepEqual([resumed.status, resumed.body], [200, "two"]);
    assert.equal((await get("/assets/swapped", { "If-Match": first, Range: "bytes=1-" })).status, 412);
  });

  const names: readonly { path: string; body: string }[] = [
    { path: "/assets/pve/linux26", body: "the kernel" },
    { path: "/assets/pve%2Flinux26", body: "the kernel" },
    { path: "/assets/pve//linux26", body: "the kernel" },
    { path: "/assets/a%20b", body: "a blank" },
    { path: "/assets/100%25", body: "a percent sign" },
    { path: "/assets/%C3%A4.txt", body: "an umlaut" },
    { path: "/assets/%252e%252e", body: "two dots" },
    { path: "/assets/way-in", body: "the kernel" },
    { path: "/assets/ten?version=3", body: TEN },
  ];
  for (const { path, body } of names) {
    test(`${path} is found`, async () => assert.deepEqual((await get(path)).body, body));
  }

  const types: readonly [path: string, type: string][] = [
    ["/assets/snponly.efi", "application/efi"],
    ["/assets/DISC.ISO", "application/vnd.efi-iso"],
    ["/assets/disk.img", "application/vnd.efi-img"],
    ["/assets/autoexec.ipxe", "text/plain; charset=utf-8"],
    ["/assets/pve/linux26", "application/octet-stream"],
  ];
  for (const [path, type] of types) {
    test(`${path} is ${type}, by which UEFI HTTP Boot knows what to do with it`, async () => {
      assert.equal((await get(path)).headers.get("content-type"), type);
    });
  }
});

describe("AssetApp › ranges", () => {
  const ranges: readonly { range: string; status: number; body: string; of?: string }[] = [
    { range: "bytes=0-3", status: 206, body: "0123", of: "bytes 0-3/10" },
    { range: "bytes=4-", status: 206, body: "456789", of: "bytes 4-9/10" },
    { range: "bytes=-3", status: 206, body: "789", of: "bytes 7-9/10" },
    { range: "bytes=9-9", status: 206, body: "9", of: "bytes 9-9/10" },
    { range: "bytes=0-", status: 206, body: TEN, of: "bytes 0-9/10" },
    { range: "bytes=8-99", status: 206, body: "89", of: "bytes 8-9/10" },
    { range: "bytes=-99", status: 206, body: TEN, of: "bytes 0-9/10" },
    { range: `bytes=5-${"9".repeat(400)}`, status: 206, body: "56789", of: "bytes 5-9/10" },
    { range: "Bytes = 0 - 3", status: 206, body: "0123", of: "bytes 0-3/10" },
    { range: "bytes=10-", status: 416, body: "the file has 10 octets\n", of: "bytes */10" },
    { range: "bytes=99-120", status: 416, body: "the file has 10 octets\n", of: "bytes */10" },
    { range: `bytes=${"9".repeat(400)}-`, status: 416, body: "the file has 10 octets\n", of: "bytes */10" },
    { range: "bytes=-0", status: 416, body: "the file has 10 octets\n", of: "bytes */10" },
    { range: "bytes=u-u", status: 200, body: TEN },
    { range: "bytes=5-3", status: 200, body: TEN },
    { range: "bytes=99-3", status: 200, body: TEN },
    { range: "bytes=-", status: 200, body: TEN },
    { range: "bytes=", status: 200, body: TEN },
    { range: "bytes=2-3,99-", status: 206, body: "23", of: "bytes 2-3/10" },
    { range: "bytes=,4-5,", status: 206, body: "45", of: "bytes 4-5/10" },
    { range: "bytes=99-,-0", status: 416, body: "the file has 10 octets\n", of: "bytes */10" },
    { range: "bytes=0-4,3-6", status: 200, body: TEN },
    { range: "bytes=0-1,x", status: 200, body: TEN },
    { range: `bytes=${"0-0,".repeat(100)}1-1`, status: 200, body: TEN },
    { range: "bytes=0x1-0x2", status: 200, body: TEN },
    { range: "bytes=-1-2", status: 200, body: TEN },
    { range: "lines=0-3", status: 200, body: TEN },
    { range: "garbage", status: 200, body: TEN },
  ];
  for (const { range, status, body, of = null } of ranges) {
    test(`${range.slice(0, 30)}: ${status}${of === null ? ", all of it" : ` ${of}`}`, async () => {
      const response = await get("/assets/ten", { Range: range });
      assert.deepEqual([response.status, response.body], [status, body]);
      assert.equal(response.headers.get("content-range"), of);
      if (status !== 416) assert.equal(response.headers.get("content-length"), String(body.length));
      assert.equal(response.headers.get("etag"), etag);
    });
  }

  test("that are several come as several parts, in the order in which they were asked for", async () => {
    const { status, headers, body } = await get("/assets/ten", { Range: "bytes=0-1, 7-, 4-4" });
    assert.equal(status, 206);
    const [, boundary] = /^multipart\/byteranges; boundary=(.+)$/.exec(headers.get("content-type") ?? "") ?? [];
    const part = (of: string, octets: string) =>
      `--${boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes ${of}/10\r\n\r\n${octets}\r\n`;
    assert.equal(body, `${part("0-1", "01")}${part("7-9", "789")}${part("4-4", "4")}--${boundary}--\r\n`);
    assert.equal(headers.get("content-length"), String(body.length));
    assert.equal(headers.get("content-range"), null);
  });

  test("of an empty file cannot be satisfied", async () => {
    const { status, headers } = await get("/assets/empty", { Range: "bytes=0-" });
    assert.deepEqual([status, headers.get("content-range")], [416, "bytes */0"]);
    assert.equal((await get("/assets/empty", { Range: "bytes=-5" })).status, 416);
  });

  test("mean nothing to HEAD (RFC 9110 §14.2)", async () => {
    const { status, headers } = await get("/assets/ten", { Range: "bytes=0-3" }, "HEAD");
    assert.deepEqual([status, headers.get("content-length"), headers.get("content-range")], [200, "10", null]);
  });
});

describe("AssetApp › conditions", () => {
  const range = "bytes=0-3";
  const conditions: readonly { what: string; headers: () => Record<string, string>; status: number }[] = [
    {
      what: "If-Match with its ETag, as EDK2 resumes",
      headers: () => ({ "If-Match": etag, Range: range }),
      status: 206,
    },
    { what: "If-Match among others", headers: () => ({ "If-Match": `"x", ${etag}` }), status: 200 },
    { what: "If-Match with any", headers: () => ({ "If-Match": "*" }), status: 200 },
    { what: "If-Match with another", headers: () => ({ "If-Match": '"x"', Range: range }), status: 412 },
    { what: "If-Match with a weak one", headers: () => ({ "If-Match": `W/${etag}` }), status: 412 },
    {
      what: "If-Unmodified-Since its change",
      headers: () => ({ "If-Unmodified-Since": DATE, Range: range }),
      status: 206,
    },
    { what: "If-Unmodified-Since before", headers: () => ({ "If-Unmodified-Since": EARLIER }), status: 412 },
    { what: "If-Unmodified-Since no date", headers: () => ({ "If-Unmodified-Since": "yesterday" }), status: 200 },
    {
      what: "If-Match before If-Unmodified-Since",
      headers: () => ({ "If-Match": etag, "If-Unmodified-Since": EARLIER }),
      status: 200,
    },
    { what: "If-None-Match with its ETag", headers: () => ({ "If-None-Match": etag }), status: 304 },
    { what: "If-None-Match with a weak one", headers: () => ({ "If-None-Match": `"x", W/${etag}` }), status: 304 },
    { what: "If-None-Match with any", headers: () => ({ "If-None-Match": "*" }), status: 304 },
    { what: "If-None-Match with another", headers: () => ({ "If-None-Match": '"x"' }), status: 200 },
    { what: "If-Modified-Since its change", headers: () => ({ "If-Modified-Since": DATE }), status: 304 },
    { what: "If-Modified-Since before", headers: () => ({ "If-Modified-Since": EARLIER }), status: 200 },
    {
      what: "If-None-Match before If-Modified-Since",
      headers: () => ({ "If-None-Match": '"x"', "If-Modified-Since": DATE }),
      status: 200,
    },
    {
      what: "If-Match before If-None-Match",
      headers: () => ({ "If-Match": '"x"', "If-None-Match": etag }),
      status: 412,
    },
    { what: "If-Range with its ETag", headers: () => ({ "If-Range": etag, Range: range }), status: 206 },
    { what: "If-Range with another", headers: () => ({ "If-Range": '"x"', Range: range }), status: 200 },
    { what: "If-Range with a date", headers: () => ({ "If-Range": DATE, Range: range }), status: 200 },
  ];
  for (const { what, headers, status } of conditions) {
    test(`${what}: ${status}`, async () => {
      const response = await get("/assets/ten", headers());
      assert.equal(response.status, status);
      const bodies: Record<number, string> = {
        200: TEN,
        206: "0123",
        304: "",
        412: "the file is not that one any more\n",
      };
      assert.equal(response.body, bodies[status]);
      assert.equal(response.headers.get("etag"), etag);
    });
  }
});

describe("AssetApp › what is not there", () => {
  const missing = [
    "/assets/nothing",
    "/assets/",
    "/assets",
    "/assets/pve",
    "/assets/pve/",
    "/assets/ten/",
    "/assets/ten/ten",
    "/assets/..%2fsecret",
    "/assets/%2e%2e/secret",
    "/assets/%2e%2e%2fsecret",
    "/assets/pve/..%2f..%2fsecret",
    "/assets/..%5csecret",
    "/assets/%2Fetc%2Fpasswd",
    "/assets//etc/passwd",
    "/assets/..%2fassets-of-another%2fsecret",
    "/assets/way-out",
    "/assets/folder-out/secret",
    "/assets/loop",
    "/assets/ten%00",
    "/assets/ten%00.efi",
    "/assets/%ff",
    "/assets/%",
    "/assets/a%0d%0aSet-Cookie:%20x",
    "/assets/%1b[2Jx%E2%80%AE",
    `/assets/${"x".repeat(5000)}`,
    `/assets/${"x/".repeat(2000)}x`,
  ];
  for (const path of missing) {
    for (const method of ["GET", "HEAD"]) {
      test(`${method} ${path.slice(0, 50)}: 404, and no redirect`, async () => {
        served.length = 0;
        const { status, headers, body } = await get(path, {}, method);
        assert.equal(status, 404);
        assert.equal(headers.get("location"), null);
        assert.match(headers.get("content-type") ?? "", /^text\/plain/);
        if (method === "GET") assert.match(body, /^[\x20-\x7e]+\n?$/, "one printable line");
        assert.doesNotMatch(body, /not for machines/);
        for (const request of served) assert.match(request.path, /^[\x20-\x7e]*$/, "told of in printable letters");
      });
    }
  }

  test("says which file, in words", async () => {
    assert.equal((await get("/assets/pve/initrd.img")).body, "there is no file pve/initrd.img below assets/\n");
  });

  test("is not even looked for by POST", async () => {
    served.length = 0;
    assert.equal((await get("/assets/ten", {}, "POST")).body, "not a file\n");
    assert.deepEqual(served, []);
  });
});

describe("AssetApp › the trace", () => {
  test("is told of each request, with its file, status and size", async () => {
    served.length = 0;
    await get("/assets/ten");
    await get("/assets/ten", { Range: "bytes=0-3" });
    await get("/assets/ten", { "If-None-Match": etag });
    await get("/assets/a%20b", {}, "HEAD");
    await get("/assets/nothing");
    assert.deepEqual(served, [
      { path: "ten", status: 200, sizeBytes: 10 },
      { path: "ten", status: 206, sizeBytes: 10 },
      { path: "ten", status: 304, sizeBytes: 10 },
      { path: "a b", status: 200, sizeBytes: 7 },
      { path: "nothing", status: 404, sizeBytes: 0 },
    ]);
  });
});

describe("AssetApp › over a socket", () => {
  /** Everything that the server sends to these words, up to its end. */
  function raw(request: string, enough = Number.POSITIVE_INFINITY): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
      let text = "";
      socket.setEncoding("latin1");
      socket.on("data", (chunk: string) => {
        text += chunk;
        if (text.length >= enough) socket.destroy();
      });
      socket.on("close", () => resolve(text));
      socket.on("error", reject);
      socket.write(request);
    });
  }
  const ask = (line: string, more = "") =>
    raw(`${line} HTTP/1.1\r\nHost: 10.11.0.1\r\nConnection: close\r\n${more}\r\n`);

  const escapes = [
    "GET /assets/../secret",
    "GET /assets/../../../../../../etc/passwd",
    "GET /assets/pve/../../secret",
    "GET /assets/%2e%2e/secret",
    "GET /assets/..%2fsecret",
    "GET /assets/./../secret",
    "GET /assets/..\\secret",
    "GET http://10.11.0.1/assets/../secret",
    "GET //assets/../secret",
    "GET /assets/way-out",
  ];
  for (const line of escapes) {
    test(`${line}: nothing from outside, and no redirect`, async () => {
      const response = await ask(line);
      assert.match(response, /^HTTP\/1\.1 40[04] /);
      assert.doesNotMatch(response, /not for machines|root:|^location:/im);
    });
  }

  test("GET, HEAD and a range arrive with the right lengths", async () => {
    assert.match(
      await ask("GET /assets/ten"),
      /^HTTP\/1\.1 200 OK\r\n[\s\S]*content-length: 10\r\n[\s\S]*\r\n\r\n0123456789$/i,
    );
    assert.match(await ask("HEAD /assets/ten"), /^HTTP\/1\.1 200 OK\r\n[\s\S]*content-length: 10\r\n[\s\S]*\r\n\r\n$/i);
    const part = await ask("GET /assets/ten", "Range: bytes=2-4\r\n");
    assert.match(part, /^HTTP\/1\.1 206 [\s\S]*content-range: bytes 2-4\/10\r\n[\s\S]*\r\n\r\n234$/i);
    assert.match(await ask("GET /assets/empty"), /^HTTP\/1\.1 200 OK\r\n[\s\S]*content-length: 0\r\n[\s\S]*\r\n\r\n$/i);
    assert.doesNotMatch(await ask("GET /assets/ten"), /transfer-encoding/i);
  });

  test("a large file arrives whole, and one who hangs up in the middle leaves no open file behind", async () => {
    const size = 8 * 1024 * 1024;
    await writeFile(join(folder, "assets", "large"), Buffer.alloc(size, "x"));
    const whole = await ask("GET /assets/large");
    assert.equal(whole.length - whole.indexOf("\r\n\r\n") - 4, size);
    await raw("GET /assets/large HTTP/1.1\r\nHost: x\r\n\r\n", 1000);
    for (let turns = 0; (await openFiles()) > 0 && turns < 1000; turns++) await new Promise(setImmediate);
    assert.equal(await openFiles(), 0);
  });

  test("a file that is cut short while it is sent ends that connection, and the next is served", async () => {
    const path = join(folder, "assets", "shrinking");
    await writeFile(path, Buffer.alloc(64 * 1024 * 1024));
    const { size } = await stat(path);
    let cut = false;
    const got = await new Promise<number>((resolve) => {
      const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
      let octets = 0;
      socket.on("data", (chunk: Buffer) => {
        octets += chunk.length;
        if (cut) return;
        cut = true;
        socket.pause();
        void writeFile(path, "short").then(() => socket.resume());
      });
      socket.on("error", () => {});
      socket.on("close", () => resolve(octets));
      socket.write("GET /assets/shrinking HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    });
    assert.ok(got < size);
    assert.match(await ask("GET /assets/ten"), /^HTTP\/1\.1 200 /);
  });

  /** Asks, looks at the first octets, lets `meanwhile` happen, and reads on; resolves to how many octets came in all. */
  function interrupted(path: string, meanwhile: () => Promise<void>): Promise<Buffer> {
    return new Promise((resolve) => {
      const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
      const parts: Buffer[] = [];
      socket.on("data", (chunk: Buffer) => {
        parts.push(chunk);
        if (parts.length > 1) return;
        socket.pause();
        void meanwhile().then(() => socket.resume());
      });
      socket.on("error", () => {});
      socket.on("close", () => resolve(Buffer.concat(parts)));
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    });
  }
  const bodyOf = (answer: Buffer) => answer.subarray(answer.indexOf("\r\n\r\n") + 4);
  const LARGE = 32 * 1024 * 1024;

  test("a file that is replaced while it is sent arrives as it was", async () => {
    const path = join(folder, "assets", "replaced");
    await writeFile(path, Buffer.alloc(LARGE, "1"));
    const answer = await interrupted("/assets/replaced", async () => {
      await writeFile(`${path}.new`, Buffer.alloc(LARGE, "2"));
      await rename(`${path}.new`, path);
    });
    assert.ok(bodyOf(answer).equals(Buffer.alloc(LARGE, "1")));
    assert.equal((await get("/assets/replaced", { Range: "bytes=-3" })).body, "222");
  });

  test("a file that is written into while it is sent is never complete, so nobody boots from two halves", async () => {
    const path = join(folder, "assets", "overwritten");
    await writeFile(path, Buffer.alloc(LARGE, "1"));
    ended.length = 0;
    const answer = await interrupted("/assets/overwritten", async () => {
      const file = await open(path, "r+");
      await file.write(Buffer.alloc(1024, "2"), 0, 1024, LARGE - 1024);
      await file.close();
    });
    assert.ok(bodyOf(answer).length < LARGE);
    assert.deepEqual(
      ended.map(({ path, type }) => `${path} ${type}`),
      ["overwritten changed"],
    );
  });

  test("one who stops reading is disconnected, and keeps nobody else from the same file", async () => {
    await writeFile(join(folder, "assets", "stalling"), Buffer.alloc(LARGE, "x"));
    ended.length = 0;
    const stalled = connect((server.address() as AddressInfo).port, "127.0.0.1");
    stalled.on("error", () => {});
    stalled.write("GET /assets/stalling HTTP/1.1\r\nHost: x\r\nX-Hasty: 1\r\n\r\n");
    stalled.pause();
    assert.equal(bodyOf(await interrupted("/assets/stalling", async () => {})).length, LARGE);
    for (let turns = 0; !ended.some(({ type }) => type === "stalled") && turns < 500; turns++) await sleep(20);
    assert.ok(
      ended.some(({ path, type, sentBytes }) => path === "stalling" && type === "stalled" && sentBytes < LARGE),
    );
    stalled.destroy();
    for (let turns = 0; (await openFiles()) > 0 && turns < 500; turns++) await sleep(10);
    assert.equal(await openFiles(), 0);
  });

  test("several requests on one connection are answered in their order, also when all are sent at once", async () => {
    const ask = (path: string, more = "") => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
    const text = await raw(
      ask("/assets/ten") +
        ask("/assets/nothing") +
        ask("/other") +
        ask("/assets/pve/linux26") +
        ask("/assets/ten", "Range: bytes=3-5\r\nConnection: close\r\n"),
    );
    const statuses = [...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => status);
    assert.deepEqual(statuses, ["200", "404", "404", "200", "206"]);
    assert.ok(text.indexOf(TEN) < text.indexOf("there is no file") && text.indexOf("the kernel") < text.length);
    assert.match(text, /\r\n\r\n345$/);
  });

  test("forty machines at once, each at its own place, get their own octets", async () => {
    const bytes = randomBytes(6 * 1024 * 1024 + 5);
    await writeFile(join(folder, "assets", "image"), bytes);
    const ranges = Array.from({ length: 40 }, (_, n) => ({
      first: n * 150_001,
      last: n * 150_001 + 100_000 + n * 1000,
    }));
    const answers = await Promise.all([
      get("/assets/image"),
      ...ranges.map(({ first, last }) => get("/assets/image", { Range: `bytes=${first}-${last}` })),
    ]);
    assert.ok(Buffer.from(answers[0]?.body ?? "", "latin1").equals(bytes));
    for (const [n, { first, last }] of ranges.entries()) {
      const found = Buffer.from(answers[n + 1]?.body ?? "", "latin1");
      assert.ok(found.equals(bytes.subarray(first, last + 1)), `${first}-${last}`);
    }
  });

  async function openFiles(): Promise<number> {
    const names = await readdir("/proc/self/fd");
    const links = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => "")));
    return links.filter((link) => link.startsWith(folder)).length;
  }
});
