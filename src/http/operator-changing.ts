import { type Context, Hono } from "hono";
import type { z } from "zod";
import type { OrderDone } from "./contract.ts";
import type { OperatorDeps, OperatorEnv } from "./operator-deps.ts";
import { changesNeedCredential } from "./operator-gate.ts";
import { backOf, fail, isForm, readBody } from "./operator-replies.ts";
import { hostView, slotView } from "./operator-view.ts";
import { EmptyBody, ModeBody, RebuildBody, RebuildsBody, RegisterBody, ResetBody, SkipBody } from "./order-bodies.ts";
import { type Order, type OrderOutcome, performOrder } from "./orders.ts";

/** The routes that change something: each reads an order, gives it, and says what came of it. */
export function createChangingApp(deps: OperatorDeps): Hono<OperatorEnv> {
  const app = new Hono<OperatorEnv>();

  const order = <Path extends string, Body>(
    method: "POST" | "DELETE",
    path: Path,
    schema: z.ZodType<Body>,
    read: (body: Body, ref: string) => Order,
  ) => {
    app.on(method, path, changesNeedCredential, async (c: Context<OperatorEnv>) => {
      const body = await readBody(c, schema);
      if (!body.ok) return fail(c, 400, body.error);
      return answer(c, deps, await performOrder(deps, read(body.value, c.req.param("ref") ?? "")));
    });
  };

  order("POST", "/api/hosts", RegisterBody, (body) => ({ type: "register", ...body }));
  order("DELETE", "/api/hosts/:ref", ResetBody, (body, host) => ({ type: "reset", host, ...body }));
  order("POST", "/api/hosts/:ref/reset", ResetBody, (body, host) => ({ type: "reset", host, ...body }));
  order("POST", "/api/hosts/:ref/rebuild", RebuildBody, ({ byHand }, host) => ({ type: "rebuild", host, byHand }));
  order("POST", "/api/hosts/:ref/approve", EmptyBody, (_, host) => ({ type: "approve", host }));
  order("POST", "/api/hosts/:ref/retry", EmptyBody, (_, host) => ({ type: "retry", host }));
  order("POST", "/api/hosts/:ref/mark-installed", EmptyBody, (_, host) => ({ type: "mark-installed", host }));
  order("POST", "/api/hosts/:ref/mode", ModeBody, ({ mode }, host) => ({ type: "mode", host, mode }));
  order("POST", "/api/slots/:ref/skip", SkipBody, ({ reason }, slot) => ({ type: "skip", slot, reason }));
  order("POST", "/api/slots/:ref/unskip", EmptyBody, (_, slot) => ({ type: "unskip", slot }));
  order("POST", "/api/rebuilds", RebuildsBody, (body) => ({ type: "rebuild-set", ...body }));
  order("POST", "/api/rebuilds/stop", EmptyBody, () => ({ type: "rebuild-set-stop" }));
  order("POST", "/api/rebuilds/resume", EmptyBody, () => ({ type: "rebuild-set-resume" }));
  order("POST", "/api/queue/pause", EmptyBody, () => ({ type: "pause" }));
  order("POST", "/api/queue/resume", EmptyBody, () => ({ type: "resume" }));

  app.post("/api/registrations/retry", changesNeedCredential, (c) => {
    const again = deps.registrations()?.retry() ?? 0;
    const message = again === 0 ? "none was given up" : `${again} will be tried again`;
    return c.json<OrderDone>({ done: again > 0, message, host: null, slot: null });
  });
  return app;
}

function answer(c: Context<OperatorEnv>, deps: OperatorDeps, outcome: OrderOutcome): Response | Promise<Response> {
  switch (outcome.type) {
    case "done":
    case "unchanged": {
      if (isForm(c)) return c.redirect(backOf(c), 303);
      const state = deps.queue.state;
      return c.json<OrderDone>({
        done: outcome.type === "done",
        message: outcome.message,
        host: outcome.host && hostView(state, outcome.host),
        slot: outcome.slot && slotView(state, outcome.slot),
      });
    }
    case "refused":
      return fail(c, 409, { error: outcome.message, hint: outcome.hint, reason: outcome.reason });
    case "invalid":
      return fail(c, 400, { error: outcome.message, hint: outcome.hint });
    case "not-found":
    case "ambiguous":
      return fail(c, 404, { error: outcome.message, hint: outcome.hint, reason: outcome.type });
  }
}
