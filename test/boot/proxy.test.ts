import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DhcpMessage } from "../../src/dhcp/message.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import type { Endpoint } from "../../src/net/udp-socket.ts";
import type { DhcpMode } from "../../src/queue/host.ts";
import { type MachineBench, machineBench, SERVER, settled, slotAddress } from "../support/machine-bench.ts";
import {
  BIOS,
  firmwareOf,
  HTTP_X64,
  INSTALLER,
  IPXE,
  LAPTOP,
  machine,
  type Program,
  says,
  selects,
  UEFI_ARM64,
  UEFI_X64,
} from "../support/netboot-machine.ts";
import { answerRequest } from "../support/proxmox-installer.ts";
import { INVENTORY } from "../support/queue-builder.ts";

const ROUTER = "10.97.0.254" as Ipv4Address;
/** What the other server gives. */
const LEASED = "10.97.0.200" as Ipv4Address;
const BEYOND = "10.97.0.201" as Ipv4Address;

const peach = machine(1);
const daisy = machine(2);
const SCRIPT = "/ipxe/52-54-00-00-01-01";

/** The last line on the timeline: what, and why. */
const last = (bench: MachineBench) => bench.reasons().at(-1) ?? "";

/** `OFFER - snponly.efi`: what a reply says; `-` is no address. */
function drawn(reply: DhcpMessage | null): string {
  if (reply === null) return "silence";
  const address = reply.yiaddr === "0.0.0.0" ? "-" : reply.yiaddr;
  return [reply.type, address, reply.options.bootfileName ?? ""].filter((part) => part !== "").join(" ");
}

const hex = (octets: Uint8Array | undefined) => (octets === undefined ? "" : Buffer.from(octets).toString("hex"));

/** As EDK2 asks a proxy: from port 4011, naming no server. */
const bootServerQuestion = (who = peach, program: Program = UEFI_X64, ciaddr = LEASED) =>
  says(who, program, "REQUEST", {}, { ciaddr });
const fromEdk2: Endpoint = { address: LEASED, port: 4011 };
const fromIpxe: Endpoint = { address: LEASED, port: 68 };

describe("a proxy's answer to a DISCOVER", () => {
  const offers: readonly { what: string; program: Program; says60: string; says43: string; file: string }[] = [
    { what: "BIOS", program: BIOS, says60: "PXEClient", says43: "060108ff", file: "undionly.kpxe" },
    { what: "UEFI x64", program: UEFI_X64, says60: "PXEClient", says43: "060108ff", file: "snponly.efi" },
    { what: "UEFI ARM64", program: UEFI_ARM64, says60: "PXEClient", says43: "060108ff", file: "arm64/snponly.efi" },
    {
      what: "UEFI HTTP Boot",
      program: HTTP_X64,
      says60: "HTTPClient",
      says43: "",
      file: "http://10.97.0.1/assets/snponly.efi",
    },
    { what: "iPXE", program: IPXE, says60: "PXEClient", says43: "060108ff", file: `http://10.97.0.1${SCRIPT}` },
  ];
  for (const { what, program, says60, says43, file } of offers) {
    test(`of ${what} names ${file} and no address`, async () => {
      const bench = await machineBench({ mode: "proxy" });
      const offer = await bench.dhcp(says(peach, program, "DISCOVER"));
      assert.equal(drawn(offer), `OFFER - ${file}`);
      assert.deepEqual([offer?.siaddr, offer?.file], [SERVER, file]);
      assert.equal(offer?.options.vendorClassIdentifier, says60);
      assert.equal(hex(offer?.raw.get(43)), says43);
      assert.equal(hex(offer?.raw.get(97)), hex(peach.uuid97 ?? undefined));
      assert.equal(hex(offer?.raw.get(175)), program === IPXE ? "01017f" : "");
      for (const code of [1, 3, 6, 51, 58, 59]) assert.equal(offer?.raw.has(code), false, `option ${code}`);
      assert.equal(bench.slots(), "held available available");
    });
  }

  test("leaves option 43 out for firmware that is to ask port 4011", async () => {
    const bench = await machineBench({ mode: "proxy", asks4011: ["uefi_x64"] });
    const uefi = await bench.dhcp(says(peach, UEFI_X64, "DISCOVER"));
    assert.deepEqual([uefi?.options.vendorClassIdentifier, uefi?.raw.has(43)], ["PXEClient", false]);
    const bios = await bench.dhcp(says(daisy, BIOS, "DISCOVER"));
    assert.equal(hex(bios?.raw.get(43)), "060108ff");
  });

  test("repeated is the same, and machines keep the order in which they asked", async () => {
    const bench = await machineBench({ mode: "proxy", slots: 2 });
    for (const who of [daisy, peach, daisy]) await bench.dhcp(says(who, UEFI_X64, "DISCOVER"));
    await bench.request("/ipxe/52-54-00-00-01-01", LEASED);
    await bench.request("/ipxe/52-54-00-00-01-02", BEYOND);
    assert.deepEqual([bench.hostOf(daisy)?.slot, bench.hostOf(peach)?.slot], [slotAddress(1), slotAddress(2)]);
    assert.equal(await bench.dhcp(says(machine(3), UEFI_X64, "DISCOVER")), null);
    assert.match(last(bench), /no slot is free for it/);
  });
});

describe("a proxy never answers", () => {
  const silent: readonly { what: string; message: DhcpMessage; why: RegExp }[] = [
    {
      what: "a REQUEST for another server's offer",
      message: selects(peach, UEFI_X64, LEASED, ROUTER),
      why: /chose the offer of another DHCP server, 10\.97\.0\.254/,
    },
    {
      what: "a REQUEST that names itself, for it offered no address",
      message: selects(peach, UEFI_X64, LEASED, SERVER),
      why: /business of another DHCP server: we are a proxy beside it/,
    },
    {
      what: "an INIT-REBOOT",
      message: says(peach, UEFI_X64, "REQUEST", { requestedIpAddress: slotAddress(1) }),
      why: /another DHCP server/,
    },
    {
      what: "a client that extends its lease",
      message: says(peach, UEFI_X64, "REQUEST", {}, { ciaddr: LEASED }),
      why: /another DHCP server/,
    },
    { what: "an INFORM", message: says(peach, IPXE, "INFORM", {}, { ciaddr: LEASED }), why: /another DHCP server/ },
    { what: "a laptop", message: says(peach, LAPTOP, "DISCOVER"), why: /no netboot client/ },
    { what: "the installer", message: says(peach, INSTALLER, "DISCOVER"), why: /no netboot client/ },
    { what: "an unknown architecture", message: says(peach, firmwareOf(77), "DISCOVER"), why: /architecture 77/ },
    {
      what: "a RELEASE",
      message: says(peach, UEFI_X64, "RELEASE", { serverIdentifier: ROUTER }, { ciaddr: LEASED }),
      why: /RELEASE to another server/,
    },
    {
      what: "a DECLINE",
      message: says(peach, UEFI_X64, "DECLINE", { serverIdentifier: ROUTER, requestedIpAddress: LEASED }),
      why: /DECLINE to another server/,
    },
  ];
  for (const { what, message, why } of silent) {
    test(`${what}, and it costs no slot`, async () => {
      const bench = await machineBench({ mode: "proxy" });
      assert.equal(await bench.dhcp(message), null);
      assert.match(last(bench), why);
      assert.equal(bench.slots(), "available available available");
    });
  }

  test("a host that is installing and asks for an address", async () => {
    const bench = await machineBench({ mode: "proxy" });
    await bench.dhcp(says(peach, UEFI_X64, "DISCOVER"));
    await bench.request(SCRIPT, LEASED);
    assert.equal(await bench.dhcp(says(peach, INSTALLER, "DISCOVER")), null);
  });

  test("a client that takes the other server's offer, which is noted and not counted as refused", async () => {
    const bench = await machineBench({ mode: "proxy" });
    await bench.dhcp(says(peach, UEFI_X64, "DISCOVER"));
    await bench.dhcp(selects(peach, UEFI_X64, LEASED, ROUTER));
    assert.equal(bench.footprints.at(-1)?.outcome, "noted");
    assert.equal(bench.slots(), "held available available");
  });
});

describe("port 4011", () => {
  test("answers EDK2 and iPXE where they asked from, with ciaddr copied", async () => {
    const bench = await machineBench({ mode: "proxy" });
    const questions = [
      [bootServerQuestion(), fromEdk2, "snponly.efi"],
      [bootServerQuestion(peach, IPXE), fromIpxe, `http://10.97.0.1${SCRIPT}`],
    ] as const;
    for (const [question, from, file] of questions) {
      const answer = await bench.askBootServer(question, from);
      assert.equal(drawn(answer?.reply ?? null), `ACK - ${file}`);
      assert.deepEqual([answer?.to, answer?.reply.ciaddr, answer?.reply.siaddr], [from, LEASED, SERVER]);
      assert.equal(answer?.reply.file, file);
    }
    assert.equal(bench.slots(), "held available available");
  });

  test("is silent to who may not boot, and to who names another server", async () => {
    const bench = await machineBench({ mode: "proxy" });
    const elsewhere = says(peach, UEFI_X64, "REQUEST", { serverIdentifier: ROUTER }, { ciaddr: LEASED });
    assert.equal(await bench.askBootServer(elsewhere, fromEdk2), null);
    await bench.happen({ type: "queue-paused" });
    assert.equal(await bench.askBootServer(bootServerQuestion(), fromEdk2), null);
    assert.match(last(bench), /the queue is paused/);
  });

  test("of the only DHCP server answers a host that has a slot, at its address and no other", async () => {
    const bench = await machineBench();
    assert.equal(await bench.askBootServer(bootServerQuestion(), fromEdk2), null);
    assert.match(last(bench), /has no slot here/);
    await bench.takeSlot(peach);
    const [address] = [slotAddress(1)];
    const answer = await bench.askBootServer(bootServerQuestion(peach, UEFI_X64, address), { address, port: 4011 });
    assert.equal(drawn(answer?.reply ?? null), "ACK - snponly.efi");
    assert.equal(answer?.reply.options.vendorClassIdentifier, "PXEClient");
    assert.equal(await bench.askBootServer(bootServerQuestion(), fromEdk2), null);
    assert.match(last(bench), /another server's/);
  });
});

describe("beside another server, the boot script", () => {
  test("takes the slot and arms the install, and the answer has the slot's address", async () => {
    const bench = await machineBench({ mode: "proxy" });
    await bench.dhcp(says(peach, UEFI_X64, "DISCOVER"));
    const script = await bench.request(SCRIPT, LEASED);
    assert.equal(script.status, 200);
    assert.match(await script.text(), /kernel http:\/\/10\.97\.0\.1\/assets\//);
    assert.equal(bench.slots(), "pxe_booted available available");
    assert.notEqual(bench.hostOf(peach)?.uuid, null);
    // The installer has a lease of its own, and no option 250 of ours.
    const answer = await bench.post("/api/boot/answer", BEYOND, answerRequest(peach));
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /cidr = "10\.97\.0\.12\/24"/);
    assert.equal(bench.slots(), "installing available available");
    const token = bench.tokenOf(peach);
    await bench.happen({ type: "install-reported", host: peach.host, token, inventory: INVENTORY });
    assert.equal(await bench.dhcp(says(peach, UEFI_X64, "DISCOVER")), null);
  });

  test("is only answered when the slot is on disk", async () => {
    const bench = await machineBench({ mode: "proxy" });
    await bench.dhcp(says(peach, UEFI_X64, "DISCOVER"));
    bench.store.hold();
    let answered = false;
    const script = bench.request(SCRIPT, LEASED).then((response) => {
      answered = true;
      return response;
    });
    await settled();
    await settled();
    assert.equal(answered, false);
    bench.store.release();
    assert.equal((await script).status, 200);
    assert.equal([...((await bench.store.load())?.hosts ?? [])][0]?.state.type, "pxe_booted");
  });

  test("of a machine that DHCP never told of leads to its own disk when there is no slot", async () => {
    const bench = await machineBench({ mode: "proxy", slots: 0 });
    const script = await bench.request(SCRIPT, LEASED);
    assert.match(await script.text(), /no slot is free.*\n.*\n.*\nexit 1/);
  });

  test("asked for in a machine's name by somebody else takes no slot: not for who was not heard by DHCP lately", async () => {
    const bench = await machineBench({ mode: "proxy" });
    bench.clock.advance(11 * 60_000);
    const stray = await bench.request(SCRIPT, LEASED);
    assert.equal(stray.status, 403);
    assert.match(await stray.text(), /has not asked DHCP for anything in the last minutes/);
    assert.equal(bench.slots(), "available available available");
    await bench.dhcp(says(peach, UEFI_X64, "DISCOVER"));
    assert.equal((await bench.request(SCRIPT, LEASED)).status, 200);
    // A machine that has its slot goes on, whatever a restart made us forget.
    bench.clock.advance(11 * 60_000);
    assert.equal((await bench.request(SCRIPT, LEASED)).status, 200);
  });

  test("asked for from another address than the machine took is refused", async () => {
    const bench = await machineBench({ mode: "proxy" });
    await bench.dhcp(says(peach, UEFI_X64, "DISCOVER"));
    await bench.dhcp(selects(peach, UEFI_X64, LEASED, ROUTER));
    const stray = await bench.request(SCRIPT, BEYOND);
    assert.equal(stray.status, 403);
    assert.match(await stray.text(), /took the address 10\.97\.0\.200, and 10\.97\.0\.201 asks/);
    assert.equal((await bench.request(SCRIPT, LEASED)).status, 200);
  });

  test("asked for by HEAD takes no slot", async () => {
    const bench = await machineBench({ mode: "proxy" });
    await bench.dhcp(says(peach, UEFI_X64, "DISCOVER"));
    const before = bench.engine.state;
    assert.equal((await bench.request(SCRIPT, LEASED, { method: "HEAD" })).status, 404);
    assert.equal(bench.engine.state, before);
  });

  test("of an installed machine leads to its own disk and takes no second slot", async () => {
    const bench = await machineBench({ mode: "proxy" });
    await bench.request(SCRIPT, LEASED);
    await bench.post("/api/boot/answer", LEASED, answerRequest(peach));
    const token = bench.tokenOf(peach);
    await bench.happen({ type: "install-reported", host: peach.host, token, inventory: INVENTORY });
    const again = await bench.request(SCRIPT, LEASED);
    assert.match(await again.text(), /leaving to the local disk/);
    assert.equal(bench.slots(), "ready available available");
  });

  test("for another machine's answer the token and the hardware address decide, not the address", async () => {
    const bench = await machineBench({ mode: "proxy" });
    await bench.request(SCRIPT, LEASED);
    const token = bench.tokenOf(peach);
    const stranger = await bench.post(`/api/boot/answer/${token}`, LEASED, answerRequest(daisy));
    assert.equal(stranger.status, 403);
    const guessed = await bench.post("/api/boot/answer/token-99", LEASED, answerRequest(peach));
    assert.equal(guessed.status, 404);
    assert.equal(bench.slots(), "pxe_booted available available");
  });
});

describe("a host's own DHCP mode", () => {
  const cases: readonly { standard: "full" | "proxy"; own: DhcpMode | null; offer: string }[] = [
    { standard: "full", own: null, offer: "OFFER 10.97.0.12 snponly.efi" },
    { standard: "full", own: "proxy", offer: "OFFER - snponly.efi" },
    { standard: "full", own: "ignore", offer: "silence" },
    { standard: "proxy", own: null, offer: "OFFER - snponly.efi" },
    { standard: "proxy", own: "full", offer: "OFFER 10.97.0.12 snponly.efi" },
    { standard: "proxy", own: "ignore", offer: "silence" },
  ];
  for (const { standard, own, offer } of cases) {
    test(`${own ?? "none"} where the standard is ${standard}: ${offer}`, async () => {
      const bench = await machineBench({ mode: standard });
      await bench.happen({ type: "host-mode-set", mac: peach.macs[0], mode: own });
      assert.equal(drawn(await bench.dhcp(says(peach, UEFI_X64, "DISCOVER"))), offer);
      const other = drawn(await bench.dhcp(says(daisy, UEFI_X64, "DISCOVER")));
      assert.equal(other.startsWith("OFFER -"), standard === "proxy", "the others are not concerned");
    });
  }

  test("full beside another server goes the whole way: slot at the REQUEST, the installer's address and answer", async () => {
    const bench = await machineBench({ mode: "proxy" });
    await bench.happen({ type: "host-mode-set", mac: peach.macs[0], mode: "full" });
    await bench.takeSlot(peach);
    assert.equal((await bench.request(SCRIPT, slotAddress(1))).status, 200);
    const lease = await bench.dhcp(says(peach, INSTALLER, "DISCOVER"));
    assert.equal(lease?.yiaddr, slotAddress(1));
    assert.equal(lease?.raw.has(250), true);
    // It may have taken the other server's lease all the same.
    assert.equal((await bench.post("/api/boot/answer", LEASED, answerRequest(peach))).status, 200);
  });

  test("ignore is silence also in the middle of an install, with words, and its script leads to the disk", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "installing");
    await bench.happen({ type: "host-mode-set", mac: peach.macs[0], mode: "ignore" });
    for (const program of [UEFI_X64, IPXE, INSTALLER]) {
      assert.equal(await bench.dhcp(says(peach, program, "DISCOVER")), null);
      assert.match(last(bench), /bootqueue mode HOST default/);
    }
    assert.equal(await bench.askBootServer(bootServerQuestion(), fromEdk2), null);
    assert.match(await (await bench.request(SCRIPT, slotAddress(1))).text(), /leaving to the local disk/);
    assert.equal(bench.slots(), "installing available available");
  });
});
