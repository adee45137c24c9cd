import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { EXAMPLES } from "../support/kind-examples.ts";
import { Appliance } from "../support/lab/appliance.ts";
import { Lab } from "../support/lab/lab.ts";
import { Machine } from "../support/lab/machine.ts";
import { FIRMWARE_MS, patiently } from "../support/lab/patience.ts";

// Debian's own installer, from its own kernel and initrd, as far as it comes without a mirror: it boots, takes its address
// from the command line, fetches its answers, runs the commands in them, and asks for the archive that they name.

const IMAGES = "/usr/lib/debian-installer/images";
const FOLDER = join(IMAGES, readdirSync(IMAGES)[0] ?? "", "amd64/text/debian-installer/amd64");

const PROFILE = (EXAMPLES.get("debian") ?? "")
  .replace(/^# kernel_args = .*$/m, 'kernel_args = "console=ttyS0 DEBIAN_FRONTEND=text"')
  // The appliance itself, which has no such archive.
  .replace(/^host = .*\ndirectory = .*$/m, 'host = "10.11.0.1"\ndirectory = "/assets/archive"')
  .replace("/dev/sda", "/dev/vda");

describe("the installer of Debian", () => {
  let lab: Lab;
  let appliance: Appliance;
  let machine: Machine;

  before(async () => {
    lab = new Lab();
    const assets = { "debian/linux": join(FOLDER, "linux"), "debian/initrd.gz": join(FOLDER, "initrd.gz") };
    appliance = new Appliance(lab, { slots: 1, profile: PROFILE, assets });
    await appliance.start();
    machine = new Machine(lab, 1, "bios", { memoryMib: 1024 });
    machine.powerOn();
  });
  after(() => lab.close());

  const console_ = () => machine.console.tail(15).join("\n");

  test("fetches its answers under the address of its slot, and the install has begun", async () => {
    await patiently(
      "the answers to be fetched",
      async () => (await appliance.timelineOf(machine.macs[0])).some(({ what }) => what === "preseed.cfg"),
      console_,
      FIRMWARE_MS,
    );
    const host = await appliance.hostOf(machine.macs[0]);
    assert.equal(host?.state, "installing");
  });

  test("understands them: it runs the first of the commands in them, which tells of it", async () => {
    await patiently(
      "its first report",
      async () => (await appliance.timelineOf(machine.macs[0])).some(({ why }) => why.startsWith("preseed: noted")),
      console_,
      FIRMWARE_MS,
    );
  });

  test("asks for the archive that they name", async () => {
    await patiently(
      "a request for the archive",
      async () => {
        const { footprints } = (await appliance.ask("GET", "/api/timeline?limit=5000")) as {
          footprints: readonly { what: string; why: string }[];
        };
        return footprints.some(({ what, why }) => `${what} ${why}`.includes("archive"));
      },
      console_,
      FIRMWARE_MS,
    );
  });
});
