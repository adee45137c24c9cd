import type { IncomingMessage } from "node:http";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { renderBootScript, renderLocalBootScript } from "../boot/boot-script.ts";
import { type BootTurn, takeBootTurn } from "../boot/boot-turn.ts";
import { hasOnlyOurAddresses, IGNORED } from "../boot/dhcp-mode.ts";
import { type Installation, installationOf } from "../boot/installation.ts";
import { typeByProduct } from "../boot/machine-settings.ts";
import { type Menu, mayChoose, renderMenu } from "../boot/menu.ts";
import { type MacAddress, parseMacAddress } from "../net/mac-address.ts";
import type { SystemUuid } from "../net/system-uuid.ts";
import type { AnswerRequest, InstallReport } from "../profiles/kind.ts";
import type { Profile } from "../profiles/profiles.ts";
import { phoneCallInventory } from "../profiles/simple-report.ts";
import { ARMED, type AttemptToken, BEYOND_INSTALLING, type Host } from "../queue/host.ts";
import { identityWords } from "../queue/identity.ts";
import { REFUSALS } from "../queue/refusal.ts";
import { findHost, findHostByMac, type QueueState, slotOf } from "../queue/state.ts";
import { err } from "../std/result.ts";
import { unreachable } from "../std/unreachable.ts";
import { serveAnswerFile } from "./answer-files.ts";
import { findHostByToken } from "./attempt-tokens.ts";
import { callerFacts, takeStepReport } from "./first-boot-reports.ts";
import { takeFailureReport, takeProgress } from "./install-progress.ts";
import { serveJoinTurn, takeJoinResult } from "./join-reports.ts";
import { bodyOf, listed, type MachineAppParts, notes, statusOf, whyNoAnswer, whyNotFor } from "./machine-replies.ts";

/**
 * What machines ask while they boot and install. Every refusal is one line of text, because the Proxmox installer
 * shows it on the machine's screen; success is always 200 with a body and never a redirect: the installer takes
 * nothing else (proxmox-fetch-answer, proxmox-post-hook).
 */
export function createMachineApp(parts: MachineAppParts): Hono {
  const app = new Hono();
  const unknown = notes(parts, null, "unknown");
  const tooLong = `the request is longer than ${BODY_MAX} octets`;
  const refuse = (c: Context) => unknown.refused(c, 413, c.req.method, tooLong);
  const counted = bodyLimit({ maxSize: BODY_MAX, onError: refuse });
  app.use(async (c, next) => {
    const length = declaredLength(c);
    if (length === null) return await counted(c, next);
    return length > BODY_MAX ? refuse(c) : await next();
  });
  app.get("/ipxe/:mac", (c) => (c.req.method === "HEAD" ? lookForBootScript(parts, c) : serveBootScript(parts, c)));
  app.post("/api/boot/answer", (c) => serveAnswer(parts, c, null));
  app.post("/api/boot/answer/:token", (c) => serveAnswer(parts, c, c.req.param("token")));
  app.get("/api/boot/answer/:token/:file", (c) => serveAnswerFile(parts, c));
  app.on(["GET", "POST"], "/api/hosts/:id/progress/:token", (c) => takeProgress(parts, c));
  app.on(["GET", "POST"], "/api/hosts/:id/failed/:token", (c) => takeFailureReport(parts, c));
  app.post("/api/hosts/:id/installed", (c) => takeInstallReport(parts, c, null));
  app.on(["GET", "POST"], "/api/hosts/:id/installed/:token", (c) => takeInstallReport(parts, c, c.req.param("token")));
  app.get("/api/hosts/:id/first-boot-script/:token", (c) => serveFirstBootScript(parts, c));
  app.post("/api/hosts/:id/phone-home/:token", (c) => takePhoneCall(parts, c));
  app.post("/api/hosts/:id/steps/:token", (c) => takeStepReport(parts, c));
  app.post("/api/hosts/:id/turn/:token", (c) => serveJoinTurn(parts, c));
  app.post("/api/hosts/:id/joined/:token", (c) => takeJoinResult(parts, c));
  app.notFound((c) => unknown.refused(c, 404, c.req.method, `nothing here is called ${pathOf(c)}`));
  app.onError((error, c) => {
    // What it says may hold a part of the request, so it goes to the operator and not to the machine.
    const fields = { status: 500, from: parts.remoteAddress(c) ?? "unknown" };
    parts.tracer.note({ mac: null, road: "http", outcome: "dropped", what: c.req.method, why: String(error), fields });
    return c.text("this request could not be answered; the appliance's timeline says why\n", 500);
  });
  return app;
}

/**
 * Of the body, which Node ends there. null: it is not said, and has to be counted. Asked of Node's own request, because
 * to the framework's a body is a stream, which costs more than all the rest of an answer file.
 */
function declaredLength(c: Context): number | null {
  const { incoming } = (c.env ?? {}) as { readonly incoming?: IncomingMessage };
  if (incoming === undefined || incoming.headers["transfer-encoding"] !== undefined) return null;
  return Number(incoming.headers["content-length"] ?? 0);
}

/** A report of ten disks and eight NICs has 24 kB. */
const BODY_MAX = 4 * 1024 * 1024;

async function serveBootScript(parts: MachineAppParts, c: Context): Promise<Response> {
  const mac = parseMacAddress(c.req.param("mac") ?? "");
  if (!mac.ok) {
    const wanted = "wanted /ipxe/MAC with a hardware address such as 52-54-00-ab-cd-ef";
    return notes(parts, null, "boot script").refused(c, 400, "boot script", wanted);
  }
  const note = notes(parts, mac.value, "boot script");
  const turn = await takeBootTurn(parts, mac.value, parts.remoteAddress(c));
  const { menu } = parts.site();
  switch (turn.type) {
    case "refused":
      if (menu !== null && mayChoose(findHostByMac(parts.queue.state, mac.value)))
        return serveMenu(parts, c, menu, mac.value, turn.why);
      return note.refused(c, TURN_STATUS[turn.reason], "boot script", turn.why);
    case "local-disk":
      if (menu !== null && turn.reason !== IGNORED && mayChoose(turn.host))
        return serveMenu(parts, c, menu, turn.host?.bootMac ?? mac.value, turn.reason);
      return serveLocalBoot(parts, c, turn.host?.bootMac ?? mac.value, turn);
    case "install": {
      const { slot, profile, target, links } = turn.install;
      note.answered("boot script", `profile ${slot.profile}`);
      return c.text(renderBootScript(profile.bootPlan(target, links), `${slot.hostname} at ${slot.address}`));
    }
    default:
      return unreachable(turn);
  }
}

/** For a machine that is to install nothing: what it may choose from, where the operator wants that. */
function serveMenu(parts: MachineAppParts, c: Context, menu: Menu, mac: MacAddress, reason: string): Response {
  notes(parts, mac, "menu").answered("menu", reason);
  return c.text(renderMenu(menu, reason, parts.site().urls));
}

/** HEAD: whether there is one; it takes no slot and moves nothing, whoever asks. */
function lookForBootScript(parts: MachineAppParts, c: Context): Response {
  const mac = parseMacAddress(c.req.param("mac") ?? "");
  const isKnown = mac.ok && findHostByMac(parts.queue.state, mac.value) !== undefined;
  return c.body(null, isKnown ? 200 : 404, { "Content-Type": "text/plain; charset=UTF-8" });
}

const TURN_STATUS = { "unknown-host": 404, "wrong-address": 403, "no-profile": 409 } as const;

/** For a host that is not to be installed: it goes on to its own disk. */
function serveLocalBoot(
  parts: MachineAppParts,
  c: Context,
  mac: MacAddress,
  { host, reason }: Extract<BootTurn, { type: "local-disk" }>,
): Response {
  const isProvisioned = host !== undefined && BEYOND_INSTALLING.has(host.state.type);
  const what = isProvisioned && parts.provisioned === "local-boot" ? "boot script to its own disk" : "no installer";
  notes(parts, mac, "own disk").answered(what, reason);
  return c.text(renderLocalBootScript(reason));
}

async function serveAnswer(parts: MachineAppParts, c: Context, token: string | null): Promise<Response> {
  const body = await bodyOf(c);
  const { state } = parts.queue;
  let host = token === null ? undefined : findHostByToken(state, token);
  const anonymous = notes(parts, null, "answer");
  if (token !== null && host === undefined)
    return anonymous.refused(c, 404, "answer file", "no install is armed under this address");
  const profile = host === undefined ? undefined : profileOf(parts, host);
  const request = readRequest(parts, profile, body);
  if (!request.ok)
    return anonymous.refused(c, 400, "answer file", `the request cannot be read: ${listed(request.error)}`);
  if (host === undefined) host = armedHostOf(state, request.value);
  if (host === undefined)
    return anonymous.refused(c, 404, "answer file", `no install is armed for ${request.value.macs.join(", ")}`);
  const note = notes(parts, host.bootMac, "answer");
  const stranger = whyNotFor(parts, c, host);
  if (stranger !== null) return note.refused(c, 403, "answer file", stranger);
  // Beside another DHCP server nobody but the image can tell the installer its address, and that is one for all.
  if (token === null && hasOnlyOurAddresses(host, parts.mode)) return note.refused(c, 403, "answer file", NO_TOKEN);
  const install = installationOf(state, host, parts.site(), request.value.product);
  if (install === null) return note.refused(c, 409, "answer file", "no install is armed for it");
  // Made before the queue moves: an answer that the installer would refuse must not count as served.
  const key = (await parts.joinKeys?.publicKeyFor(host)) ?? null;
  const target = key === null ? install.target : { ...install.target, ephemeralSshKey: key };
  const answer = install.profile.answer(target, install.links, request.value);
  if (!answer.ok)
    return note.refused(c, 409, "answer file", `profile ${install.slot.profile}: ${listed(answer.error)}`);
  if (install.profile.files !== null)
    return note.refused(c, 409, "answer file", `profile ${install.slot.profile} is for another installer`);
  const { macs, serial, boardSerial = null, nics = null } = request.value;
  const uuid =
    request.value.uuid !== null && parts.site().bogusUuids.has(request.value.uuid) ? null : request.value.uuid;
  if (key !== null) await parts.joinKeys?.leaves(host);
  const serverType = typeByProduct(parts.site().machines, host, request.value.product);
  const asked = { type: "answer-fetched", host: host.id, macs, uuid, serial, boardSerial, nics, serverType } as const;
  const verdict = await parts.queue.dispatch(asked);
  if (verdict.type === "refused") {
    const why = whyNoAnswer(parts.queue.state, host.id, verdict.reason);
    return note.refused(c, statusOf(verdict.reason), "answer file", why);
  }
  // A rebuild may have been under way to the disk: then this answer's addresses are void, and the machine must not be
  // wiped for an install that could never report its end.
  if (findHost(parts.queue.state, host.id)?.attempt?.token !== install.links.token)
    return note.refused(c, 409, "answer file", REFUSALS["wrong-token"]);
  note.answered("answer file", request.value.release === null ? "" : `installer release ${request.value.release}`);
  return c.body(answer.value.text, 200, { "Content-Type": answer.value.contentType, "Cache-Control": "no-store" });
}

const NO_TOKEN =
  "this address lacks the token of its install; the installer is told the whole address by DHCP (option 250), so take the fixed one out of its image";

async function takeInstallReport(parts: MachineAppParts, c: Context, token: string | null): Promise<Response> {
  const host = findHost(parts.queue.state, (c.req.param("id") ?? "") as Host["id"]);
  const what = "installation report";
  if (host === undefined) return notes(parts, null, "report").refused(c, 404, what, "no such host");
  const note = notes(parts, host.bootMac, "report");
  const profile = profileOf(parts, host);
  if (profile === undefined) return note.refused(c, 409, what, "its profile is not in the configuration any more");
  // Only shells report by GET, and only kinds whose files they come from.
  if (c.req.method !== "POST" && profile.files === null && profile.script() === null)
    return note.refused(c, 404, what, "this installer reports by POST");
  const report = profile.readInstallReport(await bodyOf(c));
  if (!report.ok) return note.refused(c, 400, what, `the report cannot be read: ${listed(report.error)}`);
  const { macs, inventory } = report.value;
  const proof = token ?? report.value.token;
  if (proof === null || findHostByToken(parts.queue.state, proof)?.id !== host.id)
    return note.refused(c, 404, what, REFUSALS["wrong-token"]);
  if (macs.length > 0 && !macs.some((mac) => host.macs.includes(mac))) {
    return note.refused(
      c,
      409,
      what,
      `it tells of another machine: none of its NICs (${macs.join(", ")}) is one of this host's`,
    );
  }
  const other = whyOtherMachine(host, report.value, parts.site().bogusUuids);
  if (other !== null) return note.refused(c, 409, what, other);
  if (c.req.method === "HEAD") return c.text("");
  const verdict = await parts.queue.dispatch({
    type: "install-reported",
    host: host.id,
    token: proof as AttemptToken,
    inventory,
  });
  if (verdict.type === "refused") return note.refused(c, statusOf(verdict.reason), what, REFUSALS[verdict.reason]);
  note.answered(what, inventory.system ?? "");
  return c.text("thank you\n");
}

/** null: what the report says of the machine fits the one that the answer file was served to. */
function whyOtherMachine(host: Host, report: InstallReport, bogusUuids: ReadonlySet<SystemUuid>): string | null {
  if (host.identity === null) return null;
  const { serial = null, inventory } = report;
  const uuid = report.uuid !== null && bogusUuids.has(report.uuid) ? null : report.uuid;
  const seen = { uuid, serial, boardSerial: inventory.board.boardSerial, nics: null };
  const words = identityWords({ was: host.identity, seen });
  return words === "" ? null : `it tells of another machine: ${words}`;
}

function serveFirstBootScript(parts: MachineAppParts, c: Context): Response {
  const found = installationUnder(parts, c);
  const what = "first-boot script";
  if (found === null) return notes(parts, null, "first boot").refused(c, 404, what, REFUSALS["wrong-token"]);
  const note = notes(parts, found.host.bootMac, "first boot");
  const script = found.profile.firstBootScript(found.target, found.links);
  if (script === null) return note.refused(c, 404, what, `profile ${found.slot.profile} has none`);
  note.answered(what, "");
  return c.body(script, 200, { "Content-Type": "text/x-shellscript; charset=utf-8", "Cache-Control": "no-store" });
}

/** Body, all of it optional: `{ "status": "started" | "finished" | "failed", "reason": "…" }`; without one: finished. */
async function takePhoneCall(parts: MachineAppParts, c: Context): Promise<Response> {
  const found = installationUnder(parts, c);
  const what = "phone-home";
  if (found === null) return notes(parts, null, "first boot").refused(c, 404, what, REFUSALS["wrong-token"]);
  const { host } = found;
  const note = notes(parts, host.bootMac, "first boot");
  const body = await bodyOf(c);
  const { status, reason } = readPhoneCall(body);
  const token = host.attempt?.token ?? ("" as AttemptToken);
  // It says so twice where it gave up a step that had to end its install already.
  if (status === "failed" && host.state.type === "failed") return c.text("thank you\n");
  let verdict = await parts.queue.dispatch({ type: "phoned-home", host: host.id, token });
  if (verdict.type !== "refused" && status === "finished") {
    verdict = await parts.queue.dispatch({ type: "first-boot-finished", host: host.id, token });
  }
  if (verdict.type !== "refused" && status === "failed") {
    verdict = await parts.queue.dispatch({
      type: "first-boot-failed",
      host: host.id,
      token,
      reason: `first boot: ${reason}`,
    });
  }
  const inventory = phoneCallInventory(body);
  if (verdict.type !== "refused" && inventory !== null && status !== "failed") {
    verdict = await parts.queue.dispatch({ type: "install-reported", host: host.id, token, inventory });
  }
  if (verdict.type === "refused") return note.refused(c, statusOf(verdict.reason), what, REFUSALS[verdict.reason]);
  const told = status === "failed" ? `failed: ${reason}` : status;
  note.answered(what, [told, ...callerFacts(body)].join(", "));
  return c.text("thank you\n");
}

function readPhoneCall(body: unknown): { status: "started" | "finished" | "failed"; reason: string } {
  const call = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const status = call.status === "started" || call.status === "failed" ? call.status : "finished";
  const reason =
    typeof call.reason === "string"
      ? call.reason
          .slice(0, 500)
          .replaceAll(/\p{C}+/gu, " ")
          .trim()
      : "";
  return { status, reason: reason === "" ? "no reason given" : reason };
}

/** For one line of text, and without a token, which some of our own addresses end with. */
function pathOf(c: Context): string {
  return c.req.path
    .slice(0, 100)
    .replaceAll(/[^\x21-\x7e]/g, "?")
    .replaceAll(/[\w-]{24,}/g, "...");
}

function installationUnder(parts: MachineAppParts, c: Context): Installation | null {
  const host = findHostByToken(parts.queue.state, c.req.param("token") ?? "");
  if (host === undefined || host.id !== c.req.param("id")) return null;
  return installationOf(parts.queue.state, host, parts.site());
}

function profileOf(parts: MachineAppParts, host: Host) {
  const slot = slotOf(parts.queue.state, host);
  return slot && parts.site().profiles.get(slot.profile);
}

/** Without a token nobody knows yet which installer asks: whichever kind of profile can read it. */
function readRequest(parts: MachineAppParts, profile: Profile | undefined, body: unknown) {
  const profiles = profile === undefined ? [...parts.site().profiles.values()] : [profile];
  const read = profiles.map((candidate) => candidate.readAnswerRequest(body));
  const none = err([{ path: "", message: "no profile is configured" }]);
  return read.find((request) => request.ok) ?? read[0] ?? none;
}

/** Without a token the addresses have to tell: exactly one armed host must have one of them. */
function armedHostOf(state: QueueState, request: AnswerRequest): Host | undefined {
  const armed = state.hosts.filter(
    (host) => ARMED.has(host.state.type) && request.macs.some((mac) => host.macs.includes(mac)),
  );
  return armed.length === 1 ? armed[0] : undefined;
}
