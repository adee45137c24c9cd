// Other people's DHCP clients against our server, in network namespaces. Needs root, and the Debian packages
// isc-dhcp-client, udhcpc, dhcpcd-base, systemd, nmap, kea-admin, iproute2, ethtool, nftables.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { exchangeOf } from "../../src/dhcp/exchange.ts";
import { encodeMessage } from "../../src/dhcp/message.ts";
import { composeReply } from "../../src/dhcp/reply.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import { dhcpRequest } from "../support/dhcp-request.ts";
import { FixedDhcpPolicy } from "../support/fixed-dhcp-policy.ts";
import { Lab, type LabProcess } from "../support/lab/lab.ts";

const OWN = "10.11.0.1" as Ipv4Address;
const PATIENCE_MS = 60_000;

/** One outcome, as `test/support/serve-dhcp.ts` prints it. */
interface Outcome {
  readonly mac: string | null;
  readonly request: string | null;
  readonly reply: string | null;
  readonly yiaddr: string | null;
  readonly to: { readonly address: string; readonly port: number } | null;
  readonly reason: string;
}

let lab: Lab;
let server: LabProcess;
let clients = 0;
let mac = "";

before(async () => {
  lab = new Lab();
  lab.addNamespace("client");
  lab.connect("client", "eth0", "lan", null);
  const program = fileURLToPath(new URL("../support/serve-dhcp.ts", import.meta.url));
  server = lab.start("gw", "server", [process.execPath, "--import", "tsx", program, OWN]);
  await until("the server is ready", () => readFileSync(server.logPath, "utf8").includes("ready"));
});

after(() => lab.close());

/** Each test is a new machine: another hardware address, no IP address. */
beforeEach(() => {
  mac = `02:00:00:00:01:${(++clients).toString(16).padStart(2, "0")}`;
  const link = ["ip", "link", "set", "eth0"];
  lab.run("client", ["ip", "address", "flush", "dev", "eth0"]);
  lab.run("client", [...link, "down"]);
  lab.run("client", [...link, "address", mac, "up"]);
});

describe("dhclient", () => {
  const start = (name: string, ...options: string[]) =>
    lab.start("client", name, [
      "dhclient",
      "-d",
      "-v",
      ...["-sf", script("dhclient-script", DHCLIENT_SCRIPT)],
      ...["-lf", join(lab.folder, `${mac}.leases`), "-pf", join(lab.folder, `${mac}.pid`)],
      ...options,
      "eth0",
    ]);

  test("gets its address, keeps it after a restart, and gives it back", async () => {
    const first = start(`${mac}-first`, "-1");
    await untilSaid(first, /bound to 10\.11\.0\.\d+/);
    first.kill("SIGKILL");
    await first.ended;
    const second = start(`${mac}-second`, "-1");
    await untilSaid(second, /bound to 10\.11\.0\.\d+/);
    second.kill("SIGKILL");
    await second.ended;
    await start(`${mac}-release`, "-r").ended;
    await until("the RELEASE", () => exchanges().length === 4);
    assert.deepEqual(exchanges(), ["DISCOVER OFFER", "REQUEST ACK", "REQUEST ACK", "RELEASE silence"]);
  });

  test("that comes from another network is refused and starts again", async () => {
    const lease = `lease {\n  interface "eth0";\n  fixed-address 192.168.7.7;\n  option subnet-mask 255.255.255.0;
  option dhcp-lease-time 86400;\n  option dhcp-message-type 5;\n  option dhcp-server-identifier 192.168.7.1;
  renew 4 2037/01/01 00:00:00;\n  rebind 4 2037/01/01 00:00:00;\n  expire 4 2037/01/01 00:00:00;\n}\n`;
    writeFileSync(join(lab.folder, `${mac}.leases`), lease);
    const client = start(mac, "-1");
    await untilSaid(client, /DHCPNAK from 10\.11\.0\.1[\s\S]*bound to 10\.11\.0\.\d+/);
    client.kill("SIGKILL");
    assert.deepEqual(exchanges(), ["REQUEST NAK", "DISCOVER OFFER", "REQUEST ACK"]);
  });
});

test("udhcpc gets its address, renews it by unicast, and gives it back", async () => {
  const set = script("udhcpc-script", UDHCPC_SCRIPT);
  const client = lab.start("client", mac, ["udhcpc", "-f", "-i", "eth0", "-s", set]);
  await untilSaid(client, /lease of 10\.11\.0\.\d+ obtained/);
  client.kill("SIGUSR1");
  await until("the renewal", () => exchanges().length === 3);
  client.kill("SIGUSR2");
  await until("the RELEASE", () => exchanges().length === 4);
  client.kill("SIGTERM");
  assert.deepEqual(exchanges(), ["DISCOVER OFFER", "REQUEST ACK", "REQUEST ACK", "RELEASE silence"]);
  assert.deepEqual(
    outcomes().map(({ to, yiaddr }) => to?.address.replace(yiaddr ?? "", "its own")),
    ["255.255.255.255", "255.255.255.255", "its own", undefined],
  );
});

test("dhcpcd, which probes the address first, gets it", async () => {
  const set = script("dhcpcd", DHCPCD_IN_A_CLEAN_ROOM);
  const client = lab.start("client", mac, ["unshare", "--mount", set]);
  assert.equal(await client.ended, 0, readFileSync(client.logPath, "utf8"));
  assert.match(readFileSync(client.logPath, "utf8"), /leased 10\.11\.0\.\d+ for 600 seconds/);
  assert.deepEqual(exchanges(), ["DISCOVER OFFER", "REQUEST ACK"]);
});

test("systemd-networkd gets its address and its route, and gives it back", async () => {
  const set = script("networkd", NETWORKD_IN_A_CLEAN_ROOM);
  const client = lab.start("client", mac, ["unshare", "--mount", set]);
  await untilSaid(client, /State changed: configuring -> configured/);
  assert.match(lab.run("client", ["ip", "route"]), /default via 10\.11\.0\.1 dev eth0 proto dhcp/);
  client.kill("SIGTERM");
  await client.ended;
  assert.deepEqual(exchanges(), ["DISCOVER OFFER", "REQUEST ACK", "RELEASE silence"]);
});

test("nmap reads our OFFER", () => {
  // It looks only at interfaces that have an address.
  lab.run("client", ["ip", "address", "add", "10.11.3.250/22", "dev", "eth0"]);
  const said = lab.run("client", ["nmap", "--script", "broadcast-dhcp-discover", "-e", "eth0"]);
  assert.match(said, /IP Offered: 10\.11\.0\.\d+/);
  assert.match(said, /Server Identifier: 10\.11\.0\.1/);
  assert.match(said, /Subnet Mask: 255\.255\.252\.0/);
  assert.match(said, /IP Address Lease Time: 10m00s/);
});

test("perfdhcp, a relay with 200 clients, loses nothing", () => {
  lab.run("client", ["ip", "address", "add", "10.11.3.250/22", "dev", "eth0"]);
  // It exits as soon as the last exchange is over, hence the time to wait at the end; 10 s is its idea of a loss.
  const pace = ["-r", "100", "-R", "200", "-p", "3", "-W", "2000000", "-d", "10"];
  const said = lab.run("client", ["perfdhcp", "-4", ...pace, "-b", "mac=02:00:00:00:02:00", "-l", "10.11.3.250", OWN]);
  const counted = [...said.matchAll(/^(sent packets|drops|orphans|non unique addresses): (\d+)/gm)];
  const numbers = counted.map(([, what, count]) => `${what} ${what === "sent packets" ? Number(count) > 100 : count}`);
  const faultless = ["sent packets true", "drops 0", "orphans 0", "non unique addresses 0"];
  assert.deepEqual(numbers, [...faultless, ...faultless], said);
});

test("the npm package dhcp reads our OFFER as we meant it", () => {
  const question = dhcpRequest("DISCOVER", { parameterRequestList: [1, 3, 6, 12, 15, 28] });
  const exchange = exchangeOf(question, OWN, false);
  const decision = new FixedDhcpPolicy(OWN, () => {}).decide({
    request: question,
    exchange,
    from: { address: "0.0.0.0" as Ipv4Address, port: 68 },
  });
  const offer = composeReply(question, exchange, decision, OWN) ?? assert.fail();
  const { options, ...header } = npmDhcpCodec.parse(Buffer.from(encodeMessage(offer)));
  assert.deepEqual(options, {
    1: "255.255.252.0",
    3: [OWN],
    6: [OWN],
    12: "host-020000000101",
    15: "lab.example",
    28: "10.11.3.255",
    51: 600,
    53: 2,
    54: OWN,
    58: 300,
    59: 525,
  });
  assert.deepEqual([header.op, header.yiaddr, header.chaddr], [2, "10.11.0.2", "02-00-00-00-01-01"]);
});

describe("where every twentieth datagram is lost, both ways", () => {
  before(() => {
    const lose = ["udp", "dport", "67-68", "numgen", "random", "mod", "100", "<", "5", "drop"];
    // udhcpc and dhclient read below the filters of their own namespace, so their side loses at the switch.
    lab.run("gw", ["nft", "add", "table", "ip", "loss"]);
    for (const hook of ["input", "output"]) {
      lab.run("gw", ["nft", "add", "chain", "ip", "loss", hook, `{ type filter hook ${hook} priority 0 ; }`]);
      lab.run("gw", ["nft", "add", "rule", "ip", "loss", hook, ...lose]);
    }
  });
  after(() => lab.run("gw", ["nft", "delete", "table", "ip", "loss"]));

  for (let round = 1; round <= 5; round++) {
    test(`udhcpc and dhclient get their address, machine ${round}`, async () => {
      const set = script("udhcpc-script", UDHCPC_SCRIPT);
      const first = lab.start("client", mac, ["udhcpc", "-f", "-q", "-i", "eth0", "-s", set]);
      await untilSaid(first, /lease of 10\.11\.0\.\d+ obtained/);
      await first.ended;
      lab.run("client", ["ip", "address", "flush", "dev", "eth0"]);
      const leases = ["-lf", join(lab.folder, `${mac}.leases`), "-pf", join(lab.folder, `${mac}.pid`)];
      const own = ["-d", "-v", "-1", "-sf", script("dhclient-script", DHCLIENT_SCRIPT), ...leases];
      const second = lab.start("client", `${mac}-second`, ["dhclient", ...own, "eth0"]);
      await untilSaid(second, /bound to 10\.11\.0\.\d+/);
      second.kill("SIGKILL");
      await second.ended;
    });
  }
});

/** An independent reader, for want of types described here. It is a witness, not the definition of what is right. */
const npmDhcpCodec = createRequire(import.meta.url)("dhcp/lib/protocol.js") as {
  parse(bytes: Buffer): { op: number; yiaddr: string; chaddr: string; options: Record<number, unknown> };
};

/** What the server made of this test's machine so far. */
function outcomes(): readonly Outcome[] {
  const lines = readFileSync(server.logPath, "utf8").split("\n").slice(0, -1);
  return lines
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Outcome)
    .filter((outcome) => outcome.mac === mac);
}

function exchanges(): readonly string[] {
  return outcomes().map(({ request, reply }) => `${request} ${reply ?? "silence"}`);
}

function untilSaid(client: LabProcess, what: RegExp): Promise<void> {
  return until(String(what), () => what.test(readFileSync(client.logPath, "utf8")), client);
}

async function until(what: string, happened: () => boolean, client?: LabProcess): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!happened()) {
    if (Date.now() > deadline) {
      const said = client === undefined ? "" : readFileSync(client.logPath, "utf8");
      assert.fail(`${what} did not come; the server saw ${JSON.stringify(outcomes())}; the client said ${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The path of an executable with this text. */
function script(name: string, text: string): string {
  const path = join(lab.folder, name);
  if (!existsSync(path)) writeFileSync(path, text, { mode: 0o755 });
  return path;
}

// None of these touches /etc/resolv.conf, which the namespace shares with the machine.

const UDHCPC_SCRIPT = `#!/bin/sh
case "$1" in
  deconfig) ip address flush dev "$interface" ;;
  bound | renew) ip address replace "$ip/22" dev "$interface" ;;
esac
`;

const DHCLIENT_SCRIPT = `#!/bin/sh
case "$reason" in
  BOUND | RENEW | REBIND | REBOOT) ip address replace "$new_ip_address/22" dev "$interface" ;;
  EXPIRE | FAIL | RELEASE | STOP) ip address flush dev "$interface" ;;
esac
`;

const DHCPCD_IN_A_CLEAN_ROOM = `#!/bin/sh
set -eu
mount -t tmpfs none /var/lib/dhcpcd
mount -t tmpfs none /run
mkdir -p /run/dhcpcd
exec timeout 60 dhcpcd --ipv4only --oneshot --nobackground --script /bin/true eth0
`;

/** Without udev, for which it would wait: it expects none where /sys cannot be written. */
const NETWORKD_IN_A_CLEAN_ROOM = `#!/bin/sh
set -eu
mount -o remount,bind,ro /sys
mount -t tmpfs none /run
mkdir -p /run/systemd/network /run/systemd/netif
chown systemd-network /run/systemd/netif
cat > /run/systemd/network/10-eth0.network <<END
[Match]
Name=eth0
[Network]
DHCP=ipv4
LinkLocalAddressing=no
IPv6AcceptRA=no
END
exec env SYSTEMD_LOG_LEVEL=debug timeout 60 /lib/systemd/systemd-networkd
`;
