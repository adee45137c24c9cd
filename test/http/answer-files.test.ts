import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ProfileName } from "../../src/queue/slot.ts";
import { EXAMPLES, exampleProfile } from "../support/kind-examples.ts";
import { type MachineBench, machineBench, slotAddress } from "../support/machine-bench.ts";
import { machine } from "../support/netboot-machine.ts";
import { answerRequest, installReport } from "../support/proxmox-installer.ts";

const FIRST = slotAddress(1);
const SECOND = slotAddress(2);
const peach = machine(1);
const daisy = machine(2);

const stateOf = (bench: MachineBench) => bench.hostOf(peach)?.state.type;

/** The same for every kind of profile: who gets its answer, when, and what becomes of the queue. */
for (const name of EXAMPLES.keys()) {
  const profile = exampleProfile(name);
  // Where the boot script decides there is no answer to ask for: script-booting.test.ts.
  if (profile.script() !== null) continue;
  const { files } = profile;
  const folder = (token: string) => `/api/boot/answer/${token}${files === null ? "" : `/${files.decisive}`}`;
  /** Asks for the answer as this kind's installer does, with this token. */
  const ask = (bench: MachineBench, token: string, from = FIRST) =>
    files === null ? bench.post(folder(token), from, answerRequest(peach)) : bench.request(folder(token), from);
  const report = (bench: MachineBench, token: string, from = FIRST) =>
    bench.post(
      `/api/hosts/${peach.host}/installed/${token}`,
      from,
      files === null ? installReport(peach) : { mac: peach.macs[0], system: "a system" },
    );

  describe(`an answer of the profile ${name}`, () => {
    test("is given to the machine whose install is armed, and the install has begun when it leaves", async () => {
      const bench = await machineBench({ profile });
      await bench.takeSlot(peach);
      const response = await ask(bench, bench.tokenOf(peach));
      assert.equal(response.status, 200, await response.clone().text());
      assert.equal(response.headers.get("cache-control"), "no-store");
      assert.equal(stateOf(bench), "installing");
      assert.equal((await bench.store.load())?.hosts.at(0)?.state.type, "installing");
      const again = await ask(bench, bench.tokenOf(peach));
      assert.equal(await again.text(), await response.text());
      assert.equal(bench.hostOf(peach)?.attempt?.answers, 1);
    });

    test("is for nobody who does not know the token", async () => {
      const bench = await machineBench({ profile });
      await bench.takeSlot(peach);
      const before = bench.engine.state;
      for (const token of ["x", "token-99", `${bench.tokenOf(peach)}x`, "..%2f"]) {
        assert.equal((await ask(bench, token)).status, 404);
      }
      assert.equal(bench.engine.state, before);
    });

    test("is for nobody at another address", async () => {
      const bench = await machineBench({ profile });
      await bench.takeSlot(peach);
      await bench.takeSlot(daisy);
      const before = bench.engine.state;
      for (const from of [SECOND, "10.97.0.200" as typeof FIRST])
        assert.equal((await ask(bench, bench.tokenOf(peach), from)).status, 403);
      assert.equal(bench.engine.state, before);
    });

    for (const state of ["ready", "failed"] as const) {
      test(`is for no machine that is ${state}`, async () => {
        const bench = await machineBench({ profile });
        await bench.bring(peach, state);
        const before = bench.engine.state;
        assert.equal((await ask(bench, bench.tokenOf(peach))).status, 409);
        assert.equal(bench.engine.state, before);
      });
    }

    test("is void once the machine is armed anew", async () => {
      const bench = await machineBench({ profile });
      await bench.bring(peach, "failed");
      const old = bench.tokenOf(peach);
      await bench.happen({ type: "rebuild-ordered", host: peach.host, token: "token-new" as typeof old });
      assert.equal((await ask(bench, old)).status, 404);
      assert.equal((await report(bench, old)).status, 404);
      assert.equal(stateOf(bench), "pxe_ready");
    });

    test("never leaves when the settings do not fit the slot any more", async () => {
      const bench = await machineBench({ profile });
      await bench.takeSlot(peach);
      const broken = { path: "x", message: "does not fit" };
      bench.useProfile({
        ...profile,
        files: files && { ...files, render: () => ({ ok: false, error: [broken] }) },
        answer: () => ({ ok: false, error: [broken] }),
      });
      const response = await ask(bench, bench.tokenOf(peach));
      assert.equal(response.status, 409);
      assert.match(await response.text(), /^profile .*x: does not fit\n$/);
      assert.notEqual(stateOf(bench), "installing");
    });

    test("ends in one report, and a second changes nothing", async () => {
      const bench = await machineBench({ profile });
      await bench.bring(peach, "installing");
      const token = bench.tokenOf(peach);
      assert.equal((await report(bench, "token-99")).status, 404, "a stranger's");
      assert.equal(stateOf(bench), "installing");
      assert.equal((await report(bench, token)).status, 200);
      assert.equal(stateOf(bench), profile.flow().firstBoot ? "installed" : "ready");
      const before = bench.engine.state;
      assert.equal((await report(bench, token)).status, 200);
      assert.equal(bench.engine.state, before);
    });

    test("leaves no token and no secret in what is noted", async () => {
      const bench = await machineBench({ profile });
      await bench.takeSlot(peach);
      await ask(bench, bench.tokenOf(peach));
      await ask(bench, bench.tokenOf(peach), SECOND);
      await report(bench, bench.tokenOf(peach));
      assert.equal(JSON.stringify(bench.footprints).includes(bench.tokenOf(peach)), false);
    });

    if (files !== null) {
      test("moves nothing when only its head is asked for, or a file that decides nothing", async () => {
        const bench = await machineBench({ profile });
        await bench.takeSlot(peach);
        const before = bench.engine.state;
        const token = bench.tokenOf(peach);
        const head = await bench.request(folder(token), FIRST, { method: "HEAD" });
        assert.equal(head.status, 200);
        for (const file of files.names.filter((each) => each !== files.decisive))
          assert.equal((await bench.request(`/api/boot/answer/${token}/${file}`, FIRST)).status, 200, file);
        assert.equal(bench.engine.state, before);
      });

      test("has no other files", async () => {
        const bench = await machineBench({ profile });
        await bench.takeSlot(peach);
        for (const file of ["passwd", "constructor", "..%2f..%2fstate.json", `${files.decisive}.bak`])
          assert.equal(
            (await bench.request(`/api/boot/answer/${bench.tokenOf(peach)}/${file}`, FIRST)).status,
            404,
            file,
          );
      });

      test("is not given for a description of the machine by POST", async () => {
        const bench = await machineBench({ profile });
        await bench.takeSlot(peach);
        const posted = await bench.post(`/api/boot/answer/${bench.tokenOf(peach)}`, FIRST, answerRequest(peach));
        assert.equal(posted.status, 400);
        assert.notEqual(stateOf(bench), "installing");
      });

      test("ends also in a report by GET with what the shell found out, and HEAD is none", async () => {
        const bench = await machineBench({ profile });
        await bench.bring(peach, "installing");
        const path = `/api/hosts/${peach.host}/installed/${bench.tokenOf(peach)}?machine_id=${"0a".repeat(16)}&mac=${peach.macs[0]}&mac=02:00:00:00:77:01`;
        assert.equal((await bench.request(path, FIRST, { method: "HEAD" })).status, 200);
        assert.equal(stateOf(bench), "installing");
        assert.equal((await bench.request(path, FIRST)).status, 200);
        assert.notEqual(stateOf(bench), "installing");
        assert.equal(bench.hostOf(peach)?.inventory?.machineId, "0a".repeat(16));
        assert.ok(bench.hostOf(peach)?.macs.includes("02:00:00:00:77:01" as never));
      });

      test("is not ended by a report of another machine", async () => {
        const bench = await machineBench({ profile });
        await bench.bring(peach, "installing");
        const path = `/api/hosts/${peach.host}/installed/${bench.tokenOf(peach)}?mac=${daisy.macs[0]}`;
        assert.equal((await bench.request(path, FIRST)).status, 409);
        assert.equal(stateOf(bench), "installing");
      });
    }

    test("that fails is reported with the reason, and with nothing of the token", async () => {
      const bench = await machineBench({ profile });
      await bench.bring(peach, "installing");
      const token = bench.tokenOf(peach);
      const path = `/api/hosts/${peach.host}/failed/${token}`;
      const text = `no disk\nfor http://10.97.0.1/api/hosts/x/installed/${token}\n`;
      assert.equal((await bench.request(path, FIRST, { method: "HEAD" })).status, 200);
      assert.equal((await bench.request(`/api/hosts/${peach.host}/failed/token-99`, FIRST)).status, 404);
      assert.equal(stateOf(bench), "installing");
      assert.equal((await bench.post(path, FIRST, text)).status, 200);
      const state = bench.hostOf(peach)?.state;
      assert.ok(state?.type === "failed");
      assert.match(state.reason, /^the installer: no disk for http:.*\(hidden\)$/);
      const before = bench.engine.state;
      assert.equal((await bench.request(`${path}?reason=again`, FIRST)).status, 200);
      assert.equal(bench.engine.state, before, "said once");
    });
  });
}

test("the name of each profile is its file's", () => {
  for (const name of EXAMPLES.keys()) assert.equal(exampleProfile(name).name, name as ProfileName);
});
