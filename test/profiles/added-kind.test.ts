import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { bindProfile } from "../../src/profiles/bind-profile.ts";
import type { ProfileKind } from "../../src/profiles/kind.ts";
import type { ProfileName } from "../../src/queue/slot.ts";
import { machineBench, slotAddress } from "../support/machine-bench.ts";
import { machine } from "../support/netboot-machine.ts";
import { HASH, LINKS, requestOf, TARGET, TOKEN } from "../support/proxmox-profile.ts";

/** The kind that docs/how-to/add-a-profile-kind.md shows, as it stands there. */
const PAGE = readFileSync(new URL("../../docs/how-to/add-a-profile-kind.md", import.meta.url), "utf8");
const ROOM = new URL("../../src/profiles/", import.meta.url).href;

const folder = mkdtempSync(join(tmpdir(), "bootqueue-kind-"));
after(() => rmSync(folder, { recursive: true }));

async function shownKind(): Promise<ProfileKind<unknown>> {
  const [, code = ""] = /```ts\n([\s\S]*?)```/.exec(PAGE) ?? [];
  const zod = import.meta.resolve("zod");
  const file = join(folder, "coreos.ts");
  writeFileSync(file, code.replaceAll('from "./', `from "${ROOM}`).replace('from "zod"', `from "${zod}"`));
  return (await import(file)).coreos;
}

async function shownProfile(changes: Record<string, unknown> = {}) {
  const values = { image: "coreos", disk: "/dev/vda", password_hash: HASH, ...changes };
  const base = { name: "profile coreos", file: "coreos.toml", path: "", values };
  return bindProfile({ name: "coreos" as ProfileName, secureBoot: false, kind: await shownKind(), base }, []);
}

describe("the kind that the how-to shows, one file", () => {
  test("has settings that are checked, with path and rule", async () => {
    const profile = await shownProfile({ disk: "sda", imag: 1 });
    assert.ok(!profile.ok);
    assert.deepEqual(profile.error.map(({ path }) => path).sort(), ["disk", "imag"]);
  });

  test("has an answer that hides its secrets from people", async () => {
    const profile = await shownProfile();
    assert.ok(profile.ok);
    const answer = profile.value.answer(TARGET, LINKS, requestOf(null));
    assert.ok(answer.ok);
    assert.ok(answer.value.text.includes(HASH) && answer.value.text.includes(TOKEN));
    assert.ok(!answer.value.masked.includes(HASH) && !answer.value.masked.includes(TOKEN));
  });

  test("takes a machine from its first packet to ready", async () => {
    const profile = await shownProfile();
    assert.ok(profile.ok);
    const bench = await machineBench({ profile: profile.value });
    const peach = machine(1);
    await bench.takeSlot(peach);
    const script = await bench.request("/ipxe/52-54-00-00-01-01", slotAddress(1));
    const [, url = ""] = /coreos\.inst\.ignition_url=(\S+)/.exec(await script.text()) ?? [];
    const config = await bench.request(new URL(url).pathname, slotAddress(1));
    assert.equal(config.status, 200);
    assert.equal(bench.hostOf(peach)?.state.type, "installing");
    const [, report = ""] = /--retry 20 (\S+?)\\n/.exec(await config.text()) ?? [];
    assert.equal((await bench.request(new URL(report).pathname, slotAddress(1))).status, 200);
    assert.equal(bench.hostOf(peach)?.state.type, "ready");
  });
});
