import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { machineFiles, machineListener, machineServer } from "../src/daemon-machines.ts";
import type { MacAddress } from "../src/net/mac-address.ts";
import type { Footprint } from "../src/trace/footprint.ts";
import { machineBench } from "./support/machine-bench.ts";

const MAC = "52:54:00:00:01:01" as MacAddress;

let folder: string;
let server: Server;
const footprints: Omit<Footprint, "at">[] = [];
const loaded: string[] = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "bootqueue-machines-"));
  await mkdir(join(folder, "pve"));
  await writeFile(join(folder, "snponly.efi"), "MZ and more");
  await writeFile(join(folder, "pve", "image.iso"), Buffer.alloc(32 << 20));
  const files = machineFiles({
    root: folder,
    tracer: { note: (footprint) => void footprints.push(footprint) },
    macAt: (address) => (address === "127.0.0.1" ? MAC : null),
    loaderSent: (mac, path) => void loaded.push(`${mac} ${path}`),
  });
  const { app } = await machineBench();
  server = machineServer(machineListener(app.fetch, files));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
});

after(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => void server.close(resolve));
  await rm(folder, { recursive: true });
});

const port = () => (server.address() as AddressInfo).port;

function ask(method: string, path: string, body = "", headers: Record<string, string | number> = {}) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port: port(), method, path, headers, agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("latin1").on("data", (part: string) => {
        text += part;
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

/** What was noted so far, and forgotten. */
const noted = () => footprints.splice(0).map(({ mac, outcome, what }) => `${mac} ${outcome}: ${what}`);

describe("machineServer()", () => {
  test("serves files below /assets/, and tells of them by the machine that asked", async () => {
    noted();
    loaded.length = 0;
    assert.deepEqual(await ask("GET", "/assets/snponly.efi"), { status: 200, text: "MZ and more" });
    await ask("HEAD", "/assets/snponly.efi");
    await ask("GET", "/assets/missing");
    assert.deepEqual(noted(), [
      `${MAC} answered: GET snponly.efi`,
      `${MAC} answered: HEAD snponly.efi`,
      `${MAC} dropped: GET missing`,
    ]);
    assert.deepEqual(loaded, [`${MAC} snponly.efi`], "HEAD loads nothing");
  });

  test("notes a file that ended early, and does not count it as loaded", async () => {
    noted();
    loaded.length = 0;
    const socket = connect(port(), "127.0.0.1");
    socket.write("GET /assets/pve/image.iso HTTP/1.1\r\nHost: x\r\n\r\n");
    await new Promise((resolve) => socket.once("data", resolve));
    socket.destroy();
    for (let turns = 0; footprints.length < 2 && turns < 500; turns++) await sleep(10);
    assert.deepEqual(noted(), [`${MAC} answered: GET pve/image.iso`, `${MAC} noted: GET pve/image.iso ended early`]);
    assert.deepEqual(loaded, []);
  });

  test("leaves everything else to the routes", async () => {
    const { status, text } = await ask("GET", "/ipxe/nonsense");
    assert.deepEqual([status, /wanted \/ipxe\/MAC/.test(text)], [400, true]);
    assert.equal((await ask("GET", "/assets")).status, 404);
  });

  for (const [what, headers] of [
    ["that says so", { "Content-Length": 5 << 20 }],
    ["that does not say so", { "Transfer-Encoding": "chunked" }],
  ] as const) {
    test(`refuses a body that is too long, ${what}`, async () => {
      const { status, text } = await ask("POST", "/api/boot/answer", "x".repeat(5 << 20), headers);
      assert.deepEqual([status, text], [413, "the request is longer than 4194304 octets\n"]);
    });
  }

  test("reads a body of a length that is allowed", async () => {
    const { status, text } = await ask("POST", "/api/boot/answer", "{}", { "Content-Type": "application/json" });
    assert.equal(status, 400);
    assert.match(text, /network_interfaces/);
  });
});
