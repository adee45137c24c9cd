import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { type Changes, LINKS, proxmoxProfile, TARGET } from "../support/proxmox-profile.ts";

/** Answers each call with the next status; when they run out, 200. */
let statuses: number[] = [];
let calls: { readonly url: string; readonly type: string; readonly body: string }[] = [];
let server: Server;
let phoneHome: string;
let trusted = LINKS.agent;
let folder: string;

before(async () => {
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => {
      body += piece;
    });
    request.on("end", () => {
      calls.push({ url: request.url ?? "", type: request.headers["content-type"] ?? "", body });
      response.writeHead(statuses.shift() ?? 200).end("ok\n");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  phoneHome = `http://127.0.0.1:${(server.address() as AddressInfo).port}/it's/home`;
});

after(() => server.close());

beforeEach(() => {
  statuses = [];
  calls = [];
  folder = mkdtempSync(join(tmpdir(), "first-boot-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

describe("the first-boot script", () => {
  test("is none without a [first_boot] table", () => {
    const profile = proxmoxProfile();
    assert.equal(profile.firstBootScript(TARGET, LINKS), null);
    assert.deepEqual(profile.flow(), { firstBoot: false, cluster: null });
  });

  test("is the profile's own, untouched, where it does not phone home", () => {
    const script = "#!/usr/bin/perl\nprint 1;";
    const profile = proxmoxProfile({ first_boot: { script, phone_home: false } });
    assert.equal(profile.firstBootScript(TARGET, LINKS), script);
    assert.deepEqual(profile.flow(), { firstBoot: false, cluster: null });
  });

  for (const [what, first_boot] of [
    ["without a script", {}],
    ["with a script", { script: "#!/bin/sh\nexit 0\n" }],
  ] as const) {
    test(`${what} passes shellcheck`, () => {
      const checked = spawnSync("shellcheck", ["--shell=sh", "-"], { input: render({ first_boot }), encoding: "utf8" });
      assert.equal(checked.error, undefined, "shellcheck must be installed");
      assert.equal(checked.stdout, "");
    });
  }
});

for (const client of ["curl", "wget"] as const) {
  describe(`the first-boot script, with ${client}`, () => {
    test("phones home once and is silent at later boots", async () => {
      assert.equal(await run({}, client), 0);
      assert.equal(await run({}, client), 0);
      assert.deepEqual(
        calls.map(({ url, type }) => [url, type]),
        [["/it's/home", "application/json"]],
      );
      assert.deepEqual(Object.keys(JSON.parse(calls[0]?.body ?? "")), ["ip", "hardware_id"]);
      assert.match(readFileSync(join(folder, "marks", "phoned-home"), "utf8"), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$/);
    });

    test("tries again while the appliance is restarting", async () => {
      statuses = [503, 500, 429];
      assert.equal(await run({}, client), 0);
      assert.equal(calls.length, 4);
      assert.deepEqual(pauses(), ["5", "10", "20"]);
    });

    test("gives up after a bounded number of tries, and phones home at the next boot", async () => {
      statuses = Array.from({ length: 14 }, () => 503);
      assert.equal(await run({}, client), 1);
      assert.equal(calls.length, 14);
      assert.ok(pauses().every((pause) => Number(pause) <= 60));
      assert.equal(await run({}, client), 0);
      assert.equal(calls.length, 15);
    });

    test("does not insist when it is refused", async () => {
      statuses = [403];
      assert.equal(await run({}, client), 1);
      assert.equal(calls.length, 1);
    });
  });
}

describe("the first-boot script over HTTPS", () => {
  const pem = (name: string) => readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), "utf8");
  const certificatePem = pem("rsa-cert.pem");
  const spki = new X509Certificate(certificatePem).publicKey.export({ type: "spki", format: "der" });
  const publicKeyPin = createHash("sha256").update(spki).digest("base64");
  let secure: Server;
  let heard = 0;

  before(async () => {
    secure = createTlsServer({ key: pem("rsa-key.pem"), cert: certificatePem }, (_, response) => {
      heard++;
      response.writeHead(200).end("ok\n");
    });
    await new Promise<void>((resolve) => secure.listen(0, "127.0.0.1", resolve));
  });
  after(() => secure.close());

  for (const client of ["curl", "wget"] as const) {
    for (const [what, pin, code] of [
      ["goes by the key that it was told", publicKeyPin, 0],
      ["tells nothing to who has another key", createHash("sha256").update("other").digest("base64"), 1],
    ] as const) {
      test(`${what}, with ${client}`, async () => {
        heard = 0;
        const base = `https://127.0.0.1:${(secure.address() as AddressInfo).port}/api/hosts/x`;
        trusted = { base, trust: { publicKeyPin: pin, certificatePem } };
        try {
          assert.equal(await run({}, client), code);
        } finally {
          trusted = LINKS.agent;
        }
        assert.equal(heard, code === 0 ? 1 : 0);
      });
    }
  }
});

describe("the profile's own script", () => {
  const own = (script: string): Changes => ({ first_boot: { script } });

  test("runs first, with the argument of the service, and once", async () => {
    const script = `#!/bin/sh\necho "$1" >>"${"$"}BOOTQUEUE_FOLDER/ran"\n`;
    statuses = [403];
    assert.equal(await run(own(script), "curl", "fully-up"), 1);
    assert.equal(await run(own(script), "curl", "fully-up"), 0);
    assert.equal(readFileSync(join(folder, "marks", "ran"), "utf8"), "fully-up\n");
  });

  test("that fails keeps its exit code, does not phone home, and runs again at the next boot", async () => {
    const script = `#!/bin/sh\necho x >>"${"$"}BOOTQUEUE_FOLDER/ran"\nexit 42\n`;
    assert.equal(await run(own(script), "curl"), 42);
    assert.equal(await run(own(script), "curl"), 42);
    assert.equal(readFileSync(join(folder, "marks", "ran"), "utf8"), "x\nx\n");
    assert.equal(calls.length, 0);
  });

  test("makes files that others can read", async () => {
    assert.equal(await run(own(`#!/bin/sh\numask >"${"$"}BOOTQUEUE_FOLDER/ran"\n`), "curl"), 0);
    assert.equal(Number.parseInt(readFileSync(join(folder, "marks", "ran"), "utf8"), 8), 0o022);
  });

  test("may be in another language, and hold anything", async () => {
    const script = `#!/usr/bin/awk -f\nBEGIN { print "END-OF-SCRIPT $HOME \`id\` @URL@ @END@ $& \\047" > (ENVIRON["BOOTQUEUE_FOLDER"] "/ran") }\nEND-OF-SCRIPT\n`;
    const text = render(own(script));
    assert.ok(text.includes(script));
    assert.ok(text.includes("\nEND-OF-SCRIPT-\n"));
  });

  test("without a line feed at its end is whole", async () => {
    const script = `#!/bin/sh\necho whole >"${"$"}BOOTQUEUE_FOLDER/ran"`;
    assert.equal(await run(own(script), "curl"), 0);
    assert.equal(readFileSync(join(folder, "marks", "ran"), "utf8"), "whole\n");
  });
});

test("a machine with neither curl nor wget says so and fails", async () => {
  assert.equal(await run({}, null), 1);
  assert.equal(calls.length, 0);
});

function render(changes: Changes): string {
  const script = proxmoxProfile({ first_boot: {}, ...changes }).firstBootScript(TARGET, {
    ...LINKS,
    phoneHome,
    agent: trusted,
  });
  assert.ok(script !== null);
  return script;
}

/** Runs it as /bin/sh would, with one HTTP client on the path and a `sleep` that only takes notes. Resolves to the exit code. */
async function run(changes: Changes, client: "curl" | "wget" | null, ...args: string[]): Promise<number | null> {
  const tools = join(folder, "tools");
  if (!existsSync(tools)) {
    mkdirSync(tools);
    for (const tool of [...TOOLS, ...(client === null ? [] : [client])]) {
      const found = ["/usr/bin", "/bin"].map((place) => join(place, tool)).find(existsSync);
      if (found !== undefined) symlinkSync(found, join(tools, tool));
    }
    writeFileSync(join(tools, "sleep"), `#!/bin/sh\necho "$1" >>"${folder}/pauses"\n`, { mode: 0o755 });
  }
  const file = join(folder, "script");
  writeFileSync(file, render(changes));
  const child = spawn("/bin/sh", [file, ...args], {
    env: { PATH: tools, BOOTQUEUE_FOLDER: join(folder, "marks") },
    stdio: "ignore",
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code));
  });
}

const TOOLS = ["sh", "mkdir", "cat", "chmod", "date", "sync", "mv", "tr", "hostname", "sed", "tail", "env", "awk"];

function pauses(): string[] {
  return readFileSync(join(folder, "pauses"), "utf8").trim().split("\n");
}
