import assert from "node:assert/strict";
import { createServer } from "node:net";
import { describe, test } from "node:test";
import type { Ipv4Address } from "../src/net/ipv4-address.ts";
import { reachable, runCommand } from "../src/run-command.ts";

const limits = { minutes: 1, signal: new AbortController().signal };
const node = (code: string) => [process.execPath, "-e", code];

describe("runCommand()", () => {
  test("gives the words on as they are, and tells how it ended", async () => {
    const words = [...node("console.log(process.argv.slice(1).join('|')); process.exit(3)"), "a b", "$HOME;"];
    assert.deepEqual(await runCommand(words, limits), { code: 3, output: "a b|$HOME;\n" });
  });

  test("tells of a program that is not there", async () => {
    const { code, output } = await runCommand(["/nowhere/nixos-anywhere"], limits);
    assert.equal(code, null);
    assert.match(output, /ENOENT/);
  });

  test("stops it when it is aborted", async () => {
    const abort = new AbortController();
    const ended = runCommand(node("setInterval(() => {}, 1000)"), { minutes: 1, signal: abort.signal });
    abort.abort();
    assert.equal((await ended).code, null);
  });
});

test("reachable() knows whether somebody listens", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  assert.equal(await reachable("127.0.0.1" as Ipv4Address, port), true);
  await new Promise((resolve) => {
    server.close(resolve);
  });
  assert.equal(await reachable("127.0.0.1" as Ipv4Address, port), false);
});
