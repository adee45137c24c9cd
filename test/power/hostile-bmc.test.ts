import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { loadCertificate } from "../../src/http/certificate.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import { BmcTurns } from "../../src/power/bmc-turns.ts";
import { orderPower } from "../../src/power/power-orders.ts";
import { redfishControl } from "../../src/power/redfish-control.ts";
import { RejectedLogins } from "../../src/power/rejected-logins.ts";
import type { Instant } from "../../src/std/clock.ts";
import { FakeMachine } from "../support/power/bmc-machine.ts";
import { FakePowerTime, identityOf, LIMITS, passwordFile } from "../support/power/power-bench.ts";

type Serve = (asked: IncomingMessage, answer: ServerResponse) => void;

/** What becomes of a restart by a BMC that answers like this; and whom else the password was sent to. */
async function restarted(t: TestContext, serve: Serve) {
  const folder = await mkdtemp(join(tmpdir(), "bootqueue-hostile-"));
  const { keyPem, certPem, fingerprint } = await loadCertificate(
    folder,
    { address: "127.0.0.1" as Ipv4Address },
    Date.now() as Instant,
  );
  const server = createServer({ key: keyPem, cert: certPem }, serve);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  });
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const memory = { turns: new BmcTurns(), rejected: new RejectedLogins(), boots: new Map() };
  const settings = {
    type: "redfish",
    url: `https://127.0.0.1:${port}`,
    user: "operator",
    passwordFile: await passwordFile(t, "correct horse"),
    trust: { type: "fingerprint", sha256: fingerprint },
    system: null,
    checkIdentity: true,
    boot: "auto",
    limits: { ...LIMITS, requestMs: 500 },
  } as const;
  const control = redfishControl(settings, {
    ...memory,
    time: new FakePowerTime(),
    stopping: new AbortController().signal,
  });
  return await orderPower(control, identityOf(new FakeMachine(1, "1")), "cycle");
}

const json =
  (value: (url: string) => unknown, headers: Record<string, string> = {}): Serve =>
  (asked, answer) => {
    asked.resume();
    answer.writeHead(200, { "Content-Type": "application/json", "X-Auth-Token": "token", ...headers });
    answer.end(JSON.stringify(value(asked.url ?? "")));
  };

const ROOT = { Systems: { "@odata.id": "/systems" }, Links: { Sessions: { "@odata.id": "/sessions" } } };

describe("a BMC that answers", () => {
  const answers: readonly { what: string; serve: Serve }[] = [
    { what: "null", serve: json(() => null) },
    { what: "a list", serve: json(() => [1, [2]]) },
    { what: "a page", serve: (_, answer) => void answer.end("<html>") },
    { what: "nothing at all", serve: (asked) => void asked.socket.destroy() },
    { what: "never", serve: () => {} },
    {
      what: "octet by octet",
      serve: (_, answer) => {
        answer.writeHead(200);
        const dripping = setInterval(() => answer.write(" "), 50);
        answer.on("close", () => clearInterval(dripping));
      },
    },
    {
      what: "with half of what it announced",
      serve: (asked, answer) => {
        answer.writeHead(200, { "Content-Length": "1000" });
        answer.write("{");
        setTimeout(() => asked.socket.destroy(), 20);
      },
    },
    {
      what: "without an end",
      serve: (_, answer) => {
        answer.writeHead(200);
        const more = () => {
          while (!answer.destroyed && answer.write(Buffer.alloc(65_536, 32)));
        };
        answer.on("drain", more);
        more();
      },
    },
    {
      what: "with a collection whose pages go round in circles",
      serve: json((url) => (url === "/redfish/v1/" ? ROOT : { Members: [], "Members@odata.nextLink": "/systems" })),
    },
    {
      what: "with more systems than there are",
      serve: json((url) =>
        url === "/redfish/v1/"
          ? ROOT
          : { Members: Array.from({ length: 5000 }, (_, n) => ({ "@odata.id": `/systems/${n}` })) },
      ),
    },
    {
      what: "with members that are none",
      serve: json((url) => (url === "/redfish/v1/" ? ROOT : { Members: [null, 7, "x", { "@odata.id": 7 }] })),
    },
    {
      what: "with a system of the wrong kinds",
      serve: json((url) =>
        url === "/redfish/v1/"
          ? ROOT
          : url === "/systems"
            ? { Members: [{ "@odata.id": "/systems/1" }] }
            : { Id: 1, UUID: [], Actions: "x", Boot: 7, PowerState: {} },
      ),
    },
    {
      what: "with redirects in circles",
      serve: (asked, answer) => void answer.writeHead(307, { Location: asked.url ?? "" }).end(),
    },
    {
      what: "with tags that no header can carry",
      serve: json((url) => {
        if (url === "/redfish/v1/") return ROOT;
        if (url === "/systems") return { Members: [{ "@odata.id": "/systems/1" }] };
        return {
          "@odata.etag": "☃\n",
          PowerState: "On",
          UUID: "4c4c4544-0043-5110-8031-c7c04f510001",
          Boot: {},
          Actions: { "#ComputerSystem.Reset": { target: "/reset\r\nX: y" } },
        };
      }),
    },
    {
      what: "with a token that no header can carry",
      serve: (asked, answer) => {
        answer.writeHead(200, { "X-Auth-Token": "\u00ff\u00fe" });
        answer.end(JSON.stringify(asked.url === "/redfish/v1/" ? ROOT : {}));
      },
    },
  ];
  for (const { what, serve } of answers) {
    test(`${what} is a failure in words, in time, without the password`, async (t) => {
      const done = await restarted(t, serve);
      const isHarmless = /tags/.test(what);
      if (!isHarmless) assert.equal(done.ok, false, JSON.stringify(done));
      assert.doesNotMatch(JSON.stringify(done), /correct horse/);
    });
  }

  test("with links to another server leads nobody there", async (t) => {
    const strangers: string[] = [];
    const stranger = createServer((asked) => strangers.push(String(asked.url)));
    await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
    t.after(() => stranger.close());
    stranger.on("tlsClientError", () => strangers.push("a connection"));
    const address = stranger.address();
    const elsewhere = `https://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
    const asked: string[] = [];
    const done = await restarted(t, (request, answer) => {
      asked.push(String(request.url));
      json(() => ({
        Systems: { "@odata.id": `${elsewhere}/systems` },
        Links: { Sessions: { "@odata.id": `//${elsewhere}/sessions` } },
        Members: [{ "@odata.id": `${elsewhere}/systems/1` }],
      }))(request, answer);
    });
    assert.equal(done.ok, false);
    assert.deepEqual(strangers, []);
    assert.ok(asked.includes("/systems/1"), "the path is looked for at the BMC itself");
  });
});
