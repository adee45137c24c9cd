import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import { secureHeaders } from "hono/secure-headers";
import { createAnswersApp } from "./operator-answers.ts";
import { createChangingApp } from "./operator-changing.ts";
import type { OperatorDeps, OperatorEnv } from "./operator-deps.ts";
import { createEventsApp } from "./operator-events.ts";
import { identify, knownHostnamesOnly } from "./operator-gate.ts";
import { createLoginApp } from "./operator-login.ts";
import { renderMetrics } from "./operator-metrics.ts";
import { openApiDocument } from "./operator-openapi.ts";
import { createReadingApp } from "./operator-reading.ts";
import { fail } from "./operator-replies.ts";
import { createTlsApp } from "./operator-tls.ts";
import { createPowerApp } from "./power-app.ts";

/**
 * Everything for people and their programs. The daemon makes two: one for the network, where reading is open and every
 * change needs a token or a login, and a `trusted` one for the Unix socket that only root can open.
 */
export function createOperatorApp(deps: OperatorDeps): Hono<OperatorEnv> {
  const app = new Hono<OperatorEnv>();
  app.onError((error, c) => {
    // hono's own refusals (a foreign form) know their status; everything else is our mistake or a full disk.
    if (error instanceof HTTPException && error.status < 500) {
      return fail(c, error.status, {
        error: error.message || "refused",
        hint: "use the pages of the appliance itself",
      });
    }
    deps.log.error("a request failed", { path: c.req.path, error: error.message });
    return fail(c, 500, { error: "the daemon could not do that", hint: "`journalctl -u bootqueue` says why" });
  });
  app.notFound((c) => {
    // People get a page of theirs; it runs behind the gates like every other.
    if (deps.pages && !c.req.path.startsWith("/api/")) return deps.pages.fetch(c.req.raw, c.env);
    const hint = "/api/openapi.json lists what there is";
    return fail(c, 404, { error: `there is no ${c.req.method} ${c.req.path}`, hint });
  });

  app.get("/healthz", (c) => c.text("ok\n"));
  if (!deps.trusted) app.use(knownHostnamesOnly(deps.hostnames));
  app.use(
    secureHeaders({
      // HSTS would turn a self-signed certificate on the same name into a locked door.
      strictTransportSecurity: false,
      // Not `no-referrer`: a browser then writes `Origin: null` on our own forms, and we would refuse them.
      referrerPolicy: "same-origin",
      contentSecurityPolicy: CONTENT_SECURITY_POLICY,
    }),
    bodyLimit({
      maxSize: BODY_MAX,
      onError: (c) => fail(c, 413, { error: `a body may hold ${BODY_MAX} octets`, hint: "" }),
    }),
    identify(deps),
    async (c, next) => {
      await next();
      if (!c.res.headers.has("Cache-Control")) c.res.headers.set("Cache-Control", "no-store");
    },
  );

  app.get("/readyz", (c) => {
    const why = deps.notReady();
    return why.length === 0 ? c.text("ready\n") : c.text(`${why.join("\n")}\n`, 503);
  });
  app.get("/metrics", (c) => c.text(renderMetrics(deps), 200, { "Content-Type": "text/plain; version=0.0.4" }));
  app.get("/api/openapi.json", (c) => c.json(openApiDocument(deps.about().version)));
  app.route("/", createReadingApp(deps));
  app.route("/", createAnswersApp(deps));
  app.route("/", createEventsApp(deps));
  app.route("/", createChangingApp(deps));
  app.route("/", createPowerApp(deps));
  app.route("/", createLoginApp(deps));
  app.route("/", createTlsApp(deps));
  if (deps.pages) app.route("/", deps.pages);
  return app;
}

const BODY_MAX = 64 * 1024;

/** Pages bring their own scripts and styles, as files, and load nothing from elsewhere. */
const CONTENT_SECURITY_POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'", "data:"],
  connectSrc: ["'self'"],
  formAction: ["'self'"],
  baseUri: ["'none'"],
  frameAncestors: ["'none'"],
};
