import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { jsonOf, wholeTextOf } from "../std/http-answer.ts";
import { err, ok, type Result } from "../std/result.ts";

export interface JsonRequest {
  readonly method: "GET" | "POST" | "PATCH";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** As it is sent. Absent: none. */
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface JsonAnswer {
  readonly status: number;
  /** null: it is none. */
  readonly json: unknown;
  readonly text: string;
}

/** Sends one request. The error says in words why there is no whole answer. Rejects never, and follows no redirect. */
export type SendJson = (request: JsonRequest) => Promise<Result<JsonAnswer, string>>;

/** `caPem`: whom to trust besides the system's authorities; null: nobody. */
export function jsonSender(caPem: string | null, timeoutMs = TIMEOUT_MS): SendJson {
  return ({ method, url, headers, body, signal }) =>
    new Promise((resolve) => {
      const open = url.protocol === "https:" ? httpsRequest : httpRequest;
      const options = {
        method,
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        headers: {
          Accept: "application/json",
          "User-Agent": "bootqueue",
          ...(body === undefined
            ? {}
            : { "Content-Type": "application/json", "Content-Length": String(Buffer.byteLength(body)) }),
          ...headers,
        },
        ...(caPem === null ? {} : { ca: caPem }),
      };
      const failed = (cause: Error) => resolve(err(whyFailed(cause, signal, timeoutMs)));
      const asked = open(url, options, (answer) => {
        wholeTextOf(answer, SIZE_MAX).then(
          (text) => resolve(ok({ status: answer.statusCode ?? 0, json: jsonOf(text), text })),
          failed,
        );
      });
      asked.on("error", failed);
      asked.end(body);
    });
}

const TIMEOUT_MS = 20_000;
const SIZE_MAX = 4 << 20;

function whyFailed(cause: Error, signal: AbortSignal, timeoutMs: number): string {
  if (signal.aborted) return "given up";
  if (cause.name === "AbortError" || cause.name === "TimeoutError") return `no answer within ${timeoutMs / 1000} s`;
  return cause.message === "" ? ((cause as NodeJS.ErrnoException).code ?? cause.name) : cause.message;
}
