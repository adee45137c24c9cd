import { Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { parse, serialize } from "hono/utils/cookie";
import type { OperatorTokenView } from "./contract.ts";
import type { OperatorDeps, OperatorEnv } from "./operator-deps.ts";
import { ownPagesOnly, refuseToken, remoteAddressOf, SESSION_COOKIE } from "./operator-gate.ts";
import { backOf, fail, isForm, readBody } from "./operator-replies.ts";
import { LoginBody } from "./order-bodies.ts";
import { LIFE_MS, type Sessions } from "./sessions.ts";

/** Logging in and out with a browser, and making the token that one logs in with. */
export function createLoginApp({ sessions, trusted, log }: OperatorDeps): Hono<OperatorEnv> {
  const app = new Hono<OperatorEnv>();

  app.post("/api/login", ownPagesOnly, async (c) => {
    const body = await readBody(c, LoginBody);
    if (!body.ok) return fail(c, 400, body.error);
    const from = remoteAddressOf(c);
    const check = sessions.check(body.value.token.trim(), from);
    if (check.type !== "accepted") {
      log.warn("login refused", { from, why: check.type });
      return refuseToken(c, check);
    }
    log.info("login", { from });
    setCookie(c, SESSION_COOKIE, sessions.open(), COOKIE);
    return isForm(c) ? c.redirect(backOf(c), 303) : c.body(null, 204);
  });

  app.post("/api/logout", ownPagesOnly, (c) => {
    const cookie = getCookie(c, SESSION_COOKIE);
    if (cookie !== undefined) sessions.close(cookie);
    deleteCookie(c, SESSION_COOKIE, COOKIE);
    return isForm(c) ? c.redirect("/", 303) : c.body(null, 204);
  });

  app.post("/api/operator-token", async (c) => {
    // Whoever could make a new token with the old one could lock everybody else out.
    if (!trusted) {
      return fail(c, 403, {
        error: "a token is only made on the appliance itself",
        hint: "run `bootqueue token` there, as root",
      });
    }
    const token = await sessions.issueToken();
    log.info("new operator token; the one before is void");
    return c.json<OperatorTokenView>({ token });
  });

  return app;
}

/** Strict: no page of another site, not even by a link, comes with the cookie. */
const COOKIE = { httpOnly: true, sameSite: "Strict", path: "/", maxAge: LIFE_MS / 1000 } as const;

/** The same for pages that bring their own login form: the same sessions, the same cookie. */
export function pageAuth(sessions: Sessions) {
  const cookieOf = (request: Request) => parse(request.headers.get("cookie") ?? "", SESSION_COOKIE)[SESSION_COOKIE];
  return {
    /** true: the request carries a session that is alive. */
    sessionOf(request: Request): boolean {
      const cookie = cookieOf(request);
      return cookie !== undefined && sessions.isOpen(cookie);
    },
    /** The page has made sure that its own form was sent. `setCookie` is the value of the header. */
    async login(token: string): Promise<{ readonly setCookie: string } | "refused" | "slow-down"> {
      const check = sessions.check(token.trim(), "the login page");
      if (check.type !== "accepted") return check.type === "wrong" ? "refused" : "slow-down";
      return { setCookie: serialize(SESSION_COOKIE, sessions.open(), COOKIE) };
    },
    async logout(request: Request): Promise<{ readonly setCookie: string }> {
      const cookie = cookieOf(request);
      if (cookie !== undefined) sessions.close(cookie);
      return { setCookie: serialize(SESSION_COOKIE, "", { ...COOKIE, maxAge: 0 }) };
    },
  };
}
