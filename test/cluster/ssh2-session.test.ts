import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Server as NetServer } from "node:net";
import { afterEach, describe, test } from "node:test";
import ssh2, { type Connection } from "ssh2";
import { newEphemeralKey } from "../../src/cluster/ephemeral-key.ts";
import type { SshTarget } from "../../src/cluster/ssh.ts";
import { sshOver2 } from "../../src/cluster/ssh2-session.ts";

const HOST = newEphemeralKey("root@toad");
const OTHER_HOST = newEphemeralKey("root@evil");
const KEY = newEphemeralKey("bootqueue-toad");
const RSA = ssh2.utils.generateKeyPairSync("rsa", { bits: 2048 });

const never = new AbortController().signal;
const openSsh = sshOver2({ loginMs: 1500, commandMs: 1500 });

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** An SSH server in which `exec` decides what a command does. */
function serve(
  exec: (command: string, channel: ssh2.ServerChannel, client: Connection) => void,
  hostKeys: readonly string[] = [HOST.privateKey],
): Promise<number> {
  const allowed = ssh2.utils.parseKey(KEY.publicKey);
  assert.ok(!(allowed instanceof Error));
  const server = new ssh2.Server({ hostKeys: [...hostKeys] }, (client) => {
    client.on("error", () => {});
    client.on("authentication", (attempt) => {
      if (attempt.method === "password" && attempt.password === "rainbow") return attempt.accept();
      if (attempt.method === "publickey" && attempt.key.data.equals(allowed.getPublicSSH())) return attempt.accept();
      attempt.reject(["publickey", "password"]);
    });
    client.on("session", (accept) => {
      accept().on("exec", (acceptExec, _, { command }) => exec(command, acceptExec(), client));
    });
  });
  closers.push(() => server.close());
  return listening(server as unknown as NetServer);
}

function listening(server: NetServer): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

function target(port: number, changes: Partial<SshTarget> = {}): SshTarget {
  const login = { type: "key", privateKey: KEY.privateKey } as const;
  return { address: "127.0.0.1", port, hostKeys: [HOST.publicKey], login, ...changes };
}

describe("an SSH session", () => {
  test("runs a command with its input and gives back what it printed and its exit code", async () => {
    const port = await serve((command, channel) => {
      let input = "";
      channel.on("data", (part: Buffer) => {
        input += part;
      });
      channel.on("end", () => {
        channel.stdout.write(`${command}: ${input}`);
        channel.stderr.write("oh");
        channel.exit(3);
        channel.end();
      });
    });
    const session = await openSsh(target(port), never);
    assert.ok(session.ok, JSON.stringify(session));
    closers.push(session.value.close);
    assert.deepEqual(await session.value.run("true", { stdin: "secret\n" }), {
      ok: true,
      value: { code: 3, stdout: "true: secret\n", stderr: "oh" },
    });
  });

  test("lets itself in with a password", async () => {
    const port = await serve(() => {});
    const session = await openSsh(target(port, { login: { type: "password", password: "rainbow" } }), never);
    assert.ok(session.ok, JSON.stringify(session));
    session.value.close();
  });

  test("asks for a type of host key that it knows, whatever the server likes best", async () => {
    const port = await serve(() => {}, [HOST.privateKey, RSA.private]);
    const session = await openSsh(target(port, { hostKeys: [RSA.public] }), never);
    assert.ok(session.ok, JSON.stringify(session));
    session.value.close();
  });

  for (const [what, changes, type] of [
    ["another host key", { hostKeys: [OTHER_HOST.publicKey] }, "wrong-host-key"],
    ["a host key of a type that nobody reported", { hostKeys: [RSA.public] }, "wrong-host-key"],
    ["no host key to compare with", { hostKeys: [] }, "wrong-host-key"],
    ["a key that it does not let in", { login: { type: "key", privateKey: OTHER_HOST.privateKey } }, "login-refused"],
    ["a private key that is none", { login: { type: "key", privateKey: "rubbish" } }, "unreachable"],
  ] as const) {
    test(`is refused with ${what}`, async () => {
      const port = await serve(() => {});
      const session = await openSsh(target(port, changes), never);
      assert.ok(!session.ok);
      assert.equal(session.error.type, type);
    });
  }

  test("nobody there", async () => {
    const session = await openSsh(target(1), never);
    assert.ok(!session.ok);
    assert.equal(session.error.type, "unreachable");
  });

  for (const [what, greet, type] of [
    ["accepts and says nothing", () => {}, "stalled"],
    ["greets and says nothing more", (send: (text: string) => void) => send("SSH-2.0-OpenSSH_9.2\r\n"), "stalled"],
    ["talks rubbish", (send: (text: string) => void) => send("HTTP/1.1 400 Bad Request\r\n\r\n"), "stalled"],
  ] as const) {
    test(`a server that ${what}`, async () => {
      const server = createServer((socket) => {
        socket.on("error", () => {});
        greet((text) => socket.write(text));
        closers.push(() => socket.destroy());
      });
      closers.push(() => server.close());
      const session = await openSsh(target(await listening(server)), never);
      assert.ok(!session.ok);
      assert.ok(session.error.type === type || session.error.type === "unreachable", session.error.type);
    });
  }

  test("a command that never ends is given up", async () => {
    const port = await serve(() => {});
    const session = await openSsh(target(port), never);
    assert.ok(session.ok);
    const output = await session.value.run("sleep", { timeoutMs: 100 });
    assert.ok(!output.ok);
    assert.equal(output.error.type, "stalled");
    const next = await session.value.run("true");
    assert.ok(!next.ok);
  });

  test("a connection that breaks under a command", async () => {
    const port = await serve((_, __, client) => client.end());
    const session = await openSsh(target(port), never);
    assert.ok(session.ok);
    const output = await session.value.run("true");
    assert.ok(!output.ok);
    assert.equal(output.error.type, "lost");
  });

  test("an abort ends the login and the command at once", async () => {
    const silent = createServer((socket) => closers.push(() => socket.destroy()));
    closers.push(() => silent.close());
    const first = new AbortController();
    const opening = openSsh(target(await listening(silent)), first.signal);
    first.abort();
    assert.deepEqual(await opening, { ok: false, error: { type: "aborted" } });
    const port = await serve(() => {});
    const second = new AbortController();
    const session = await openSsh(target(port), second.signal);
    assert.ok(session.ok);
    const running = session.value.run("sleep");
    second.abort();
    assert.deepEqual(await running, { ok: false, error: { type: "aborted" } });
    assert.deepEqual(await openSsh(target(port), second.signal), { ok: false, error: { type: "aborted" } });
  });
});
