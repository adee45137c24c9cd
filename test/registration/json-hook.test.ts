import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { jsonHook } from "../../src/registration/json-hook.ts";
import { jsonSender } from "../../src/registration/json-request.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { readyNode } from "./ready-node-example.ts";

const SIGNAL = new AbortController().signal;

/** Somebody's receiver, which answers with these statuses, one after the other; 0: it hangs up. */
async function receiver(t: TestContext, ...statuses: readonly number[]) {
  const got: { headers: IncomingHttpHeaders; body: string }[] = [];
  const left = [...statuses];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    got.push({ headers: request.headers, body });
    const status = left.shift() ?? 200;
    if (status === 0) request.socket.destroy();
    else if (status > 0) response.writeHead(status, { Location: "/elsewhere" }).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { got, url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/ready`) };
}

describe("a hook", () => {
  test("is posted the host, signed so that the receiver can tell", async (t) => {
    const { got, url } = await receiver(t);
    const clock = new FakeClock();
    const hook = jsonHook({ name: "cmdb", url, secret: "s3cret" }, jsonSender(null), clock);
    assert.ok((await hook.register(readyNode(), SIGNAL)).ok);
    const [{ headers, body } = { headers: {}, body: "" }] = got;
    const told = JSON.parse(body);
    assert.equal(told.event, "host.ready");
    assert.equal(told.at, "2026-11-20T12:00:00.000Z");
    assert.deepEqual(
      [told.host.fqdn, told.host.address, told.host.serial],
      ["node1.lab.example", "10.11.0.2", "7QXK2M3"],
    );
    const expected = createHmac("sha256", "s3cret").update(`${headers["bootqueue-timestamp"]}.${body}`).digest("hex");
    assert.equal(headers["bootqueue-signature"], `sha256=${expected}`);
    assert.equal(headers["bootqueue-timestamp"], String(clock.now() / 1000));
  });

  test("hears of the same install under the same key, and of the next under another", async (t) => {
    const { got, url } = await receiver(t);
    const hook = jsonHook({ name: "cmdb", url, secret: null }, jsonSender(null), new FakeClock());
    const node = readyNode();
    for (const one of [node, node, readyNode({ readyAt: (node.readyAt + 1) as typeof node.readyAt })]) {
      await hook.register(one, SIGNAL);
    }
    const [first, second, third] = got.map(({ headers }) => headers["idempotency-key"]);
    assert.equal(first, second);
    assert.notEqual(first, third);
    assert.equal(got[0]?.headers["bootqueue-signature"], undefined);
  });

  for (const { status, ok, isFinal } of [
    { status: 204, ok: true },
    { status: 409, ok: true },
    { status: 301, ok: false, isFinal: true },
    { status: 401, ok: false, isFinal: true },
    { status: 429, ok: false, isFinal: false },
    { status: 503, ok: false, isFinal: false },
    { status: 0, ok: false, isFinal: false },
  ]) {
    test(`${status === 0 ? "one that hangs up" : `status ${status}`} ${ok ? "is a success" : isFinal ? "is not tried again" : "is tried again"}`, async (t) => {
      const { url } = await receiver(t, status);
      const outcome = await jsonHook({ name: "cmdb", url, secret: null }, jsonSender(null), new FakeClock()).register(
        readyNode(),
        SIGNAL,
      );
      assert.equal(outcome.ok, ok);
      if (!outcome.ok) assert.equal(outcome.error.isFinal, isFinal, outcome.error.message);
    });
  }

  test("one that never answers is given up after the time-out", async (t) => {
    const { url } = await receiver(t, -1);
    const outcome = await jsonHook({ name: "cmdb", url, secret: null }, jsonSender(null, 50), new FakeClock()).register(
      readyNode(),
      SIGNAL,
    );
    assert.ok(!outcome.ok && /no answer within/.test(outcome.error.message) && !outcome.error.isFinal);
  });
});
