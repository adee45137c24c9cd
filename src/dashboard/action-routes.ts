import { type Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Host, HostId } from "../queue/host.ts";
import type { SlotId } from "../queue/slot.ts";
import { findHost, findSlot } from "../queue/state.ts";
import { HOST_ACTIONS, HOST_VERBS, type HostVerb } from "./actions.ts";
import type { Auth } from "./auth.ts";
import { confirmHostAction, confirmSlotAction, needsTypedName } from "./confirm-page.ts";
import { stillPage } from "./frame.ts";
import type { Html } from "./html.ts";
import { loginForm, safeNext } from "./login-page.ts";
import { MODE_CHOICES, modePage } from "./mode-page.ts";
import { hostPath, nameOfHost } from "./names.ts";
import type { Order, Perform } from "./orders.ts";
import { readForm } from "./read-form.ts";
import { BLANK_REGISTRATION, registerForm } from "./register-page.ts";
import type { Scene } from "./scene.ts";
import { HOST_LOOKS } from "./state-mark.ts";

/** Every path that a form is posted to. */
export const FORM_PATHS = ["/login", "/logout", "/register", "/hosts/*", "/slots/*", "/queue/*"] as const;

/** Everything a form leads to: a GET asks, a POST does it and sends the browser on (303), so a reload does nothing twice. */
export function actionRoutes(
  deps: { readonly perform: Perform; readonly auth: Auth },
  sceneOf: (c: Context) => Scene,
): Hono {
  const app = new Hono();
  const show = (c: Context, title: string, content: Html, status: ContentfulStatusCode = 200) =>
    c.html(stillPage(sceneOf(c), title, content), status);
  const toLogin = (c: Context, next: string) => c.redirect(`/login?next=${encodeURIComponent(next)}`, 303);

  app.get("/login", (c) => show(c, "Sign in", loginForm(safeNext(c.req.query("next")), null)));
  app.post("/login", async (c) => {
    const form = await readForm(c);
    const next = safeNext(form("next"));
    const outcome = await deps.auth.login(form("token").trim(), c.req.raw);
    if (outcome === "refused") {
      const problem = "This is not the operator token. `bootqueue token` prints a new one.";
      return show(c, "Sign in", loginForm(next, problem), 401);
    }
    if (outcome === "slow-down") {
      return show(c, "Sign in", loginForm(next, "Too many wrong tokens; wait a minute and try again."), 429);
    }
    c.header("Set-Cookie", outcome.setCookie);
    return c.redirect(next, 303);
  });
  app.post("/logout", async (c) => {
    c.header("Set-Cookie", (await deps.auth.logout(c.req.raw)).setCookie);
    return c.redirect("/", 303);
  });

  for (const verb of HOST_VERBS) {
    app.get(`/hosts/:id/${verb}`, (c, next) => {
      const host = hostIn(c, sceneOf(c));
      if (!host) return next();
      return sceneOf(c).signedIn
        ? show(c, HOST_ACTIONS[verb].label, confirmHostAction(sceneOf(c), verb, host, null))
        : toLogin(c, `${hostPath(host)}/${verb}`);
    });
    app.post(`/hosts/:id/${verb}`, async (c, next) => {
      const form = await readForm(c);
      const scene = sceneOf(c);
      const host = hostIn(c, scene);
      if (!host) return next();
      if (!scene.signedIn) return toLogin(c, `${hostPath(host)}/${verb}`);
      const objection = objectionTo(scene, verb, host, form("seen"), form("name"));
      if (objection !== null)
        return show(c, HOST_ACTIONS[verb].label, confirmHostAction(scene, verb, host, objection), 409);
      const outcome = await deps.perform(orderFor(verb, host));
      const after = sceneOf(c);
      const still = findHost(after.state, host.id);
      if (!outcome.ok)
        return show(c, HOST_ACTIONS[verb].label, confirmHostAction(after, verb, still ?? host, outcome.message), 409);
      return c.redirect(`${still ? hostPath(still) : "/"}?done=${verb}`, 303);
    });
  }

  app.get("/hosts/:id/mode", (c, next) => {
    const scene = sceneOf(c);
    const host = hostIn(c, scene);
    if (!host) return next();
    return scene.signedIn ? show(c, "DHCP", modePage(scene, host, null)) : toLogin(c, `${hostPath(host)}/mode`);
  });
  app.post("/hosts/:id/mode", async (c, next) => {
    const form = await readForm(c);
    const scene = sceneOf(c);
    const host = hostIn(c, scene);
    if (!host) return next();
    if (!scene.signedIn) return toLogin(c, `${hostPath(host)}/mode`);
    const mode = MODE_CHOICES.find((choice) => choice === form("mode"));
    if (mode === undefined) return show(c, "DHCP", modePage(scene, host, "Choose one of these."), 409);
    const outcome = await deps.perform({ type: "mode", host: host.id, mode });
    if (!outcome.ok) return show(c, "DHCP", modePage(sceneOf(c), host, outcome.message), 409);
    return c.redirect(`${hostPath(host)}?done=mode`, 303);
  });

  for (const verb of ["skip", "unskip"] as const) {
    app.get(`/slots/:id/${verb}`, (c, next) => {
      const scene = sceneOf(c);
      const slot = findSlot(scene.state, c.req.param("id") as SlotId);
      if (!slot) return next();
      return scene.signedIn ? show(c, "Slot", confirmSlotAction(scene, verb, slot, null)) : toLogin(c, c.req.path);
    });
    app.post(`/slots/:id/${verb}`, async (c, next) => {
      const form = await readForm(c);
      const scene = sceneOf(c);
      const slot = findSlot(scene.state, c.req.param("id") as SlotId);
      if (!slot) return next();
      if (!scene.signedIn) return toLogin(c, c.req.path);
      const order: Order =
        verb === "skip"
          ? { type: "skip", slot: slot.id, reason: form("reason").trim().slice(0, REASON_MAX) }
          : { type: "unskip", slot: slot.id };
      const outcome = await deps.perform(order);
      if (!outcome.ok) return show(c, "Slot", confirmSlotAction(scene, verb, slot, outcome.message), 409);
      return c.redirect(`/?done=${verb}`, 303);
    });
  }

  for (const type of ["pause", "resume"] as const) {
    app.post(`/queue/${type}`, async (c) => {
      if (!sceneOf(c).signedIn) return toLogin(c, "/");
      const outcome = await deps.perform({ type });
      return outcome.ok ? c.redirect(`/?done=${type}`, 303) : c.text(`${outcome.message}\n`, 409);
    });
  }

  app.get("/register", (c) => show(c, "Register", registerForm(sceneOf(c), BLANK_REGISTRATION, null)));
  app.post("/register", async (c) => {
    const form = await readForm(c);
    if (!sceneOf(c).signedIn) return toLogin(c, "/register");
    const typed = { mac: form("mac").trim(), serverType: form("server-type").trim(), slot: form("slot") };
    const outcome = await deps.perform({
      type: "register",
      mac: typed.mac,
      serverType: typed.serverType === "" ? null : typed.serverType,
      slot: findSlot(sceneOf(c).state, typed.slot as SlotId)?.id ?? null,
    });
    if (!outcome.ok) return show(c, "Register", registerForm(sceneOf(c), typed, outcome.message), 409);
    return c.redirect("/?done=register", 303);
  });
  return app;
}

const REASON_MAX = 200;

function hostIn(c: Context, scene: Scene): Host | undefined {
  return findHost(scene.state, (c.req.param("id") ?? "") as HostId);
}

/** Why the order is not carried out as it was confirmed; null: nothing speaks against it. */
function objectionTo(scene: Scene, verb: HostVerb, host: Host, seen: string, name: string): string | null {
  // The page may have been open for hours; what it asked about must still be what would happen.
  if (seen !== host.state.type) {
    return `It is ${HOST_LOOKS[host.state.type].word} now, which it was not when this page was opened. Look again, then confirm.`;
  }
  if (needsTypedName(verb, host) && name.trim().toLowerCase() !== nameOfHost(scene.state, host).toLowerCase()) {
    return `Nothing was done: the name typed is not that of this machine, ${nameOfHost(scene.state, host)}.`;
  }
  return null;
}

function orderFor(verb: HostVerb, host: Host): Order {
  if (verb === "reset") return { type: "reset", host: host.id, evenInstalled: needsTypedName("reset", host) };
  return { type: verb, host: host.id };
}
