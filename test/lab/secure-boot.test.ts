import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Appliance } from "../support/lab/appliance.ts";
import { ForeignDhcp } from "../support/lab/foreign-dhcp.ts";
import { Lab } from "../support/lab/lab.ts";
import { Machine } from "../support/lab/machine.ts";

const PATIENCE_MS = 300_000;

for (const mode of ["authoritative", "proxy"] as const) {
  describe(`with Secure Boot on, and DHCP ${mode}`, () => {
    const lab = new Lab();
    after(() => lab.close());

    test("UEFI loads shim, shim GRUB, GRUB the signed kernel, and that installs", async () => {
      const appliance = new Appliance(lab, {
        slots: 1,
        secureBoot: true,
        moreConfig: `[dhcp]\nmode = "${mode}"\n`,
      });
      // The installer may take either server's offer.
      const answer = "--dhcp-option-force=250,http://10.11.0.1/api/boot/answer";
      const router = mode === "proxy" ? new ForeignDhcp(lab, [answer]) : null;
      await appliance.start();
      const machine = new Machine(lab, 1, "uefi-secure");
      const [mac] = machine.macs;
      // GRUB 2.06 takes the server of its files from the ACK, and looks at no proxy's offer.
      if (mode === "proxy") appliance.command("mode", mac, "full");
      machine.powerOn();
      const until = Date.now() + PATIENCE_MS;
      let state: string | undefined;
      while (Date.now() < until && state !== "ready" && machine.isOn) {
        await sleep(500);
        state = (await appliance.hostOf(mac))?.state;
      }
      const timeline = (await appliance.timelineOf(mac)).map(({ what, why }) => `${what}: ${why}`);
      const told = [...timeline, ...machine.console.tail(20), router?.log.slice(-1500)].join("\n");
      assert.equal(state, "ready", told);
      const road = timeline.flatMap((line) => /^sent (\S+?):/.exec(line)?.[1] ?? []).join(" ");
      assert.match(road, /shimx64\.efi .*grubx64\.efi .*grub\.cfg .*linux26 .*initrd\.img/, told);
      assert.equal((await appliance.hostOf(mac))?.slot?.address, "10.11.0.2");
      await machine.powerOff();
    });
  });
}
