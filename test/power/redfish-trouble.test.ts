import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { MachineIdentity, PowerVisit } from "../../src/power/power-control.ts";
import { failureWords } from "../../src/power/power-control.ts";
import { orderPower, startInstall } from "../../src/power/power-orders.ts";
import { FakeMachine } from "../support/power/bmc-machine.ts";
import { MAKES, PLAIN } from "../support/power/bmc-traits.ts";
import { identityOf, LIMITS, redfishBench } from "../support/power/power-bench.ts";
import type { BmcFaults } from "../support/power/redfish-bmc.ts";

const OFF = () => ({ machines: [new FakeMachine(1, "1", false)] });
const restart = (power: PowerVisit) => power.restart();
const turnOn = (power: PowerVisit) => power.turnOn();

interface Trouble {
  readonly what: string;
  readonly faults: Partial<BmcFaults>;
  readonly isOff?: true;
  readonly work: (power: PowerVisit) => Promise<unknown>;
  /** `ok`, or the type of the failure. */
  readonly outcome: string;
  readonly words: RegExp;
  readonly history: readonly string[];
}

const TROUBLES: readonly Trouble[] = [
  {
    what: "says yes and leaves the machine off",
    faults: { ignoresResets: true },
    isOff: true,
    work: turnOn,
    outcome: "not-done",
    words: /after 60 s the machine is Off, not On; look at the machine/,
    history: [],
  },
  {
    what: "takes a boot override and ignores it",
    faults: { ignoresOverride: true },
    work: (power) => power.bootFromNetworkOnce(),
    outcome: "not-done",
    words: /did not take it: it shows Disabled, None/,
    history: [],
  },
  {
    what: "switches on and drops the connection before it says so",
    faults: { cutsOffAnswers: true },
    isOff: true,
    work: turnOn,
    outcome: "ok",
    words: /switched on \(On\)/,
    history: ["on"],
  },
  {
    what: "restarts and drops the connection: it is not restarted again",
    faults: { cutsOffAnswers: true },
    work: restart,
    outcome: "unreachable",
    words: /whether ForceRestart was done is not known.*not sent a second time/,
    history: ["off", "on"],
  },
  {
    what: "drops the connection and does nothing",
    faults: { cutsOffRequests: true },
    isOff: true,
    work: turnOn,
    outcome: "not-done",
    words: /the machine is Off, not On/,
    history: [],
  },
  {
    what: "never answers",
    faults: { hangs: true },
    work: restart,
    outcome: "unreachable",
    words: /no answer within/,
    history: [],
  },
  {
    what: "is in POST for a while",
    faults: { busy: 3 },
    work: (power) => power.bootFromNetworkOnce(),
    outcome: "ok",
    words: /Pxe/,
    history: [],
  },
  {
    what: "is in POST for ever",
    faults: { busy: 1000 },
    work: (power) => power.bootFromNetworkOnce(),
    outcome: "refused",
    words: /UnableToModifyDuringSystemPOST/,
    history: [],
  },
  {
    what: "settles before it switches on",
    faults: { busy: 2 },
    isOff: true,
    work: turnOn,
    outcome: "ok",
    words: /switched on/,
    history: ["on"],
  },
  {
    what: "shows the change late",
    faults: { slow: 8 },
    isOff: true,
    work: turnOn,
    outcome: "ok",
    words: /switched on/,
    history: ["on"],
  },
  {
    what: "has a web server that is unwell now and then",
    faults: { unwell: 2 },
    work: restart,
    outcome: "ok",
    words: /restarted/,
    history: ["off", "on"],
  },
  {
    what: "is unwell for good",
    faults: { unwell: 100 },
    work: restart,
    outcome: "unsupported",
    words: /gave status 503/,
    history: [],
  },
  {
    what: "forgets the session in the middle",
    faults: { forgetsSessions: true },
    work: restart,
    outcome: "ok",
    words: /restarted/,
    history: ["off", "on"],
  },
];

describe("a BMC that", () => {
  for (const { what, faults, isOff, work, outcome, words, history } of TROUBLES) {
    test(`${what}: ${outcome}`, async (t) => {
      const { bmc, control, machine } = await redfishBench(t, isOff ? OFF() : {});
      Object.assign(bmc.faults, faults);
      const limits = { ...LIMITS, requestMs: 400 };
      const done = await control({ limits }).visit(identityOf(machine), async (power) => (await work(power)) as never);
      assert.equal(done.ok ? "ok" : done.error.type, outcome, JSON.stringify(done));
      assert.match(done.ok ? JSON.stringify(done.value) : failureWords(done.error), words);
      assert.deepEqual(machine.history, history);
      Object.assign(bmc.faults, { unwell: 0 });
      assert.equal(bmc.sessions.size, 0, "a session is left");
    });
  }

  test("does not listen to a soft shutdown has the machine switched off after its time", async (t) => {
    const { control, machine, time } = await redfishBench(t);
    machine.listensToAcpi = false;
    const done = await orderPower(control(), identityOf(machine), "off");
    assert.match(done.ok ? done.value.words : "", /ForceOff/);
    assert.deepEqual(machine.history, ["asked to shut down", "off"]);
    assert.ok(time.slept >= LIMITS.shutdownMs);
  });

  test("answers errors with pages has them quoted as one line", async (t) => {
    const { bmc, control, machine } = await redfishBench(t, { traits: { ...PLAIN, bootTargets: ["Hdd"] } });
    bmc.faults.htmlErrors = true;
    const done = await orderPower(control(), identityOf(machine), "pxe");
    assert.match(done.ok ? "" : failureWords(done.error), /does not offer Pxe for the next boot, only Hdd/);
  });

  test("offers no HTTP boot is not asked for it", async (t) => {
    const { control, machine } = await redfishBench(t, { traits: { ...PLAIN, bootTargets: ["Pxe"] } });
    const done = await orderPower(control({ boot: "uefi-http" }), identityOf(machine), "pxe");
    assert.match(done.ok ? "" : done.error.message, /does not offer UefiHttp/);
  });

  test("offers HTTP boot is asked for it where that is configured", async (t) => {
    const { bmc, control, machine } = await redfishBench(t);
    assert.ok((await orderPower(control({ boot: "uefi-http" }), identityOf(machine), "pxe")).ok);
    assert.equal(bmc.nextBoot(machine.id), "UefiHttp UEFI");
  });

  test("has no free session says so, and keeps it to itself who has them", async (t) => {
    const { bmc, control, machine } = await redfishBench(t, { traits: MAKES.Dell ?? PLAIN });
    bmc.sessions.add("somebody else's");
    const done = await orderPower(control(), identityOf(machine), "cycle");
    assert.equal(done.ok ? "" : done.error.type, "no-free-session");
    assert.deepEqual(machine.history, []);
  });

  test("knows no sessions is asked with the password each time", async (t) => {
    const { control, machine } = await redfishBench(t, { traits: { ...PLAIN, sessions: "none" } });
    assert.ok((await orderPower(control(), identityOf(machine), "cycle")).ok);
  });

  test("is gone is unreachable, in words", async (t) => {
    const { bmc, control, machine } = await redfishBench(t);
    await bmc.close();
    t.mock.method(bmc, "close", async () => {});
    const done = await orderPower(control(), identityOf(machine), "cycle");
    assert.equal(done.ok ? "" : done.error.type, "unreachable");
  });
});

describe("a wrong password", () => {
  for (const sessions of ["any number", "none"] as const) {
    test(`is tried once and never again, with ${sessions} sessions, until the file changes`, async (t) => {
      const { bmc, control, machine, passwordFile } = await redfishBench(t, { traits: { ...PLAIN, sessions } });
      await writeFile(passwordFile, "wrong\n");
      const types: string[] = [];
      for (let n = 0; n < 3; n++) {
        const done = await orderPower(control(), identityOf(machine), "cycle");
        types.push(done.ok ? "ok" : done.error.type);
        assert.doesNotMatch(JSON.stringify(done), /wrong(?! )/);
      }
      assert.deepEqual(types, ["login-refused", "login-refused-before", "login-refused-before"]);
      assert.equal(bmc.refusedLogins, 1);
      await writeFile(passwordFile, `${bmc.password}\n`);
      assert.ok((await orderPower(control(), identityOf(machine), "cycle")).ok);
    });
  }

  test("that becomes wrong in the middle of a visit is tried once more, not for ever", async (t) => {
    const { bmc, control, machine } = await redfishBench(t);
    const done = await control().visit(identityOf(machine), async (power) => {
      bmc.password = "changed";
      bmc.faults.forgetsSessions = true;
      return await power.restart();
    });
    assert.equal(done.ok, false);
    assert.equal(bmc.refusedLogins, 1);
  });

  const files: readonly { what: string; damage: (path: string) => Promise<unknown>; words: RegExp }[] = [
    {
      what: "that others may read",
      damage: (path) => chmod(path, 0o644),
      words: /may be read by others \(mode 0644\)/,
    },
    { what: "that is empty", damage: (path) => writeFile(path, "\n"), words: /has no password/ },
    { what: "that is no file", damage: async () => {}, words: /does not exist/ },
  ];
  for (const { what, damage, words } of files) {
    test(`a password file ${what} is refused before anybody is asked`, async (t) => {
      const { bmc, control, machine, passwordFile } = await redfishBench(t);
      await damage(passwordFile);
      const file = /no file/.test(what) ? { passwordFile: join(passwordFile, "none") } : {};
      const done = await orderPower(control(file), identityOf(machine), "cycle");
      assert.equal(done.ok ? "" : done.error.type, "no-password");
      assert.match(done.ok ? "" : done.error.message, words);
      assert.deepEqual(bmc.requests, []);
    });
  }
});

describe("a certificate", () => {
  test("that is not the pinned one is refused before a password is sent", async (t) => {
    const { bmc, control, machine } = await redfishBench(t);
    const trust = { type: "fingerprint", sha256: bmc.fingerprint.replace(/^../, "00") } as const;
    const done = await orderPower(control({ trust }), identityOf(machine), "cycle");
    assert.equal(done.ok ? "" : done.error.type, "wrong-certificate");
    assert.match(done.ok ? "" : done.error.message, new RegExp(`found ${bmc.fingerprint}`));
    assert.deepEqual(bmc.requests, []);
  });

  test("of an authority is accepted, and one of another is not", async (t) => {
    const one = await redfishBench(t);
    const other = await redfishBench(t);
    const ca = async (pem: string) => {
      const file = `${one.passwordFile}.pem`;
      await writeFile(file, pem);
      const done = await orderPower(one.control({ trust: { type: "ca", file } }), identityOf(one.machine), "cycle");
      return done.ok ? "ok" : done.error.type;
    };
    assert.equal(await ca(one.bmc.certPem), "ok");
    assert.equal(await ca(other.bmc.certPem), "wrong-certificate");
  });
});

describe("two machines behind one BMC", () => {
  const two = () => ({ machines: [new FakeMachine(1, "1"), new FakeMachine(2, "2")] });
  const cases: readonly {
    what: string;
    system: string | null;
    known: Partial<MachineIdentity>;
    /** Which of the two was restarted; null: none. */
    hit: 1 | 2 | null;
    words?: RegExp;
  }[] = [
    { what: "the UUID tells", system: null, known: {}, hit: 2 },
    { what: "the serial number tells", system: null, known: { uuid: null }, hit: 2 },
    { what: "a hardware address tells", system: null, known: { uuid: null, serial: null }, hit: 2 },
    {
      what: "nothing tells",
      system: null,
      known: { uuid: null, serial: null, macs: [] },
      hit: null,
      words: /1 \(serial SERIAL-01\), 2 \(serial SERIAL-02\).*name one with `system`/,
    },
    { what: "the configuration names the right one by id", system: "2", known: {}, hit: 2 },
    { what: "the configuration names it by serial number", system: "serial-02", known: { uuid: null }, hit: 2 },
    { what: "the configuration names it by UUID", system: "4C4C4544-0043-5110-8031-C7C04F510002", known: {}, hit: 2 },
    {
      what: "the configuration names the other one",
      system: "1",
      known: {},
      hit: null,
      words: /system 1 is another machine: its UUID is .*0001, the host's is .*0002/,
    },
    {
      what: "the configuration names the other one, and only a hardware address is known",
      system: "1",
      known: { uuid: null, serial: null },
      hit: null,
      words: /system 1 is meant, but 2 looks like this host: it has the hardware address/,
    },
    {
      what: "the configuration names nobody there",
      system: "3",
      known: {},
      hit: null,
      words: /no system is called "3"/,
    },
    {
      what: "the configuration names one, and nothing can be compared",
      system: "2",
      known: { uuid: null, serial: null, macs: [] },
      hit: 2,
    },
    {
      what: "the slot's machine may be another one, and nothing can be compared",
      system: "2",
      known: { uuid: null, serial: null, macs: [], isNamed: false },
      hit: null,
      words: /nothing shows that system 2 is the host that has the slot now/,
    },
  ];
  for (const { what, system, known, hit, words } of cases) {
    test(`${what}: ${hit === null ? "neither is touched" : `only ${hit} is touched`}`, async (t) => {
      const { control, machines } = await redfishBench(t, two());
      const second = machines[1] as FakeMachine;
      const done = await startInstall(control({ system }), identityOf(second, known), {
        wasInterrupted: false,
        mayStill: async () => true,
      });
      assert.deepEqual(
        machines.map(({ history }) => history.length > 0),
        [hit === 1, hit === 2],
      );
      if (words === undefined) assert.ok(done.ok, JSON.stringify(done));
      else assert.match(done.ok ? "" : failureWords(done.error), words);
    });
  }

  test("are switched one after the other", async (t) => {
    const { bmc, control, machines } = await redfishBench(t, two());
    await Promise.all(machines.map((machine) => orderPower(control(), identityOf(machine), "cycle")));
    const order = bmc.requests.filter((each) => /^(POST|DELETE) .*(Sessions|Reset)/.test(each));
    assert.deepEqual(
      order.map((each) => each.replace(/token\d/, "…")),
      [
        "POST /redfish/v1/SessionService/Sessions",
        "POST /redfish/v1/Systems/1/Actions/ComputerSystem.Reset",
        "DELETE /redfish/v1/SessionService/Sessions/…",
        "POST /redfish/v1/SessionService/Sessions",
        "POST /redfish/v1/Systems/2/Actions/ComputerSystem.Reset",
        "DELETE /redfish/v1/SessionService/Sessions/…",
      ],
    );
  });
});

describe("startInstall()", () => {
  test("switches nothing when it is called back at the last moment", async (t) => {
    const { control, machine } = await redfishBench(t);
    const done = await startInstall(control(), identityOf(machine), {
      wasInterrupted: false,
      mayStill: async () => false,
    });
    assert.deepEqual(done, { ok: true, value: null });
    assert.deepEqual(machine.history, []);
  });

  test("does not restart a machine that an interrupted run may have restarted already", async (t) => {
    const { control, machine } = await redfishBench(t);
    const done = await startInstall(control(), identityOf(machine), {
      wasInterrupted: true,
      mayStill: async () => true,
    });
    assert.match(done.ok ? "" : failureWords(done.error), /it is on; it was not switched a second time/);
    assert.deepEqual(machine.history, []);
  });

  test("switches a machine on that an interrupted run left off", async (t) => {
    const { control, machine } = await redfishBench(t, OFF());
    const done = await startInstall(control(), identityOf(machine), {
      wasInterrupted: true,
      mayStill: async () => true,
    });
    assert.ok(done.ok);
    assert.deepEqual(machine.history, ["on network"]);
  });

  test("restarts nothing when the next boot could not be chosen", async (t) => {
    const { bmc, control, machine } = await redfishBench(t);
    bmc.faults.ignoresOverride = true;
    const done = await startInstall(control(), identityOf(machine), {
      wasInterrupted: false,
      mayStill: async () => true,
    });
    assert.equal(done.ok, false);
    assert.deepEqual(machine.history, []);
  });

  test("gives up when the daemon stops, and closes its session", async (t) => {
    const { bmc, control, machine, stop } = await redfishBench(t);
    const done = await control().visit(identityOf(machine), async (power) => {
      stop.abort();
      return await power.restart();
    });
    assert.equal(done.ok ? "" : done.error.type, "stopping");
    assert.equal(bmc.sessions.size, 0);
    assert.deepEqual(machine.history, []);
  });
});
