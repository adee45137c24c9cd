import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Hono } from "hono";
import { createDashboard } from "../../src/dashboard/dashboard.ts";
import { HOST_LOOKS, SLOT_LOOKS } from "../../src/dashboard/state-mark.ts";
import type { Hostname } from "../../src/net/hostname.ts";
import { EMPTY_QUEUE, type QueueState } from "../../src/queue/state.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { footprint, footprints, fullRack, idOf, NOON } from "./rack.ts";
import { ScriptedAppliance, SESSION_COOKIE } from "./scripted-appliance.ts";

function applianceWith(state: QueueState): ScriptedAppliance {
  return new ScriptedAppliance(new FakeClock(NOON), state);
}

async function pageOf(appliance: ScriptedAppliance, path = "/", signedIn = false): Promise<string> {
  return (await visit(createDashboard(appliance.deps), path, signedIn)).text();
}

async function visit(app: Hono, path: string, signedIn: boolean): Promise<Response> {
  return app.request(path, { headers: signedIn ? { cookie: SESSION_COOKIE } : {} });
}

/** The element with this id, up to the end of the tag that closes it; elements of its kind may not be nested in it. */
function elementIn(page: string, id: string): string {
  const start = page.search(new RegExp(`<(\\w+)[^>]* id="${id}"|<(\\w+) id="${id}"`));
  assert.notEqual(start, -1, `no element with the id ${id}`);
  const tag = /^<(\w+)/.exec(page.slice(start))?.[1];
  return page.slice(start, page.indexOf(`</${tag}>`, start));
}

describe("the queue page", () => {
  for (const [type, look] of Object.entries(HOST_LOOKS)) {
    test(`shows a ${type} host by word, shape and colour`, async () => {
      const state = fullRack();
      const host = state.hosts.find((candidate) => candidate.state.type === type);
      assert.ok(host);
      const element = elementIn(await pageOf(applianceWith(state)), `host-${host.id}`);
      assert.match(element, new RegExp(`<span>${look.word}</span>`));
      assert.match(element, /<svg class="shape"/);
      assert.match(element, new RegExp(`data-tone="${look.tone}"`));
    });
  }

  for (const [type, look] of Object.entries(SLOT_LOOKS)) {
    test(`shows a slot that is ${type}`, async () => {
      const state = fullRack();
      const slot = state.slots.find((candidate) => candidate.state.type === type);
      assert.ok(slot);
      const row = elementIn(await pageOf(applianceWith(state)), `slot-${slot.id}`);
      assert.ok(row.includes(`<span>${look.word}</span>`));
      assert.ok(row.includes(slot.hostname) && row.includes(slot.address) && row.includes(slot.profile));
    });
  }

  test("no two states look the same without their colour, nor without their word", () => {
    for (const looks of [Object.values(HOST_LOOKS), Object.values(SLOT_LOOKS)]) {
      assert.equal(new Set(looks.map((look) => look.word)).size, looks.length);
      assert.equal(new Set(looks.map((look) => String(look.shape))).size, looks.length);
    }
  });

  test("numbers the slots in the order in which they are given out", async () => {
    const state = fullRack();
    const page = await pageOf(applianceWith(state));
    const numbers = state.slots.map(({ id }) => /class="number">(\d+)</.exec(elementIn(page, `slot-${id}`))?.[1]);
    assert.deepEqual(
      numbers,
      state.slots.map((_, i) => String(i + 1)),
    );
  });

  test("tells the time spent in a state and the time left, as of rendering", async () => {
    const tile = elementIn(await pageOf(applianceWith(fullRack())), `host-${idOf(3)}`);
    assert.match(tile, /datetime="2026-11-20T11:53:42.000Z" data-tick="elapsed">6 min 18 s</);
    assert.match(tile, /data-tick="remaining">53 min 42 s left</);
    assert.match(tile, /1 attempt/);
  });

  test("sets hosts that wait for a person apart, with the reason", async () => {
    const page = await pageOf(applianceWith(fullRack()));
    assert.match(elementIn(page, "waiting"), /New hosts need approval|new hosts need approval/);
    assert.ok(!elementIn(page, "hosts").includes(idOf(30)));
  });

  test("counts hosts by state and free slots in the live region", async () => {
    const page = await pageOf(applianceWith(fullRack()));
    assert.match(page, /aria-live="polite"[^>]*><ul id="summary"/);
    const words = elementIn(page, "summary")
      .replaceAll(/<[^>]*>/g, " ")
      .replaceAll(/\s+/g, " ");
    assert.match(words, /11 machines 2 discovered .* 1 installing .* 1 failed 2 of 14 slots free/);
  });

  test("says what to do when there are no slots", async () => {
    assert.match(await pageOf(applianceWith(EMPTY_QUEUE)), /No slots yet.*\[\[slot\]\]/s);
  });

  test("says what to do when there are slots and no machines", async () => {
    assert.match(await pageOf(applianceWith({ ...fullRack(), hosts: [] })), /No machines yet.*switch them on/s);
  });

  test("says that the queue is paused, how DHCP is served, and every warning", async () => {
    const appliance = applianceWith({ ...fullRack(), paused: true });
    appliance.status = { mode: "proxy", warnings: ["The disk is <full>."], version: "0.1.0" };
    const bar = (await pageOf(appliance)).match(/<div id="appliance">.*?<\/header>/s)?.[0] ?? "";
    assert.match(bar, /proxy DHCP/);
    assert.match(bar, /Paused/);
    assert.match(bar, /The disk is &lt;full&gt;\./);
  });

  test("offers actions only to whoever is signed in", async () => {
    const appliance = applianceWith(fullRack());
    assert.doesNotMatch(await pageOf(appliance), /<button(?![^>]*disabled)/);
    assert.match(
      await pageOf(appliance, "/", true),
      /action="\/hosts\/52-54-00-ab-cd-1e\/approve"><button[^>]*>Approve/,
    );
  });

  test("shows what strangers did, and how often", async () => {
    const appliance = applianceWith(fullRack());
    for (const entry of footprints()) appliance.note(entry);
    const recent = elementIn(await pageOf(appliance), "recent");
    assert.match(recent, /52:54:00:ab:cd:63<\/span><\/span> DISCOVER <span class="times">12 times since <time/);
  });

  test("keeps a page that nobody kept: no store, and a policy without inline scripts or styles", async () => {
    const response = await createDashboard(applianceWith(fullRack()).deps).request("/");
    assert.equal(response.headers.get("cache-control"), "no-store");
    const policy = response.headers.get("content-security-policy") ?? "";
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
    assert.doesNotMatch(policy, /unsafe/);
    assert.doesNotMatch(await response.text(), /<script(?![^>]* src=)|<style| style=| on\w+=/);
  });

  test("serves its style sheet and script under names that change with their content", async () => {
    const app = createDashboard(applianceWith(EMPTY_QUEUE).deps);
    const page = await (await app.request("/")).text();
    const files = [...page.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map((match) => match[1] ?? "");
    assert.equal(files.length, 2);
    for (const file of files) {
      const response = await app.request(file);
      assert.match(file, /-[0-9a-f]{12}\.(css|js)$/);
      assert.equal(response.status, 200);
      assert.match(response.headers.get("cache-control") ?? "", /immutable/);
    }
  });
});

describe("what came from the network", () => {
  const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(2)'>\u202e\u0000`;

  test("is escaped wherever it is shown", async () => {
    const rack = fullRack();
    const state: QueueState = {
      ...rack,
      slots: rack.slots.map((slot) => ({ ...slot, hostname: HOSTILE as Hostname, profile: HOSTILE as never })),
      hosts: rack.hosts.map((host) => ({
        ...host,
        serverType: HOSTILE,
        inventory: {
          system: HOSTILE,
          fqdn: HOSTILE,
          kernel: HOSTILE,
          bootMode: null,
          secureBoot: false,
          filesystem: HOSTILE,
          machineId: HOSTILE,
          cpu: { model: HOSTILE, sockets: 1, cores: 1, cpus: 1 },
          board: { product: HOSTILE, serial: HOSTILE, boardSerial: HOSTILE },
          disks: [{ device: HOSTILE, model: HOSTILE, serial: HOSTILE, sizeBytes: 1, isBootDisk: true }],
          nics: [{ name: HOSTILE, mac: "52:54:00:ab:cd:77" as never, address: HOSTILE, isManagement: false }],
          sshHostKeys: { [HOSTILE]: HOSTILE },
        },
        passages: host.passages.map((passage) => ({ ...passage, reason: HOSTILE })),
        state: "reason" in host.state ? { ...host.state, reason: HOSTILE } : host.state,
      })),
    };
    const appliance = applianceWith(state);
    appliance.story = HOSTILE;
    appliance.preview = HOSTILE;
    appliance.note(footprint(3, { what: HOSTILE, why: HOSTILE }));
    const app = createDashboard(appliance.deps);
    for (const host of state.hosts) {
      for (const path of [
        "/",
        `/hosts/${host.id}`,
        `/hosts/${host.id}/rebuild`,
        `/slots/${state.slots.at(0)?.id}/skip`,
        "/register",
      ]) {
        const page = await (await visit(app, path, true)).text();
        assert.doesNotMatch(page, /<script>|<img|onerror='/, path);
        assert.ok(!page.includes("\u202e") && !page.includes("\u0000"), path);
      }
    }
  });

  test("is cut when it is far too long", async () => {
    const rack = fullRack();
    const reason = "x".repeat(100_000);
    const hosts = rack.hosts.map((host) =>
      "reason" in host.state ? { ...host, state: { ...host.state, reason } } : host,
    );
    assert.ok((await pageOf(applianceWith({ ...rack, hosts }))).length < 100_000);
  });

  test("never shows the secret of an install, even where another room let it through", async () => {
    const appliance = applianceWith(fullRack());
    appliance.story = "POST /api/boot/answer/secret-token-3";
    appliance.preview = "url = http://10.11.0.1/api/hosts/x/installed/secret-token-3";
    appliance.note(footprint(3, { road: "http", what: "POST /api/boot/answer/secret-token-3", why: "secret-token-3" }));
    for (const path of ["/", `/hosts/${idOf(3)}`, `/hosts/${idOf(3)}/reset`]) {
      assert.doesNotMatch(await pageOf(appliance, path, true), /secret-token/, path);
    }
  });
});
