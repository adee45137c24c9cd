import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Hono } from "hono";
import { createDashboard } from "../../src/dashboard/dashboard.ts";
import { LiveStream } from "../../src/dashboard/live-stream.ts";
import { later } from "../../src/std/clock.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { footprint, fullRack, idOf, MINUTE, NOON } from "./rack.ts";
import { ScriptedAppliance, SESSION_COOKIE } from "./scripted-appliance.ts";

interface Sent {
  readonly event: string;
  readonly id: string;
  readonly data: { fragments?: { id: string; html: string }[]; now?: number; build?: string };
}

/** A browser that looks at a page: reads what has been sent so far, event by event. */
class Browser {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #rest = "";

  constructor(response: Response) {
    assert.equal(response.status, 200);
    assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
    assert.ok(response.body);
    this.#reader = response.body.getReader();
  }

  static async at(app: Hono, page: string, headers: Record<string, string> = {}): Promise<Browser> {
    return new Browser(await app.request(`/events?page=${encodeURIComponent(page)}`, { headers }));
  }

  /** The next event; null: the stream has ended. */
  async next(): Promise<Sent | null> {
    for (;;) {
      const end = this.#rest.indexOf("\n\n");
      if (end < 0) {
        const { done, value } = await this.#reader.read();
        if (done) return null;
        this.#rest += new TextDecoder().decode(value);
        continue;
      }
      const block = this.#rest.slice(0, end);
      this.#rest = this.#rest.slice(end + 2);
      const fields = new Map(block.split("\n").map((line) => line.split(/: (.*)/s, 2) as [string, string]));
      if (!fields.has("event")) continue;
      return {
        event: fields.get("event") ?? "",
        id: fields.get("id") ?? "",
        data: JSON.parse(fields.get("data") ?? ""),
      };
    }
  }

  /** The next event, which must be of this kind. */
  async expect(event: string): Promise<Sent> {
    const sent = await this.next();
    assert.equal(sent?.event, event);
    return sent;
  }

  async idsOfParts(): Promise<string[]> {
    return ((await this.expect("parts")).data.fragments ?? []).map((fragment) => fragment.id);
  }

  async leave(): Promise<void> {
    await this.#reader.cancel();
  }
}

function opened() {
  const clock = new FakeClock(NOON);
  const appliance = new ScriptedAppliance(clock, fullRack());
  return { clock, appliance, app: createDashboard(appliance.deps) };
}

const PARTS_OF_QUEUE = ["appliance", "summary", "next", "waiting", "hosts", "slots", "recent"];

describe("the live stream", () => {
  test("begins with everything, so that nothing is missed between the page and the stream", async () => {
    const { app } = opened();
    const browser = await Browser.at(app, "/");
    assert.match((await browser.expect("hello")).data.build ?? "", /^[0-9a-f]{12}$/);
    assert.deepEqual(await browser.idsOfParts(), PARTS_OF_QUEUE);
  });

  test("sends only what changed: the tile and the row of one host, and the counts", async () => {
    const { app, appliance, clock } = opened();
    const browser = await Browser.at(app, "/");
    await browser.expect("hello");
    await browser.expect("parts");
    appliance.change(idOf(3), (host) => ({
      ...host,
      state: { type: "installed", since: clock.now(), deadline: null },
    }));
    clock.advance(100);
    assert.deepEqual(await browser.idsOfParts(), ["summary", `host-${idOf(3)}`, "slot-10.11.0.4"]);
  });

  test("sends several changes at once, and nothing while only time passes", async () => {
    const { app, appliance, clock } = opened();
    const browser = await Browser.at(app, "/");
    await browser.expect("hello");
    await browser.expect("parts");
    clock.advance(5 * MINUTE);
    for (let i = 0; i < 20; i++) await browser.expect("beat");
    for (const n of [1, 2, 3]) {
      appliance.change(idOf(n), (host) => ({ ...host, state: { type: "ready", since: clock.now() } }));
      clock.advance(30);
    }
    clock.advance(100);
    const ids = await browser.idsOfParts();
    assert.deepEqual(
      ids.filter((id) => id.startsWith("host-")),
      [1, 2, 3].map((n) => `host-${idOf(n)}`),
    );
  });

  test("does nothing else in a storm than twice a second", async () => {
    const { app, appliance, clock } = opened();
    const browser = await Browser.at(app, "/");
    await browser.expect("hello");
    await browser.expect("parts");
    for (let i = 0; i < 200; i++) {
      appliance.note(footprint(3, { what: `packet ${i}` }));
      clock.advance(10);
    }
    appliance.closing.abort();
    let parts = 0;
    for (let sent = await browser.next(); sent !== null; sent = await browser.next())
      if (sent.event === "parts") parts++;
    assert.ok(parts >= 4 && parts <= 5, `${parts} updates in two seconds`);
  });

  test("sends the whole list when a host comes or goes", async () => {
    const { app, appliance, clock } = opened();
    const browser = await Browser.at(app, "/");
    await browser.expect("hello");
    await browser.expect("parts");
    appliance.publish({ ...appliance.state, hosts: appliance.state.hosts.filter((host) => host.id !== idOf(30)) });
    clock.advance(100);
    assert.deepEqual(await browser.idsOfParts(), ["summary", "waiting"]);
  });

  test("tells the page of a host what that host did, and others nothing of it", async () => {
    const { app, appliance, clock } = opened();
    const [three, nine] = [await Browser.at(app, `/hosts/${idOf(3)}`), await Browser.at(app, `/hosts/${idOf(9)}`)];
    for (const browser of [three, nine]) {
      await browser.expect("hello");
      await browser.expect("parts");
    }
    appliance.note(footprint(3, { what: "OFFER" }));
    clock.advance(100);
    assert.deepEqual(await three.idsOfParts(), ["timeline"]);
    clock.advance(15_000);
    await nine.expect("beat");
  });

  test("says that a host is gone, and ends", async () => {
    const { app, appliance, clock } = opened();
    const browser = await Browser.at(app, `/hosts/${idOf(3)}`);
    await browser.expect("hello");
    await browser.expect("parts");
    appliance.publish({ ...appliance.state, hosts: [] });
    clock.advance(100);
    await browser.expect("gone");
    assert.equal(await browser.next(), null);
  });

  test("ends, and the daemon goes on, when a page cannot be made", async () => {
    const { app, appliance, clock } = opened();
    const browser = await Browser.at(app, `/hosts/${idOf(3)}`);
    await browser.expect("hello");
    await browser.expect("parts");
    Object.defineProperty(appliance, "story", {
      get() {
        throw new Error("the story cannot be told");
      },
    });
    appliance.publish({ ...appliance.state });
    clock.advance(100);
    await browser.expect("gone");
    assert.equal(await browser.next(), null);
  });

  test("brings what nobody published, such as a new warning, with the next beat", async () => {
    const { app, appliance, clock } = opened();
    const browser = await Browser.at(app, "/");
    await browser.expect("hello");
    await browser.expect("parts");
    appliance.status = { ...appliance.status, warnings: ["The disk is nearly full."] };
    clock.advance(15_000);
    assert.deepEqual(await browser.idsOfParts(), ["appliance"]);
    await browser.expect("beat");
  });

  test("sends nothing again to a browser that comes back and missed nothing", async () => {
    const { app, appliance, clock } = opened();
    const [staying, leaving] = [await Browser.at(app, "/"), await Browser.at(app, "/")];
    await leaving.expect("hello");
    const { id } = await leaving.expect("parts");
    await leaving.leave();
    const back = await Browser.at(app, "/", { "last-event-id": id });
    await back.expect("hello");
    clock.advance(15_000);
    await back.expect("beat");
    await back.leave();
    appliance.publish({ ...appliance.state, paused: true });
    clock.advance(100);
    const late = await Browser.at(app, "/", { "last-event-id": id });
    await late.expect("hello");
    assert.deepEqual(await late.idsOfParts(), PARTS_OF_QUEUE);
    await staying.leave();
  });

  test("takes no event id of another daemon for its own", async () => {
    const before = opened();
    const browser = await Browser.at(before.app, "/");
    await browser.expect("hello");
    const { id } = await browser.expect("parts");
    const clock = new FakeClock(later(NOON, 1000));
    const restarted = createDashboard(new ScriptedAppliance(clock, fullRack()).deps);
    const again = await Browser.at(restarted, "/", { "last-event-id": id });
    await again.expect("hello");
    await again.expect("parts");
  });

  test("shows actions only in the stream of whoever is signed in", async () => {
    const { app } = opened();
    const visitor = await Browser.at(app, `/hosts/${idOf(9)}`);
    const operator = await Browser.at(app, `/hosts/${idOf(9)}`, { cookie: SESSION_COOKIE });
    for (const [browser, disabled] of [
      [visitor, true],
      [operator, false],
    ] as const) {
      await browser.expect("hello");
      const { data } = await browser.expect("parts");
      assert.equal(data.fragments?.find(({ id }) => id === "actions")?.html.includes("disabled"), disabled);
    }
  });

  test("knows no page that is not there", async () => {
    const { app } = opened();
    for (const page of ["/nowhere", "/hosts/none", "//elsewhere.example/"]) {
      assert.equal((await app.request(`/events?page=${encodeURIComponent(page)}`)).status, 404);
    }
  });

  test("leaves nothing behind when browsers go or the daemon closes", async () => {
    const { app, appliance, clock } = opened();
    const [leaving, staying] = [await Browser.at(app, "/"), await Browser.at(app, "/")];
    await leaving.leave();
    appliance.publish({ ...appliance.state });
    assert.equal(clock.pending, 2);
    appliance.closing.abort();
    await staying.expect("hello");
    await staying.expect("parts");
    assert.equal(await staying.next(), null);
    assert.equal(clock.pending, 0);
    assert.equal(appliance.listeners, 0);
  });

  test("refuses more browsers than it can serve", async () => {
    const { app } = opened();
    for (let i = 0; i < 100; i++) await Browser.at(app, "/");
    const response = await app.request("/events?page=/");
    assert.equal(response.status, 503);
    assert.equal(response.headers.get("retry-after"), "10");
  });
});

describe("a browser that does not read", () => {
  test("is dropped once so much is unsent, and its sender never waits", () => {
    let ended = 0;
    const stream = new LiveStream(() => ended++);
    const text = "x".repeat(100_000);
    for (let i = 0; i < 100; i++) stream.send("parts", text, "1-1");
    assert.equal(ended, 1);
  });
});
