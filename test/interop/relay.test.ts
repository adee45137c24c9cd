// A rack behind a real DHCP relay, with real clients. Needs root, and the Debian packages isc-dhcp-relay, udhcpc,
// isc-dhcp-client, iproute2, ethtool.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { BareDaemon, until } from "../support/lab/bare-daemon.ts";
import { said, startUdhcpc } from "../support/lab/dhcp-clients.ts";
import { Lab, type LabProcess } from "../support/lab/lab.ts";
import { relayBetween } from "../support/lab/relay-between.ts";
import { leaseRenewAndRelease, leaseTwice, refusedElsewhere } from "../support/lab/relayed-clients.ts";
import { plugIn } from "../support/lab/wire-behind.ts";

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
[[slot]]
ip = "10.11.0.2"
hostname = "near"
profile = "pve"
[[slot]]
ip = "10.12.0.7"
hostname = "far"
profile = "pve"
[[slot]]
ip = "10.12.0.9"
hostname = "at-the-port"
profile = "pve"
port = "/eth2"
`;

let lab: Lab;
let daemon: BareDaemon;
let relay: LabProcess;

/** Two wires behind the relay: `eth1` with many machines, `eth2` as the switch port of one. */
before(async () => {
  lab = new Lab();
  const wires = [
    { role: "far", router: "10.12.0.1/24" },
    { role: "other", router: "10.12.0.1/32" },
  ];
  relayBetween(lab, wires, ["10.12.0.0/24"]);
  lab.run("relay", ["ip", "route", "add", "10.12.0.9/32", "dev", "eth2"]);
  const links = ["-id", "eth1", "-id", "eth2", "-iu", "eth0"];
  relay = lab.start("relay", "dhcrelay", ["dhcrelay", "-4", "-d", "-a", ...links, "10.11.0.1"]);
  await until("the relay", () => said(relay).includes("Sending on   Socket/fallback"));
  daemon = new BareDaemon(lab, CONFIG);
  await daemon.start();
});

after(async () => {
  await daemon?.stop();
  lab?.close();
});

describe("behind isc-dhcp-relay", () => {
  test("firmware (udhcpc) gets a slot of its rack's network, renews it directly, and keeps it after a RELEASE", async () => {
    const told = "mask=255.255.255.0 router=10.12.0.1 dns=10.12.0.53 domain=rack2.example name=far file=snponly.efi";
    await leaseRenewAndRelease(lab, daemon, { role: "far", mac: "02:00:00:00:01:01", address: "10.12.0.7", told });
    assert.equal(await daemon.slots(), "near available, far assigned, at-the-port reserved");
    assert.match(said(relay), /Adding \d+-byte relay agent option/);
  });

  test("firmware (dhclient) at a switch port gets the slot that is kept for it, and again after a restart", async () => {
    const machine = { role: "other", mac: "02:00:00:00:01:02", address: "10.12.0.9" };
    await leaseTwice(lab, daemon, machine, "near available, far assigned, at-the-port assigned");
  });

  test("a machine that is carried to our own wire is refused there, and takes no second slot", async () => {
    lab.addNamespace("near");
    lab.connect("near", "eth0", "lan", null);
    await refusedElsewhere(lab, daemon, "02:00:00:00:01:02", "other", "near");
    assert.equal(await daemon.slots(), "near available, far assigned, at-the-port assigned");
  });

  test("a machine on our own wire gets a slot there, although slots behind the relay come first to others", async () => {
    plugIn(lab, "near", "02:00:00:00:01:03");
    const client = startUdhcpc(lab, "near", "udhcpc-near", { asFirmware: true });
    await until("the lease", () => /lease of 10\.11\.0\.2 obtained/.test(said(client)));
    client.kill("SIGTERM");
    assert.equal(await daemon.slots(), "near assigned, far assigned, at-the-port assigned");
  });
});
