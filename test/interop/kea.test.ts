// Kea as the DHCP server of the boot network. Needs root, and the Debian packages kea-dhcp4-server, udhcpc, curl, iproute2,
// ethtool.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { BareDaemon, until } from "../support/lab/bare-daemon.ts";
import { said, startUdhcpc } from "../support/lab/dhcp-clients.ts";
import { startKea } from "../support/lab/kea.ts";
import { Lab, type LabProcess } from "../support/lab/lab.ts";
import type { BesidePxe } from "../support/lab/pxe-beside.ts";
import { plugIn } from "../support/lab/wire-behind.ts";
import { machine } from "../support/netboot-machine.ts";

const config = (dhcp = "") => `[network]
address = "10.11.0.1"
subnet = "10.11.0.0/22"
domain = "lab.example"
[dhcp]
${dhcp}
[[slot]]
ip = "10.11.0.2"
hostname = "first"
profile = "pve"
`;

const PXE = fileURLToPath(new URL("../support/lab/pxe-beside.ts", import.meta.url));
const KEA = "10.11.3.254";

let lab: Lab;
let daemon: BareDaemon;
let kea: LabProcess;

before(async () => {
  lab = new Lab();
  lab.addNamespace("router");
  lab.connect("router", "eth0", "lan", `${KEA}/22`);
  for (const role of ["firmware", "laptop"]) {
    lab.addNamespace(role);
    lab.connect(role, "eth0", "lan", null);
  }
  kea = await startKea(lab, "router");
  daemon = new BareDaemon(lab, config());
});

afterEach(() => daemon.stop());
after(() => lab?.close());

describe("beside Kea", () => {
  test("a start as the only DHCP server is refused", async () => {
    await assert.rejects(daemon.start(), (error: Error) => {
      assert.match(error.message, /cannot start: another DHCP server answers on the boot network/);
      assert.match(error.message, /10\.11\.3\.254 is a DHCP server that gives addresses \(10\.11\.2\.\d+\)/);
      assert.match(error.message, /dhcp\.mode = "proxy".*dhcp\.allow_other_servers = true/);
      return true;
    });
  });

  test("firmware gets its address from there, its loader and its script from us; others get nothing from us", async () => {
    daemon.configure(config('mode = "proxy"'));
    const assets = join(lab.folder, "daemon", "assets");
    const loader = Buffer.alloc(100_000, "a loader ");
    writeFileSync(join(assets, "snponly.efi"), loader);
    await daemon.start();

    const who = machine(0x31);
    plugIn(lab, "firmware", who.macs[0]);
    lab.run("firmware", ["ip", "route", "add", "default", "dev", "eth0"]);
    const { offers, ack } = JSON.parse(
      await lab.runBeside("firmware", [process.execPath, "--import", "tsx", PXE, who.macs[0]]),
    ) as BesidePxe;
    const address = ack?.yiaddr ?? "";
    assert.match(address, /^10\.11\.2\.\d+$/, said(kea));
    assert.deepEqual(ack, { server: KEA, yiaddr: address, file: "" });
    assert.deepEqual(
      [...new Set(offers.map((offer) => JSON.stringify(offer)))].sort(),
      [
        { server: "10.11.0.1", yiaddr: "0.0.0.0", file: "snponly.efi" },
        { server: KEA, yiaddr: address, file: "" },
      ].map((offer) => JSON.stringify(offer)),
    );

    lab.run("firmware", ["ip", "route", "flush", "dev", "eth0"]);
    lab.run("firmware", ["ip", "address", "add", `${address}/22`, "dev", "eth0"]);
    const got = join(lab.folder, "got");
    await lab.runBeside("firmware", ["curl", "--silent", "--show-error", "-o", got, "tftp://10.11.0.1/snponly.efi"]);
    assert.ok(readFileSync(got).equals(loader), "another loader than ours");
    assert.equal(await daemon.slots(), "first held");
    const script = await lab.runBeside("firmware", ["curl", "--silent", "--fail", `http://10.11.0.1/ipxe/${who.host}`]);
    assert.match(script, /^#!ipxe/);
    assert.equal(await daemon.slots(), "first assigned");

    const laptop = startUdhcpc(lab, "laptop", "laptop", { asFirmware: false });
    await until("its lease", () => /lease of 10\.11\.2\.\d+ obtained/.test(said(laptop)));
    laptop.kill("SIGTERM");
    await laptop.ended;
    const ours = (await daemon.timeline()).filter((line) => / (OFFER|ACK) \d/.test(line));
    assert.deepEqual(ours, [], "an address came from us");
  });
});
