import type { Context } from "hono";
import type { InstallProgress } from "../profiles/kind.ts";
import { EMPTY_INVENTORY } from "../profiles/simple-report.ts";
import type { Host } from "../queue/host.ts";
import type { Operation } from "../queue/operation.ts";
import { REFUSALS } from "../queue/refusal.ts";
import { slotOf } from "../queue/state.ts";
import { findHostByToken } from "./attempt-tokens.ts";
import { bodyOf, type MachineAppParts, notes, statusOf } from "./machine-replies.ts";

/**
 * A message of an installer that tells what it is doing. Such an installer waits for the answer with its work, without
 * a limit of time (curtin's webhook), so steps are answered before they are on disk; how the install ended is not.
 */
export async function takeProgress(parts: MachineAppParts, c: Context): Promise<Response> {
  const host = hostOf(parts, c);
  const what = "progress";
  if (host === undefined) return notes(parts, null, "progress").refused(c, 404, what, REFUSALS["wrong-token"]);
  const note = notes(parts, host.bootMac, "progress");
  const end = notes(parts, host.bootMac, "report");
  const slot = slotOf(parts.queue.state, host);
  const profile = slot && parts.site().profiles.get(slot.profile);
  if (profile === undefined) return note.refused(c, 409, what, "its profile is not in the configuration any more");
  const progress = profile.readProgress(await bodyOf(c));
  const token = host.attempt?.token;
  if (progress === null || token === undefined || c.req.method === "HEAD") return c.text("thank you\n");
  switch (progress.type) {
    case "step": {
      if (isOld(host.operations.at(-1), progress, token)) return c.text("thank you\n");
      const { step, outcome } = progress;
      const text = withoutToken(progress.text, token);
      note.answered(what, `${step}: ${outcome}${text === "" ? "" : ` (${text})`}`);
      // Only a store that is broken rejects, and then the daemon stops by itself.
      parts.queue.dispatch({ type: "step-reported", host: host.id, token, step, outcome, text }).catch(() => {});
      return c.text("thank you\n");
    }
    case "installed": {
      const event = { type: "install-reported", host: host.id, token, inventory: EMPTY_INVENTORY } as const;
      const verdict = await parts.queue.dispatch(event);
      if (verdict.type === "refused") return end.refused(c, statusOf(verdict.reason), what, REFUSALS[verdict.reason]);
      end.answered(what, "installed");
      return c.text("thank you\n");
    }
    case "failed":
      return takeFailure(parts, c, host, progress.reason);
  }
}

/** For shells: `reason` in the query or in a form or JSON, or a text as the body, of which the end counts. */
export async function takeFailureReport(parts: MachineAppParts, c: Context): Promise<Response> {
  const host = hostOf(parts, c);
  const what = "failure report";
  if (host === undefined) return notes(parts, null, "unknown").refused(c, 404, what, REFUSALS["wrong-token"]);
  if (c.req.method === "HEAD") return c.text("");
  const text = c.req.method === "POST" ? await c.req.text() : "";
  const body = await bodyOf(c);
  const reason = typeof body === "object" && body !== null ? (body as Record<string, unknown>).reason : text;
  return takeFailure(parts, c, host, typeof reason === "string" ? oneLine(reason) : "");
}

async function takeFailure(parts: MachineAppParts, c: Context, host: Host, said: string): Promise<Response> {
  const note = notes(parts, host.bootMac, "unknown");
  const token = host.attempt?.token;
  if (token === undefined) return note.refused(c, 404, "failure report", REFUSALS["wrong-token"]);
  const told = said === "" ? lastFailure(host.operations.at(-1)) : withoutToken(said, token);
  const reason = `the installer: ${told === "" ? "an error, and no more" : told}`;
  const verdict = await parts.queue.dispatch({ type: "install-failed", host: host.id, token, reason });
  if (verdict.type === "refused")
    return note.refused(c, statusOf(verdict.reason), "failure report", REFUSALS[verdict.reason]);
  note.answered("failure report", reason);
  return c.text("thank you\n");
}

/** The host that is named, if the token is of its install. */
function hostOf(parts: MachineAppParts, c: Context): Host | undefined {
  const host = findHostByToken(parts.queue.state, c.req.param("token") ?? "");
  return host?.id === c.req.param("id") ? host : undefined;
}

/** A repeat, or a message that was overtaken by the end of its step. */
function isOld(
  operation: Operation | undefined,
  news: Extract<InstallProgress, { type: "step" }>,
  token: string,
): boolean {
  const before = operation?.steps.findLast(({ name }) => name === news.step);
  if (before === undefined) return false;
  const isEnd = news.outcome !== "started" && news.outcome !== "noted";
  if (before.ended !== null) return !(isEnd && before.ended.outcome !== "failed" && news.outcome === "failed");
  return !isEnd && (news.text === "" || before.notes.some(({ text }) => text === withoutToken(news.text, token)));
}

function lastFailure(operation: Operation | undefined): string {
  const step = operation?.steps.findLast(({ ended }) => ended?.outcome === "failed");
  return step === undefined ? "" : `${step.name}: ${step.notes.at(-1)?.text ?? "failed"}`;
}

/** Installers repeat the commands that they were given, and the addresses in them. */
function withoutToken(text: string, token: string): string {
  return text.replaceAll(token, "(hidden)");
}

/** Long texts are logs, whose end tells most. */
function oneLine(text: string): string {
  return text
    .slice(-REASON_MAX)
    .replaceAll(/\p{C}+/gu, " ")
    .trim();
}

const REASON_MAX = 400;
