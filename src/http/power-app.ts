import { type Context, Hono } from "hono";
import type { Host, HostStateType } from "../queue/host.ts";
import { err, ok, type Result } from "../std/result.ts";
import type { PowerDone, PowerView } from "./contract.ts";
import type { OperatorDeps, OperatorEnv } from "./operator-deps.ts";
import { changesNeedCredential } from "./operator-gate.ts";
import { describeHost, resolveHost } from "./operator-references.ts";
import { backOf, fail, isForm, readBody } from "./operator-replies.ts";
import { PowerBody } from "./order-bodies.ts";

/** The way to the power switches of machines, for people. */
export interface PowerSwitches {
  /** null: the configuration does not say how its power is switched. */
  typeOf(host: Host): PowerView["type"] | null;
  read(host: Host): Promise<Result<Omit<PowerView, "type">, PowerFault>>;
  order(
    host: Host,
    action: PowerOrder,
  ): Promise<Result<{ readonly isSure: boolean; readonly words: string }, PowerFault>>;
}

export type PowerOrder = "on" | "off" | "off-now" | "cycle" | "pxe";

export interface PowerFault {
  readonly type: string;
  readonly message: string;
  readonly hint: string;
}

/** Looks at the power of a machine, and switches it. Looking takes a credential too: it costs its BMC a login. */
export function createPowerApp(deps: OperatorDeps): Hono<OperatorEnv> {
  const app = new Hono<OperatorEnv>();

  app.get("/api/hosts/:ref/power", needsCredential, async (c) => {
    const found = resolveHost(deps.queue.state, c.req.param("ref"));
    if (!found.ok)
      return fail(c, 404, { error: found.error.message, hint: found.error.hint, reason: found.error.type });
    const type = deps.power.typeOf(found.value);
    const read = await deps.power.read(found.value);
    if (!read.ok || type === null) return refuse(c, read.ok ? NOBODY : read.error);
    return c.json<PowerView>({ type, ...read.value });
  });

  app.post("/api/hosts/:ref/power", changesNeedCredential, async (c) => {
    const body = await readBody(c, PowerBody);
    if (!body.ok) return fail(c, 400, body.error);
    const found = resolveHost(deps.queue.state, c.req.param("ref"));
    if (!found.ok)
      return fail(c, 404, { error: found.error.message, hint: found.error.hint, reason: found.error.type });
    const { action, now, force } = body.value;
    const done = await switchPower(deps, found.value, action === "off" && now ? "off-now" : action, force);
    if (!done.ok) return refuse(c, done.error);
    if (isForm(c)) return c.redirect(backOf(c), 303);
    return c.json<PowerDone>(done.value);
  });

  return app;
}

/** Switches it, and leaves a note on its timeline. `force`: also while it may be writing its disks. */
export async function switchPower(
  { queue, power, tracer }: Pick<OperatorDeps, "queue" | "power" | "tracer">,
  host: Host,
  action: PowerOrder,
  force: boolean,
): Promise<Result<PowerDone, PowerFault>> {
  const name = describeHost(queue.state, host);
  const interrupts = action === "off" || action === "off-now" || action === "cycle";
  if (interrupts && UNDER_WAY.has(host.state.type) && !force) {
    const message = `refused to switch ${name}: it is ${host.state.type}, and may be writing its disks`;
    return err({ type: INSTALL_UNDER_WAY, message, hint: "wait for it, or add --force" });
  }
  const done = await power.order(host, action);
  const what = `power ${action === "off-now" ? "off" : action}`;
  const note = { mac: host.bootMac, road: "operator" } as const;
  if (!done.ok) {
    const why = [done.error.message, done.error.hint].filter(Boolean).join("; ");
    tracer.note({ ...note, outcome: "dropped", what: `${what} failed`, why });
    return done;
  }
  const { isSure, words } = done.value;
  tracer.note({ ...note, outcome: "noted", what, why: words });
  return ok({ message: `${name}: ${words}`, isSure });
}

/** Why it is refused only without force. */
export const INSTALL_UNDER_WAY = "install-under-way";

/** As for changes, but a page of ours may ask by GET, which no browser sends an Origin with. */
const needsCredential: typeof changesNeedCredential = (c, next) =>
  c.get("credential") === "session" ? next() : changesNeedCredential(c, next);

const NOBODY: PowerFault = { type: "unsupported", message: "nothing says how its power is switched", hint: "" };

/** States in which an installer, or what follows it, is at work. */
const UNDER_WAY: ReadonlySet<HostStateType> = new Set(["pxe_booted", "installing", "first_boot", "joining"]);

/** 409: we did not want to; 502: the BMC did not, or not as it should. */
function refuse(c: Context<OperatorEnv>, { type, message, hint }: PowerFault) {
  const status =
    type === "unsupported" || type === "wrong-machine" || type === "no-password" || type === INSTALL_UNDER_WAY
      ? 409
      : 502;
  return fail(c, status, { error: message, hint, reason: type });
}
