import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AttemptToken } from "../../src/queue/host.ts";
import { transition } from "../../src/queue/transition.ts";
import { readSaved, toSaved } from "../../src/store/format.ts";
import { type MachineBench, machineBench, settled, slotAddress } from "../support/machine-bench.ts";
import { type Machine, machine, says, UEFI_X64, uuidOption } from "../support/netboot-machine.ts";
import { answerRequest, installReport } from "../support/proxmox-installer.ts";
import { RULES } from "../support/queue-builder.ts";

// What keeps a disk from being wiped that is not the one the operator meant.

const FIRST = slotAddress(1);
const peach = machine(1);
const SCRIPT = "/ipxe/52-54-00-00-01-01";

interface Told {
  readonly serial?: string;
  readonly board?: string;
  readonly uuid?: number | null;
  readonly nics?: readonly string[];
}

/** The installer's request of peach, but for what is told otherwise. */
function asks({ serial = "C7Q1", board = "B-1", uuid = 1, nics }: Told = {}) {
  const request = answerRequest({ ...peach, uuid97: uuid === null ? null : uuidOption(uuid) });
  const interfaces = nics?.map((mac, n) => ({ link: `enp${n}s0`, mac })) ?? request.network_interfaces;
  const dmi = { ...request.dmi, system: { ...request.dmi.system, serial }, baseboard: { serial: board } };
  return { ...request, dmi, network_interfaces: interfaces };
}

const ask = (bench: MachineBench, told: Told = {}) =>
  bench.post(`/api/boot/answer/${bench.tokenOf(peach)}`, FIRST, asks(told));

const stateOf = (bench: MachineBench) => bench.hostOf(peach)?.state.type;
let tokens = 0;

/** Peach installed once, armed again, and up to the point where its installer asks. */
async function rebuilt(options: Parameters<typeof machineBench>[0] = {}): Promise<MachineBench> {
  const bench = await machineBench(options);
  await bench.bring(peach, "pxe_booted");
  assert.equal((await ask(bench)).status, 200);
  const report = await bench.post(
    `/api/hosts/${peach.host}/installed/${bench.tokenOf(peach)}`,
    FIRST,
    installReport(peach),
  );
  assert.equal(report.status, 200);
  await rearmed(bench);
  return bench;
}

async function rearmed(bench: MachineBench): Promise<void> {
  await bench.happen({ type: "rebuild-ordered", host: peach.host, token: `again-${++tokens}` as AttemptToken });
  await bench.takeSlot(peach);
  await bench.happen({ type: "script-fetched", host: peach.host });
}

const approve = (bench: MachineBench) => bench.happen({ type: "host-approved", host: peach.host });

async function assertHeld(bench: MachineBench, response: Response, words: RegExp): Promise<void> {
  assert.equal(response.status, 403);
  const text = await response.text();
  assert.match(text, /^this is not the machine that was known as node1: [^\n]+`bootqueue approve node1`\n$/);
  assert.match(text, words);
  const host = bench.hostOf(peach);
  assert.equal(host?.state.type, "pxe_ready");
  assert.ok(host?.hold);
  assert.match(host.passages.at(-1)?.reason ?? "", words);
  assert.match(bench.footprints.at(-1)?.why ?? "", words);
}

describe("an armed host whose installer is not the one of before", () => {
  const changed: readonly { what: string; told: Told; words: RegExp }[] = [
    { what: "another system serial", told: { serial: "X999" }, words: /its serial number was C7Q1 and is X999/ },
    { what: "another board", told: { board: "B-2" }, words: /its board's serial number was B-1 and is B-2/ },
    {
      what: "another UUID",
      told: { uuid: 9 },
      words: /its UUID was 44454c4c-4300-1051-8031-c7c04f510001 and is 44454c4c-4300-1051-8031-c7c04f510009/,
    },
    {
      what: "one network card swapped, the one that boots the same",
      told: { nics: ["52:54:00:00:01:01", "52:54:00:00:02:77"] },
      words: /of its network cards 52:54:00:00:02:01 is gone and 52:54:00:00:02:77 is new/,
    },
    {
      what: "one network card more",
      told: { nics: ["52:54:00:00:01:01", "52:54:00:00:02:01", "52:54:00:00:02:77"] },
      words: /of its network cards 52:54:00:00:02:77 is new/,
    },
    {
      what: "one network card less",
      told: { nics: ["52:54:00:00:01:01"] },
      words: /of its network cards 52:54:00:00:02:01 is gone/,
    },
    {
      what: "everything at once",
      told: { serial: "X999", board: "B-2", uuid: 9, nics: ["52:54:00:00:01:01"] },
      words: /its UUID was .*; its serial number was .*; its board's .*; of its network cards/,
    },
  ];
  for (const { what, told, words } of changed) {
    test(`(${what}) is held, and served nothing until exactly that is approved`, async () => {
      const bench = await rebuilt();
      await assertHeld(bench, await ask(bench, told), words);
      assert.match(await (await bench.request(SCRIPT, FIRST)).text(), /^exit 1$/m, "its script leads to its own disk");
      assert.equal(await bench.dhcp(says(peach, UEFI_X64, "DISCOVER")), null);
      assert.match(bench.reasons().at(-1) ?? "", /it is not the machine that was installed under this name/);
      assert.equal((await ask(bench, told)).status, 403, "asking again helps nobody");

      await approve(bench);
      assert.equal((await ask(bench, told)).status, 200);
      assert.equal(stateOf(bench), "installing");
      assert.equal(bench.hostOf(peach)?.hold, null);
    });
  }

  test("that is approved as it was seen is held again when it is yet another", async () => {
    const bench = await rebuilt();
    assert.equal((await ask(bench, { serial: "X999" })).status, 403);
    await approve(bench);
    await assertHeld(bench, await ask(bench, { serial: "X998" }), /was C7Q1 and is X998/);
    await assertHeld(
      bench,
      await ask(bench, { serial: "X999", board: "B-2" }),
      /board's serial number was B-1 and is B-2/,
    );
  });

  test("that does not say what it said before is no other: not every release says everything", async () => {
    const bench = await rebuilt();
    assert.equal((await ask(bench, { uuid: null, serial: "To be filled by O.E.M.", board: "" })).status, 200);
  });

  test("an approval is for one install: the one after it compares with what was installed last", async () => {
    const bench = await rebuilt();
    assert.equal((await ask(bench, { serial: "X999" })).status, 403);
    await approve(bench);
    assert.equal((await ask(bench, { serial: "X999" })).status, 200);
    await bench.post(`/api/hosts/${peach.host}/installed/${bench.tokenOf(peach)}`, FIRST, installReport(peach));
    await rearmed(bench);
    assert.equal((await ask(bench)).status, 403, "the machine of before is now the stranger");
    await rearmed(bench);
    assert.equal((await ask(bench, { serial: "X999" })).status, 200);
  });

  test("the operator's new order for it ends the hold, and the machine of before is served", async () => {
    const bench = await rebuilt();
    assert.equal((await ask(bench, { serial: "X999" })).status, 403);
    await rearmed(bench);
    assert.equal(bench.hostOf(peach)?.hold, null);
    assert.equal((await ask(bench)).status, 200);
  });

  test("nothing is held of a machine that is installed for the first time: nobody knows it yet", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "pxe_booted");
    assert.equal((await ask(bench, { serial: "X999", nics: ["52:54:00:00:01:01"] })).status, 200);
  });

  test("while the first is being installed, another with its token gets nothing, and its report still counts", async () => {
    const bench = await rebuilt();
    assert.equal((await ask(bench)).status, 200);
    assert.equal((await ask(bench, { serial: "X999" })).status, 403);
    assert.equal(stateOf(bench), "installing");
    assert.ok(bench.hostOf(peach)?.hold);
    const path = `/api/hosts/${peach.host}/installed/${bench.tokenOf(peach)}`;
    assert.equal((await bench.post(path, FIRST, installReport(peach))).status, 200);
    assert.equal(stateOf(bench), "ready");
    assert.equal(bench.hostOf(peach)?.hold, null);
  });
});

describe("an armed host that shows another UUID by DHCP already", () => {
  const other: Machine = { ...peach, uuid97: uuidOption(9) };

  async function armed(): Promise<MachineBench> {
    const bench = await machineBench();
    await bench.bring(peach, "pxe_booted");
    assert.equal((await ask(bench)).status, 200);
    await bench.post(`/api/hosts/${peach.host}/installed/${bench.tokenOf(peach)}`, FIRST, installReport(peach));
    await bench.happen({ type: "rebuild-ordered", host: peach.host, token: `again-${++tokens}` as AttemptToken });
    return bench;
  }

  test("is left in silence and held; approved, it is served with all that belongs to that board", async () => {
    const bench = await armed();
    assert.equal(await bench.dhcp(says(other, UEFI_X64, "DISCOVER")), null);
    assert.match(
      bench.hostOf(peach)?.passages.at(-1)?.reason ?? "",
      /held for approval: its UUID was \S+0001 and is \S+0009/,
    );
    const writes = bench.engine.state;
    assert.equal(await bench.dhcp(says(other, UEFI_X64, "DISCOVER")), null);
    assert.equal(bench.engine.state, writes, "a repeat is no news");

    await approve(bench);
    await bench.takeSlot(other);
    await bench.happen({ type: "script-fetched", host: peach.host });
    assert.equal((await ask(bench, { uuid: 9, serial: "X999", board: "B-2" })).status, 200);
  });

  test("is not held any longer when the board of before asks again", async () => {
    const bench = await armed();
    assert.equal(await bench.dhcp(says(other, UEFI_X64, "DISCOVER")), null);
    await bench.takeSlot(peach);
    assert.equal(bench.hostOf(peach)?.hold, null);
    await bench.happen({ type: "script-fetched", host: peach.host });
    assert.equal((await ask(bench)).status, 200);
  });

  test("that is the UUID of another host is nobody's to approve", async () => {
    const bench = await armed();
    await bench.bring(machine(9), "ready");
    assert.equal(await bench.dhcp(says(other, UEFI_X64, "DISCOVER")), null);
    assert.equal(bench.hostOf(peach)?.hold, null);
    assert.match(bench.reasons().at(-1) ?? "", /belong to two different hosts/);
  });
});

describe("a slot that names its machine", () => {
  test("refuses another board, in words, and nobody can approve it", async () => {
    const bench = await machineBench({ guards: { 1: { boardSerial: "B-1" } } });
    await bench.bring(peach, "pxe_booted");
    const refused = await ask(bench, { board: "B-2" });
    assert.equal(refused.status, 403);
    assert.match(await refused.text(), /another serial number.*`board_serial`.*node1 is for B-1\)\n$/);
    assert.equal(bench.hostOf(peach)?.hold, null);
    assert.equal(stateOf(bench), "pxe_booted");
    assert.equal((await ask(bench)).status, 200);
  });

  test("takes the serial number of the system for it, too; a machine that says neither is refused", async () => {
    const bench = await machineBench({ guards: { 1: { boardSerial: "C7Q1" } } });
    await bench.bring(peach, "pxe_booted");
    assert.equal((await ask(bench, { serial: "", board: "Default string" })).status, 403);
    assert.equal((await ask(bench)).status, 200);
  });
});

describe("an install that loops", () => {
  test("stops, whether it starts anew, is approved, or the appliance is restarted in between", async () => {
    const bench = await rebuilt({ rules: { attemptsMax: 3 } });
    assert.equal((await ask(bench)).status, 200);
    await bench.happen({ type: "script-fetched", host: peach.host });
    assert.equal((await ask(bench, { serial: "X999" })).status, 403);
    await approve(bench);
    await bench.takeSlot(peach);
    await bench.happen({ type: "script-fetched", host: peach.host });
    assert.equal((await ask(bench, { serial: "X999" })).status, 200);
    assert.equal(bench.hostOf(peach)?.attempt?.answers, 2);

    const kept = readSaved(JSON.parse(JSON.stringify(toSaved(bench.engine.state))));
    assert.ok(kept.ok);
    const rules = { ...RULES, attemptsMax: 2 };
    const stopped = transition(kept.value, { type: "script-fetched", host: peach.host }, bench.clock.now(), rules);
    assert.deepEqual(stopped.verdict, { type: "refused", reason: "too-many-attempts" });
    assert.equal(stopped.state.hosts.at(0)?.state.type, "failed");
    await settled();
  });
});
