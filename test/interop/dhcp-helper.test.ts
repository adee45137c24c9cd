// A rack behind dhcp-helper, a relay that is no more than one: it adds no option 82. Needs root, the Debian packages udhcpc,
// isc-dhcp-client, iproute2, ethtool, and dhcp-helper as `scripts/setup test` unpacks it.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { BareDaemon, until } from "../support/lab/bare-daemon.ts";
import { Lab, type LabProcess } from "../support/lab/lab.ts";
import { relayBetween } from "../support/lab/relay-between.ts";
import { leaseRenewAndRelease, leaseTwice, refusedElsewhere } from "../support/lab/relayed-clients.ts";

const PROGRAM = fileURLToPath(new URL("../../build/dhcp-helper/usr/sbin/dhcp-helper", import.meta.url));

const CONFIG = `[network]
address = "10.11.0.1"
subnet = "10.11.0.0/22"
domain = "lab.example"
[dhcp]
allow_other_servers = true
[[subnet]]
name = "rack2"
subnet = "10.12.0.0/24"
router = "10.12.0.1"
dns = ["10.12.0.53"]
domain = "rack2.example"
[[subnet]]
name = "rack3"
subnet = "10.13.0.0/24"
router = "10.13.0.1"
[[slot]]
ip = "10.11.0.2"
hostname = "near"
profile = "pve"
[[slot]]
ip = "10.12.0.7"
hostname = "second"
profile = "pve"
[[slot]]
ip = "10.13.0.7"
hostname = "third"
profile = "pve"
`;

let lab: Lab;
let daemon: BareDaemon;
let relay: LabProcess;

before(async () => {
  assert.ok(existsSync(PROGRAM), `wanted ${PROGRAM}, which is not there; run scripts/setup test`);
  lab = new Lab();
  const wires = [
    { role: "rack2", router: "10.12.0.1/24" },
    { role: "rack3", router: "10.13.0.1/24" },
  ];
  relayBetween(lab, wires, ["10.12.0.0/24", "10.13.0.0/24"]);
  daemon = new BareDaemon(lab, CONFIG);
  await daemon.start();
  const links = ["-i", "eth1", "-i", "eth2"];
  relay = lab.start("relay", "dhcp-helper", [PROGRAM, "-d", "-n", ...links, "-s", "10.11.0.1"]);
  await until("the relay", () => lab.run("relay", ["ss", "--no-header", "-lun", "sport", "=", "67"]).trim() !== "");
});

after(async () => {
  await daemon?.stop();
  lab?.close();
});

describe("behind dhcp-helper", () => {
  test("firmware (udhcpc) gets a slot of its rack's network, renews it directly, and keeps it after a RELEASE", async () => {
    const told = "mask=255.255.255.0 router=10.12.0.1 dns=10.12.0.53 domain=rack2.example name=second file=snponly.efi";
    await leaseRenewAndRelease(lab, daemon, { role: "rack2", mac: "02:00:00:00:02:01", address: "10.12.0.7", told });
    assert.equal(await daemon.slots(), "near available, second assigned, third available");
  });

  test("firmware (dhclient) on another wire gets a slot of that network, and again after a restart", async () => {
    const machine = { role: "rack3", mac: "02:00:00:00:02:02", address: "10.13.0.7" };
    await leaseTwice(lab, daemon, machine, "near available, second assigned, third assigned");
    assert.ok(relay.isRunning);
  });

  test("a machine that is carried to the wire of the other rack is refused there, and takes no second slot", async () => {
    lab.run("rack2", ["ip", "address", "flush", "dev", "eth0"]);
    await refusedElsewhere(lab, daemon, "02:00:00:00:02:02", "rack3", "rack2");
    assert.equal(await daemon.slots(), "near available, second assigned, third assigned");
  });
});
