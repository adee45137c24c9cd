import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DhcpMessage } from "../../src/dhcp/message.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import { systemUuidFromOption } from "../../src/net/system-uuid.ts";
import type { AttemptToken } from "../../src/queue/host.ts";
import { slotIdOf } from "../../src/queue/slot.ts";
import { goldenDhcpPackets } from "../support/golden-dhcp.ts";
import { type MachineBench, machineBench, SERVER, settled, slotAddress } from "../support/machine-bench.ts";
import {
  BIOS,
  firmwareOf,
  HTTP_X64,
  INSTALLER,
  IPXE,
  IPXE_WITHOUT_HTTP,
  LAPTOP,
  type Machine,
  machine,
  type Program,
  says,
  selects,
  UEFI_ARM64,
  UEFI_X64,
  uuidOption,
} from "../support/netboot-machine.ts";

const FIRST = slotAddress(1);
const SECOND = slotAddress(2);
const ELSEWHERE = "192.168.7.20" as Ipv4Address;
const ANOTHER_SERVER = "10.97.0.254" as Ipv4Address;

const peach = machine(1);
const daisy = machine(2);

/** The last reason on the timeline. */
const why = (bench: MachineBench) => bench.reasons().at(-1) ?? "";

/** What a reply says that matters here: `OFFER 10.97.0.12 snponly.efi`. */
function drawn(reply: DhcpMessage | null): string {
  if (reply === null) return "silence";
  const file = reply.options.bootfileName ?? "";
  const parts = [reply.type, reply.type === "NAK" ? "" : reply.yiaddr, file];
  return parts.filter((part) => part !== "").join(" ");
}

describe("SlotDhcpPolicy › a firmware's DISCOVER", () => {
  const offers: readonly { what: string; program: Program; file: string }[] = [
    { what: "BIOS", program: BIOS, file: "undionly.kpxe" },
    { what: "UEFI x64", program: UEFI_X64, file: "snponly.efi" },
    { what: "UEFI ARM64", program: UEFI_ARM64, file: "arm64/snponly.efi" },
    { what: "UEFI HTTP Boot", program: HTTP_X64, file: "http://10.97.0.1/assets/snponly.efi" },
    { what: "iPXE in the ROM of a NIC", program: IPXE, file: "http://10.97.0.1/ipxe/52-54-00-00-01-01" },
    { what: "iPXE without HTTP", program: IPXE_WITHOUT_HTTP, file: "undionly.kpxe" },
    {
      what: "firmware that names several architectures",
      program: { ...UEFI_X64, options: { ...UEFI_X64.options, clientSystemArchitecture: [99, 11] } },
      file: "arm64/snponly.efi",
    },
  ];
  for (const { what, program, file } of offers) {
    test(`from ${what} holds the first slot and is offered its address and ${file}`, async () => {
      const bench = await machineBench();
      const offer = await bench.dhcp(says(peach, program, "DISCOVER"));
      assert.equal(drawn(offer), `OFFER ${FIRST} ${file}`);
      assert.equal(offer?.file, file);
      assert.equal(offer?.siaddr, SERVER);
      assert.equal(bench.slots(), "held available available");
    });
  }

  test("is offered what an address needs: mask, router, name server, name", async () => {
    const bench = await machineBench();
    const options = (await bench.dhcp(says(peach, UEFI_X64, "DISCOVER")))?.options;
    assert.deepEqual(
      [options?.subnetMask, options?.router, options?.domainNameServer, options?.hostName, options?.domainName],
      ["255.255.255.0", [SERVER], [SERVER], "node1", "lab.example"],
    );
    assert.deepEqual([options?.ipAddressLeaseTime, options?.serverIdentifier], [3600, SERVER]);
  });

  test("HTTP Boot gets its class back, PXE does not", async () => {
    const bench = await machineBench();
    const http = await bench.dhcp(says(peach, HTTP_X64, "DISCOVER"));
    const pxe = await bench.dhcp(says(daisy, UEFI_X64, "DISCOVER"));
    assert.equal(http?.options.vendorClassIdentifier, "HTTPClient");
    assert.equal(pxe?.options.vendorClassIdentifier, undefined);
  });

  test("repeated gets the same offer and no second slot", async () => {
    const bench = await machineBench();
    const offers = [];
    for (let n = 0; n < 4; n++) offers.push(drawn(await bench.dhcp(says(peach, UEFI_X64, "DISCOVER"))));
    assert.deepEqual(new Set(offers), new Set([`OFFER ${FIRST} snponly.efi`]));
    assert.equal(bench.slots(), "held available available");
  });

  test("gives the next machine the next slot, and the third nothing when there are two", async () => {
    const bench = await machineBench({ slots: 2 });
    assert.equal(drawn(await bench.dhcp(says(peach, UEFI_X64, "DISCOVER"))), `OFFER ${FIRST} snponly.efi`);
    assert.equal(drawn(await bench.dhcp(says(daisy, BIOS, "DISCOVER"))), `OFFER ${SECOND} undionly.kpxe`);
    assert.equal(await bench.dhcp(says(machine(3), UEFI_X64, "DISCOVER")), null);
    assert.match(why(bench), /no slot is free for it; add slots/);
  });

  test("gets the slot that is reserved for its hardware address", async () => {
    const bench = await machineBench({ reservations: { 2: { type: "mac", mac: peach.macs[0] } } });
    assert.equal(drawn(await bench.dhcp(says(peach, UEFI_X64, "DISCOVER"))), `OFFER ${SECOND} snponly.efi`);
  });

  test("through the second NIC of a machine that is being offered a slot costs no second one", async () => {
    const bench = await machineBench();
    await bench.dhcp(says(peach, UEFI_X64, "DISCOVER"));
    assert.equal(await bench.dhcp(says(peach, UEFI_X64, "DISCOVER", {}, {}, 2)), null);
    assert.match(why(bench), /another NIC/);
    assert.equal(bench.slots(), "held available available");
  });

  const unbootable: readonly { what: string; program: Program; reason: RegExp }[] = [
    {
      what: "an unknown architecture",
      program: firmwareOf(77),
      reason: /nothing it could boot: its architecture 77 is/,
    },
    { what: "ARM32", program: firmwareOf(10), reason: /no boot loader for UEFI ARM32/ },
    {
      what: "no architecture at all",
      program: { options: { vendorClassIdentifier: "PXEClient" }, sendsUuid: true },
      reason: /its architecture \(none given\) is unknown/,
    },
  ];
  for (const { what, program, reason } of unbootable) {
    test(`of ${what} gets silence and costs no slot, neither by DISCOVER nor by REQUEST`, async () => {
      const bench = await machineBench();
      assert.equal(await bench.dhcp(says(peach, program, "DISCOVER")), null);
      assert.match(why(bench), reason);
      assert.equal(await bench.dhcp(says(peach, program, "REQUEST", { requestedIpAddress: FIRST })), null);
      assert.match(why(bench), reason);
      assert.equal(bench.slots(), "available available available");
    });
  }

  test("of an unknown architecture gets the address of the slot it has already, and nothing to load", async () => {
    const bench = await machineBench();
    await bench.happen(
      { type: "host-registered", mac: peach.macs[0], uuid: null, serverType: null, slot: null },
      { type: "rebuild-ordered", host: peach.host, token: "t" as AttemptToken },
    );
    const strange = firmwareOf(77);
    assert.equal(drawn(await bench.dhcp(says(peach, strange, "DISCOVER"))), `OFFER ${FIRST}`);
    assert.match(
      why(bench),
      /OFFER 10\.97\.0\.12 to DISCOVER from architecture 77 .*no boot file: its architecture 77 is/,
    );
    assert.equal(drawn(await bench.dhcp(selects(peach, strange, FIRST, SERVER))), `ACK ${FIRST}`);
    assert.equal(bench.footprints.at(-1)?.fields?.architecture, 77);
  });

  const pis: readonly { what: string; mac: string; uuid97: string }[] = [
    { what: "by its maker's address", mac: "b827eb010203", uuid97: `00${"11".repeat(16)}` },
    // Made after raspberrypi/documentation, eeprom-bootloader.adoc: `RPi4` and what follows from board and serial.
    { what: "by the letters in its UUID", mac: "525400000101", uuid97: "00525069341411d00001020304deadbeef" },
  ];
  for (const { what, mac, uuid97 } of pis) {
    test(`of a Raspberry Pi, told ${what} although it says BIOS, gets the menu that it knows and no file`, async () => {
      const bench = await machineBench();
      const who = { ...peach, uuid97: Uint8Array.from(Buffer.from(uuid97, "hex")) };
      const chaddr = Uint8Array.from(Buffer.from(mac, "hex"));
      const offer = await bench.dhcp(says(who, BIOS, "DISCOVER", {}, { chaddr }));
      assert.equal(drawn(offer), `OFFER ${FIRST}`);
      assert.deepEqual([offer?.siaddr, offer?.file, offer?.options.vendorClassIdentifier], [SERVER, "", "PXEClient"]);
      const menu = Buffer.from(offer?.raw.get(43) ?? []).toString("latin1");
      assert.equal(menu, "\x06\x01\x03\x0a\x04\x00PXE\x09\x17\x00\x00\x14Raspberry Pi Boot   \xff");
      // The UEFI that it may load from there comes with a UUID of its own, and is still the same machine.
      await bench.dhcp(says(who, BIOS, "REQUEST", { requestedIpAddress: FIRST, serverIdentifier: SERVER }, { chaddr }));
      const uefi = await bench.dhcp(says(daisy, UEFI_ARM64, "DISCOVER", {}, { chaddr }));
      assert.equal(drawn(uefi), `OFFER ${FIRST} arm64/snponly.efi`);
    });
  }

  test("a held slot that is never requested is free again after its time", async () => {
    const bench = await machineBench();
    await bench.dhcp(says(peach, UEFI_X64, "DISCOVER"));
    bench.clock.advance(121_000);
    assert.equal(bench.slots(), "available available available");
    assert.equal(drawn(await bench.dhcp(says(daisy, UEFI_X64, "DISCOVER"))), `OFFER ${FIRST} snponly.efi`);
  });
});

describe("SlotDhcpPolicy › a firmware's REQUEST", () => {
  test("takes the slot, and its ACK repeats the OFFER", async () => {
    const bench = await machineBench();
    const offer = await bench.dhcp(says(peach, UEFI_X64, "DISCOVER"));
    const ack = await bench.dhcp(selects(peach, UEFI_X64, FIRST, SERVER));
    assert.ok(offer !== null && ack !== null);
    assert.equal(ack.type, "ACK");
    const { dhcpMessageType: _offer, ...offered } = offer.options;
    const { dhcpMessageType: _ack, ...granted } = ack.options;
    assert.deepEqual(granted, offered);
    for (const field of ["yiaddr", "siaddr", "file", "sname", "giaddr", "xid"] as const) {
      assert.equal(ack[field], offer[field], field);
    }
    assert.equal(bench.slots(), "pxe_ready available available");
  });

  test("is only answered when the slot is on disk", async () => {
    const bench = await machineBench();
    await bench.dhcp(says(peach, UEFI_X64, "DISCOVER"));
    bench.store.hold();
    bench.send(selects(peach, UEFI_X64, FIRST, SERVER));
    bench.send(selects(peach, UEFI_X64, FIRST, SERVER));
    await settled();
    await settled();
    assert.deepEqual(bench.sent(), []);
    bench.store.release();
    await settled();
    assert.deepEqual(bench.sent().map(drawn), [`ACK ${FIRST} snponly.efi`, `ACK ${FIRST} snponly.efi`]);
    const kept = await bench.store.load();
    assert.equal(kept?.hosts.at(0)?.state.type, "pxe_ready");
  });

  test("is not answered when it cannot be saved, and the timeline says so", async () => {
    const bench = await machineBench();
    await bench.dhcp(says(peach, UEFI_X64, "DISCOVER"));
    bench.store.fail(new Error("no space left on device"));
    assert.equal(await bench.dhcp(selects(peach, UEFI_X64, FIRST, SERVER)), null);
    assert.match(why(bench), /could not be saved/);
    assert.equal(bench.broken.length, 1);
  });

  test("repeated is answered again, with the same token", async () => {
    const bench = await machineBench();
    await bench.takeSlot(peach);
    const token = bench.tokenOf(peach);
    assert.equal(drawn(await bench.dhcp(selects(peach, UEFI_X64, FIRST, SERVER))), `ACK ${FIRST} snponly.efi`);
    assert.equal(bench.tokenOf(peach), token);
  });

  test("for an address that is not held for it gets a NAK", async () => {
    const bench = await machineBench();
    await bench.dhcp(says(peach, UEFI_X64, "DISCOVER"));
    await bench.dhcp(says(daisy, UEFI_X64, "DISCOVER"));
    const nak = await bench.dhcp(selects(peach, UEFI_X64, SECOND, SERVER));
    assert.equal(nak?.type, "NAK");
    assert.equal(nak?.options.message, `${SECOND} is not held for you; ask again`);
    assert.equal(bench.slots(), "held held available");
  });

  test("for another address than its slot's gets a NAK, once it has one", async () => {
    const bench = await machineBench();
    await bench.takeSlot(peach);
    const nak = await bench.dhcp(selects(peach, UEFI_X64, SECOND, SERVER));
    assert.equal(nak?.options.message, `${SECOND} is not held for you; ask again`);
  });

  test("of a machine that chose another server gets silence, and what was held for it is free again", async () => {
    const bench = await machineBench();
    await bench.dhcp(says(peach, UEFI_X64, "DISCOVER"));
    assert.equal(await bench.dhcp(selects(peach, UEFI_X64, FIRST, ANOTHER_SERVER)), null);
    assert.match(why(bench), /it chose the offer of another DHCP server, 10\.97\.0\.254/);
    assert.equal(bench.slots(), "available available available");
  });

  test("after a restart, when nobody remembers the hold, takes the slot that was offered", async () => {
    const bench = await machineBench();
    assert.equal(drawn(await bench.dhcp(selects(peach, UEFI_X64, FIRST, SERVER))), `ACK ${FIRST} snponly.efi`);
    assert.equal(drawn(await bench.dhcp(selects(daisy, UEFI_X64, FIRST, SERVER))), "NAK");
  });

  test("of a paused queue gets silence with words", async () => {
    const bench = await machineBench();
    await bench.dhcp(says(peach, UEFI_X64, "DISCOVER"));
    await bench.happen({ type: "queue-paused" });
    assert.notEqual((await bench.dhcp(selects(peach, UEFI_X64, FIRST, SERVER)))?.type, "ACK");
    assert.equal(bench.slots(), "held available available");
  });
});

describe("SlotDhcpPolicy › iPXE on the way to the installer", () => {
  test("gets the same address and the URL of its script, and costs no second slot", async () => {
    const bench = await machineBench();
    await bench.takeSlot(peach);
    const expected = `${FIRST} http://10.97.0.1/ipxe/52-54-00-00-01-01`;
    assert.equal(drawn(await bench.dhcp(says(peach, IPXE, "DISCOVER"))), `OFFER ${expected}`);
    const ack = await bench.dhcp(selects(peach, IPXE, FIRST, SERVER));
    assert.equal(drawn(ack), `ACK ${expected}`);
    assert.deepEqual(ack?.options.etherboot?.get(0xb0), Uint8Array.of(1));
    assert.equal(bench.slots(), "pxe_ready available available");
  });

  test("without HTTP is chained to the full build", async () => {
    const bench = await machineBench();
    await bench.takeSlot(peach);
    assert.equal(drawn(await bench.dhcp(says(peach, IPXE_WITHOUT_HTTP, "DISCOVER"))), `OFFER ${FIRST} undionly.kpxe`);
  });

  test("a firmware that starts over while it is installing is served again", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "installing");
    assert.equal(drawn(await bench.dhcp(says(peach, UEFI_X64, "DISCOVER"))), `OFFER ${FIRST} snponly.efi`);
  });
});

describe("SlotDhcpPolicy › who is no netboot client", () => {
  const strangers: readonly { what: string; message: (bench: MachineBench) => DhcpMessage }[] = [
    { what: "a laptop's DISCOVER", message: () => says(peach, LAPTOP, "DISCOVER") },
    {
      what: "a laptop's INIT-REBOOT on our network",
      message: () => says(peach, LAPTOP, "REQUEST", { requestedIpAddress: FIRST }),
    },
    { what: "a laptop's REQUEST to us", message: () => selects(peach, LAPTOP, FIRST, SERVER) },
    { what: "a laptop's INFORM", message: () => says(peach, LAPTOP, "INFORM", {}, { ciaddr: FIRST }) },
    { what: "a laptop that renews", message: () => says(peach, LAPTOP, "REQUEST", {}, { ciaddr: FIRST }) },
    { what: "an installer on a NIC that we do not know", message: () => says(peach, INSTALLER, "DISCOVER") },
  ];
  for (const { what, message } of strangers) {
    test(`${what} gets silence and costs no slot`, async () => {
      const bench = await machineBench();
      assert.equal(await bench.dhcp(message(bench)), null);
      assert.match(why(bench), /no host of ours|through a NIC that we do not know/);
      assert.equal(bench.slots(), "available available available");
      assert.deepEqual([...bench.engine.state.hosts], []);
    });
  }

  for (const [name, bytes] of goldenDhcpPackets()) {
    if (/^(ovmf|ipxe)/.test(name)) continue;
    test(`the golden packet ${name} gets silence and costs no slot`, async () => {
      const bench = await machineBench();
      assert.equal(await bench.dhcp(bytes, /renewing|release|inform/.test(name)), null);
      assert.notEqual(bench.footprints.at(-1)?.why, "");
      assert.equal(bench.slots(), "available available available");
      assert.deepEqual([...bench.engine.state.hosts], []);
    });
  }
});

describe("SlotDhcpPolicy › golden packets of firmware", () => {
  const golden = goldenDhcpPackets();
  const packet = (name: string) => golden.get(name) ?? assert.fail(`no golden packet ${name}`);

  test("OVMF takes slot 1 by PXE", async () => {
    const bench = await machineBench();
    assert.equal(drawn(await bench.dhcp(packet("ovmf-pxe-discover"))), "OFFER 10.97.0.12 snponly.efi");
    assert.equal(drawn(await bench.dhcp(packet("ovmf-pxe-selecting"))), "ACK 10.97.0.12 snponly.efi");
    assert.equal(bench.slots(), "pxe_ready available available");
    const [host] = bench.engine.state.hosts;
    assert.deepEqual([host?.macs, host?.uuid], [["02:00:00:00:01:12"], "02000000-0000-4000-8000-000000000112"]);
  });

  test("OVMF takes slot 2 by HTTP Boot, for which slot 1 is skipped", async () => {
    const bench = await machineBench();
    await bench.happen({ type: "slot-skipped", slot: slotIdOf(FIRST), reason: "a printer is there" });
    const file = "http://10.97.0.1/assets/snponly.efi";
    assert.equal(drawn(await bench.dhcp(packet("ovmf-http-discover"))), `OFFER 10.97.0.13 ${file}`);
    assert.equal(drawn(await bench.dhcp(packet("ovmf-http-selecting"))), `ACK 10.97.0.13 ${file}`);
  });

  test("iPXE in a ROM is offered its script, and refused an address that is no slot", async () => {
    const bench = await machineBench();
    const script = "http://10.97.0.1/ipxe/02-00-00-00-01-11";
    assert.equal(drawn(await bench.dhcp(packet("ipxe-bios-discover"))), `OFFER 10.97.0.12 ${script}`);
    assert.equal(drawn(await bench.dhcp(packet("ipxe-bios-selecting"))), "NAK");
  });
});

describe("SlotDhcpPolicy › the installer's DHCP", () => {
  for (const state of ["pxe_booted", "installing"] as const) {
    test(`on the boot NIC of a host that is ${state} gets the address, 250, and no boot file`, async () => {
      const bench = await machineBench();
      await bench.bring(peach, state);
      const offer = await bench.dhcp(says(peach, INSTALLER, "DISCOVER"));
      assert.equal(drawn(offer), `OFFER ${FIRST}`);
      assert.equal(offer?.file, "");
      assert.equal(offer?.siaddr, "0.0.0.0");
      const url = `http://10.97.0.1/api/boot/answer/${bench.tokenOf(peach)}`;
      assert.equal(Buffer.from(offer?.raw.get(250) ?? []).toString("latin1"), url);
      assert.equal(drawn(await bench.dhcp(selects(peach, INSTALLER, FIRST, SERVER))), `ACK ${FIRST}`);
    });
  }

  test("250 only goes to who asks for it, and holds no NUL", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "installing");
    const plain = await bench.dhcp(says(peach, LAPTOP, "DISCOVER"));
    assert.equal(drawn(plain), `OFFER ${FIRST}`);
    assert.equal(plain?.raw.has(250), false);
    const asked = await bench.dhcp(says(peach, INSTALLER, "DISCOVER"));
    assert.equal(asked?.raw.get(250)?.includes(0), false);
  });

  test("names the certificate of an HTTPS address in 251, to who asks for it, and does not without HTTPS", async () => {
    const fingerprint = `${"AB:".repeat(31)}CD`;
    const bench = await machineBench({
      tls: { port: 8443, told: () => ({ fingerprint, trust: { publicKeyPin: "cGlu", certificatePem: "" } }) },
    });
    await bench.bring(peach, "pxe_booted");
    const text = (reply: DhcpMessage | null, code: number) =>
      Buffer.from(reply?.raw.get(code) ?? []).toString("latin1");
    const offer = await bench.dhcp(says(peach, INSTALLER, "DISCOVER"));
    assert.equal(text(offer, 250), `https://10.97.0.1:8443/api/boot/answer/${bench.tokenOf(peach)}`);
    assert.equal(text(offer, 251), fingerprint);
    assert.equal((await bench.dhcp(says(peach, LAPTOP, "DISCOVER")))?.raw.has(251), false);

    const plain = await machineBench();
    await plain.bring(peach, "pxe_booted");
    assert.equal((await plain.dhcp(says(peach, INSTALLER, "DISCOVER")))?.raw.has(251), false);
  });

  test("before the boot script was fetched gets silence with words", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "pxe_ready");
    assert.equal(await bench.dhcp(says(peach, INSTALLER, "DISCOVER")), null);
    assert.match(why(bench), /an install is armed for it: it is served when it boots from the network/);
  });

  test("on a NIC that we do not know yet gets silence, no slot, and words", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "pxe_booted");
    assert.equal(await bench.dhcp(says(peach, INSTALLER, "DISCOVER", {}, {}, 2)), null);
    assert.match(why(bench), /a NIC that we do not know yet: the NIC it booted from is served/);
    assert.equal(bench.slots(), "pxe_booted available available");
  });

  test("on the second NIC, known from the answer request, gets silence: the address is the first one's", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "installing");
    assert.equal(await bench.dhcp(says(peach, INSTALLER, "DISCOVER", {}, {}, 2)), null);
    assert.match(why(bench), /another NIC of node1; the address is for the one it booted from/);
  });

  test("that would like another address is offered its own", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "pxe_booted");
    const offer = await bench.dhcp(says(peach, INSTALLER, "DISCOVER", { requestedIpAddress: ELSEWHERE }));
    assert.equal(drawn(offer), `OFFER ${FIRST}`);
  });
});

describe("SlotDhcpPolicy › an ordinary client of a host that is being installed", () => {
  const corners: readonly { what: string; message: DhcpMessage; unicast?: boolean; expect: string; why?: RegExp }[] = [
    { what: "INIT-REBOOT for its address", message: rebooting(INSTALLER, FIRST), expect: `ACK ${FIRST}` },
    { what: "INIT-REBOOT for another of ours", message: rebooting(INSTALLER, SECOND), expect: "NAK" },
    { what: "INIT-REBOOT from another network", message: rebooting(INSTALLER, ELSEWHERE), expect: "NAK" },
    { what: "RENEWING its address", message: extending(INSTALLER, FIRST), unicast: true, expect: `ACK ${FIRST}` },
    { what: "RENEWING another address", message: extending(INSTALLER, SECOND), unicast: true, expect: "NAK" },
    { what: "REBINDING its address", message: extending(INSTALLER, FIRST), expect: `ACK ${FIRST}` },
    {
      what: "REBINDING another address",
      message: extending(INSTALLER, ELSEWHERE),
      expect: "silence",
      why: /its lease on 192\.168\.7\.20 is another server's/,
    },
    {
      what: "INFORM from its address",
      message: says(peach, INSTALLER, "INFORM", {}, { ciaddr: FIRST }),
      expect: "ACK 0.0.0.0",
    },
    {
      what: "REQUEST to another server",
      message: selects(peach, INSTALLER, FIRST, ANOTHER_SERVER),
      expect: "silence",
      why: /another DHCP server/,
    },
  ];
  for (const { what, message, unicast = false, expect, why: reason } of corners) {
    test(`${what}: ${expect}`, async () => {
      const bench = await machineBench();
      await bench.bring(peach, "installing");
      assert.equal(drawn(await bench.dhcp(message, unicast)), expect);
      if (reason !== undefined) assert.match(why(bench), reason);
      if (expect === "NAK") assert.match(why(bench), /: 10\.97\.0\.13 is not held|: 192\.168\.7\.20 is not held/);
      assert.equal(bench.slots(), "installing available available");
    });
  }
});

describe("SlotDhcpPolicy › firmware that has an address already, or thinks so", () => {
  const known: readonly { what: string; message: DhcpMessage; unicast?: boolean; expect: string; why?: RegExp }[] = [
    { what: "INIT-REBOOT for its address", message: rebooting(UEFI_X64, FIRST), expect: `ACK ${FIRST} snponly.efi` },
    { what: "INIT-REBOOT for another of ours", message: rebooting(UEFI_X64, SECOND), expect: "NAK" },
    { what: "INIT-REBOOT from another network", message: rebooting(UEFI_X64, ELSEWHERE), expect: "NAK" },
    {
      what: "RENEWING its address",
      message: extending(UEFI_X64, FIRST),
      unicast: true,
      expect: `ACK ${FIRST} snponly.efi`,
    },
    {
      what: "RENEWING another address",
      message: extending(UEFI_X64, SECOND),
      unicast: true,
      expect: "NAK",
      why: /10\.97\.0\.13 is not held for you/,
    },
    { what: "REBINDING its address", message: extending(UEFI_X64, FIRST), expect: `ACK ${FIRST} snponly.efi` },
    {
      what: "REBINDING another address",
      message: extending(UEFI_X64, SECOND),
      expect: "silence",
      why: /its lease on 10\.97\.0\.13 is another server's/,
    },
    {
      what: "INFORM from its address",
      message: says(peach, UEFI_X64, "INFORM", {}, { ciaddr: FIRST }),
      expect: "ACK 0.0.0.0 snponly.efi",
    },
  ];
  for (const { what, message, unicast = false, expect, why: reason } of known) {
    test(`of a host with a slot, ${what}: ${expect}`, async () => {
      const bench = await machineBench();
      await bench.takeSlot(peach);
      assert.equal(drawn(await bench.dhcp(message, unicast)), expect);
      if (reason !== undefined) assert.match(why(bench), reason);
      assert.equal(bench.slots(), "pxe_ready available available");
    });
  }

  const strange: readonly { what: string; message: DhcpMessage; unicast?: boolean; expect: string; why: RegExp }[] = [
    {
      what: "INIT-REBOOT from another network",
      message: rebooting(UEFI_X64, ELSEWHERE),
      expect: "silence",
      why: /it asks for an address of another network/,
    },
    {
      what: "INIT-REBOOT for an address of ours that is no slot",
      message: rebooting(UEFI_X64, "10.97.0.99" as Ipv4Address),
      expect: "NAK",
      why: /10\.97\.0\.99 is not held for you/,
    },
    {
      what: "RENEWING",
      message: extending(UEFI_X64, FIRST),
      unicast: true,
      expect: "silence",
      why: /no slot here, so its address is not one that we gave/,
    },
    {
      what: "REBINDING",
      message: extending(UEFI_X64, FIRST),
      expect: "silence",
      why: /no slot here, so its address is not one that we gave/,
    },
    {
      what: "INFORM",
      message: says(peach, UEFI_X64, "INFORM", {}, { ciaddr: FIRST }),
      expect: "silence",
      why: /no slot here, so its address is not one that we gave/,
    },
  ];
  for (const { what, message, unicast = false, expect, why: reason } of strange) {
    test(`of a stranger, ${what}: ${expect}, and no slot is taken`, async () => {
      const bench = await machineBench();
      assert.equal(drawn(await bench.dhcp(message, unicast)), expect);
      assert.match(why(bench), reason);
      assert.equal(bench.slots(), "available available available");
    });
  }

  test("of an installed host, RENEWING: silence that says it is installed", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "ready");
    assert.equal(await bench.dhcp(extending(UEFI_X64, FIRST), true), null);
    assert.match(why(bench), /node1 is ready/);
  });
});

describe("SlotDhcpPolicy › an installed host", () => {
  const programs: readonly { what: string; program: Program }[] = [
    { what: "its firmware", program: UEFI_X64 },
    { what: "its firmware by HTTP Boot", program: HTTP_X64 },
    { what: "its iPXE", program: IPXE },
    { what: "its installed system", program: LAPTOP },
    { what: "an installer", program: INSTALLER },
  ];
  for (const { what, program } of programs) {
    test(`${what} gets silence for DISCOVER, REQUEST and INIT-REBOOT, and words that it is installed`, async () => {
      const bench = await machineBench();
      await bench.bring(peach, "ready");
      const before = bench.engine.state;
      for (const message of [
        says(peach, program, "DISCOVER"),
        selects(peach, program, FIRST, SERVER),
        rebooting(program, FIRST),
      ]) {
        assert.equal(await bench.dhcp(message), null);
        assert.match(why(bench), /it is installed, so it is left|node1 is ready: its system has a fixed address/);
      }
      assert.equal(bench.engine.state, before);
    });
  }

  test("through its second NIC gets silence, and no slot", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "ready");
    for (const program of [UEFI_X64, IPXE]) {
      assert.equal(await bench.dhcp(says(peach, program, "DISCOVER", {}, {}, 2)), null);
      assert.match(why(bench), /it is installed/);
    }
    assert.equal(bench.slots(), "ready available available");
  });

  test("through a NIC nobody has seen is known by its UUID, and gets no slot", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "ready");
    const card: Machine = { ...machine(9), uuid97: peach.uuid97 };
    assert.equal(await bench.dhcp(says(card, UEFI_X64, "DISCOVER")), null);
    assert.match(why(bench), /a host that was installed, or failed, has the same SMBIOS UUID/);
    assert.equal(bench.slots(), "ready available available");
  });

  test("whose system keeps using DHCP gets its address, without a boot file and without 250", async () => {
    const bench = await machineBench({ usesDhcpOnceInstalled: true });
    await bench.bring(peach, "ready");
    const offer = await bench.dhcp(says(peach, INSTALLER, "DISCOVER"));
    assert.equal(drawn(offer), `OFFER ${FIRST}`);
    assert.equal(offer?.raw.has(250), false);
    assert.equal(drawn(await bench.dhcp(selects(peach, LAPTOP, FIRST, SERVER))), `ACK ${FIRST}`);
    assert.equal(await bench.dhcp(says(peach, UEFI_X64, "DISCOVER")), null);
  });

  test("in local-boot mode gets its address and what leads to a script that exits to its disk", async () => {
    const bench = await machineBench({ provisioned: "local-boot" });
    await bench.bring(peach, "ready");
    const before = bench.engine.state;
    assert.equal(drawn(await bench.dhcp(says(peach, UEFI_X64, "DISCOVER"))), `OFFER ${FIRST} snponly.efi`);
    assert.equal(drawn(await bench.dhcp(selects(peach, UEFI_X64, FIRST, SERVER))), `ACK ${FIRST} snponly.efi`);
    const ack = await bench.dhcp(selects(peach, IPXE, FIRST, SERVER));
    assert.equal(drawn(ack), `ACK ${FIRST} http://10.97.0.1/ipxe/52-54-00-00-01-01`);
    const script = await bench.request("/ipxe/52-54-00-00-01-01", FIRST);
    assert.match(await script.text(), /^exit 1$/m);
    assert.equal(await bench.dhcp(says(peach, LAPTOP, "DISCOVER")), null);
    assert.equal(bench.engine.state, before);
  });

  test("in local-boot mode another NIC still gets silence", async () => {
    const bench = await machineBench({ provisioned: "local-boot" });
    await bench.bring(peach, "ready");
    assert.equal(await bench.dhcp(says(peach, UEFI_X64, "DISCOVER", {}, {}, 2)), null);
    assert.match(why(bench), /it is installed/);
  });
});

describe("SlotDhcpPolicy › a rebuild", () => {
  test("serves the installed host again, at the same address and under a new token", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "ready");
    await bench.happen({ type: "rebuild-ordered", host: peach.host, token: "rebuild" as AttemptToken });
    assert.equal(drawn(await bench.dhcp(says(peach, UEFI_X64, "DISCOVER"))), `OFFER ${FIRST} snponly.efi`);
    assert.equal(drawn(await bench.dhcp(selects(peach, UEFI_X64, FIRST, SERVER))), `ACK ${FIRST} snponly.efi`);
    assert.equal(
      drawn(await bench.dhcp(selects(peach, IPXE, FIRST, SERVER))),
      `ACK ${FIRST} http://10.97.0.1/ipxe/52-54-00-00-01-01`,
    );
    assert.equal(bench.tokenOf(peach), "rebuild");
    const host = bench.hostOf(peach);
    assert.equal(host?.state.type === "pxe_ready" && host.state.requested, true);
  });

  test("is served through whichever NIC asks first, and from then on through that one only", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "ready");
    await bench.happen({ type: "rebuild-ordered", host: peach.host, token: "rebuild" as AttemptToken });
    assert.equal(drawn(await bench.dhcp(says(peach, UEFI_X64, "DISCOVER", {}, {}, 2))), `OFFER ${FIRST} snponly.efi`);
    assert.equal(drawn(await bench.dhcp(selects(peach, UEFI_X64, FIRST, SERVER, 2))), `ACK ${FIRST} snponly.efi`);
    assert.equal(await bench.dhcp(says(peach, UEFI_X64, "DISCOVER")), null);
    assert.match(why(bench), /another NIC/);
  });

  test("serves a registered host that has never been seen, once it is armed", async () => {
    const bench = await machineBench();
    const [mac] = peach.macs;
    await bench.happen({ type: "host-registered", mac, uuid: null, serverType: null, slot: slotIdOf(SECOND) });
    assert.equal(await bench.dhcp(says(peach, UEFI_X64, "DISCOVER")), null);
    assert.match(why(bench), /registered but no install is armed/);
    await bench.happen({ type: "rebuild-ordered", host: peach.host, token: "first" as AttemptToken });
    assert.equal(drawn(await bench.dhcp(says(peach, UEFI_X64, "DISCOVER"))), `OFFER ${SECOND} snponly.efi`);
    assert.equal(drawn(await bench.dhcp(selects(peach, UEFI_X64, SECOND, SERVER))), `ACK ${SECOND} snponly.efi`);
    assert.equal(bench.hostOf(peach)?.uuid, systemUuidFromOption(uuidOption(1)));
  });

  test("of one machine does not serve another that has a copy of its UUID and an address of its own", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "ready");
    await bench.takeSlot(daisy);
    await bench.happen({ type: "rebuild-ordered", host: peach.host, token: "rebuild" as AttemptToken });
    const copy: Machine = { ...daisy, uuid97: peach.uuid97 };
    assert.equal(await bench.dhcp(says(copy, UEFI_X64, "DISCOVER")), null);
    assert.match(why(bench), /belong to two different hosts/);
  });
});

describe("SlotDhcpPolicy › why a netboot client is not served", () => {
  const stories: readonly { what: string; arrange: (bench: MachineBench) => Promise<void>; why: RegExp }[] = [
    {
      what: "registered, nothing armed",
      arrange: (bench) =>
        bench.happen({ type: "host-registered", mac: peach.macs[0], uuid: null, serverType: null, slot: null }),
      why: /registered but no install is armed; `bootqueue rebuild HOST` arms one/,
    },
    {
      what: "failed",
      arrange: (bench) => bench.bring(peach, "failed"),
      why: /its last install failed; `bootqueue rebuild HOST` tries again/,
    },
    {
      what: "a paused queue",
      arrange: (bench) => bench.happen({ type: "queue-paused" }),
      why: /the queue is paused; `bootqueue resume`/,
    },
    {
      what: "no slot left",
      arrange: (bench) => bench.takeSlot(daisy).then(() => undefined),
      why: /no slot is free for it/,
    },
  ];
  for (const { what, arrange, why: reason } of stories) {
    test(`${what}: silence with words`, async () => {
      const bench = await machineBench({ slots: 1 });
      await arrange(bench);
      assert.equal(await bench.dhcp(says(peach, UEFI_X64, "DISCOVER")), null);
      assert.match(why(bench), reason);
    });
  }

  test("approval is asked for, and given, it gets the next slot", async () => {
    const bench = await machineBench({ rules: { approval: true } });
    assert.equal(await bench.dhcp(says(peach, UEFI_X64, "DISCOVER")), null);
    assert.match(why(bench), /new hosts need approval; `bootqueue approve HOST`/);
    await bench.happen({ type: "host-approved", host: peach.host });
    assert.equal(drawn(await bench.dhcp(says(peach, UEFI_X64, "DISCOVER"))), `OFFER ${FIRST} snponly.efi`);
  });

  test("a failed host gets silence for its iPXE and its installer too", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "failed");
    for (const program of [IPXE, INSTALLER]) {
      assert.equal(await bench.dhcp(says(peach, program, "DISCOVER")), null);
      assert.match(why(bench), /its last install failed/);
    }
  });
});

describe("SlotDhcpPolicy › UUIDs", () => {
  const shared = uuidOption(7);
  const text = "44454c4c-4300-1051-8031-c7c04f510007";

  test("two machines with one UUID: the second gets silence that names bogus_uuids", async () => {
    const bench = await machineBench();
    await bench.dhcp(says(machine(1, shared), UEFI_X64, "DISCOVER"));
    assert.equal(await bench.dhcp(says(machine(2, shared), UEFI_X64, "DISCOVER")), null);
    assert.match(why(bench), /`bogus_uuids` in the configuration/);
  });

  test("one that the operator calls bogus counts as none, so both get a slot", async () => {
    assert.equal(systemUuidFromOption(shared), text);
    const bench = await machineBench({ bogusUuids: [text] });
    await bench.takeSlot(machine(1, shared));
    await bench.takeSlot(machine(2, shared));
    assert.equal(bench.slots(), "pxe_ready pxe_ready available");
    assert.deepEqual(
      bench.engine.state.hosts.map(({ uuid }) => uuid),
      [null, null],
    );
  });

  test("a known host whose UUID changed gets silence: a NIC may have moved into another machine", async () => {
    const bench = await machineBench();
    await bench.takeSlot(peach);
    const moved: Machine = { ...peach, uuid97: uuidOption(8) };
    assert.equal(await bench.dhcp(says(moved, UEFI_X64, "DISCOVER")), null);
    assert.match(why(bench), /it is not the machine that was installed under this name/);
    assert.equal(await bench.dhcp(selects(moved, UEFI_X64, FIRST, SERVER)), null);
  });

  test("one with its octets in the other order is the same machine", async () => {
    const bench = await machineBench();
    await bench.takeSlot(peach);
    const [type = 0, ...o] = uuidOption(1);
    const turned = [3, 2, 1, 0, 5, 4, 7, 6].map((at) => o[at] ?? 0);
    const other: Machine = { ...peach, uuid97: Uint8Array.from([type, ...turned, ...o.slice(8)]) };
    assert.equal(drawn(await bench.dhcp(says(other, UEFI_X64, "DISCOVER"))), `OFFER ${FIRST} snponly.efi`);
  });

  test("an option 97 that is no UUID is nobody's", async () => {
    const bench = await machineBench();
    await bench.takeSlot(machine(1, Uint8Array.of(0, 1, 2)));
    await bench.takeSlot(machine(2, new Uint8Array(17)));
    assert.deepEqual(
      bench.engine.state.hosts.map(({ uuid }) => uuid),
      [null, null],
    );
  });
});

describe("SlotDhcpPolicy › DECLINE", () => {
  const declines = (who: Machine, address: Ipv4Address) =>
    says(who, UEFI_X64, "DECLINE", { requestedIpAddress: address, serverIdentifier: SERVER });

  test("takes the address out of the queue until the operator has looked, and the machine gets the next slot", async () => {
    const bench = await machineBench();
    await bench.takeSlot(peach);
    assert.equal(await bench.dhcp(declines(peach, FIRST)), null);
    assert.equal(bench.slots(), "skipped available available");
    const note = bench.footprints.find(({ road }) => road === "queue");
    assert.equal(note?.what, `address ${FIRST} is in conflict`);
    assert.match(note?.why ?? "", /`bootqueue unskip`/);
    assert.equal(drawn(await bench.dhcp(says(peach, UEFI_X64, "DISCOVER"))), `OFFER ${SECOND} snponly.efi`);
  });

  test("of an address that is not its own changes nothing", async () => {
    const bench = await machineBench();
    await bench.takeSlot(peach);
    const before = bench.engine.state;
    await bench.dhcp(declines(daisy, FIRST));
    assert.equal(bench.engine.state, before);
    const note = bench.footprints.find(({ road }) => road === "queue");
    assert.equal(note?.what, `its DECLINE of ${FIRST} changes nothing`);
  });
});

describe("SlotDhcpPolicy › footprints", () => {
  test("every datagram leaves exactly one on the DHCP road, and one that is dropped says why", async () => {
    const bench = await machineBench({ slots: 2 });
    const traffic: (DhcpMessage | Uint8Array)[] = [
      ...goldenDhcpPackets().values(),
      Uint8Array.of(1, 2, 3),
      new Uint8Array(300),
      says(peach, UEFI_X64, "DISCOVER"),
      selects(peach, UEFI_X64, FIRST, SERVER),
      says(peach, IPXE, "DISCOVER"),
      says(peach, firmwareOf(77), "DISCOVER"),
      says(peach, INSTALLER, "DISCOVER"),
      says(peach, LAPTOP, "RELEASE", { serverIdentifier: SERVER }, { ciaddr: FIRST }),
      says(peach, UEFI_X64, "DECLINE", { requestedIpAddress: FIRST, serverIdentifier: SERVER }),
      says(peach, UEFI_X64, "DISCOVER", {}, { chaddr: new Uint8Array(6) }),
      says(peach, UEFI_X64, "DISCOVER", {}, { chaddr: new Uint8Array(16) }),
      says(daisy, UEFI_X64, "OFFER"),
      selects(daisy, UEFI_X64, ELSEWHERE, SERVER),
    ];
    for (const unicast of [true, false]) {
      for (const message of traffic) {
        const before = bench.footprints.filter(({ road }) => road === "dhcp").length;
        const reply = await bench.dhcp(message, unicast);
        const left = bench.footprints.filter(({ road }) => road === "dhcp").slice(before);
        assert.equal(left.length, 1, JSON.stringify(left));
        const [footprint] = left;
        assert.ok(footprint);
        assert.notEqual(footprint.what, "");
        const outcome = reply !== null && reply.type !== "NAK" ? "answered" : "not answered";
        assert.equal(footprint.outcome === "answered" ? "answered" : "not answered", outcome, footprint.what);
        if (outcome === "not answered") assert.notEqual(footprint.why, "", footprint.what);
      }
    }
  });

  test("say what was answered, to whom and with what", async () => {
    const bench = await machineBench();
    await bench.takeSlot(peach);
    await bench.dhcp(says(peach, LAPTOP, "DISCOVER"));
    await bench.dhcp(says(peach, LAPTOP, "RELEASE", { serverIdentifier: SERVER }, { ciaddr: FIRST }), true);
    assert.deepEqual(
      bench.footprints.map(({ outcome, what }) => `${outcome}: ${what}`),
      [
        "answered: OFFER 10.97.0.12, boot file snponly.efi to DISCOVER from UEFI x64 firmware",
        "answered: ACK 10.97.0.12, boot file snponly.efi to REQUEST from UEFI x64 firmware",
        "dropped: DISCOVER from an ordinary DHCP client",
        "noted: RELEASE from an ordinary DHCP client",
      ],
    );
    assert.equal(bench.footprints[0]?.mac, peach.macs[0]);
    assert.deepEqual(bench.footprints[0]?.fields, {
      xid: "3903f326",
      asked: "DISCOVER",
      sent: "OFFER",
      to: "255.255.255.255:68",
    });
  });

  test("never hold the token, although option 250 does", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "installing");
    await bench.dhcp(says(peach, INSTALLER, "DISCOVER"));
    await bench.dhcp(selects(peach, INSTALLER, FIRST, SERVER));
    assert.equal(JSON.stringify(bench.footprints).includes(bench.tokenOf(peach)), false);
  });
});

/** REQUEST of a client that has restarted and remembers an address. */
function rebooting(program: Program, requestedIpAddress: Ipv4Address): DhcpMessage {
  return says(peach, program, "REQUEST", { requestedIpAddress });
}

/** REQUEST that extends a lease: RENEWING when unicast, else REBINDING. */
function extending(program: Program, ciaddr: Ipv4Address): DhcpMessage {
  return says(peach, program, "REQUEST", {}, { ciaddr });
}
