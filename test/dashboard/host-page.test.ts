import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createDashboard } from "../../src/dashboard/dashboard.ts";
import { fingerprintOf, formatSize } from "../../src/dashboard/inventory-card.ts";
import { ROAD, stepsOf } from "../../src/dashboard/lifecycle.ts";
import { PAGES, pageAt } from "../../src/dashboard/pages.ts";
import { MOVES } from "../../src/queue/host.ts";
import type { QueueState } from "../../src/queue/state.ts";
import { later } from "../../src/std/clock.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { footprint, footprints, fullRack, hostIn, idOf, MINUTE, NOON, passagesTo } from "./rack.ts";
import { ScriptedAppliance, SESSION_COOKIE } from "./scripted-appliance.ts";

async function pageOf(n: number, script: (appliance: ScriptedAppliance) => void = () => {}): Promise<string> {
  const appliance = new ScriptedAppliance(new FakeClock(NOON), fullRack());
  script(appliance);
  return (await createDashboard(appliance.deps).request(`/hosts/${idOf(n)}`)).text();
}

describe("the page of a host", () => {
  test("exists for every host, and for no other", async () => {
    const state = fullRack();
    const app = createDashboard(new ScriptedAppliance(new FakeClock(NOON), state).deps);
    for (const host of state.hosts) assert.equal((await app.request(`/hosts/${host.id}`)).status, 200);
    for (const path of ["/hosts/00-00-00-00-00-00", "/hosts/%F0", "/hosts/", "/nowhere"]) {
      assert.equal((await app.request(path)).status, 404, path);
    }
  });

  test("says why it is held and what changed, and offers to approve it, as its tile does", async () => {
    const rack = fullRack();
    const seen = { uuid: null, serial: "X999", boardSerial: null, nics: null };
    const hold = { since: NOON, was: { ...seen, serial: "C7Q1" }, seen };
    const hosts = [...rack.hosts].map((host) => (host.id === idOf(1) ? { ...host, hold } : host));
    const app = createDashboard(new ScriptedAppliance(new FakeClock(NOON), { ...rack, hosts }).deps);
    const words = /Held for approval: its serial number was C7Q1 and is X999\. Nothing is served/;
    const page = await (await app.request(`/hosts/${idOf(1)}`)).text();
    assert.match(page, words);
    assert.match(page, new RegExp(`action="/hosts/${idOf(1)}/approve"`));
    assert.match(await (await app.request("/")).text(), words);
    const other = await (await app.request(`/hosts/${idOf(2)}`)).text();
    assert.doesNotMatch(other, /\/approve"/);
  });

  test("tells its story in paragraphs, with what one types set apart", async () => {
    const page = await pageOf(7, (appliance) => {
      appliance.story = "It failed.\nRun `bootqueue rebuild mario-circuit`.";
    });
    assert.match(page, /<p class="story">It failed\.<\/p>/);
    assert.match(page, /<code>bootqueue rebuild mario-circuit<\/code>\.<\/p>/);
  });

  test("lists what it did, newest first, with the reason and how often", async () => {
    const page = await pageOf(9, (appliance) => {
      for (const entry of footprints()) appliance.note(entry);
      appliance.note(footprint(9, { at: later(NOON, 1000), what: "DISCOVER again" }));
    });
    const timeline = page.slice(page.indexOf('id="timeline"'));
    assert.ok(timeline.indexOf("DISCOVER again") < timeline.indexOf("4 times"));
    assert.match(timeline, /it is left to boot from its own disk/);
    assert.doesNotMatch(timeline, /choco-island/);
  });

  test("shows the inventory, its disks and the fingerprints of its SSH host keys, not the keys", async () => {
    const page = await pageOf(9);
    for (const text of ["Proxmox VE 9.1.2", "S64KNX0T401122", "512 GB", "4 TB", "enp3s0", "UEFI, Secure Boot"]) {
      assert.ok(page.includes(text), text);
    }
    assert.match(page, /SHA256:[A-Za-z0-9+/]{43}</);
    assert.doesNotMatch(page, /AAAAC3Nza/);
  });

  test("shows the answer file folded away, and nothing where there is none", async () => {
    const page = await pageOf(3, (appliance) => {
      appliance.preview = '[global]\nkeyboard = "de"';
    });
    assert.match(page, /<details id="answer-text">.*\[global\]\nkeyboard = &quot;de&quot;/s);
    assert.doesNotMatch(await pageOf(3), /<details id="answer-text">/);
  });

  test("its page can be found by path, as the live stream does", () => {
    assert.equal(pageAt("/")?.page, PAGES[0]);
    assert.equal(pageAt("/hosts/a%20b")?.id, "a b");
    assert.equal(pageAt("/hosts/a/b"), null);
    assert.equal(pageAt("/hosts/%F0"), null);
    assert.equal(pageAt("/x"), null);
  });
});

describe("the lifecycle", () => {
  test("follows moves that the queue allows", () => {
    ROAD.slice(1).forEach((state, i) => {
      const before = ROAD[i];
      assert.ok(before && (MOVES[before] as readonly string[]).includes(state), `${before} to ${state}`);
    });
  });

  const stories = [
    {
      what: "a host half way",
      host: hostIn(
        3,
        { type: "installing", since: NOON, deadline: later(NOON, MINUTE) },
        { passages: passagesTo("pxe_ready", "pxe_booted", "installing") },
      ),
      expect: [
        "pxe_ready done 7",
        "pxe_booted done 7",
        "installing now",
        "installed ahead",
        "first_boot ahead",
        "joining ahead",
        "ready ahead",
      ],
    },
    {
      what: "a host that needed no cluster",
      host: hostIn(
        3,
        { type: "ready", since: NOON },
        { passages: passagesTo("pxe_ready", "pxe_booted", "installing", "installed", "ready") },
      ),
      expect: [
        "pxe_ready done 7",
        "pxe_booted done 7",
        "installing done 7",
        "installed done 7",
        "first_boot left-out",
        "joining left-out",
        "ready now",
      ],
    },
    {
      what: "a host that failed",
      host: hostIn(
        3,
        { type: "failed", since: NOON, reason: "", from: "pxe_booted" },
        { passages: passagesTo("pxe_ready", "pxe_booted", "failed") },
      ),
      expect: [
        "pxe_ready done 7",
        "pxe_booted broken 7",
        "installing ahead",
        "installed ahead",
        "first_boot ahead",
        "joining ahead",
        "ready ahead",
      ],
    },
    {
      what: "a host that is installed for the second time: the first time is not mixed in",
      host: hostIn(
        3,
        { type: "pxe_ready", since: NOON, deadline: NOON, requested: false },
        { passages: passagesTo("pxe_ready", "pxe_booted", "installing", "installed", "ready", "pxe_ready") },
      ),
      expect: [
        "pxe_ready now",
        "pxe_booted ahead",
        "installing ahead",
        "installed ahead",
        "first_boot ahead",
        "joining ahead",
        "ready ahead",
      ],
    },
    {
      what: "a host that waits",
      host: hostIn(
        3,
        { type: "discovered", since: NOON, reason: "", approved: false },
        { passages: passagesTo("discovered") },
      ),
      expect: [
        "discovered now",
        "pxe_ready ahead",
        "pxe_booted ahead",
        "installing ahead",
        "installed ahead",
        "first_boot ahead",
        "joining ahead",
        "ready ahead",
      ],
    },
  ];
  for (const { what, host, expect } of stories) {
    test(`of ${what}`, () => {
      const steps = stepsOf(host).map(({ state, progress, stayedMs }) =>
        `${state} ${progress} ${stayedMs === null ? "" : stayedMs / MINUTE}`.trim(),
      );
      assert.deepEqual(steps, expect);
    });
  }
});

describe("inventory", () => {
  test("a fingerprint is the one that ssh-keygen prints", () => {
    // `ssh-keygen -lf` on this line printed the text below.
    const line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJqZbL0pUSb9QmYhLJmBRlNVZQvV4NJfsHbV0KXr1kOZ root@peach-beach";
    assert.equal(fingerprintOf(line), "SHA256:gXUOZ32YpUYc3QOrLE5jqYTldEwep04bSLE0YAdpDFA");
    assert.equal(fingerprintOf("nonsense"), "unreadable");
  });

  for (const [bytes, text] of [
    [512_110_190_592, "512 GB"],
    [4_000_787_030_016, "4 TB"],
    [1_500_000_000, "1.5 GB"],
    [999, "999 B"],
    [0, "0 B"],
  ] as const) {
    test(`${bytes} octets are ${text}`, () => assert.equal(formatSize(bytes), text));
  }
});

test("a visitor who is signed in gets buttons that work, another gets buttons that do not", async () => {
  const app = createDashboard(new ScriptedAppliance(new FakeClock(NOON), fullRack()).deps);
  const path = `/hosts/${idOf(9)}`;
  const visitor = await (await app.request(path)).text();
  const operator = await (await app.request(path, { headers: { cookie: SESSION_COOKIE } })).text();
  assert.match(visitor, /<button id="do-rebuild-[^>]* disabled>/);
  assert.doesNotMatch(operator, /<button[^>]* disabled/);
});

describe("the installs of a host", () => {
  test("show each step, how it ended and what was reported of it", async () => {
    const page = await pageOf(7, (appliance) => {
      appliance.publish(withOperations(appliance.state));
    });
    const card = /<section id="operations">[\s\S]*?<\/section>/.exec(page)?.[0] ?? "";
    assert.match(card, /Install 2<\/strong> failed/);
    assert.match(card, /no quorum/);
    assert.match(card, /<li data-state="failed">\s*<span class="word">join the cluster<\/span>/);
    assert.match(card, /lock held &lt;b&gt; by \[token\]|lock held &lt;b&gt; by/);
    assert.match(card, /<summary>1 before<\/summary>/);
    assert.doesNotMatch(card, /secret-token-7/);
  });

  test("take no room where there was none", async () => {
    assert.match(await pageOf(7), /<section id="operations" hidden>/);
  });
});

function withOperations(state: QueueState): QueueState {
  const ended = { at: later(NOON, -MINUTE), outcome: "failed", reason: "no quorum" } as const;
  const step = {
    name: "join the cluster",
    startedAt: later(NOON, -3 * MINUTE),
    ended: { at: ended.at, outcome: "failed" } as const,
    notes: [{ at: later(NOON, -2 * MINUTE), text: "lock held <b> by secret-token-7" }],
  };
  const operation = (id: number) => ({ id, startedAt: step.startedAt, reason: "", ended, steps: [step] });
  const hosts = state.hosts.map((host) =>
    host.id === idOf(7) ? { ...host, operations: [operation(1), operation(2)] } : host,
  );
  return { ...state, hosts };
}
