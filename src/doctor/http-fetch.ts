import { request } from "node:http";
import { err, ok, type Result } from "../std/result.ts";
import type { FetchFailure } from "./fetched.ts";

/** Which octets, both included, as in RFC 9110 §14.1.2. */
export interface HttpRange {
  readonly first: number;
  readonly last: number;
}

/** A part of one file as a loader fetches it. Never rejects; ends within `patienceMs`. */
export function fetchByHttp(
  address: string,
  port: number,
  path: string,
  { first, last }: HttpRange,
  patienceMs: number,
): Promise<Result<Buffer, FetchFailure>> {
  return new Promise((resolve) => {
    const headers = { range: `bytes=${first}-${last}` };
    const signal = AbortSignal.timeout(patienceMs);
    const outgoing = request({ host: address, port, path, headers, signal, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      const status = response.statusCode ?? 0;
      if (status !== 206) {
        const why = status === 200 ? "it does not know ranges, which loaders need" : `status ${status}`;
        resolve(err({ type: "denied", words: why }));
        outgoing.destroy();
        return;
      }
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve(ok(Buffer.concat(chunks))));
      response.on("error", (cause) => resolve(err(failureOf(cause))));
    });
    outgoing.on("error", (cause) => resolve(err(failureOf(cause))));
    outgoing.end();
  });
}

function failureOf(cause: NodeJS.ErrnoException): FetchFailure {
  if (cause.code === "ECONNREFUSED") return { type: "refused" };
  if (cause.name === "AbortError" || cause.name === "TimeoutError" || cause.code === "ETIMEDOUT")
    return { type: "silent" };
  return { type: "denied", words: cause.message };
}
