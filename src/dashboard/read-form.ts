import type { Context } from "hono";

/** Reads a form; a field that is absent, or a file, is empty. */
export async function readForm(c: Context): Promise<(name: string) => string> {
  const body: Record<string, unknown> = await c.req.parseBody().catch(() => ({}));
  return (name) => {
    const value = body[name];
    return typeof value === "string" ? value : "";
  };
}
