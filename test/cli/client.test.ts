import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createNetServer, type Server as NetServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { unreachable } from "../../src/cli/client.ts";
import { runAs } from "../support/cli-bench.ts";

async function folderFor(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "bootqueue-client-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

async function listen(t: TestContext, server: Server | NetServer) {
  const socket = join(await folderFor(t), "x.sock");
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.after(() => new Promise((resolve) => server.close(resolve)));
  return socket;
}

const status = (socket: string) => runAs({}, ["--socket", socket, "status"], () => 0);

describe("when the daemon cannot be reached", () => {
  test("no socket: 3, which one was tried, and how to start it", async (t) => {
    const socket = join(await folderFor(t), "none.sock");
    const ran = await status(socket);
    assert.equal(ran.code, 3);
    assert.ok(ran.err.includes(`there is no socket ${socket}`));
    assert.match(ran.err, /systemctl start bootqueue.*bootqueue serve/);
  });

  test("a socket that a dead daemon left behind: 3", async (t) => {
    const folder = await folderFor(t);
    const socket = join(folder, "left.sock");
    // Only a process that is killed leaves its socket behind; one that closes removes it.
    const script = `require("net").createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, "SIGKILL"))`;
    spawnSync(process.execPath, ["-e", script]);
    const ran = await status(socket);
    assert.equal(ran.code, 3);
    assert.match(ran.err, /nobody listens on the socket .*left\.sock\n {2}the daemon has stopped; start it/);
  });

  test("a file that is no socket: 3", async (t) => {
    const path = join(await folderFor(t), "file");
    await writeFile(path, "");
    assert.equal((await status(path)).code, 3);
  });

  test("a daemon that hangs up: 3", async (t) => {
    const socket = await listen(
      t,
      createNetServer((connection) => connection.destroy()),
    );
    const ran = await status(socket);
    assert.equal(ran.code, 3);
    assert.match(ran.err, /did not answer on/);
  });
});

describe("unreachable()", () => {
  for (const [code, words] of [
    ["EACCES", "only root may: try with sudo"],
    ["EPERM", "only root may: try with sudo"],
    ["ENOTSOCK", "--socket wants the daemon's Unix socket"],
    ["EMFILE", "journalctl"],
  ] as const) {
    test(`says what to do about ${code}`, () => {
      const failure = unreachable("/run/x.sock", Object.assign(new Error("no"), { code }));
      assert.equal(failure.code, 3);
      assert.ok(failure.hint.includes(words));
      assert.ok(failure.message.includes("/run/x.sock"));
    });
  }
});

describe("when something else answers", () => {
  const answers: readonly { what: string; respond: RequestListener; code: number; err: RegExp }[] = [
    { what: "a page", respond: (_, to) => void to.end("<html>"), code: 1, err: /does not answer like bootqueue/ },
    {
      what: "an error without words",
      respond: (_, to) => void to.writeHead(502).end("Bad Gateway"),
      code: 1,
      err: /status 502/,
    },
    {
      what: "an error of the daemon's",
      respond: (_, to) => void to.writeHead(500).end('{"error":"disk full","hint":"look"}'),
      code: 1,
      err: /disk full\n {2}look/,
    },
  ];
  for (const { what, respond, code, err } of answers) {
    test(`${what}: ${code}`, async (t) => {
      const ran = await status(await listen(t, createServer(respond)));
      assert.equal(ran.code, code);
      assert.match(ran.err, err);
    });
  }
});
