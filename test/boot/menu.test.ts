import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Menu, renderMenu } from "../../src/boot/menu.ts";
import { Urls } from "../../src/boot/urls.ts";
import type { DhcpMessage } from "../../src/dhcp/message.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import { type MachineBench, machineBench, SERVER, settled } from "../support/machine-bench.ts";
import { BIOS, IPXE, LAPTOP, machine, type Program, says, selects, UEFI_X64 } from "../support/netboot-machine.ts";

const FIRST = "10.97.0.200" as Ipv4Address;
const pool = { first: FIRST, last: "10.97.0.210" as Ipv4Address };
const MENU: Menu = {
  title: "rack 1",
  timeoutSeconds: 10,
  entries: [
    { title: "memtest", kernel: "memtest/memtest.bin", initrds: [], args: "" },
    { title: "rescue", kernel: "http://10.97.0.5/vmlinuz", initrds: ["rescue/initrd.img"], args: "console=ttyS0" },
  ],
};
const peach = machine(1);
const daisy = machine(2);

/** Several turns: the pool asks who is at an address before it offers it. */
async function ask(bench: MachineBench, message: DhcpMessage): Promise<DhcpMessage | null> {
  bench.send(message);
  for (let turn = 0; turn < 20; turn++) await settled();
  return bench.sent()[0] ?? null;
}

/** What firmware and then iPXE get, as far as the boot script. */
async function boots(bench: MachineBench, who = peach, firmware: Program = UEFI_X64) {
  const files: string[] = [];
  for (const program of [firmware, IPXE]) {
    const offer = await ask(bench, says(who, program, "DISCOVER"));
    if (offer === null) return { files, address: null, script: null };
    const ack = await ask(bench, selects(who, program, offer.yiaddr, SERVER));
    assert.equal(ack?.type, "ACK", bench.reasons().at(-1));
    files.push(ack.options.bootfileName || ack.file);
  }
  const address = (await ask(bench, says(who, IPXE, "DISCOVER")))?.yiaddr ?? null;
  const script = await (await bench.request(`/ipxe/${who.host}`, address)).text();
  return { files, address, script };
}

describe("a menu, where the operator wants one", () => {
  test("is what a machine gets that may have no slot, with an address of the pool", async () => {
    for (const firmware of [UEFI_X64, BIOS]) {
      const b = await machineBench({ pool, menu: MENU, slots: 0 });
      const { files, address, script } = await boots(b, peach, firmware);
      assert.deepEqual(files, [
        firmware === BIOS ? "undionly.kpxe" : "snponly.efi",
        `http://10.97.0.1/ipxe/${peach.host}`,
      ]);
      assert.equal(address, FIRST);
      assert.match(script ?? "", /^#!ipxe\n:menu\nmenu rack 1\n/);
    }
  });

  test("costs no slot, and a slot that is free goes before it", async () => {
    const b = await machineBench({ pool, menu: MENU, slots: 1 });
    await b.takeSlot(peach);
    assert.equal((await boots(b, daisy)).address, FIRST);
    assert.equal(b.slots(), "pxe_ready");
  });

  test("is for a registered machine that nothing is armed for", async () => {
    const b = await machineBench({ pool, menu: MENU });
    await b.happen({ type: "host-registered", mac: peach.macs[0], uuid: null, serverType: null, slot: null });
    assert.match((await boots(b)).script ?? "", /menu rack 1/);
  });

  test("is not for one that is installed, that failed, or that boots nothing", async () => {
    for (const state of ["ready", "failed"] as const) {
      const b = await machineBench({ pool, menu: MENU });
      await b.bring(peach, state);
      assert.equal(await ask(b, says(peach, UEFI_X64, "DISCOVER")), null, state);
      const script = await (await b.request(`/ipxe/${peach.host}`, FIRST)).text();
      assert.doesNotMatch(script, /menu/, state);
    }
    const b = await machineBench({ pool, menu: MENU, slots: 0 });
    const ack = await ask(b, says(daisy, LAPTOP, "DISCOVER"));
    assert.equal(ack?.options.bootfileName, undefined);
  });

  test("an address of the pool opens no way to an installer", async () => {
    const b = await machineBench({ pool, menu: MENU, slots: 1 });
    await b.takeSlot(daisy);
    const { address } = await boots(b, peach);
    await b.happen({ type: "host-reset", host: daisy.host, evenInstalled: false });
    await b.takeSlot(peach);
    const answer = await b.request(`/ipxe/${peach.host}`, address);
    assert.equal(answer.status, 403);
  });

  test("beside another DHCP server needs no pool", async () => {
    const b = await machineBench({ menu: MENU, slots: 0, mode: "proxy" });
    const offer = await ask(b, says(peach, IPXE, "DISCOVER"));
    assert.equal(offer?.yiaddr, "0.0.0.0");
    assert.equal(offer?.options.bootfileName || offer?.file, `http://10.97.0.1/ipxe/${peach.host}`);
    assert.match(await (await b.request(`/ipxe/${peach.host}`, "10.97.0.77" as Ipv4Address)).text(), /menu rack 1/);
  });

  test("without one there is silence, as before", async () => {
    const b = await machineBench({ pool, slots: 0 });
    assert.equal(await ask(b, says(peach, UEFI_X64, "DISCOVER")), null);
    assert.equal((await b.request(`/ipxe/${peach.host}`, FIRST)).status, 403);
  });
});

test("renderMenu() goes on to the disk by itself, and shows nothing that iPXE would expand", () => {
  const text = renderMenu(MENU, `no slot is free; \${oops} || reboot`, new Urls(SERVER, 80));
  assert.equal(
    text,
    `#!ipxe
:menu
menu rack 1
item --gap no slot is free   {oops}    reboot
item disk Go on to the local disk
item entry0 memtest
item entry1 rescue
choose --default disk --timeout 10000 chosen || goto disk
goto \${chosen}
:disk
exit 1
:entry0
imgfree
kernel http://10.97.0.1/assets/memtest/memtest.bin  || goto failed
boot || goto failed
:entry1
imgfree
kernel http://10.97.0.5/vmlinuz console=ttyS0 || goto failed
initrd http://10.97.0.1/assets/rescue/initrd.img || goto failed
boot || goto failed
:failed
echo bootqueue: could not load this; the reason stands above
sleep 10
goto menu
`,
  );
});
