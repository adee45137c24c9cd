import type { Context } from "hono";
import { installationOf } from "../boot/installation.ts";
import { ARMED, BEYOND_INSTALLING } from "../queue/host.ts";
import { REFUSALS } from "../queue/refusal.ts";
import { findHost } from "../queue/state.ts";
import { findHostByToken } from "./attempt-tokens.ts";
import { listed, type MachineAppParts, notes, statusOf, whyNoAnswer, whyNotFor } from "./machine-replies.ts";

/**
 * GET of one of the files that make up an answer. The decisive one moves the queue, and leaves only when that is on disk;
 * the others, and HEAD, move nothing. Nobody gets any of them but the machine whose install is armed.
 */
export async function serveAnswerFile(parts: MachineAppParts, c: Context): Promise<Response> {
  const { state } = parts.queue;
  const host = findHostByToken(state, c.req.param("token") ?? "");
  if (host === undefined)
    return notes(parts, null, "answer").refused(c, 404, "answer file", "no install is armed under this address");
  const note = notes(parts, host.bootMac, "answer");
  const stranger = whyNotFor(parts, c, host);
  if (stranger !== null) return note.refused(c, 403, "answer file", stranger);
  const install = installationOf(state, host, parts.site());
  if (install === null) return note.refused(c, 409, "answer file", "no install is armed for it");
  const { profile, slot, target, links } = install;
  const name = c.req.param("file") ?? "";
  if (profile.files === null || !profile.files.names.includes(name)) {
    const known = profile.files === null ? "none" : profile.files.names.join(", ");
    return note.refused(c, 404, "answer file", `profile ${slot.profile} has no such file; it has ${known}`);
  }
  if (!ARMED.has(host.state.type)) {
    const reason = BEYOND_INSTALLING.has(host.state.type)
      ? "already-installed"
      : host.state.type === "failed"
        ? "failed-before"
        : "not-armed";
    return note.refused(c, 409, name, REFUSALS[reason]);
  }
  const { macs, serial } = profile.files.identityOf(c.req.raw.headers);
  if (macs.length > 0 && !macs.some((mac) => host.macs.includes(mac)))
    return note.refused(c, 403, name, `none of its NICs (${macs.join(", ")}) is one of this host's`);
  // Made before the queue moves: an answer that the installer would refuse must not count as served.
  const files = profile.files.render(target, links);
  if (!files.ok) return note.refused(c, 409, name, `profile ${slot.profile}: ${listed(files.error)}`);
  const file = files.value.get(name);
  if (file === undefined) throw new Error(`the kind ${profile.kind} did not render its file ${name}`);
  const headers = { "Content-Type": file.contentType, "Cache-Control": "no-store" };
  if (c.req.method === "HEAD") return c.body(null, 200, headers);
  if (name === profile.files.decisive) {
    const named = macs.length > 0 ? macs : [host.bootMac];
    const verdict = await parts.queue.dispatch({
      type: "answer-fetched",
      host: host.id,
      macs: named,
      uuid: null,
      serial,
    });
    if (verdict.type === "refused")
      return note.refused(c, statusOf(verdict.reason), name, whyNoAnswer(parts.queue.state, host.id, verdict.reason));
    // A rebuild may have been under way to the disk: then the addresses in this file are void.
    if (findHost(parts.queue.state, host.id)?.attempt?.token !== links.token)
      return note.refused(c, 409, name, REFUSALS["wrong-token"]);
  }
  if (name === profile.files.decisive) note.answered(name, "the install begins");
  else notes(parts, host.bootMac, "part of an answer").answered(name, "");
  return c.body(typeof file.content === "string" ? file.content : Buffer.from(file.content), 200, headers);
}
