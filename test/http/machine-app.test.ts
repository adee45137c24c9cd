import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "smol-toml";
import type { AttemptToken } from "../../src/queue/host.ts";
import { type MachineBench, machineBench, settled, slotAddress } from "../support/machine-bench.ts";
import { machine } from "../support/netboot-machine.ts";
import { answerRequest, installReport } from "../support/proxmox-installer.ts";
import { proxmoxProfile } from "../support/proxmox-profile.ts";

const FIRST = slotAddress(1);
const SECOND = slotAddress(2);
const peach = machine(1);
const daisy = machine(2);
const SCRIPT = "/ipxe/52-54-00-00-01-01";

const stateOf = (bench: MachineBench) => bench.hostOf(peach)?.state.type;
const answerPath = (bench: MachineBench) => `/api/boot/answer/${bench.tokenOf(peach)}`;
const installedPath = (bench: MachineBench) => `/api/hosts/${peach.host}/installed/${bench.tokenOf(peach)}`;
const phonePath = (bench: MachineBench) => `/api/hosts/${peach.host}/phone-home/${bench.tokenOf(peach)}`;
const firstBootPath = (bench: MachineBench) => `/api/hosts/${peach.host}/first-boot-script/${bench.tokenOf(peach)}`;

/** The path of an address that a machine was told, which must be one of ours. */
function pathOf(url: unknown): string {
  const { origin, pathname } = new URL(String(url));
  assert.equal(origin, "http://10.97.0.1");
  return pathname;
}

/** A refusal as the Proxmox installer shows it on the machine's screen. */
async function assertRefused(response: Response, status: number, why: RegExp): Promise<void> {
  assert.equal(response.status, status);
  assert.match(response.headers.get("content-type") ?? "", /^text\/plain/);
  const text = await response.text();
  assert.match(text, /^[^\n]+\n$/, "one line of text");
  assert.match(text, why);
}

describe("createMachineApp() › a whole install", () => {
  test("script, answer, first-boot script, report and phone-home, by the addresses that each names", async () => {
    const bench = await machineBench({ profile: proxmoxProfile({ first_boot: { script: "#!/bin/sh\nexit 0\n" } }) });
    await bench.takeSlot(peach);

    const script = await bench.request(SCRIPT, FIRST);
    assert.equal(script.status, 200);
    assert.match(script.headers.get("content-type") ?? "", /^text\/plain/);
    assert.match(
      await script.text(),
      /^#!ipxe\necho bootqueue: node1 at 10\.97\.0\.12\nkernel http:\/\/10\.97\.0\.1\/assets\/pve\/linux26 /,
    );
    assert.equal(stateOf(bench), "pxe_booted");

    const answer = await bench.post(answerPath(bench), FIRST, answerRequest(peach));
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("content-type"), "application/toml");
    assert.equal(answer.headers.get("cache-control"), "no-store");
    const document = parse(await answer.text()) as Record<string, Record<string, unknown>>;
    assert.equal(document.global?.fqdn, "node1.lab.example");
    assert.equal(document.network?.cidr, "10.97.0.12/24");
    assert.equal(stateOf(bench), "installing");
    assert.deepEqual(bench.hostOf(peach)?.macs, peach.macs);

    const firstBoot = await bench.request(pathOf(document["first-boot"]?.url), FIRST);
    assert.equal(firstBoot.status, 200);
    assert.equal(firstBoot.headers.get("content-type"), "text/x-shellscript; charset=utf-8");
    const shell = await firstBoot.text();
    assert.match(shell, /^#!\/bin\/sh\n/);
    assert.equal(stateOf(bench), "installing", "fetched during the install, so it proves no first boot");

    const report = await bench.post(pathOf(document["post-installation-webhook"]?.url), FIRST, installReport(peach));
    assert.equal(report.status, 200);
    assert.equal(await report.text(), "thank you\n");
    assert.equal(stateOf(bench), "installed");
    assert.equal(bench.hostOf(peach)?.inventory?.system, "Proxmox VE 9.1.2");

    const [, url] = /^url='([^']+)'$/m.exec(shell) ?? [];
    const call = await bench.post(pathOf(url), FIRST, { ip: "10.97.0.12", hardware_id: "" });
    assert.equal(call.status, 200);
    assert.equal(stateOf(bench), "ready");
    const kept = await bench.store.load();
    assert.equal(kept?.hosts.at(0)?.state.type, "ready");
  });

  test("without first-boot steps the report makes the host ready", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "installing");
    const report = await bench.post(installedPath(bench), FIRST, installReport(peach));
    assert.equal(report.status, 200);
    assert.equal(stateOf(bench), "ready");
  });

  test("leaves a footprint for each request, and none holds the token", async () => {
    const bench = await machineBench({ profile: proxmoxProfile({ first_boot: {} }) });
    await bench.takeSlot(peach);
    await bench.request(SCRIPT, FIRST);
    await bench.post(answerPath(bench), FIRST, answerRequest(peach));
    await bench.request(firstBootPath(bench), FIRST);
    await bench.post(installedPath(bench), FIRST, installReport(peach));
    await bench.post(phonePath(bench), FIRST, { status: "started" });
    const steps = bench.footprints.filter(({ road }) => road === "http");
    assert.deepEqual(
      steps.map(({ outcome, what, why, stage }) => `${outcome}: ${what} (${why}) ${stage}`),
      [
        "answered: boot script (profile pve) script-sent",
        "answered: answer file (installer release 9.2) answer-sent",
        "answered: first-boot script () first-boot",
        "answered: installation report (Proxmox VE 9.1.2) reported",
        "answered: phone-home (started) first-boot",
      ],
    );
    assert.ok(steps.every(({ mac }) => mac === peach.macs[0]));
    assert.equal(JSON.stringify(bench.footprints).includes(bench.tokenOf(peach)), false);
  });
});

describe("createMachineApp() › an installer that tells nobody when it is done", () => {
  const profile = proxmoxProfile({ release: "8.2", global: { root_password: "not a password" } });

  test("gets its answer, and when its machine boots again that was the end: it goes to its disk", async () => {
    const bench = await machineBench({ profile });
    await bench.bring(peach, "pxe_booted");
    const answer = await bench.post(answerPath(bench), FIRST, answerRequest(peach, "8.2"));
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /^root_password = "not a password"$/m);
    assert.equal(bench.hostOf(peach)?.state.type, "installing");
    const script = await (await bench.request(SCRIPT, FIRST)).text();
    assert.doesNotMatch(script, /^(kernel|initrd|boot|chain)/m);
    assert.equal(bench.hostOf(peach)?.state.type, "ready");
    assert.equal(bench.hostOf(peach)?.attempt?.answers, 1);
  });

  test("that has got no answer yet boots as often as it must", async () => {
    const bench = await machineBench({ profile });
    await bench.bring(peach, "pxe_booted");
    assert.match(await (await bench.request(SCRIPT, FIRST)).text(), /^kernel /m);
    assert.equal(bench.hostOf(peach)?.state.type, "pxe_booted");
  });
});

describe("createMachineApp() › the boot script", () => {
  test("repeated is the same, and the host does not move again", async () => {
    const bench = await machineBench();
    await bench.takeSlot(peach);
    const first = await (await bench.request(SCRIPT, FIRST)).text();
    const before = bench.engine.state;
    assert.equal(await (await bench.request(SCRIPT, FIRST)).text(), first);
    assert.equal(bench.engine.state, before);
  });

  test("accepts the address with colons, too", async () => {
    const bench = await machineBench();
    await bench.takeSlot(peach);
    assert.equal((await bench.request("/ipxe/52:54:00:00:01:01", FIRST)).status, 200);
  });

  for (const state of ["ready", "failed"] as const) {
    for (const provisioned of ["ignore", "local-boot"] as const) {
      test(`for a host that is ${state} (${provisioned}) leads to its own disk and moves nothing`, async () => {
        const bench = await machineBench({ provisioned });
        await bench.bring(peach, state);
        const before = bench.engine.state;
        const response = await bench.request(SCRIPT, FIRST);
        assert.equal(response.status, 200);
        const script = await response.text();
        assert.match(script, /^exit 1$/m);
        assert.doesNotMatch(script, /^(kernel|initrd|boot|chain)/m);
        assert.equal(bench.engine.state, before);
      });
    }
  }

  test("asked for once too often gives up: to the disk, and failed with words", async () => {
    const bench = await machineBench({ rules: { attemptsMax: 2 } });
    await bench.takeSlot(peach);
    for (let n = 0; n < 2; n++) {
      assert.match(await (await bench.request(SCRIPT, FIRST)).text(), /^kernel /m);
      assert.equal((await bench.post(answerPath(bench), FIRST, answerRequest(peach))).status, 200);
    }
    assert.match(await (await bench.request(SCRIPT, FIRST)).text(), /^exit 1$/m);
    const host = bench.hostOf(peach);
    assert.equal(
      host?.state.type === "failed" && host.state.reason,
      "asked for the installer again after 2 answer files and no report",
    );
  });

  test("asked for by HEAD says whether there is one, and moves nothing", async () => {
    const bench = await machineBench();
    await bench.takeSlot(peach);
    const before = bench.engine.state;
    const response = await bench.request(SCRIPT, FIRST, { method: "HEAD" });
    assert.equal(response.status, 200);
    assert.equal(await response.text(), "");
    assert.equal((await bench.request("/ipxe/02-00-00-00-00-09", FIRST, { method: "HEAD" })).status, 404);
    assert.equal((await bench.request("/ipxe/nonsense", FIRST, { method: "HEAD" })).status, 404);
    assert.equal(bench.engine.state, before);
  });

  test("from another address is refused: an installer is for the machine at its slot's address", async () => {
    const bench = await machineBench();
    await bench.takeSlot(peach);
    await assertRefused(await bench.request(SCRIPT, SECOND), 403, /this is for 10\.97\.0\.12, and 10\.97\.0\.13 asks/);
    assert.equal(stateOf(bench), "pxe_ready");
  });

  const bad: readonly { what: string; path: string; status: number; why: RegExp }[] = [
    { what: "something that is no hardware address", path: "/ipxe/peach", status: 400, why: /wanted \/ipxe\/MAC/ },
    { what: "an encoded line feed", path: "/ipxe/a%0Ab", status: 400, why: /wanted \/ipxe\/MAC/ },
    { what: "nobody's hardware address", path: "/ipxe/02-00-00-00-00-09", status: 404, why: /no host with this/ },
    { what: "nothing", path: "/ipxe/", status: 404, why: /nothing here is called \/ipxe\// },
  ];
  for (const { what, path, status, why } of bad) {
    test(`of ${what}: ${status}, in one line, and on the timeline`, async () => {
      const bench = await machineBench();
      await assertRefused(await bench.request(path, FIRST), status, why);
      assert.match(bench.footprints.at(-1)?.why ?? "", why);
    });
  }

  test("of a host that waits without a slot is refused", async () => {
    const bench = await machineBench({ slots: 0 });
    await bench.engine.dispatch({ type: "host-seen", mac: peach.macs[0], uuid: null });
    await assertRefused(await bench.request(SCRIPT, null), 403, /the host has no slot/);
  });

  test("of a profile that is gone from the configuration says so", async () => {
    const bench = await machineBench();
    await bench.takeSlot(peach);
    bench.useProfile(null);
    await assertRefused(await bench.request(SCRIPT, FIRST), 409, /its profile is not in the configuration any more/);
  });

  test("is only served when the move is on disk", async () => {
    const bench = await machineBench();
    await bench.takeSlot(peach);
    await assertWaitsForDisk(bench, () => bench.request(SCRIPT, FIRST), "pxe_booted");
  });
});

describe("createMachineApp() › the answer file", () => {
  test("holds the key of this install, which is told to be on its way before the answer is", async () => {
    const told: string[] = [];
    const bench = await machineBench({
      profile: proxmoxProfile({ cluster: "lab" }),
      joinKeys: {
        publicKeyFor: async (host) => `ssh-ed25519 AAAAC3Nz bootqueue-${host.id}`,
        leaves: async () => void told.push(`leaves in ${stateOf(bench)}`),
      },
    });
    await bench.bring(peach, "pxe_booted");
    const answer = await bench.post(answerPath(bench), FIRST, answerRequest(peach));
    const document = parse(await answer.text()) as Record<string, Record<string, string[]>>;
    assert.match(document.global?.["root-ssh-keys"]?.at(-1) ?? "", /^ssh-ed25519 AAAAC3Nz bootqueue-/);
    assert.equal(document.global?.["root-ssh-keys"]?.length, 2);
    assert.deepEqual(told, ["leaves in pxe_booted"]);
  });

  test("is only served when the move is on disk: from then on the machine wipes its own", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "pxe_booted");
    await assertWaitsForDisk(bench, () => bench.post(answerPath(bench), FIRST, answerRequest(peach)), "installing");
  });

  test("is not served when the move cannot be saved", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "pxe_booted");
    bench.store.fail(new Error("no space left on device"));
    await assertRefused(await bench.post(answerPath(bench), FIRST, answerRequest(peach)), 500, /could not be answered/);
    assert.match(bench.footprints.at(-1)?.why ?? "", /could not be saved/);
    assert.equal(stateOf(bench), "pxe_booted");
    assert.equal(bench.broken.length, 1);
  });

  test("repeated is the same, and counts once", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "pxe_booted");
    const texts = [];
    for (let n = 0; n < 5; n++) {
      texts.push(await (await bench.post(answerPath(bench), FIRST, answerRequest(peach))).text());
    }
    assert.equal(new Set(texts).size, 1);
    assert.equal(bench.hostOf(peach)?.attempt?.answers, 1);
  });

  test("without a token is not served where DHCP can tell the installer the whole address", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "pxe_booted");
    const asked = await bench.post("/api/boot/answer", FIRST, answerRequest(peach));
    await assertRefused(asked, 403, /lacks the token of its install.*option 250/);
    assert.equal(stateOf(bench), "pxe_booted");
  });

  test("without a token goes by any of the hardware addresses in the request, beside another DHCP server", async () => {
    const bench = await machineBench({ mode: "proxy" });
    const token = "t" as AttemptToken;
    await bench.happen({ type: "slot-claimed", mac: peach.macs[0], uuid: null, token });
    await bench.happen({ type: "script-fetched", host: peach.host });
    const [first, second] = answerRequest(peach).network_interfaces;
    const response = await bench.post("/api/boot/answer", FIRST, {
      ...answerRequest(peach),
      network_interfaces: [second, first],
    });
    assert.equal(response.status, 200);
    assert.equal(stateOf(bench), "installing");
  });

  test("without a token is refused when two hosts could be meant, and nobody moves", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "pxe_booted");
    await bench.bring(daisy, "pxe_booted");
    const before = bench.engine.state;
    const both = { ...answerRequest(peach), network_interfaces: [{ mac: peach.macs[0] }, { mac: daisy.macs[0] }] };
    await assertRefused(await bench.post("/api/boot/answer", null, both), 404, /no install is armed for 52:54/);
    assert.equal(bench.engine.state, before);
  });

  test("is in the spelling of the installer that asks", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "pxe_booted");
    const old = await (await bench.post(answerPath(bench), FIRST, answerRequest(peach, "8.3"))).text();
    const fresh = await (await bench.post(answerPath(bench), FIRST, answerRequest(peach, "9.2"))).text();
    assert.match(old, /root_password_hashed/);
    assert.match(fresh, /root-password-hashed/);
  });

  test("that this installer would refuse is not served, and the queue does not move", async () => {
    const profile = proxmoxProfile({ network: { interface_name_pinning: { enabled: true } } });
    const bench = await machineBench({ profile });
    await bench.bring(peach, "pxe_booted");
    const before = bench.engine.state;
    const response = await bench.post(answerPath(bench), FIRST, answerRequest(peach, "8.4"));
    await assertRefused(response, 409, /profile pve: network\.interface_name_pinning: needs Proxmox VE 9\.1 or later/);
    assert.equal(bench.engine.state, before);
    assert.equal((await bench.post(answerPath(bench), FIRST, answerRequest(peach))).status, 200);
  });

  const refused: readonly {
    what: string;
    status: number;
    why: RegExp;
    ask: (bench: MachineBench) => Promise<Response>;
  }[] = [
    {
      what: "from another address",
      status: 403,
      why: /this is for 10\.97\.0\.12, and 10\.97\.0\.13 asks/,
      ask: (bench) => bench.post(answerPath(bench), SECOND, answerRequest(peach)),
    },
    {
      what: "with a token that nobody has",
      status: 404,
      why: /no install is armed under this address/,
      ask: (bench) => bench.post("/api/boot/answer/nonsense", FIRST, answerRequest(peach)),
    },
    {
      what: "with another machine's token",
      status: 403,
      why: /this is for 10\.97\.0\.13/,
      ask: (bench) => bench.post(`/api/boot/answer/${bench.tokenOf(daisy)}`, FIRST, answerRequest(peach)),
    },
    {
      what: "of a machine none of whose NICs is the host's",
      status: 403,
      why: /belong to two different hosts/,
      ask: (bench) => bench.post(answerPath(bench), FIRST, answerRequest(machine(3, peach.uuid97))),
    },
    {
      what: "of a machine that also has the NIC of a host that is being installed",
      status: 403,
      why: /belong to two different hosts/,
      ask: (bench) =>
        bench.post(answerPath(bench), FIRST, answerRequest({ ...peach, macs: [peach.macs[0], daisy.macs[1]] })),
    },
    {
      what: "without a token, of a machine for which nothing is armed",
      status: 404,
      why: /no install is armed for 52:54:00:00:01:03, 52:54:00:00:02:03/,
      ask: (bench) => bench.post("/api/boot/answer", FIRST, answerRequest(machine(3))),
    },
    {
      what: "without a token, from another address",
      status: 403,
      why: /this is for 10\.97\.0\.12/,
      ask: (bench) => bench.post("/api/boot/answer", SECOND, answerRequest(peach)),
    },
    {
      what: "with a body that is not JSON",
      status: 400,
      why: /the request cannot be read: expected the installer's description of its machine, a JSON object/,
      ask: (bench) => bench.post(answerPath(bench), FIRST, "keyboard = 'de'"),
    },
    {
      what: "without a body",
      status: 400,
      why: /cannot be read/,
      ask: (bench) => bench.request(answerPath(bench), FIRST, { method: "POST" }),
    },
    {
      what: "with a body of no machine",
      status: 400,
      why: /network_interfaces: expected at least one NIC/,
      ask: (bench) => bench.post(answerPath(bench), FIRST, { network_interfaces: "none\nat all" }),
    },
    {
      what: "with a list for a body",
      status: 400,
      why: /cannot be read/,
      ask: (bench) => bench.post(answerPath(bench), FIRST, "[".repeat(100_000)),
    },
    {
      what: "with too large a body",
      status: 413,
      why: /longer than 4194304 octets/,
      ask: (bench) => bench.post(answerPath(bench), FIRST, `"${"x".repeat(4_200_000)}"`),
    },
    {
      what: "by GET",
      status: 404,
      why: /nothing here is called \/api\/boot\/answer\//,
      ask: (bench) => bench.request(answerPath(bench), FIRST),
    },
  ];
  for (const { what, status, why, ask } of refused) {
    test(`asked for ${what}: ${status} in one line, on the timeline, and nobody moves`, async () => {
      const bench = await machineBench();
      await bench.bring(peach, "pxe_booted");
      await bench.bring(daisy, "installing");
      const before = bench.engine.state;
      await assertRefused(await ask(bench), status, why);
      assert.equal(bench.engine.state, before);
      const note = bench.footprints.at(-1);
      assert.deepEqual([note?.road, note?.outcome], ["http", "dropped"]);
      assert.match(note?.why ?? "", why);
    });
  }

  test("of a body that comes in pieces without a length is limited as well", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "pxe_booted");
    let pieces = 0;
    const body = new ReadableStream({
      pull: (controller) => (pieces++ < 80 ? controller.enqueue(new Uint8Array(64 * 1024)) : controller.close()),
    });
    const init = { method: "POST", body, duplex: "half" } as RequestInit;
    await assertRefused(await bench.request(answerPath(bench), FIRST, init), 413, /longer than 4194304 octets/);
  });

  for (const [state, why] of [
    ["pxe_ready", null],
    ["ready", /it is installed, so it is left to boot from its own disk/],
    ["failed", /its last install failed/],
  ] as const) {
    test(`for a host that is ${state} ${why === null ? "is served: the script's request was lost" : "is not served"}`, async () => {
      const bench = await machineBench();
      await bench.bring(peach, state);
      const before = bench.engine.state;
      const response = await bench.post(answerPath(bench), FIRST, answerRequest(peach));
      if (why === null) {
        assert.equal(response.status, 200);
        assert.equal(stateOf(bench), "installing");
      } else {
        await assertRefused(response, 409, why);
        assert.equal(bench.engine.state, before);
      }
    });
  }

  test("of an earlier install is void after a rebuild: its token names nobody any more", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "ready");
    const [answer, report, phone, script] = [answerPath, installedPath, phonePath, firstBootPath].map((path) =>
      path(bench),
    );
    await bench.happen({ type: "rebuild-ordered", host: peach.host, token: "rebuild" as AttemptToken });
    const before = bench.engine.state;
    await assertRefused(
      await bench.post(String(answer), FIRST, answerRequest(peach)),
      404,
      /no install is armed under this/,
    );
    await assertRefused(await bench.post(String(report), FIRST, installReport(peach)), 404, /token is not that of the/);
    await assertRefused(await bench.post(String(phone), FIRST, {}), 404, /token is not that of the/);
    await assertRefused(await bench.request(String(script), FIRST), 404, /token is not that of the/);
    assert.equal(bench.engine.state, before);
    assert.equal((await bench.post(answerPath(bench), FIRST, answerRequest(peach))).status, 200);
  });

  test("under the old token is not served while a rebuild is being saved", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "failed");
    const old = answerPath(bench);
    bench.store.hold();
    const ordered = bench.engine.dispatch({
      type: "rebuild-ordered",
      host: peach.host,
      token: "rebuild" as AttemptToken,
    });
    const asked = bench.post(old, FIRST, answerRequest(peach));
    await settled();
    bench.store.release();
    await ordered;
    await assertRefused(await asked, 409, /the token is not that of the install under way/);
  });

  test("with a UUID that the operator calls bogus leaves the host without one", async () => {
    const bogusUuids = ["44454c4c-4300-1051-8031-c7c04f510001"];
    const bench = await machineBench({ bogusUuids });
    await bench.bring(peach, "pxe_booted");
    assert.equal((await bench.post(answerPath(bench), FIRST, answerRequest(peach))).status, 200);
    assert.equal(bench.hostOf(peach)?.uuid, null);
  });
});

describe("createMachineApp() › the installation report", () => {
  test("is only thanked for when it is on disk", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "installing");
    await assertWaitsForDisk(bench, () => bench.post(installedPath(bench), FIRST, installReport(peach)), "ready");
  });

  test("repeated is thanked for again, and changes nothing", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "installing");
    await bench.post(installedPath(bench), FIRST, installReport(peach));
    const before = bench.engine.state;
    assert.equal((await bench.post(installedPath(bench), FIRST, installReport(peach))).status, 200);
    assert.equal(bench.engine.state, before);
  });

  test("that arrives twice at once is thanked for twice", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "installing");
    const path = installedPath(bench);
    const text = JSON.stringify(installReport(peach));
    const held = deferredBody(text);
    const headers = { "content-length": String(text.length) };
    const slow = bench.request(path, FIRST, {
      method: "POST",
      body: held.body,
      headers,
      duplex: "half",
    } as RequestInit);
    await settled();
    assert.equal((await bench.post(path, FIRST, installReport(peach))).status, 200);
    held.finish();
    assert.equal((await slow).status, 200);
  });

  test("may carry the token in its body instead", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "installing");
    const path = `/api/hosts/${peach.host}/installed`;
    await assertRefused(await bench.post(path, FIRST, installReport(peach)), 404, /token is not that of the install/);
    await assertRefused(await bench.post(path, FIRST, installReport(peach, "wrong")), 404, /token is not that of the/);
    assert.equal((await bench.post(path, FIRST, installReport(peach, bench.tokenOf(peach)))).status, 200);
    assert.equal(stateOf(bench), "ready");
  });

  test("from any address is taken, as long as it has the token: it is too precious to lose", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "installing");
    assert.equal((await bench.post(installedPath(bench), SECOND, installReport(peach))).status, 200);
  });

  test("of an installer that could not find out its NICs is taken", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "installing");
    const report = { ...installReport(peach), "network-interfaces": [] };
    assert.equal((await bench.post(installedPath(bench), FIRST, report)).status, 200);
  });

  const refused: readonly {
    what: string;
    status: number;
    why: RegExp;
    report: (bench: MachineBench) => Promise<Response>;
  }[] = [
    {
      what: "of another machine",
      status: 409,
      why: /it tells of another machine: none of its NICs \(52:54:00:00:01:03, 52:54:00:00:02:03\)/,
      report: (bench) => bench.post(installedPath(bench), FIRST, installReport(machine(3))),
    },
    {
      what: "with another machine's token",
      status: 404,
      why: /token is not that of the install/,
      report: (bench) =>
        bench.post(`/api/hosts/${peach.host}/installed/${bench.tokenOf(daisy)}`, FIRST, installReport(peach)),
    },
    {
      what: "for no host",
      status: 404,
      why: /no such host/,
      report: (bench) => bench.post("/api/hosts/nobody/installed/token", FIRST, installReport(peach)),
    },
    {
      what: "that is not JSON",
      status: 400,
      why: /the report cannot be read: expected the installer's report, a JSON object/,
      report: (bench) => bench.post(installedPath(bench), FIRST, "done"),
    },
    {
      what: "that is too large",
      status: 413,
      why: /longer than/,
      report: (bench) => bench.post(installedPath(bench), FIRST, "x".repeat(4_200_000)),
    },
  ];
  for (const { what, status, why, report } of refused) {
    test(`${what}: ${status} in one line, on the timeline, and nobody moves`, async () => {
      const bench = await machineBench();
      await bench.bring(peach, "installing");
      await bench.bring(daisy, "pxe_booted");
      const before = bench.engine.state;
      await assertRefused(await report(bench), status, why);
      assert.equal(bench.engine.state, before);
      assert.match(bench.footprints.at(-1)?.why ?? "", why);
    });
  }

  test("of a host that never fetched its answer is refused", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "pxe_booted");
    await assertRefused(
      await bench.post(installedPath(bench), FIRST, installReport(peach)),
      409,
      /cannot be done in the/,
    );
  });

  test("of an install that had been given up counts: the machine has been wiped and is installed", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "installing");
    bench.clock.advance(61 * 60_000);
    await settled();
    assert.equal(stateOf(bench), "failed");
    assert.equal((await bench.post(installedPath(bench), FIRST, installReport(peach))).status, 200);
    assert.equal(stateOf(bench), "ready");
  });
});

describe("createMachineApp() › the first boot", () => {
  const withFirstBoot = () => machineBench({ profile: proxmoxProfile({ first_boot: {} }) });

  async function installed(bench: MachineBench): Promise<void> {
    await bench.bring(peach, "installing");
    await bench.post(installedPath(bench), FIRST, installReport(peach));
  }

  const calls: readonly { what: string; body: unknown; state: string }[] = [
    { what: "without a body is finished", body: "", state: "ready" },
    { what: "with the installed system's address is finished", body: { ip: "10.97.0.12" }, state: "ready" },
    { what: "that says finished", body: { status: "finished" }, state: "ready" },
    { what: "that says started is under way", body: { status: "started" }, state: "first_boot" },
    { what: "that says failed", body: { status: "failed", reason: "no disk" }, state: "failed" },
    { what: "that says something else is finished", body: { status: 7 }, state: "ready" },
  ];
  for (const { what, body, state } of calls) {
    test(`a call ${what}: ${state}, and 200`, async () => {
      const bench = await withFirstBoot();
      await installed(bench);
      const response = await bench.post(phonePath(bench), FIRST, body);
      assert.equal(response.status, 200);
      assert.equal(stateOf(bench), state);
    });
  }

  test("repeated is thanked for again, and changes nothing", async () => {
    const bench = await withFirstBoot();
    await installed(bench);
    await bench.post(phonePath(bench), FIRST, {});
    const before = bench.engine.state;
    assert.equal((await bench.post(phonePath(bench), FIRST, {})).status, 200);
    assert.equal(bench.engine.state, before);
  });

  test("proves the install when the report was lost", async () => {
    const bench = await withFirstBoot();
    await bench.bring(peach, "installing");
    assert.equal((await bench.post(phonePath(bench), FIRST, {})).status, 200);
    assert.equal(stateOf(bench), "ready");
  });

  test("a reason from the machine is kept in one line of bounded length", async () => {
    const bench = await withFirstBoot();
    await installed(bench);
    await bench.post(phonePath(bench), FIRST, {
      status: "failed",
      reason: `a\n\u001b[31mb\u202e${"x".repeat(10_000)}`,
    });
    const host = bench.hostOf(peach);
    const reason = host?.state.type === "failed" ? host.state.reason : "";
    assert.match(reason, /^first boot: a \[31mb x+$/);
    assert.ok(reason.length <= 520);
  });

  test("is only thanked for when it is on disk", async () => {
    const bench = await withFirstBoot();
    await installed(bench);
    await assertWaitsForDisk(bench, () => bench.post(phonePath(bench), FIRST, { status: "started" }), "first_boot");
  });

  test("with another host's token, or for another host, is refused", async () => {
    const bench = await withFirstBoot();
    await installed(bench);
    await bench.bring(daisy, "installing");
    const wrong = [
      `/api/hosts/${daisy.host}/phone-home/${bench.tokenOf(peach)}`,
      `/api/hosts/${peach.host}/phone-home/${bench.tokenOf(daisy)}`,
      `/api/hosts/${peach.host}/phone-home/nonsense`,
    ];
    for (const path of wrong) {
      await assertRefused(await bench.post(path, FIRST, {}), 404, /token is not that of the install under way/);
      const script = path.replace("phone-home", "first-boot-script");
      await assertRefused(await bench.request(script, FIRST), 404, /token is not that of the install under way/);
    }
    assert.equal(stateOf(bench), "installed");
  });

  test("of a profile without first-boot steps has no script", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "installing");
    await assertRefused(await bench.request(firstBootPath(bench), FIRST), 404, /profile pve has none/);
  });
});

describe("createMachineApp() › what it does not have", () => {
  for (const path of [
    "/",
    "/api/hosts",
    "/api/hosts/52-54-00-00-01-01",
    "/etc/passwd",
    "/a%0Ab",
    "/%ff%fe",
    `/${"x".repeat(5000)}`,
  ]) {
    test(`${path.slice(0, 40)}: 404 in one line, and no redirect`, async () => {
      const bench = await machineBench();
      await assertRefused(await bench.request(path, FIRST), 404, /nothing here is called/);
    });
  }

  test("a token in a misspelt address does not get into the timeline", async () => {
    const bench = await machineBench();
    const token = "9b1dQe5PzK-7wXyA_0123456789abcdE";
    await bench.request(`/api/boot/answers/${token}`, FIRST);
    assert.equal(JSON.stringify(bench.footprints).includes(token), false);
  });

  test("no answer of any kind is a redirect or lacks a body", async () => {
    const bench = await machineBench();
    await bench.bring(peach, "ready");
    const paths = [SCRIPT, `${SCRIPT}/`, "/ipxe", "/api/boot/answer/", "/api/hosts//installed/", "//ipxe/x", "/assets"];
    for (const method of ["GET", "POST", "PUT", "OPTIONS"]) {
      for (const path of paths) {
        const response = await bench.request(path, FIRST, { method });
        assert.ok(response.status === 200 || response.status >= 400, `${method} ${path}: ${response.status}`);
        assert.notEqual(await response.text(), "", `${method} ${path}`);
      }
    }
  });
});

/** The response, which must not come before the state is saved, nor after a power cut could still undo it. */
async function assertWaitsForDisk(bench: MachineBench, ask: () => Promise<Response>, state: string): Promise<void> {
  const before = stateOf(bench);
  bench.store.hold();
  let response: Response | null = null;
  const asked = ask().then((answered) => {
    response = answered;
  });
  for (let n = 0; n < 5; n++) await settled();
  assert.equal(response, null, "answered before it was saved");
  assert.equal((await bench.store.load())?.hosts.at(0)?.state.type, before);
  bench.store.release();
  await asked;
  assert.equal((response as Response | null)?.status, 200);
  assert.equal((await bench.store.load())?.hosts.at(0)?.state.type, state);
}

/** A body that does not end before it is told to. */
function deferredBody(text: string): { body: ReadableStream; finish: () => void } {
  let finish = () => {};
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text));
      finish = () => controller.close();
    },
  });
  return { body, finish };
}
