import { setTimeout as sleep } from "node:timers/promises";
import { type Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Host, HostId } from "../queue/host.ts";
import { findHost } from "../queue/state.ts";
import { stillPage } from "./frame.ts";
import type { Html } from "./html.ts";
import type { PowerForPages, PowerReading } from "./machine-facts.ts";
import { hostPath } from "./names.ts";
import { confirmPower, POWER_VERBS, powerPage } from "./power-page.ts";
import { readForm } from "./read-form.ts";
import type { Scene } from "./scene.ts";
import { HOST_LOOKS } from "./state-mark.ts";

/** The power of one machine: a look at it, and its switches. A look costs its BMC a login, so it takes a session too. */
export function powerRoutes(power: PowerForPages, sceneOf: (c: Context) => Scene): Hono {
  const app = new Hono();
  const show = (c: Context, content: Html, status: ContentfulStatusCode = 200) =>
    c.html(stillPage(sceneOf(c), "Power", content), status);
  const hostIn = (c: Context): Host | undefined => {
    const host = findHost(sceneOf(c).state, (c.req.param("id") ?? "") as HostId);
    return host !== undefined && power.typeOf(host) !== null ? host : undefined;
  };
  const toLogin = (c: Context) => c.redirect(`/login?next=${encodeURIComponent(c.req.path)}`, 303);

  app.get("/hosts/:id/power", async (c, next) => {
    const host = hostIn(c);
    if (!host) return next();
    if (!sceneOf(c).signedIn) return toLogin(c);
    const late: { ok: false; message: string } = { ok: false, message: "Its BMC has not answered yet; look again." };
    const read = await Promise.race([power.read(host), sleep(PATIENCE_MS, late, { ref: false })]);
    const reading: PowerReading | string = read.ok ? read.value : read.message;
    return show(c, powerPage(sceneOf(c), host, reading));
  });

  for (const action of POWER_VERBS) {
    app.get(`/hosts/:id/power/${action}`, (c, next) => {
      const host = hostIn(c);
      if (!host) return next();
      return sceneOf(c).signedIn ? show(c, confirmPower(sceneOf(c), action, host, null, false)) : toLogin(c);
    });
    app.post(`/hosts/:id/power/${action}`, async (c, next) => {
      const form = await readForm(c);
      const host = hostIn(c);
      if (!host) return next();
      if (!sceneOf(c).signedIn) return toLogin(c);
      // The page may have been open for hours; a machine that is being installed since is another matter.
      if (form("seen") !== host.state.type) {
        const problem = `It is ${HOST_LOOKS[host.state.type].word} now, which it was not when this page was opened. Look again, then confirm.`;
        return show(c, confirmPower(sceneOf(c), action, host, problem, false), 409);
      }
      const ordered = power.order(host, action, form("force") === "yes");
      // It goes on when nobody waits any more; the timeline says what came of it.
      const outcome = await Promise.race([ordered, sleep(PATIENCE_MS, null, { ref: false })]);
      if (outcome === null) return c.redirect(`${hostPath(host)}?done=power-ordered`, 303);
      if (outcome.ok) return c.redirect(`${hostPath(host)}?done=power-${action}`, 303);
      return show(c, confirmPower(sceneOf(c), action, host, outcome.message, outcome.needsForce), 409);
    });
  }
  return app;
}

/** So long a browser waits for a BMC; it may take minutes. */
const PATIENCE_MS = 15_000;
