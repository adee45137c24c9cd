import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { AssetTftpFiles } from "../../src/boot/tftp-files.ts";
import { parseConfig } from "../../src/config/load.ts";
import { type Examination, examine, type Host } from "../../src/doctor/examine.ts";
import type { Finding } from "../../src/doctor/finding.ts";
import { folderFindings } from "../../src/doctor/folder-check.ts";
import { stateFinding } from "../../src/doctor/state-check.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import { openUdp } from "../../src/net/open-udp.ts";
import { systemClock } from "../../src/std/clock.ts";
import { jsonLog } from "../../src/std/log.ts";
import { err, ok } from "../../src/std/result.ts";
import { DEFAULT_TFTP_LIMITS } from "../../src/tftp/negotiate.ts";
import { serveTftp } from "../../src/tftp/server.ts";
import { FakeUdpSocket } from "../support/fake-udp-socket.ts";

const LOOPBACK = "127.0.0.1" as Ipv4Address;
const LOADER = Buffer.from(Array.from({ length: 5000 }, (_, index) => index * 7));
const MIB = 1024 * 1024;
const lines = (findings: readonly Finding[]) => findings.map(({ level, what, words }) => `${level} ${what}: ${words}`);
const problems = (findings: readonly Finding[]) => lines(findings.filter(({ level }) => level === "problem"));

let folder = "";
let tftpPort = 0;
let httpPort = 0;
let served: (range: string) => { status: number; body: Buffer };
const closers: (() => unknown)[] = [];

/** As a web server that knows ranges answers. */
function ranged(range: string) {
  const [, first = "0", last = "0"] = /bytes=(\d+)-(\d+)/.exec(range) ?? [];
  return { status: 206, body: LOADER.subarray(Number(first), Number(last) + 1) };
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "bootqueue-doctor-"));
  await mkdir(join(folder, "assets"));
  await mkdir(join(folder, "state"));
  const socket = await openUdp({ address: LOOPBACK, port: 0 });
  const files = new AssetTftpFiles(join(folder, "assets"));
  const log = jsonLog(() => {}, "error");
  const tftp = serveTftp(socket, openUdp, files, DEFAULT_TFTP_LIMITS, systemClock, log, {});
  tftpPort = socket.local.port;
  const web = createServer((request, response) => {
    const { status, body } = request.url === "/assets/undionly.kpxe" ? served(request.headers.range ?? "") : NOT_FOUND;
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => web.listen(0, LOOPBACK, resolve));
  httpPort = (web.address() as AddressInfo).port;
  closers.push(
    () => tftp.close(),
    () => socket.close(),
    () => web.close(),
  );
});

after(async () => {
  for (const close of closers) await close();
  await rm(folder, { recursive: true });
});

const NOT_FOUND = { status: 404, body: Buffer.alloc(0) };

/** The appliance of this test, `changes` aside. */
async function examined(changes: Partial<Examination> = {}, more: Partial<Host> = {}) {
  const text = `[network]
address = "10.11.0.1"
subnet = "10.11.0.0/22"
domain = "lab.example"
[http]
port = ${httpPort}
[paths]
state = "${folder}/state"
assets = "${folder}/assets"
[[slot]]
ip = "10.11.0.2"
hostname = "first"
profile = "pve"
`;
  const parsed = parseConfig(text, "bootqueue.toml");
  assert.ok(parsed.ok);
  // Its servers are on loopback, which no configuration may name.
  const config = { ...parsed.value, network: { ...parsed.value.network, address: LOOPBACK } };
  const host: Host = {
    interfaces: () => ({ eth0: [{ address: LOOPBACK, family: "IPv4", internal: false }] }),
    socketUnit: async () => null,
    open: async ({ address, port }) => new FakeUdpSocket(address, port),
    tftpPort,
    patienceMs: 2000,
    ...more,
  };
  const examination: Examination = {
    checked: { file: "bootqueue.toml", slots: 1, problems: [], warnings: [] },
    config,
    socket: null,
    askDaemon: async () => ok({ version: "1.2.3", warnings: [] }),
    nowMs: Date.now(),
    ...changes,
  };
  return await examine(examination, host);
}

describe("examine()", () => {
  test("finds nothing wrong with an appliance that is well, and fetches a boot file both ways", async () => {
    served = ranged;
    for (const name of ["undionly.kpxe", "snponly.efi"]) await writeFile(join(folder, "assets", name), LOADER);
    const found = await examined();
    assert.deepEqual(problems(found), []);
    assert.ok(lines(found).includes("ok TFTP: undionly.kpxe came as it is on the disk, 5000 octets"));
    assert.ok(lines(found).includes("ok HTTP: undionly.kpxe came as it is on the disk, 5000 octets"));
    assert.ok(lines(found).includes("ok DHCP: no other server gives addresses here"));
  });

  test("sees a boot file that is missing, once, although the daemon warns of it too", async () => {
    await rm(join(folder, "assets", "snponly.efi"));
    const path = join(folder, "assets", "snponly.efi");
    const warnings = [`${path} is missing: machines that ask for it cannot boot`];
    const found = await examined({ askDaemon: async () => ok({ version: "1.2.3", warnings }) });
    await writeFile(path, LOADER);
    assert.deepEqual(problems(found), [`problem boot files: ${path} is missing: 64-bit x86 UEFI machines cannot boot`]);
    assert.equal(lines(found).filter((line) => line.includes(`${path} is missing`)).length, 1);
  });

  test("sees that HTTP gives something else than lies there, or no ranges", async () => {
    served = (range) => ({ ...ranged(range), body: Buffer.from(ranged(range).body).fill(1) });
    assert.match(problems(await examined())[0] ?? "", /HTTP: .*came other than it is on the disk/);
    served = () => ({ status: 200, body: LOADER });
    assert.match(problems(await examined())[0] ?? "", /HTTP: .*does not know ranges/);
    served = () => NOT_FOUND;
    assert.match(problems(await examined())[0] ?? "", /HTTP: .*status 404/);
    served = ranged;
  });

  test("with a daemon that does not run, says so and looks at everything else", async () => {
    const closed = await openUdp({ address: LOOPBACK, port: 0 });
    const silence = { message: "the daemon does not run", hint: "start it", isForbidden: false };
    const found = await examined(
      { askDaemon: async () => err(silence) },
      { tftpPort: closed.local.port, patienceMs: 400 },
    );
    await closed.close();
    assert.match(
      problems(found).join("\n"),
      /^problem daemon: the daemon does not run\nproblem TFTP: no answer from UDP/,
    );
    assert.match(found.find(({ what }) => what === "TFTP")?.todo ?? "", /^start the daemon/);
    assert.ok(lines(found).some((line) => line.startsWith("ok boot files")));
  });

  test("tries nothing over the network where nobody has the address", async () => {
    const found = await examined({}, { interfaces: () => ({}) });
    assert.equal(problems(found).length, 1);
    assert.match(problems(found)[0] ?? "", /interface: network\.address: expected an address of this host/);
    const untried = lines(found).filter((line) => line.includes("not tried"));
    assert.deepEqual(
      untried.map((line) => line.split(":")[0]),
      ["warning TFTP", "warning HTTP", "warning DHCP"],
    );
  });

  test("with a configuration that cannot be read, says what is wrong with it and looks at nothing else", async () => {
    const checked = { file: "b.toml", slots: 0, problems: [{ path: "b.toml", message: "is broken" }], warnings: [] };
    const found = await examined({ config: null, checked });
    assert.deepEqual(problems(found), ["problem configuration: b.toml: is broken"]);
    assert.match(lines(found).join("\n"), /warning the rest: not looked at/);
  });

  test("does not wait for a daemon that hangs", async () => {
    const found = await examined({ config: null, askDaemon: () => new Promise(() => {}) }, { patienceMs: 20 });
    assert.match(lines(found).join("\n"), /warning daemon: could not be looked at within/);
  });
});

describe("folderFindings()", () => {
  const nobody = { uid: 65534, gid: 65534, name: "nobody" };
  const root = { uid: 0, gid: 0, name: "root" };
  const check = { what: "state", use: "write", account: root } as const;
  const space = (freeMib: number, hasRoomForFiles = true) => ({
    space: async () => ({ freeBytes: freeMib * MIB, hasRoomForFiles }),
  });

  test("a disk that is full, or almost, or can hold no more files", async () => {
    const level = async (more: ReturnType<typeof space>) =>
      (await folderFindings({ ...check, folder, ...more })).map((finding) => finding.level).join();
    assert.equal(await level(space(1000)), "ok");
    assert.equal(await level(space(100)), "warning");
    assert.equal(await level(space(10)), "problem");
    assert.equal(await level(space(1000, false)), "problem");
  });

  test("a folder that is missing, is none, or is closed to the daemon", async () => {
    const said = async (changes: Partial<Parameters<typeof folderFindings>[0]>) =>
      lines(await folderFindings({ ...check, folder, ...changes })).join("\n");
    assert.match(await said({ folder: join(folder, "none") }), /^warning .*does not exist yet/);
    assert.match(await said({ folder: join(folder, "none"), use: "read" }), /^problem .*does not exist/);
    assert.match(await said({ folder: join(folder, "assets", "undionly.kpxe") }), /^problem .*is no folder/);
    const state = join(folder, "state");
    await chmod(state, 0o755);
    assert.match(await said({ folder: state, account: nobody }), /^problem .*nobody.* may not write into/);
    // The folder above is this test's own, closed to others.
    assert.match(
      await said({ folder: state, account: nobody, use: "read" }),
      /because .*bootqueue-doctor-\w+ is closed/,
    );
  });
});

describe("stateFinding()", () => {
  const root = { uid: 0, gid: 0, name: "root" };

  test("reads the file as it lies there", async () => {
    const state = join(folder, "state");
    const level = async (nowMs = Date.now(), account = root) => (await stateFinding(state, account, nowMs)).level;
    assert.equal(await level(), "ok");
    await writeFile(join(state, "state.json"), '{"version":1}', { mode: 0o600 });
    assert.equal(await level(), "ok");
    assert.equal(await level(Date.now(), { uid: 65534, gid: 65534, name: "nobody" }), "problem");
    assert.equal(await level(Date.UTC(2024, 1)), "warning");
    await writeFile(join(state, "state.json"), '{"version":');
    assert.equal(await level(), "problem");
    await rm(join(state, "state.json"));
  });
});
