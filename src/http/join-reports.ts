import type { Context } from "hono";
import { takeJoinTurn } from "../boot/join-turn.ts";
import { flowOf } from "../queue/installing.ts";
import { REFUSALS } from "../queue/refusal.ts";
import { findHost } from "../queue/state.ts";
import { unreachable } from "../std/unreachable.ts";
import { callerOf, oneText } from "./first-boot-reports.ts";
import { bodyOf, type MachineAppParts, notes, statusOf } from "./machine-replies.ts";

/**
 * The agent asks whether it is its host's turn to join. The answer is lines of plain text, since a shell reads them:
 * `wait SECONDS` with `why …`, `member`, `refused` with `why …`, or `bootstrap` or `join` with what to do.
 */
export async function serveJoinTurn(parts: MachineAppParts, c: Context): Promise<Response> {
  const what = "turn to join";
  const caller = callerOf(parts, c);
  if (caller === null) return notes(parts, null, "first boot").refused(c, 404, what, REFUSALS["wrong-token"]);
  const note = notes(parts, caller.host.bootMac, "first boot");
  const { httpClusters } = parts.site();
  const turn = await takeJoinTurn({ queue: parts.queue, httpClusters }, caller.host.id, caller.token);
  switch (turn.type) {
    case "wait":
      return c.text(`wait ${turn.seconds}\nwhy ${turn.why}\n`);
    case "member":
      return c.text("member\n");
    case "refused":
      if (!turn.forGood) return note.refused(c, 409, what, turn.why);
      note.answered(`${what} refused`, turn.why);
      return c.text(`refused\nwhy ${turn.why}\n`);
    case "bootstrap":
    case "join":
      note.answered(what, turn.type === "bootstrap" ? "it begins the cluster" : "it joins");
      return c.text(turn.plan, 200, { "Cache-Control": "no-store" });
    default:
      return unreachable(turn);
  }
}

/** How the join went, of a host that did it by itself: `{ "outcome": "succeeded" | "failed", "reason": "…" }`. */
export async function takeJoinResult(parts: MachineAppParts, c: Context): Promise<Response> {
  const what = "end of the join";
  const caller = callerOf(parts, c);
  if (caller === null) return notes(parts, null, "first boot").refused(c, 404, what, REFUSALS["wrong-token"]);
  const note = notes(parts, caller.host.bootMac, "first boot");
  const body = await bodyOf(c);
  const { outcome, reason } = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  if (outcome !== "succeeded" && outcome !== "failed")
    return note.refused(c, 400, what, 'wanted {"outcome":"succeeded|failed","reason":"…"}');
  const { queue } = parts;
  const cluster = flowOf(queue.state, caller.host, queue.rules).cluster;
  if (cluster === null || !parts.site().httpClusters.has(cluster))
    return note.refused(c, 409, what, "whether it has joined its cluster is for the appliance to find out");
  const host = findHost(queue.state, caller.host.id)?.state.type;
  if (host === "ready" && outcome === "succeeded") return c.text("thank you\n");
  const why = typeof reason === "string" ? oneText(reason, caller.token) : "";
  const verdict = await queue.dispatch(
    outcome === "succeeded"
      ? { type: "join-succeeded", host: caller.host.id }
      : { type: "join-failed", host: caller.host.id, reason: why === "" ? "its agent could not join it" : why },
  );
  if (verdict.type === "refused") return note.refused(c, statusOf(verdict.reason), what, REFUSALS[verdict.reason]);
  note.answered(`${what}: ${outcome}`, why);
  return c.text("thank you\n");
}
