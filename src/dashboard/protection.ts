import type { MiddlewareHandler } from "hono";

/** Headers for every answer: nothing from elsewhere is loaded, nobody may frame us, nothing is kept. */
export const protectPages: MiddlewareHandler = async (c, next) => {
  await next();
  c.header("Content-Security-Policy", POLICY);
  c.header("X-Content-Type-Options", "nosniff");
  c.header("Cross-Origin-Opener-Policy", "same-origin");
  c.header("Cross-Origin-Resource-Policy", "same-origin");
  // Not `no-referrer`: a browser then writes `Origin: null` on our own forms (Fetch, "append a request Origin header").
  c.header("Referrer-Policy", "same-origin");
  if (!c.res.headers.has("cache-control")) c.header("Cache-Control", "no-store");
};

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/**
 * false: another site may have made the browser send this. Only the host is compared, since a proxy that ends TLS
 * before us leaves us with `http` where the browser says `https`.
 */
export function isFromOurOwnPage(request: Request): boolean {
  const origin = request.headers.get("origin");
  if (origin === null) return request.headers.get("sec-fetch-site") === "same-origin";
  const host = request.headers.get("host") ?? new URL(request.url).host;
  return URL.canParse(origin) && new URL(origin).host === host;
}
