import { isIP } from "node:net";
import type { Context } from "hono";
import type { AttemptToken, Host } from "../queue/host.ts";
import type { StepReport } from "../queue/operation.ts";
import { REFUSALS } from "../queue/refusal.ts";
import { findHostByToken } from "./attempt-tokens.ts";
import { bodyOf, type MachineAppParts, notes, statusOf } from "./machine-replies.ts";

/**
 * How one step of a first boot goes: `{ "step": "01-packages", "outcome": "started", "text": "…" }`. It may be told any
 * number of times. A host that is ready, or failed, has no install under way any more; what it says then stands on its
 * timeline alone.
 */
export async function takeStepReport(parts: MachineAppParts, c: Context): Promise<Response> {
  const what = "step";
  const caller = callerOf(parts, c);
  if (caller === null) return notes(parts, null, "first boot").refused(c, 404, what, REFUSALS["wrong-token"]);
  const { host, token } = caller;
  const note = notes(parts, host.bootMac, "first boot");
  const report = readStepReport(await bodyOf(c), token);
  if (report === null)
    return note.refused(c, 400, what, `wanted {"step":"…","outcome":"${OUTCOMES.join("|")}","text":"…"}`);
  const verdict = await parts.queue.dispatch({ type: "step-reported", host: host.id, token, ...report });
  const late = verdict.type === "refused" && verdict.reason === "not-in-this-state";
  if (verdict.type === "refused" && !late)
    return note.refused(c, statusOf(verdict.reason), what, REFUSALS[verdict.reason]);
  if (verdict.type !== "unchanged") note.answered(`${what} ${report.step}: ${report.outcome}`, report.text);
  return c.text("thank you\n");
}

/** What an agent tells of the machine that it runs on: which boot it is tells "again" from "after a reboot". */
export function callerFacts(body: unknown): readonly string[] {
  const { boot_id: boot, addresses } = (typeof body === "object" && body !== null ? body : {}) as Record<
    string,
    unknown
  >;
  const known = Array.isArray(addresses) ? addresses.filter((one) => typeof one === "string" && isIP(one) > 0) : [];
  return [
    ...(typeof boot === "string" && /^[0-9a-f-]{36}$/.test(boot) ? [`boot ${boot}`] : []),
    ...(known.length > 0 ? [`at ${known.slice(0, 8).join(" ")}`] : []),
  ];
}

/** The host that the address names, if the token in it is that of its install; null: it is not. */
export function callerOf(
  parts: MachineAppParts,
  c: Context,
): { readonly host: Host; readonly token: AttemptToken } | null {
  const host = findHostByToken(parts.queue.state, c.req.param("token") ?? "");
  if (host === undefined || host.id !== c.req.param("id") || host.attempt === null) return null;
  return { host, token: host.attempt.token };
}

const OUTCOMES: readonly StepReport["outcome"][] = ["started", "noted", "succeeded", "failed", "skipped"];

function readStepReport(body: unknown, token: AttemptToken): StepReport | null {
  const { step, outcome, text } = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const known = OUTCOMES.find((one) => one === outcome);
  if (typeof step !== "string" || !/^[\w .:-]{1,80}$/.test(step) || known === undefined) return null;
  return { step, outcome: known, text: typeof text === "string" ? oneText(text, token) : "" };
}

/** The end of it, which tells most; what a step prints may hold an address of ours. */
export function oneText(text: string, token: AttemptToken): string {
  return text
    .replaceAll(token, "(hidden)")
    .slice(-TEXT_MAX)
    .replaceAll(/\p{C}+/gu, " ")
    .trim();
}

const TEXT_MAX = 500;
