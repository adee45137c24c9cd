import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { QueueState } from "../queue/state.ts";
import type { Clock } from "../std/clock.ts";
import { actionRoutes, FORM_PATHS } from "./action-routes.ts";
import type { Auth } from "./auth.ts";
import { applianceBar, livePage, stillPage } from "./frame.ts";
import { type Html, html } from "./html.ts";
import { LiveViews } from "./live-views.ts";
import type { PowerForPages } from "./machine-facts.ts";
import { noticeFor } from "./notices.ts";
import type { Perform } from "./orders.ts";
import type { Page } from "./page.ts";
import { PAGES, pageAt } from "./pages.ts";
import { powerRoutes } from "./power-routes.ts";
import { isFromOurOwnPage, protectPages } from "./protection.ts";
import type { ApplianceStatus, Scene, TraceReader } from "./scene.ts";
import { loadStaticFiles } from "./static-files.ts";

/** What the pages show, and whom they ask to act. */
export interface DashboardDeps extends Pick<Scene, "explain" | "previewAnswer" | "machineType"> {
  readonly queue: { readonly state: QueueState; subscribe(listener: (state: QueueState) => void): () => void };
  readonly trace: TraceReader;
  readonly clock: Clock;
  readonly perform: Perform;
  readonly power: PowerForPages;
  status(): ApplianceStatus;
  readonly auth: Auth;
  /** Ends every live stream when it is aborted: do so before closing the server, which waits for them. */
  readonly closing?: AbortSignal;
}

/** The pages for people, for the operator's listener. Reading is free; whatever changes something needs a session. */
export function createDashboard(deps: DashboardDeps): Hono {
  const files = loadStaticFiles();
  const views = new LiveViews(deps.clock, files.build);
  const sceneFor = (signedIn: boolean): Scene => ({
    state: deps.queue.state,
    now: deps.clock.now(),
    status: deps.status(),
    trace: deps.trace,
    files,
    signedIn,
    explain: (host) => deps.explain(host),
    previewAnswer: (host) => deps.previewAnswer(host),
    machineType: (host) => deps.machineType(host),
    powerType: (host) => deps.power.typeOf(host),
  });
  const sceneOf = (c: Context): Scene => sceneFor(deps.auth.sessionOf(c.req.raw));

  const app = new Hono();
  app.use(protectPages);
  // Only for what is ours: the API may be mounted beside, and its callers send no `Origin`.
  for (const path of FORM_PATHS) {
    app.post(path, bodyLimit({ maxSize: BODY_BYTES_MAX }), async (c, next) => {
      if (isFromOurOwnPage(c.req.raw)) return next();
      return c.text("This form was not sent from a page of this appliance.\n", 403);
    });
  }

  for (const page of PAGES) app.get(page.path, (c) => showPage(c, page, sceneOf(c)));
  for (const file of [files.styleSheet, files.script]) {
    app.get(file.path, (c) =>
      c.body(file.text, 200, {
        "content-type": file.contentType,
        "cache-control": "public, max-age=31536000, immutable",
      }),
    );
  }
  app.get("/events", (c) => {
    const path = c.req.query("page") ?? "/";
    const found = pageAt(path);
    const signedIn = deps.auth.sessionOf(c.req.raw);
    if (found === null) return c.text("No such page.\n", 404);
    const render = () => {
      const scene = sceneFor(signedIn);
      const rendered = found.page.render(scene, found.id);
      return rendered && [applianceBar(scene), ...rendered.parts];
    };
    if (render() === null) return c.text("No such page.\n", 404);
    const stream = views.open(`${signedIn} ${path}`, render, c.req.header("last-event-id") ?? null);
    if (stream === null) return c.text("Too many pages are open; close one.\n", 503, { "retry-after": "10" });
    // Nginx keeps answers back unless told not to.
    return c.body(stream, 200, { "content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no" });
  });
  app.route("/", actionRoutes(deps, sceneOf));
  app.route("/", powerRoutes(deps.power, sceneOf));
  app.notFound((c) => c.html(stillPage(sceneOf(c), "Not found", NOT_FOUND), 404));

  const unsubscribe = [deps.queue.subscribe(() => views.changed()), deps.trace.subscribe(() => views.changed())];
  deps.closing?.addEventListener("abort", () => {
    for (const end of unsubscribe) end();
    views.close();
  });
  return app;
}

function showPage(c: Context, page: Page, scene: Scene): Response | Promise<Response> {
  const rendered = page.render(scene, c.req.param("id") ?? "");
  if (rendered === null) return c.html(stillPage(scene, "Not found", NOT_FOUND), 404);
  return c.html(livePage(scene, rendered, c.req.path, noticeFor(c.req.query("done"))));
}

const NOT_FOUND: Html = html`<h1>Nothing here</h1>
  <p>There is no such page. A machine that was reset is forgotten until it boots again.</p>
  <p><a href="/">Back to the queue</a></p>`;

const BODY_BYTES_MAX = 64 * 1024;
