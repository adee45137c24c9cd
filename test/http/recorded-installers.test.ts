import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { parseMacAddress } from "../../src/net/mac-address.ts";
import { type AttemptToken, hostIdOf } from "../../src/queue/host.ts";
import { type MachineBench, machineBench, slotAddress } from "../support/machine-bench.ts";
import type { Machine } from "../support/netboot-machine.ts";
import { proxmoxProfile } from "../support/proxmox-profile.ts";

// What installers of all releases and products post, from the machine that they run on to the end of its install.

const FOLDER = new URL("../fixtures/installers/", import.meta.url);
const FIRST = slotAddress(1);

type Body = Record<string, unknown>;

const names = (kind: string) => readdirSync(FOLDER).filter((name) => name.startsWith(`${kind}-`));
const bodyOf = (name: string): Body => JSON.parse(readFileSync(new URL(name, FOLDER), "utf8"));

/** The machine that boots from the NIC with this address, and from which DHCP tells no UUID. */
function machineWith(mac: string): Machine {
  const parsed = parseMacAddress(mac);
  assert.ok(parsed.ok, mac);
  return { macs: [parsed.value, parsed.value], host: hostIdOf(parsed.value), uuid97: null };
}

/** The last listed: where the NIC stands that booted is nobody's business. */
function machineOf(body: Body): Machine {
  const listed = (body.network_interfaces ?? body["network-interfaces"]) as { mac: string; link?: string }[];
  const cards = listed.filter(({ mac, link }) => mac.length === 17 && !/^(bond|dummy)/.test(link ?? ""));
  return machineWith(cards.at(-1)?.mac ?? "e4:43:4b:00:00:01");
}

async function booted(who: Machine, profile = proxmoxProfile()): Promise<MachineBench> {
  const bench = await machineBench({ profile });
  await bench.bring(who, "pxe_booted");
  return bench;
}

/** Any product, since the profile names none that would have to fit. */
const profileFor = (body: Body) =>
  proxmoxProfile({ product: ((body.product as Body).product ?? "pve") as string } as never);

describe("the request for an answer,", () => {
  for (const name of names("request")) {
    test(`${name}: is read, and counts for its machine alone`, async () => {
      const body = bodyOf(name);
      const who = machineOf(body);
      const bench = await booted(who, profileFor(body));
      const response = await bench.post(`/api/boot/answer/${bench.tokenOf(who)}`, FIRST, body);
      const text = await response.text();
      // Its profile has no password in clear text, and 8.2 takes no hash.
      if ((body.iso as Body).release === "8.2") {
        assert.equal(response.status, 409);
        assert.match(text, /8\.3/);
        return;
      }
      assert.equal(response.status, 200, text);
      const host = bench.hostOf(who);
      assert.equal(host?.state.type, "installing");
      assert.ok(host?.identity?.nics?.includes(who.macs[0]));
      assert.ok(!host?.identity?.nics?.some((mac) => mac.startsWith("0a:1b")), "no made-up address is part of it");
      const again = await bench.post(`/api/boot/answer/${bench.tokenOf(who)}`, FIRST, body);
      assert.equal(await again.text(), text);
      assert.equal(bench.hostOf(who)?.attempt?.answers, 1);
    });
  }
});

describe("the report of an install,", () => {
  for (const name of names("report")) {
    test(`${name}: is taken once, by the token in its address or in itself, and becomes the inventory`, async () => {
      const body = bodyOf(name);
      const who = machineOf(body);
      const bench = await booted(who);
      await bench.happen({ type: "answer-fetched", host: who.host, macs: who.macs, uuid: null });
      const token = bench.tokenOf(who);
      const told = "token" in body ? { ...body, token } : body;
      const path = `/api/hosts/${who.host}/installed${"token" in body ? "" : `/${token}`}`;
      assert.equal((await bench.post(path, FIRST, told)).status, 200);
      const host = bench.hostOf(who);
      assert.equal(host?.state.type, "ready");
      assert.equal(host?.inventory?.disks.length, (body.disks as unknown[]).length);
      assert.ok(!JSON.stringify(host?.inventory).includes("unknown"));
      const before = bench.engine.state;
      assert.equal((await bench.post(path, FIRST, told)).status, 200, "a repeat is thanked for");
      assert.equal(bench.engine.state, before);
    });
  }

  const REPORT = bodyOf("report-1.2-pve-9.1-pinned.json");
  const who = machineOf(REPORT);
  const reportTo = (bench: MachineBench, token: string, body: unknown = REPORT) =>
    bench.post(`/api/hosts/${who.host}/installed/${token}`, FIRST, body);

  async function installing(): Promise<MachineBench> {
    const bench = await booted(who, proxmoxProfile({ first_boot: { script: "#!/bin/sh\n" } }));
    const dmi = REPORT.dmi as { system: { serial: string }; baseboard: { serial: string } };
    const { serial } = dmi.system;
    const asked = { type: "answer-fetched", host: who.host, macs: who.macs, uuid: null } as const;
    await bench.happen({ ...asked, serial, boardSerial: dmi.baseboard.serial });
    return bench;
  }

  async function assertRefused(bench: MachineBench, response: Response, status: number, why: RegExp): Promise<void> {
    assert.equal(response.status, status);
    assert.match(await response.text(), why);
    assert.match(bench.footprints.at(-1)?.why ?? "", why);
    assert.equal(bench.hostOf(who)?.state.type, "installing");
  }

  test("with another machine's token, or none, is refused with words", async () => {
    const bench = await installing();
    await assertRefused(bench, await reportTo(bench, "foreign"), 404, /token is not that of the install under way/);
    const bare = await bench.post(`/api/hosts/${who.host}/installed`, FIRST, REPORT);
    await assertRefused(bench, bare, 404, /token is not that of the install under way/);
  });

  test("of an install before the last rebuild is refused, and does not make the new one done", async () => {
    const bench = await installing();
    const old = bench.tokenOf(who);
    assert.equal((await reportTo(bench, old)).status, 200);
    await bench.happen({ type: "rebuild-ordered", host: who.host, token: "second" as AttemptToken });
    await bench.takeSlot(who);
    await bench.happen({ type: "script-fetched", host: who.host });
    await bench.happen({ type: "answer-fetched", host: who.host, macs: who.macs, uuid: null });
    await assertRefused(bench, await reportTo(bench, old), 404, /token is not that of the install under way/);
    assert.equal((await reportTo(bench, "second")).status, 200);
  });

  test("that tells of another board than the answer was served to is refused with words", async () => {
    const bench = await installing();
    const dmi = { system: { serial: "OTHER" }, baseboard: {}, chassis: {} };
    const response = await reportTo(bench, bench.tokenOf(who), { ...REPORT, dmi });
    await assertRefused(bench, response, 409, /tells of another machine: its serial number was 7QXK2M3 and is OTHER/);
  });

  test("that is lost is healed by the first boot's call, and fills the inventory if it comes after all", async () => {
    const bench = await installing();
    const token = bench.tokenOf(who);
    const call = await bench.post(`/api/hosts/${who.host}/phone-home/${token}`, FIRST, { status: "started" });
    assert.equal(call.status, 200);
    const host = bench.hostOf(who);
    assert.equal(host?.state.type, "first_boot");
    assert.match(JSON.stringify(host?.passages), /its webhook never came, but the installed system phoned home/);
    assert.equal((await reportTo(bench, token)).status, 200);
    assert.equal(bench.hostOf(who)?.inventory?.disks[0]?.serial, "S45PNA0M500001");
    assert.equal(bench.hostOf(who)?.state.type, "first_boot");
  });

  test("that is lost is healed by the operator's word, and fills the inventory if it comes after all", async () => {
    const bench = await installing();
    const token = bench.tokenOf(who);
    await bench.happen({ type: "host-marked-installed", host: who.host });
    assert.equal(bench.hostOf(who)?.state.type, "ready");
    assert.equal((await reportTo(bench, token)).status, 200);
    assert.equal(bench.hostOf(who)?.state.type, "ready");
    assert.equal(bench.hostOf(who)?.inventory?.system, "Proxmox VE 9.1.2");
  });
});
