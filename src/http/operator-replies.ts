import type { Context } from "hono";
import { html } from "hono/html";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { z } from "zod";
import { err, ok, type Result } from "../std/result.ts";
import type { ApiError } from "./contract.ts";
import type { OperatorEnv } from "./operator-deps.ts";

type Request = Context<OperatorEnv>;

/** Says no: as JSON, or as a small page when a browser sent a form. */
export function fail(c: Request, status: ContentfulStatusCode, error: ApiError): Response | Promise<Response> {
  if (!isForm(c)) return c.json(error, status);
  return c.html(
    html`<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>bootqueue: ${error.error}</title>
<h1>${error.error}</h1><p>${error.hint}</p><p><a href="${backOf(c)}">Back</a></p></html>`,
    status,
  );
}

/** true: a browser sent it without a script, so it wants a page back. */
export function isForm(c: Request): boolean {
  return /^(application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(c.req.header("content-type") ?? "");
}

/** The page a form came from, as a path on this server; `/` when it does not say. */
export function backOf(c: Request): string {
  try {
    const from = new URL(c.req.header("referer") ?? "");
    // Only the path is used, so it never leads to another server; two slashes at its beginning would.
    return from.pathname.startsWith("//") ? "/" : from.pathname + from.search;
  } catch {
    return "/";
  }
}

/** The body as `schema` wants it, from JSON or a form; no body at all counts as an empty one. */
export async function readBody<T>(c: Request, schema: z.ZodType<T>): Promise<Result<T, ApiError>> {
  let body: unknown;
  if (isForm(c)) {
    body = await c.req.parseBody();
  } else {
    const text = await c.req.text();
    const type = c.req.header("content-type") ?? "";
    if (text !== "" && !/^application\/json\b/i.test(type)) {
      return err({
        error: `expected a body of type application/json, found ${JSON.stringify(type)}`,
        hint: "send the header Content-Type: application/json",
      });
    }
    try {
      body = text === "" ? {} : JSON.parse(text);
    } catch {
      return err({ error: "the body is not JSON", hint: "/api/openapi.json describes what each route takes" });
    }
  }
  const read = schema.safeParse(body);
  if (read.success) return ok(read.data);
  const problems = read.error.issues.map((issue) => [issue.path.join("."), issue.message].filter(Boolean).join(": "));
  return err({ error: problems.join("; "), hint: "/api/openapi.json describes what each route takes" });
}
