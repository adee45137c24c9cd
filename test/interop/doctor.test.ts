// `bootqueue doctor` on the gateway of a boot network, beside the real daemon. Needs root, and the Debian packages
// dnsmasq-base, iproute2, ethtool.
import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { BareDaemon, until } from "../support/lab/bare-daemon.ts";
import { said } from "../support/lab/dhcp-clients.ts";
import { Lab, type LabProcess } from "../support/lab/lab.ts";

const CONFIG = `[network]
address = "10.11.0.1"
subnet = "10.11.0.0/22"
domain = "lab.example"
[pool]
first = "10.11.1.10"
last = "10.11.1.20"
[[slot]]
ip = "10.11.0.2"
hostname = "first"
profile = "rescue"
`;

interface Finding {
  readonly level: string;
  readonly what: string;
  readonly words: string;
  readonly todo: string;
}

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

let lab: Lab;
let daemon: BareDaemon;
let assets: string;

before(async () => {
  lab = new Lab();
  lab.addNamespace("router");
  lab.connect("router", "eth0", "lan", "10.11.3.254/22");
  daemon = new BareDaemon(lab, CONFIG);
  const folder = dirname(daemon.configPath);
  writeFileSync(join(folder, "profiles", "rescue.toml"), 'kind = "ipxe"\npurpose = "live"\nkernel = "rescue/linux"\n');
  // The bench's own profile names an image that is not there, of which the daemon would warn.
  rmSync(join(folder, "profiles", "pve.toml"));
  assets = join(folder, "assets");
  mkdirSync(join(assets, "rescue"), { recursive: true });
  for (const [name, size] of [
    ["undionly.kpxe", 70_001],
    ["snponly.efi", 250_000],
    ["rescue/linux", 1000],
  ] as const)
    writeFileSync(join(assets, name), Buffer.from(Array.from({ length: size }, (_, index) => index % 251)));
  await daemon.start();
});

after(async () => {
  await daemon?.stop();
  lab?.close();
});

/** Its exit code, and what it found: of each finding the level, the subject and the words. */
async function doctor(): Promise<{ readonly code: number; readonly lines: readonly string[] }> {
  const argv = [process.execPath, "--import", "tsx", MAIN, "--json", "--config", daemon.configPath, "doctor"];
  const { code, stdout } = await lab.runBeside("gw", argv).then(
    (text) => ({ code: 0, stdout: text }),
    (failure: { code: number; stdout: string }) => failure,
  );
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly Finding[] };
  return { code, lines: findings.map(({ level, what, words, todo }) => `${level} ${what}: ${words}; ${todo}`) };
}

const problems = (lines: readonly string[]) => lines.filter((line) => line.startsWith("problem"));

test("all is well: files come over TFTP and HTTP, the own pool answers, and nothing is held or leased", async () => {
  const { code, lines } = await doctor();
  assert.deepEqual(
    lines.filter((line) => !line.startsWith("ok")),
    [],
  );
  assert.equal(code, 0);
  const all = lines.join("\n");
  assert.match(all, /^ok TFTP: undionly\.kpxe came as it is on the disk, 70001 octets/m);
  assert.match(all, /^ok HTTP: undionly\.kpxe came as it is on the disk, 70001 octets/m);
  assert.match(all, /^ok DHCP: our own pool answers, with 10\.11\.1\.10/m);
  assert.match(all, /^ok interface: eth0 bears 10\.11\.0\.1/m);
  assert.equal(await daemon.slots(), "first available");
  assert.deepEqual(((await daemon.ask("GET", "/api/leases")) as { leases: unknown[] }).leases, []);
});

test("another DHCP server is named", async () => {
  const plain = ["--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--user=root", "--log-facility=-"];
  const where = ["--bind-interfaces", "--interface=eth0", "--leasefile-ro", "--log-dhcp"];
  const range = "--dhcp-range=10.11.2.10,10.11.2.99,1h";
  const other: LabProcess = lab.start("router", "dnsmasq", ["dnsmasq", ...plain, ...where, range]);
  await until("dnsmasq", () => /DHCP/.test(said(other)));
  const { code, lines } = await doctor();
  other.kill("SIGTERM");
  await other.ended;
  assert.equal(code, 1);
  assert.match(
    problems(lines).join("\n"),
    /^problem DHCP: another server, 10\.11\.3\.254, gives addresses \(10\.11\.2\.\d+\)/,
  );
  assert.ok(!/DHCPREQUEST/.test(said(other)), "it takes no lease");
});

test("a boot file that is missing is named", async () => {
  rmSync(join(assets, "snponly.efi"));
  const { code, lines } = await doctor();
  assert.equal(code, 1);
  assert.equal(problems(lines).length, 1);
  assert.match(problems(lines)[0] ?? "", /^problem boot files: \S+\/assets\/snponly\.efi is missing/);
  writeFileSync(join(assets, "snponly.efi"), "loader");
});

test("a daemon that is stopped: how to start it, and the rest all the same", async () => {
  await daemon.stop();
  const { code, lines } = await doctor();
  assert.equal(code, 1);
  assert.deepEqual(
    problems(lines).map((line) => line.split(":")[0]),
    ["problem daemon", "problem TFTP", "problem HTTP"],
  );
  const all = lines.join("\n");
  assert.match(all, /^problem daemon: .*there is no socket .*; start it with `systemctl start bootqueue`/m);
  assert.match(all, /^problem HTTP: nobody listens on TCP 10\.11\.0\.1:80; start the daemon/m);
  assert.match(all, /^ok state: \S+state\.json can be read/m);
});
