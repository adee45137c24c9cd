import type { ClientRequest } from "node:http";
import { request as httpsRequest, type RequestOptions } from "node:https";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { jsonOf, wholeTextOf } from "../std/http-answer.ts";
import { err, ok, type Result } from "../std/result.ts";

export interface BmcRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** From the root of the server: `/redfish/v1/`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as JSON. Absent: none. */
  readonly body?: unknown;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface BmcAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** null: it is none. */
  readonly json: unknown;
  readonly text: string;
}

export interface BmcHttpError {
  /** `timed-out` and `cut-off`: the BMC may have done it all the same. */
  readonly type: "unreachable" | "timed-out" | "cut-off" | "wrong-certificate" | "aborted";
  readonly message: string;
}

/** What makes the other end the right one. */
export type ServerProof =
  | { readonly type: "fingerprint"; readonly sha256: string }
  | { readonly type: "ca"; readonly pem: string };

/** Sends one request over a connection of its own. Rejects never; nothing is sent before the certificate has proved right. */
export type BmcHttp = (request: BmcRequest) => Promise<Result<BmcAnswer, BmcHttpError>>;

export function bmcHttp(origin: URL, proof: ServerProof): BmcHttp {
  return ({ method, path, headers, body, timeoutMs, signal }) =>
    new Promise((resolve) => {
      const text = body === undefined ? null : JSON.stringify(body);
      const fail = (type: BmcHttpError["type"], message: string) => resolve(err({ type, message }));
      let isSent = false;
      const options: RequestOptions = {
        host: hostOf(origin),
        port: origin.port === "" ? 443 : Number(origin.port),
        method,
        path,
        headers: {
          Accept: "application/json",
          "OData-Version": "4.0",
          // Some BMCs choke on kept connections.
          Connection: "close",
          ...(text === null
            ? {}
            : { "Content-Type": "application/json", "Content-Length": String(Buffer.byteLength(text)) }),
          ...headers,
        },
        createConnection: (_, connected) => {
          provenSocket(origin, proof).then(
            (socket) => {
              isSent = true;
              connected(null, socket);
            },
            (cause: Error) => connected(cause, undefined as never),
          );
          return undefined as never;
        },
      };
      const asked = begun(options);
      if (asked === null) return fail("unreachable", "what it said before cannot be sent back to it");
      const timer = setTimeout(() => {
        fail("timed-out", `no answer within ${Math.round(timeoutMs / 1000)} s`);
        asked.destroy();
      }, timeoutMs);
      const abort = () => {
        fail("aborted", "given up");
        asked.destroy();
      };
      const finish = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", abort);
      };
      signal.addEventListener("abort", abort);
      if (signal.aborted) abort();
      asked.on("response", (answer) => {
        wholeTextOf(answer, SIZE_MAX).then(
          (text) => {
            const found = Object.entries(answer.headers).map(([name, value]) => [name, String(value)] as const);
            resolve(
              ok({ status: answer.statusCode ?? 0, headers: Object.fromEntries(found), json: jsonOf(text), text }),
            );
          },
          // What was resolved before stays: it was given up.
          (cause: Error) => fail("cut-off", cause.message),
        );
      });
      asked.on("error", (cause) => {
        if (cause instanceof WrongCertificate) fail("wrong-certificate", cause.message);
        else if (isSent) fail("cut-off", `the connection broke off: ${cause.message}`);
        else fail("unreachable", cause.message);
      });
      asked.on("close", finish);
      asked.end(text ?? undefined);
    });
}

/** null: a token or tag that a BMC gave out holds characters that no header may have. */
function begun(options: RequestOptions): ClientRequest | null {
  try {
    return httpsRequest(options);
  } catch {
    return null;
  }
}

const SIZE_MAX = 4 * 1024 * 1024;

class WrongCertificate extends Error {}

/** A connection whose other end has proved to be the BMC. Rejects with `WrongCertificate` when it is not. */
function provenSocket(origin: URL, proof: ServerProof): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const host = hostOf(origin);
    const options: ConnectionOptions = {
      host,
      port: origin.port === "" ? 443 : Number(origin.port),
      // BMCs of ten years ago know nothing newer, and have keys of 1024 bits; the pin is what counts.
      minVersion: "TLSv1",
      ciphers: "DEFAULT@SECLEVEL=0",
      // Expired and self-signed certificates are the rule, so a pinned one is compared below, and Node looks at nothing.
      rejectUnauthorized: proof.type === "ca",
      ...(proof.type === "ca" ? { ca: proof.pem } : {}),
      ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    };
    const socket = connect(options);
    const timer = setTimeout(() => socket.destroy(new Error("no connection within 20 s")), CONNECT_MS);
    socket.once("secureConnect", () => {
      clearTimeout(timer);
      const found = socket.getPeerCertificate().fingerprint256;
      if (proof.type === "ca" || found === proof.sha256) return resolve(socket);
      socket.destroy();
      reject(new WrongCertificate(`expected the certificate ${proof.sha256}, found ${found ?? "none"}`));
    });
    socket.once("error", (cause: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      const isAboutCertificate = CERTIFICATE_ERROR.test(cause.code ?? "");
      reject(isAboutCertificate ? new WrongCertificate(`${cause.message} (${cause.code})`) : cause);
    });
    socket.once("close", () => {
      clearTimeout(timer);
      reject(new Error("it closed the connection"));
    });
  });
}

const CONNECT_MS = 20_000;
const CERTIFICATE_ERROR = /CERT|SELF_SIGNED|ISSUER|SIGNATURE|TLS_CERT_ALTNAME/;

/** Without the brackets of an IPv6 address. */
function hostOf(origin: URL): string {
  return origin.hostname.replace(/^\[(.*)\]$/, "$1");
}
