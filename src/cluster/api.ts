import { request } from "node:http";
import { connect, type TLSSocket } from "node:tls";
import type { Clock, Instant } from "../std/clock.ts";
import { jsonOf, wholeTextOf } from "../std/http-answer.ts";
import { err, ok, type Result } from "../std/result.ts";
import { unreachable } from "../std/unreachable.ts";

/** The API of one node, with a ticket of root@pam: only that may create and join clusters; no API token can. */
export interface ProxmoxApi {
  readonly address: string;
  get(path: string): Promise<Result<unknown, ApiError>>;
  post(path: string, parameters: Readonly<Record<string, string>>): Promise<Result<unknown, ApiError>>;
  delete(path: string): Promise<Result<unknown, ApiError>>;
}

export type ApiError =
  | { readonly type: "unreachable"; readonly why: string }
  | { readonly type: "stalled" }
  | { readonly type: "wrong-certificate"; readonly found: string }
  | { readonly type: "login-refused"; readonly why: string }
  | { readonly type: "second-factor" }
  /** It answered, and said no. */
  | { readonly type: "refused"; readonly status: number; readonly why: string }
  | { readonly type: "aborted" };

export interface ApiTarget {
  readonly address: string;
  /** SHA-256 of its certificate. Nothing is sent, least of all a password, to a server that shows another. */
  readonly fingerprint: string;
  readonly password: string;
}

/** Logs in. Never rejects. */
export type OpenApi = (target: ApiTarget, signal: AbortSignal) => Promise<Result<ProxmoxApi, ApiError>>;

const ANSWER_MS = 30_000;
const BODY_BYTES_MAX = 4 * 1024 * 1024;
/** A ticket is valid for two hours. */
const TICKET_MS = 90 * 60_000;

export function proxmoxApis(port: number, clock: Clock): OpenApi {
  return async (target, signal) => {
    let ticket: Ticket | null = null;
    const login = async (): Promise<Result<Ticket, ApiError>> => {
      const fields = { username: "root@pam", password: target.password };
      const answer = await exchange(port, target, signal, { method: "POST", path: "/access/ticket", fields });
      if (!answer.ok) return answer;
      return readTicket(answer.value, clock.now());
    };
    const call = async (method: string, path: string, fields?: Readonly<Record<string, string>>) => {
      for (let tries = 0; ; tries++) {
        if (ticket === null || clock.now() - ticket.at > TICKET_MS) {
          const fresh = await login();
          if (!fresh.ok) return fresh;
          ticket = fresh.value;
        }
        const answer = await exchange(port, target, signal, { method, path, fields, ticket });
        if (!answer.ok) return answer;
        const { status, data, reason } = answer.value;
        if (status >= 200 && status < 300) return ok(data);
        // The ticket is void: too old, or the node has joined a cluster and has other keys now.
        if (status === 401 && tries === 0) ticket = null;
        else return err<ApiError>({ type: "refused", status, why: reason });
      }
    };
    const first = await login();
    if (!first.ok) return first;
    ticket = first.value;
    return ok({
      address: target.address,
      get: (path) => call("GET", path),
      post: (path, parameters) => call("POST", path, parameters),
      delete: (path) => call("DELETE", path),
    });
  };
}

export function describeApiError(error: ApiError, address: string): string {
  switch (error.type) {
    case "unreachable":
      return `the API of ${address} does not answer: ${error.why}`;
    case "stalled":
      return `the API of ${address} accepts the connection and then says nothing`;
    case "wrong-certificate":
      return `the API of ${address} shows another certificate than expected (${error.found}): another machine may have this address, or its certificate was renewed; nothing was sent to it`;
    case "login-refused":
      return `the API of ${address} refuses root's password (${error.why}): look at password_file and at the clocks`;
    case "second-factor":
      return `root has a second factor on ${address}, with which nobody can join through the API; use method = "ssh"`;
    case "refused":
      return `${address}: ${error.why}`;
    case "aborted":
      return "given up";
    default:
      return unreachable(error);
  }
}

interface Ticket {
  readonly cookie: string;
  readonly csrf: string;
  readonly at: Instant;
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly fields?: Readonly<Record<string, string>> | undefined;
  readonly ticket?: Ticket;
}

interface Reply {
  readonly status: number;
  readonly data: unknown;
  /** In its own words: the reason phrase, and what the body adds. */
  readonly reason: string;
}

function readTicket({ status, data, reason }: Reply, at: Instant): Result<Ticket, ApiError> {
  if (status === 401 || status === 403) return err({ type: "login-refused", why: reason });
  if (status < 200 || status >= 300) return err({ type: "refused", status, why: reason });
  const { ticket, CSRFPreventionToken: csrf, NeedTFA } = (data ?? {}) as Readonly<Record<string, unknown>>;
  // With a second factor the ticket is half a one, good for nothing but to show the other half.
  if (NeedTFA === 1 || NeedTFA === true || (typeof ticket === "string" && ticket.startsWith("PVE:!tfa!")))
    return err({ type: "second-factor" });
  if (typeof ticket !== "string" || typeof csrf !== "string") return err({ type: "login-refused", why: "no ticket" });
  return ok({ cookie: encodeURIComponent(ticket), csrf, at });
}

/** One request on a connection of its own: the certificate may be another one each time, and is looked at each time. */
async function exchange(
  port: number,
  target: ApiTarget,
  signal: AbortSignal,
  { method, path, fields, ticket }: Call,
): Promise<Result<Reply, ApiError>> {
  const opened = await openPinned(port, target, signal);
  if (!opened.ok) return opened;
  const socket = opened.value;
  const body = fields === undefined ? "" : new URLSearchParams(fields).toString();
  const headers: Record<string, string> = { Connection: "close", Accept: "application/json" };
  if (body !== "") headers["Content-Type"] = "application/x-www-form-urlencoded";
  if (body !== "" || method !== "GET") headers["Content-Length"] = String(Buffer.byteLength(body));
  if (ticket !== undefined) headers.Cookie = `PVEAuthCookie=${ticket.cookie}`;
  if (ticket !== undefined && method !== "GET") headers.CSRFPreventionToken = ticket.csrf;
  return await new Promise((resolve) => {
    const settle = (result: Result<Reply, ApiError>) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      socket.destroy();
      resolve(result);
    };
    const abort = () => settle(err({ type: "aborted" }));
    const timer = setTimeout(() => settle(err({ type: "stalled" })), ANSWER_MS);
    signal.addEventListener("abort", abort);
    const host = `${target.address}:${port}`;
    const asked = request({ method, path: `/api2/json${path}`, host, headers, createConnection: () => socket });
    asked.on("error", (error) => settle(err({ type: "unreachable", why: error.message })));
    asked.on("response", (response) => {
      const { statusCode: status = 0, statusMessage = "" } = response;
      wholeTextOf(response, BODY_BYTES_MAX).then(
        (text) => settle(ok(replyOf(status, statusMessage, text))),
        (cause: Error) => settle(err({ type: "unreachable", why: cause.message })),
      );
    });
    asked.end(body);
  });
}

function openPinned(port: number, target: ApiTarget, signal: AbortSignal): Promise<Result<TLSSocket, ApiError>> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(err({ type: "aborted" }));
    // Who it is, the fingerprint tells: the certificate is signed by an authority that the node made itself.
    const socket = connect({ host: target.address, port, rejectUnauthorized: false });
    const settle = (result: Result<TLSSocket, ApiError>) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      if (!result.ok) socket.destroy();
      resolve(result);
    };
    const abort = () => settle(err({ type: "aborted" }));
    const timer = setTimeout(() => settle(err({ type: "stalled" })), ANSWER_MS);
    signal.addEventListener("abort", abort);
    socket.on("error", (error) => settle(err({ type: "unreachable", why: error.message })));
    socket.on("close", () => settle(err({ type: "unreachable", why: "it hung up" })));
    socket.once("secureConnect", () => {
      const found = socket.getPeerCertificate().fingerprint256 ?? "none";
      if (plain(found) === plain(target.fingerprint)) settle(ok(socket));
      else settle(err({ type: "wrong-certificate", found }));
    });
  });
}

function plain(fingerprint: string): string {
  return fingerprint.replaceAll(":", "").toUpperCase();
}

function replyOf(status: number, reason: string, text: string): Reply {
  const parsed = jsonOf(text);
  // Errors of the proxy before it are no JSON.
  const body = (typeof parsed === "object" && parsed !== null ? parsed : {}) as Readonly<Record<string, unknown>>;
  const errors = typeof body.errors === "object" && body.errors !== null ? Object.entries(body.errors) : [];
  const details = errors.map(([key, message]) => `${key}: ${String(message)}`);
  const message = typeof body.message === "string" ? body.message.trim() : "";
  const words = [reason, message === reason ? "" : message, ...details].filter((part) => part !== "");
  return { status, data: body.data, reason: `${words.join("; ").slice(0, 500)} (${status})` };
}
