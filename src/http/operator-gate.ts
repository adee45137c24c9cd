import { isIP } from "node:net";
import type { Context, MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import { csrf } from "hono/csrf";
import type { Credential, OperatorDeps, OperatorEnv } from "./operator-deps.ts";
import { fail } from "./operator-replies.ts";

/** The cookie of a browser that logged in. Without `__Host-` and `Secure`: on a LAN there is often no HTTPS. */
export const SESSION_COOKIE = "bootqueue_session";

/**
 * Answers only to names that are ours: a page of a stranger whose name leads to our address gets nothing (DNS
 * rebinding). An address in place of a name is always ours: nobody can lead it elsewhere.
 */
export function knownHostnamesOnly(hostnames: readonly string[]): MiddlewareHandler<OperatorEnv> {
  const known = new Set(["localhost", ...hostnames].map((name) => name.toLowerCase()));
  return async (c, next) => {
    const name = (c.req.header("host") ?? "").toLowerCase().replace(/:\d+$/, "");
    if (known.has(name) || isIP(name.replace(/^\[(.*)\]$/, "$1")) !== 0) return next();
    const hint = `use its address, or one of: ${[...known].join(", ")}`;
    return fail(c, 403, { error: `${JSON.stringify(name)} is not a name of this appliance`, hint });
  };
}

/** Finds out by what right the request came. A bearer token that is wrong is refused, even for reading. */
export function identify(deps: Pick<OperatorDeps, "sessions" | "trusted">): MiddlewareHandler<OperatorEnv> {
  return async (c, next) => {
    if (deps.trusted) {
      c.set("credential", "socket");
      return next();
    }
    const bearer = /^bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
    let credential: Credential = "none";
    if (bearer !== undefined) {
      const check = deps.sessions.check(bearer, remoteAddressOf(c));
      if (check.type !== "accepted") return refuseToken(c, check);
      credential = "bearer";
    } else {
      const cookie = getCookie(c, SESSION_COOKIE);
      if (cookie !== undefined && deps.sessions.isOpen(cookie)) credential = "session";
    }
    c.set("credential", credential);
    return next();
  };
}

/** Lets changes through only with a credential, and those of a browser only from our own pages. */
export const changesNeedCredential: MiddlewareHandler<OperatorEnv> = async (c, next) => {
  const credential = c.get("credential");
  if (credential === "none") {
    c.header("WWW-Authenticate", 'Bearer realm="bootqueue"');
    return fail(c, 401, {
      error: "this needs a login",
      hint: "`bootqueue token` prints a token: log in with it, or send it as Authorization: Bearer TOKEN",
    });
  }
  return credential === "session" ? ownPagesOnly(c, next) : next();
};

/** For requests whose right is a cookie, which the browser sends along whoever made the page (CSRF). */
export const ownPagesOnly: MiddlewareHandler<OperatorEnv> = async (c, next) => {
  // hono's csrf looks at forms only; a script's request has to be held to the same.
  if (!isFromOwnPage(c)) {
    return fail(c, 403, {
      error: "this came from the page of another site",
      hint: "use the pages of the appliance itself",
    });
  }
  return formsOfOwnPages(c, next);
};

const formsOfOwnPages = csrf({
  origin: (origin, c) => isSameHost(origin, c.req.header("host")),
  secFetchSite: "same-origin",
});

function isFromOwnPage(c: Context<OperatorEnv>): boolean {
  const origin = c.req.header("origin");
  // Browsers leave Sec-Fetch-Site out over plain HTTP, but send Origin with every POST and DELETE.
  return origin === undefined
    ? c.req.header("sec-fetch-site") === "same-origin"
    : isSameHost(origin, c.req.header("host"));
}

/** Compared without the scheme: behind a proxy that does TLS the browser says https and we see http. */
function isSameHost(origin: string, host: string | undefined): boolean {
  try {
    return new URL(origin).host === host?.toLowerCase();
  } catch {
    return false;
  }
}

/** The answer to a token that was not accepted. */
export function refuseToken(
  c: Context<OperatorEnv>,
  check: { readonly type: "wrong" } | { readonly type: "too-many"; readonly retryAfterSeconds: number },
): Response | Promise<Response> {
  if (check.type === "wrong") {
    c.header("WWW-Authenticate", 'Bearer realm="bootqueue", error="invalid_token"');
    return fail(c, 401, { error: "the token is wrong", hint: "`bootqueue token` makes a new one and voids the old" });
  }
  c.header("Retry-After", String(check.retryAfterSeconds));
  return fail(c, 429, {
    error: "too many wrong tokens from your address",
    hint: `try again in ${check.retryAfterSeconds} seconds`,
  });
}

/** Of the peer, as the Node server hands it over with the request; empty where there is no socket, as in tests. */
export function remoteAddressOf(c: Context<OperatorEnv>): string {
  // The Node server's bindings; tests call the app without any.
  const env = c.env as { readonly incoming?: { readonly socket?: { readonly remoteAddress?: string } } } | undefined;
  return env?.incoming?.socket?.remoteAddress ?? "";
}
