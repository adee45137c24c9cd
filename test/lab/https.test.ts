import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { StatusView } from "../../src/http/contract.ts";
import { Appliance } from "../support/lab/appliance.ts";
import { arrival } from "../support/lab/arrival.ts";
import { Lab } from "../support/lab/lab.ts";
import { Machine } from "../support/lab/machine.ts";
import { FIRMWARE_MS, patiently } from "../support/lab/patience.ts";

// Over HTTPS, with an installer that pins the fingerprint as Proxmox's does.

const HTTPS = "[http]\ntls_port = 443\n";

describe("over HTTPS", () => {
  let lab: Lab;
  before(() => {
    lab = new Lab();
  });
  after(() => lab.close());

  test("a machine installs hands off, though the certificate is rotated in the middle; a disk of another serial is refused", async () => {
    // Time to rotate between the answer, which tells the fingerprint, and the report, which meets the certificate.
    const guarded = `[[slot]]\nip = "10.11.0.9"\nhostname = "guarded"\nprofile = "pve"\nmac = "52:54:00:1a:00:02"\ndisk_serials = ["ELSEWHERE"]\n`;
    const appliance = new Appliance(lab, { slots: 1, moreConfig: HTTPS + guarded, kernelArgs: "standin.pause=8" });
    await appliance.start();
    const { tls: before } = (await appliance.ask("GET", "/api/status")) as StatusView;
    const machine = new Machine(lab, 1, "bios");
    machine.powerOn();
    await arrival(appliance, machine, "installing");
    const said = appliance.command("tls", "rotate");
    assert.match(said, /peach-beach still meets the one before, until the install ends/);
    const { tls: after } = (await appliance.ask("GET", "/api/status")) as StatusView;
    assert.notEqual(after?.fingerprint, before?.fingerprint);
    await arrival(appliance, machine, "ready");
    assert.ok(machine.console.lines(/^standin: reported the installation/).length > 0);
    await machine.powerOff();

    const other = new Machine(lab, 2, "bios");
    other.powerOn();
    const stopped = await patiently(
      "its installer to refuse",
      () => other.console.lines(/^standin: STOPPED/)[0] ?? false,
      () => other.console.tail(10).join("\n"),
      FIRMWARE_MS,
    );
    assert.match(stopped, /installation failed: .*(filter|disk)/i);
  });
});

test("a fingerprint that is fixed in the image and wrong is refused by the installer, and the timeline says so", async () => {
  const lab = new Lab();
  try {
    const kernelArgs = `standin.fingerprint=${"00".repeat(32)}`;
    const appliance = new Appliance(lab, { slots: 1, moreConfig: HTTPS, kernelArgs });
    await appliance.start();
    const machine = new Machine(lab, 1, "bios");
    machine.powerOn();
    const [stopped] = await patiently(
      "its installer to refuse",
      () => {
        const lines = machine.console.lines(/^standin: STOPPED/);
        return lines.length > 0 && lines;
      },
      () => machine.console.tail(10).join("\n"),
      FIRMWARE_MS,
    );
    assert.match(stopped ?? "", /fetching the answer failed: .*fingerprint/);
    const host = await appliance.hostOf(machine.macs[0]);
    assert.ok(host);
    assert.equal(host.state, "pxe_booted", "nothing was served that wipes a disk");
    const { story } = await appliance.detailOf(host);
    assert.match(story, /did not take our certificate/);
    assert.match(story, /hung up at the sight of [0-9A-F:]{95}/);
  } finally {
    lab.close();
  }
});
