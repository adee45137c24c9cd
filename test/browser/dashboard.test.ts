import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { after, afterEach, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type ServerType, serve } from "@hono/node-server";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { createDashboard } from "../../src/dashboard/dashboard.ts";
import { formatDuration, formatRemaining } from "../../src/dashboard/times.ts";
import type { Hostname } from "../../src/net/hostname.ts";
import type { QueueState } from "../../src/queue/state.ts";
import { systemClock } from "../../src/std/clock.ts";
import { footprint, footprints, fullRack, idOf, NOON } from "../dashboard/rack.ts";
import { OPERATOR_TOKEN, ScriptedAppliance } from "../dashboard/scripted-appliance.ts";

const SCREENSHOTS = fileURLToPath(new URL("../../build/screenshots/", import.meta.url));
// What runs in the page is text: its names are the browser's, not ours.
const CONTRASTS_TOO_LOW = readFileSync(new URL("contrast.js", import.meta.url), "utf8");
const WIDE = { width: 1280, height: 900 };
const PHONE = { width: 360, height: 740 };

let browser: Browser;
let site: Site;
const complaints: string[] = [];
const contexts: BrowserContext[] = [];

/** The dashboard on a real socket, before a scripted appliance. */
class Site {
  readonly appliance: ScriptedAppliance;
  readonly port: number;
  readonly #server: ServerType;

  private constructor(appliance: ScriptedAppliance, server: ServerType) {
    this.appliance = appliance;
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  static async open(appliance: ScriptedAppliance, port = 0): Promise<Site> {
    const { fetch } = createDashboard(appliance.deps);
    return new Promise((resolve) => {
      const server = serve({ fetch, port, hostname: "127.0.0.1" }, () => resolve(new Site(appliance, server)));
    });
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  async close(): Promise<void> {
    this.appliance.closing.abort();
    await new Promise((resolve) => {
      this.#server.close(resolve);
      if ("closeAllConnections" in this.#server) this.#server.closeAllConnections();
    });
  }
}

function newAppliance(state: QueueState = rackOfNow()): ScriptedAppliance {
  const appliance = new ScriptedAppliance(systemClock, state);
  for (const entry of footprints()) appliance.note(entry);
  appliance.preview = `[global]\nkeyboard = "de"\nroot-password-hashed = "•••"\n`;
  appliance.powerType = "redfish";
  appliance.powerReading = { ok: true, value: { state: "on", health: "ok", facts: POWER_FACTS } };
  appliance.machineType = { name: "r640", displayName: "Dell PowerEdge R640", gpu: "NVIDIA A2" };
  appliance.story =
    "It fetched its answer file, so its disk is being written. If it does not report in time, it counts as failed.";
  return appliance;
}

const POWER_FACTS = [
  { name: "Machine", value: "PowerEdge R640" },
  { name: "Next boot", value: "as its firmware is set up" },
];

/** The rack, moved from its own noon to now, so that its deadlines lie ahead. */
function rackOfNow(): QueueState {
  const shift = systemClock.now() - NOON;
  return JSON.parse(JSON.stringify(fullRack()), (key, value) =>
    ["since", "deadline", "at", "until", "armedAt"].includes(key) && typeof value === "number" ? value + shift : value,
  );
}

/** A page in a browser window of its own. What its console complains of fails the test. */
async function visit(path: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: WIDE, ...options });
  contexts.push(context);
  const page = await context.newPage();
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(site.url(path));
  return page;
}

async function signIn(page: Page, next = "/"): Promise<void> {
  await page.goto(site.url(`/login?next=${encodeURIComponent(next)}`));
  await page.fill("#token", OPERATOR_TOKEN);
  await page.click("main button");
  await page.waitForURL(site.url(next));
}

async function isLive(page: Page): Promise<void> {
  await page.waitForSelector('#connection[data-state="live"]');
}

async function says(page: Page, selector: string, text: string): Promise<void> {
  await page.locator(selector).filter({ hasText: text }).first().waitFor();
}

async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `${SCREENSHOTS}${name}.png`, fullPage: true });
}

before(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
});

after(() => browser.close());

const EVERY_PAGE = [
  "/",
  `/hosts/${idOf(3)}`,
  `/hosts/${idOf(7)}`,
  `/hosts/${idOf(9)}`,
  "/login",
  "/register",
  "/hosts/none",
];
const FORMS = [
  `/hosts/${idOf(9)}/rebuild`,
  `/hosts/${idOf(31)}/approve`,
  "/slots/10.11.0.14/skip",
  `/hosts/${idOf(9)}/power`,
  `/hosts/${idOf(9)}/power/off`,
  `/hosts/${idOf(9)}/mode`,
];

describe("the dashboard in a browser", () => {
  before(async () => {
    site = await Site.open(newAppliance());
  });

  after(() => site.close());

  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
    assert.deepEqual(complaints.splice(0), []);
  });

  test("shows a change without being loaded again, and only where it happened", async () => {
    const page = await visit("/");
    await isLive(page);
    await page.evaluate(`document.querySelector("#name-${idOf(2)}").setAttribute("data-untouched", "")`);
    const { appliance } = site;
    appliance.change(idOf(1), (host) => ({
      ...host,
      state: { type: "pxe_booted", since: systemClock.now(), deadline: systemClock.now() },
    }));
    await says(page, `#host-${idOf(1)} .mark`, "PXE booted");
    await says(page, "#slot-10\\.11\\.0\\.2", "PXE booted");
    assert.equal(await page.locator("[data-untouched]").count(), 1);
    appliance.note(footprint(1, { at: systemClock.now(), what: "a packet just now" }));
    await page.waitForSelector("#recent >> text=a packet just now");
  });

  test("lets time tick in the same words as the server", async () => {
    const page = await visit("/");
    await isLive(page);
    for (const ms of [-5, 0, 999, 61_000, 3_600_000, 90_061_000, 8e9]) {
      assert.equal(await page.evaluate(`duration(${ms})`), formatDuration(ms));
      assert.equal(await page.evaluate(`remaining(${ms - 70_000})`), formatRemaining(ms - 70_000));
    }
    const clock = page.locator(`#host-${idOf(2)} [data-tick=elapsed]`);
    const before = (await clock.textContent()) ?? "";
    await clock.filter({ hasNotText: before }).waitFor();
  });

  test("keeps the focus, what stands open and how far it is scrolled", async () => {
    const page = await visit(`/hosts/${idOf(3)}`);
    await isLive(page);
    await page.click("#answer-text summary");
    site.appliance.preview = `${"# a line\n".repeat(100)}[global]\n`;
    site.appliance.publish({ ...site.appliance.state });
    await says(page, "#answer-lines", "a line");
    assert.equal(await page.locator("#answer-text").getAttribute("open"), "");
    await page.evaluate(`document.querySelector("#answer-lines").scrollTo(0, 120)`);
    await page.focus("#up");
    site.appliance.preview += "# and one more\n";
    site.appliance.story = "Another story.";
    site.appliance.publish({ ...site.appliance.state });
    await page.waitForSelector("text=Another story.");
    await says(page, "#answer-lines", "one more");
    assert.equal(await page.evaluate("document.activeElement.id"), "up");
    assert.equal(await page.evaluate(`document.querySelector("#answer-lines").scrollTop`), 120);
  });

  test("does not take a form away from somebody who types in it, and catches up afterwards", async () => {
    const page = await visit("/");
    await isLive(page);
    await page.evaluate(`{
      const form = document.createElement("form");
      form.innerHTML = '<input id="typing" aria-label="typing">';
      document.querySelector("#host-${idOf(5)}").append(form);
    }`);
    await page.fill("#typing", "half a wo");
    site.appliance.change(idOf(5), (host) => ({ ...host, state: { type: "ready", since: systemClock.now() } }));
    await says(page, "#slot-10\\.11\\.0\\.6", "ready");
    assert.equal(await page.inputValue("#typing"), "half a wo");
    await page.fill("#typing", "");
    await page.focus("#main");
    await says(page, `#host-${idOf(5)} .mark`, "ready");
  });

  test("asks before it acts: sign in, wrong name, right name, once", async () => {
    const page = await visit(`/hosts/${idOf(9)}`);
    assert.equal(await page.locator("#actions button:enabled").count(), 0);
    await page.click("#actions >> text=Sign in");
    await page.fill("#token", "wrong");
    await page.click("main button");
    await page.waitForSelector("text=This is not the operator token");
    complaints.length = 0; // The browser logs the 401 itself.
    await page.fill("#token", OPERATOR_TOKEN);
    await page.keyboard.press("Enter");
    await page.waitForURL(site.url(`/hosts/${idOf(9)}`));
    await page.click("#actions >> text=Rebuild");
    await page.waitForSelector("text=S64KNX0T401122");
    await picture(page, "confirm-rebuild");
    await page.fill("#name", "choco-island");
    await page.click("main button");
    await page.waitForSelector("text=Nothing was done");
    complaints.length = 0; // Nor is the 409 ours.
    assert.deepEqual(site.appliance.orders, []);
    await page.fill("#name", "peach-beach");
    await page.click("main button");
    await page.waitForSelector("text=An install is armed");
    assert.deepEqual(site.appliance.orders, [{ type: "rebuild", host: idOf(9) }]);
    await page.reload();
    assert.equal(await page.locator("text=An install is armed").count(), 0);
    await page.click("#logout");
    await page.waitForSelector("header >> text=Sign in");
    site.appliance.orders.length = 0;
  });

  test("does all of it without a script", async () => {
    const page = await visit("/login", { javaScriptEnabled: false });
    await signIn(page);
    assert.match((await page.locator("#connection").textContent()) ?? "", /as of \d\d:\d\d:\d\d UTC/);
    await page.click("#wait-approve-52-54-00-ab-cd-1f");
    await page.click("main button");
    await page.waitForSelector("text=Approved. It is installed when");
    await page.goto(site.url("/"));
    await page.click("#pause");
    await page.waitForSelector("text=Paused. New machines wait");
    assert.deepEqual(site.appliance.orders, [{ type: "approve", host: idOf(31) }, { type: "pause" }]);
    site.appliance.orders.length = 0;
  });

  test("shows the power of a machine, and restarts it after asking, also while it is being installed", async () => {
    const page = await visit("/");
    await signIn(page, `/hosts/${idOf(9)}`);
    await page.click("#actions >> text=Power…");
    await page.waitForSelector("text=PowerEdge R640");
    await page.click("#power-cycle");
    await page.waitForSelector("text=what it has not written is lost");
    const { powerOutcome } = site.appliance;
    site.appliance.powerOutcome = { ok: false, message: "it may be writing its disks", needsForce: true };
    await page.click("main button");
    await page.waitForSelector("text=it may be writing its disks");
    complaints.length = 0; // The browser logs the 409.
    site.appliance.powerOutcome = powerOutcome;
    await page.check("#force");
    await page.click("main button");
    await page.waitForURL(`**/hosts/${idOf(9)}?done=power-cycle`);
    assert.deepEqual(site.appliance.powerOrders.splice(0), ["cycle", "cycle by force"]);
  });

  test("changes how DHCP serves a machine, by the keyboard alone", async () => {
    const page = await visit("/");
    await signIn(page, `/hosts/${idOf(9)}`);
    await page.click("#actions >> text=DHCP mode…");
    await page.focus("#mode-default");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForSelector("text=DHCP serves it so from now on");
    assert.deepEqual(site.appliance.orders.splice(0), [{ type: "mode", host: idOf(9), mode: "full" }]);
  });

  for (const colorScheme of ["light", "dark"] as const) {
    test(`has a contrast of at least 4.5:1 everywhere when it is ${colorScheme}`, async () => {
      const page = await visit("/", { colorScheme, reducedMotion: "reduce" });
      await signIn(page);
      const backgrounds = new Set<string>();
      for (const path of [...EVERY_PAGE, ...FORMS]) {
        await page.goto(site.url(path));
        backgrounds.add(await page.evaluate<string>("getComputedStyle(document.body).backgroundColor"));
        assert.deepEqual(await page.evaluate(CONTRASTS_TOO_LOW), [], path);
      }
      complaints.length = 0; // A page that is not there is logged by the browser.
      assert.deepEqual([...backgrounds], [colorScheme === "light" ? "rgb(245, 246, 248)" : "rgb(17, 21, 27)"]);
      for (const [name, path] of [
        ["queue", "/"],
        ["host", `/hosts/${idOf(3)}`],
        ["host-ready", `/hosts/${idOf(9)}`],
        ["host-failed", `/hosts/${idOf(7)}`],
      ] as const) {
        await page.goto(site.url(path));
        await isLive(page);
        await picture(page, `${name}-${colorScheme}`);
      }
      for (const [name, path] of [
        ["power", `/hosts/${idOf(9)}/power`],
        ["mode", `/hosts/${idOf(9)}/mode`],
      ] as const) {
        await page.goto(site.url(path));
        await picture(page, `${name}-${colorScheme}`);
      }
    });
  }

  test("fits a phone, however long the names are", async () => {
    const state = site.appliance.state;
    const long = "a".repeat(63) as Hostname;
    site.appliance.publish({
      ...state,
      slots: state.slots.map((slot, i) => (i % 2 === 0 ? { ...slot, hostname: long } : slot)),
    });
    const page = await visit("/", { viewport: PHONE, hasTouch: true, isMobile: true });
    await signIn(page);
    for (const path of [...EVERY_PAGE, ...FORMS]) {
      await page.goto(site.url(path));
      const width = await page.evaluate<number>("document.documentElement.scrollWidth");
      assert.ok(width <= PHONE.width, `${path} is ${width} wide`);
    }
    complaints.length = 0;
    site.appliance.publish(state);
    for (const [name, path] of [
      ["queue", "/"],
      ["host", `/hosts/${idOf(9)}`],
      ["confirm", FORMS[0] ?? ""],
      ["power", `/hosts/${idOf(9)}/power`],
      ["mode", `/hosts/${idOf(9)}/mode`],
    ] as const) {
      await page.goto(site.url(path));
      await picture(page, `${name}-phone`);
    }
  });

  test("reaches everything with the tab key, in the order of the page, and shows where it is", async () => {
    const page = await visit("/");
    await signIn(page);
    await page.goto(site.url("/"));
    const expected = await page.evaluate<string[]>(
      `[...document.querySelectorAll("a[href], button:enabled, input, select, summary, pre[tabindex]")]
        .filter((element) => element.checkVisibility())
        .map((element) => element.outerHTML)`,
    );
    const reached: string[] = [];
    for (let i = 0; i < expected.length; i++) {
      await page.keyboard.press("Tab");
      const element = await page.evaluate<string>("document.activeElement.outerHTML");
      assert.equal(await page.evaluate("getComputedStyle(document.activeElement).outlineStyle"), "solid", element);
      reached.push(element);
    }
    assert.deepEqual(reached, expected);
    assert.match(reached[0] ?? "", /Skip to the content/);
  });

  test("does not move for those who do not want it", async () => {
    const moving = (page: Page) => page.evaluate<number>("document.getAnimations().length");
    assert.equal((await moving(await visit("/"))) > 0, true);
    assert.equal(await moving(await visit("/", { reducedMotion: "reduce" })), 0);
  });

  test("ends its stream when it is left", async () => {
    const page = await visit("/");
    await isLive(page);
    const ended = page.waitForEvent("requestfailed", (request) => request.url().includes("/events"));
    await page.goto(site.url("/register"));
    await ended;
  });

  test("has nothing to say but what to do when the queue is empty", async () => {
    const { state } = site.appliance;
    site.appliance.publish({ slots: [], hosts: [], paused: false, rebuilds: null });
    const page = await visit("/");
    await page.waitForSelector("text=No slots yet");
    await picture(page, "queue-empty");
    site.appliance.publish(state);
    await page.waitForSelector(`#host-${idOf(3)}`);
    assert.equal(await page.locator("text=No slots yet").count(), 0);
  });
});

describe("the dashboard when the daemon restarts", () => {
  test("says since when it hears nothing, comes back by itself and shows what is then", async () => {
    site = await Site.open(newAppliance());
    const page = await visit("/");
    await isLive(page);
    await site.close();
    await page.waitForSelector('#connection[data-state="lost"]');
    assert.match(
      (await page.locator("#connection").textContent()) ?? "",
      /^connection lost, last update \d\d:\d\d:\d\d$/,
    );
    await picture(page, "connection-lost");
    const { port } = site;
    const state = rackOfNow();
    site = await Site.open(newAppliance({ ...state, paused: true }), port);
    await isLive(page);
    await page.waitForSelector("text=Paused: new machines wait");
    await page.context().close();
    await site.close();
    assert.deepEqual(
      complaints.filter((text) => !/ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING|CONNECTION_RESET)/.test(text)),
      [],
    );
  });
});
