// Other people's TFTP clients against our server, in network namespaces. Needs root, and the Debian packages
// curl, busybox, tftp-hpa, atftp, iproute2, ethtool, nftables.
import assert from "node:assert/strict";
import { randomFillSync } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Lab, type LabProcess } from "../support/lab/lab.ts";

const OWN = "10.11.0.1";
const MIB = 1024 * 1024;

interface Client {
  readonly name: string;
  readonly fetch: (remote: string, local: string) => readonly string[];
  /** The client's own fault, which says nothing about the server: such files it is not asked for. */
  readonly spares?: (sizeBytes: number) => boolean;
}

/** Its own command looks addresses up in the DNS, which a namespace has none of. */
const NPM_CLIENT = `
const [, tftp, host, remote, local] = process.argv;
require(tftp).createClient({ host, windowSize: 4 }).get(remote, local, (error) => {
  if (error) throw error;
});
`;
const NPM_TFTP = fileURLToPath(new URL("../../node_modules/tftp", import.meta.url));

const curl = (remote: string, local: string, ...more: readonly string[]) => [
  ...["curl", "--silent", "--show-error", "--max-time", "120", ...more, "--output", local, `tftp://${OWN}/${remote}`],
];
const busybox = (remote: string, local: string, ...more: readonly string[]) => [
  ...["busybox", "tftp", ...more, "-g", "-r", remote, "-l", local, OWN],
];
const atftp = (remote: string, local: string, ...options: readonly string[]) => [
  ...["atftp", ...options.flatMap((option) => ["--option", option]), "--get", "-r", remote, "-l", local, OWN],
];

/** curl 7.88 takes `tsize 0` in an OACK for a mistake. */
const isEmpty = (sizeBytes: number) => sizeBytes === 0;

const clients: readonly Client[] = [
  { name: "curl", fetch: (remote, local) => curl(remote, local), spares: isEmpty },
  {
    name: "curl in blocks of 1468",
    fetch: (remote, local) => curl(remote, local, "--tftp-blksize", "1468"),
    spares: isEmpty,
  },
  { name: "curl without options", fetch: (remote, local) => curl(remote, local, "--tftp-no-options") },
  { name: "busybox", fetch: (remote, local) => busybox(remote, local) },
  { name: "busybox in blocks of 1468", fetch: (remote, local) => busybox(remote, local, "-b", "1468") },
  { name: "tftp-hpa", fetch: (remote, local) => ["tftp", "-m", "binary", OWN, "-c", "get", remote, local] },
  { name: "atftp", fetch: (remote, local) => atftp(remote, local) },
  { name: "atftp in windows of 8", fetch: (remote, local) => atftp(remote, local, "blksize 1428", "windowsize 8") },
  {
    name: "atftp with every option",
    fetch: (remote, local) => atftp(remote, local, "tsize 0", "timeout 2", "blksize 512", "windowsize 16"),
  },
  {
    name: "the npm package tftp",
    fetch: (remote, local) => [process.execPath, "-e", NPM_CLIENT, NPM_TFTP, OWN, remote, local],
  },
];

const sizes = [0, 1, 511, 512, 513, 1024, 1428, 1468, 2 * 1468, 16 * 1468, MIB];
/** More than 65535 blocks of 512 octets. */
const LARGE = 34_000_000;

describe("TFTP clients of others", () => {
  let lab: Lab;
  let server: LabProcess;
  let folder = "";
  let runs = 0;

  before(async () => {
    lab = new Lab();
    lab.addNamespace("client");
    lab.connect("client", "eth0", "lan", "10.11.0.9/22");
    folder = join(lab.folder, "assets");
    mkdirSync(folder);
    for (const size of [...sizes, LARGE])
      writeFileSync(join(folder, `file-${size}`), randomFillSync(Buffer.alloc(size)));
    writeFileSync(join(lab.folder, "secret"), "secret");
    symlinkSync(join(lab.folder, "secret"), join(folder, "link"));
    const program = fileURLToPath(new URL("../support/serve-tftp.ts", import.meta.url));
    server = lab.start("gw", "server", [process.execPath, "--import", "tsx", program, OWN, folder]);
    await until(() => readFileSync(server.logPath, "utf8").includes("ready"));
  });

  after(() => lab.close());

  /** What arrived. */
  async function fetched(client: Client, remote: string): Promise<Buffer> {
    const local = join(lab.folder, "fetched");
    rmSync(local, { force: true });
    const run = lab.start("client", `run-${++runs}`, client.fetch(remote, local));
    const code = await run.ended;
    assert.equal(code, 0, `${client.name}: ${readFileSync(run.logPath, "utf8")}`);
    // curl makes no file of nothing.
    return existsSync(local) ? readFileSync(local) : Buffer.alloc(0);
  }

  async function assertFetches(client: Client, size: number): Promise<void> {
    const bytes = await fetched(client, `file-${size}`);
    assert.ok(bytes.equals(readFileSync(join(folder, `file-${size}`))), `${size} octets: ${bytes.length} came`);
  }

  for (const client of clients) {
    test(`${client.name} gets files of every size, octet for octet`, async () => {
      for (const size of sizes) if (!client.spares?.(size)) await assertFetches(client, size);
    });

    test(`${client.name} gets a file of ${LARGE} octets`, async () => await assertFetches(client, LARGE));
  }

  test("curl is told that a file is missing, and that a link leads outside", async () => {
    for (const [remote, code] of [
      ["nix", "68"],
      ["link", "69"],
      ["%2e%2e/secret", "69"],
    ] as const) {
      const run = lab.start("client", `curl-${code}`, curl(remote, join(lab.folder, "fetched")));
      assert.equal(String(await run.ended), code, remote);
    }
  });

  test("tftp-hpa in its own mode, netascii, reads that octet is wanted", async () => {
    const run = lab.start("client", "netascii", ["tftp", OWN, "-c", "get", "file-512", join(lab.folder, "fetched")]);
    await run.ended;
    assert.match(readFileSync(run.logPath, "utf8"), /netascii is not served; ask for the file in octet/);
  });

  test("busybox reads that nothing can be written here", async () => {
    const run = lab.start("client", "write", [
      "busybox",
      "tftp",
      "-p",
      "-l",
      join(folder, "file-512"),
      "-r",
      "up",
      OWN,
    ]);
    assert.notEqual(await run.ended, 0);
    assert.match(readFileSync(run.logPath, "utf8"), /read-only/);
  });

  test("a hundred curls at once all get their file", async () => {
    const locals = Array.from({ length: 100 }, (_, at) => join(lab.folder, `crowd-${at}`));
    const runs = locals.map((local, at) =>
      lab.start("client", `crowd-${at}`, curl(`file-${MIB}`, local, "--tftp-blksize", "1468")),
    );
    assert.deepEqual(new Set(await Promise.all(runs.map(({ ended }) => ended))), new Set([0]));
    const wanted = readFileSync(join(folder, `file-${MIB}`));
    for (const local of locals) assert.ok(readFileSync(local).equals(wanted), local);
  });

  test("the server says nothing of errors, and every transfer was complete", () => {
    const lines = readFileSync(server.logPath, "utf8")
      .split("\n")
      .filter((line) => line.startsWith("{"));
    const ends = lines.map((line) => JSON.parse(line) as { level: string; message: string; type?: string });
    assert.deepEqual(
      ends.filter(({ level }) => level !== "info"),
      [],
    );
    assert.deepEqual(
      ends.filter(({ message, type }) => message === "TFTP transfer ended" && type !== "complete"),
      [],
    );
  });

  describe("through a firewall that lets only port 69 in, with a single port", () => {
    const FIREWALLED = "10.11.0.2";

    before(async () => {
      lab.run("gw", ["ip", "address", "add", `${FIREWALLED}/22`, "dev", "eth0"]);
      lab.run("gw", ["nft", "add", "table", "ip", "wall"]);
      lab.run("gw", ["nft", "add", "chain", "ip", "wall", "in", "{ type filter hook input priority 0 ; }"]);
      const other = ["ip", "daddr", FIREWALLED, "udp", "dport", "!=", "69", "drop"];
      lab.run("gw", ["nft", "add", "rule", "ip", "wall", "in", ...other]);
      const program = fileURLToPath(new URL("../support/serve-tftp.ts", import.meta.url));
      const argv = [process.execPath, "--import", "tsx", program, FIREWALLED, folder, "single-port"];
      const single = lab.start("gw", "single", argv);
      await until(() => readFileSync(single.logPath, "utf8").includes("ready"));
    });

    for (const { name, fetch } of clients.filter((client) =>
      /^(curl in|busybox in|tftp-hpa|atftp in)/.test(client.name),
    ))
      test(`${name} gets a mebibyte`, async () => {
        const there = (remote: string, local: string) =>
          fetch(remote, local).map((word) => word.replace(OWN, FIREWALLED));
        await assertFetches({ name, fetch: there }, MIB);
      });
  });

  describe("where every twentieth datagram is lost, both ways", () => {
    before(() => {
      const lose = ["udp", "dport", "1-65535", "numgen", "random", "mod", "100", "<", "5", "drop"];
      for (const role of ["gw", "client"]) {
        lab.run(role, ["nft", "add", "table", "ip", "loss"]);
        lab.run(role, ["nft", "add", "chain", "ip", "loss", "in", "{ type filter hook input priority 0 ; }"]);
        lab.run(role, ["nft", "add", "rule", "ip", "loss", "in", ...lose]);
      }
    });

    const patient = clients.filter(({ name }) => /^(curl in|busybox in|tftp-hpa|atftp in)/.test(name));
    for (const client of patient) {
      test(`${client.name} gets a mebibyte twice`, async () => {
        for (let round = 0; round < 2; round++) await assertFetches(client, MIB);
      });
    }
  });
});

async function until(happened: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!happened()) {
    assert.ok(Date.now() < deadline, "the server did not start");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
