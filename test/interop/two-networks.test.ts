// A host on two networks, of which one may boot from it and the other must not notice it. Needs root, and the Debian
// packages udhcpc, tcpdump, perl-base, iproute2, ethtool.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { BareDaemon, until } from "../support/lab/bare-daemon.ts";
import { said, startUdhcpc } from "../support/lab/dhcp-clients.ts";
import { Lab, type LabProcess } from "../support/lab/lab.ts";
import { plugIn } from "../support/lab/wire-behind.ts";

const config = (more = "") => `[network]
address = "10.11.0.1"
subnet = "10.11.0.0/22"
domain = "lab.example"
${more}
[[slot]]
ip = "10.11.0.2"
hostname = "first"
profile = "pve"
[[slot]]
ip = "10.11.0.3"
hostname = "second"
profile = "pve"
`;

/** As systemd would: it opens the sockets bound to the boot network's interface, and hands them over. */
const PARENT = [join(import.meta.dirname, "../support/lab/socket-parent"), "eth0", "10.11.0.1"];

let lab: Lab;
let daemon: BareDaemon;
/** Whatever leaves the appliance towards the other network. */
let wire: LabProcess;
let clients = 0;

before(async () => {
  lab = new Lab({ home: true });
  for (const [role, bridge] of [
    ["rack", "lan"],
    ["sofa", "home"],
  ] as const) {
    lab.addNamespace(role);
    lab.connect(role, "eth0", bridge, null);
  }
  daemon = new BareDaemon(lab, config());
  const filter = ["udp", "and", "src", "host", "not", "0.0.0.0", "and", "not", "port", "5353"];
  wire = lab.start("gw", "home-wire", ["tcpdump", "-l", "-n", "-i", "eth1", "-Q", "out", ...filter]);
  await until("tcpdump", () => said(wire).includes("listening on"));
});

after(async () => {
  await daemon?.stop();
  lab?.close();
});

/** Firmware on this network, a new machine each time. */
function boot(role: "rack" | "sofa"): LabProcess {
  const mac = `02:00:00:00:02:0${++clients}`;
  plugIn(lab, role, mac);
  return startUdhcpc(lab, role, `${role}-${clients}`, { asFirmware: true });
}

const packetsOut = () =>
  said(wire)
    .split("\n")
    .filter((line) => line.includes(" IP "));

describe("with sockets that are bound to the boot network's interface", () => {
  before(() => daemon.start(...PARENT));
  after(() => daemon.stop());

  test("a machine on the boot network is served", async () => {
    const client = boot("rack");
    await until("its lease", () => /lease of 10\.11\.0\.2 obtained/.test(said(client)));
    client.kill("SIGUSR1");
    await until("its renewal by unicast", () => (said(client).match(/lease of 10\.11\.0\.2/g) ?? []).length === 2);
    client.kill("SIGTERM");
    assert.equal(await daemon.slots(), "first assigned, second available");
  });

  test("a machine on the other network is not even heard, costs no slot, and not one packet goes there", async () => {
    const client = boot("sofa");
    await until("three DISCOVERs", () => (said(client).match(/broadcasting discover/g) ?? []).length >= 3);
    client.kill("SIGTERM");
    assert.equal(await daemon.slots(), "first assigned, second available");
    const heard = (await daemon.timeline()).filter((line) => line.startsWith("02:00:00:00:02:02"));
    assert.deepEqual(heard, []);
    assert.deepEqual(packetsOut(), []);
  });
});

describe("without them, Node cannot tell on which network a broadcast came in", () => {
  test("so it refuses to start, and says why and what to do", async () => {
    await assert.rejects(daemon.start(), (error: Error) => {
      assert.match(error.message, /this host is also on other networks \(eth1\)/);
      assert.match(error.message, /systemctl start bootqueue.*sockets are bound to eth0/s);
      assert.match(error.message, /network\.allow_shared_host = true/);
      return true;
    });
    assert.deepEqual(packetsOut(), []);
  });

  test("with the operator's word it starts, answers leave on the right side only, and the other network is heard", async () => {
    daemon.configure(config("allow_shared_host = true"));
    await daemon.start();
    const client = boot("sofa");
    await until("its DISCOVER", async () => (await daemon.timeline()).some((line) => line.includes("OFFER")));
    await sleep(500);
    client.kill("SIGTERM");
    assert.doesNotMatch(said(client), /obtained/);
    assert.deepEqual(packetsOut(), []);
    await daemon.stop();
  });
});
