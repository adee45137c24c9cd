import assert from "node:assert/strict";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { jsonOf, wholeTextOf } from "../../src/std/http-answer.ts";

async function answerOf(t: TestContext, serve: (answer: ServerResponse) => void): Promise<IncomingMessage> {
  const server = createServer((_, answer) => serve(answer));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port }, resolve).on("error", reject).end();
  });
}

describe("wholeTextOf()", () => {
  test("puts together what comes in pieces, also in the middle of a letter", async (t) => {
    const answer = await answerOf(t, (to) => {
      const octets = Buffer.from("gr☂n");
      to.write(octets.subarray(0, 3));
      setImmediate(() => to.end(octets.subarray(3)));
    });
    assert.equal(await wholeTextOf(answer, 6), "gr☂n");
  });

  test("rejects what is longer than it may be, although it never ends", async (t) => {
    const answer = await answerOf(t, (to) => void to.write("x".repeat(100)));
    await assert.rejects(wholeTextOf(answer, 99), /longer than 99 octets/);
    assert.equal(answer.destroyed, true);
  });

  test("rejects what breaks off", async (t) => {
    const answer = await answerOf(t, (to) => {
      to.writeHead(200, { "Content-Length": "100" });
      to.write("x");
      setImmediate(() => to.destroy());
    });
    await assert.rejects(wholeTextOf(answer, 1000), /broke off in the middle/);
  });
});

test("jsonOf() is null where there is none", () => {
  assert.deepEqual([jsonOf('{"a":1}'), jsonOf("<html>"), jsonOf("")], [{ a: 1 }, null, null]);
});
