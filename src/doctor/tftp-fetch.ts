import tftp from "tftp";
import { err, ok, type Result } from "../std/result.ts";
import type { FetchFailure } from "./fetched.ts";

/** One file as a client that is not ours gets it, in memory. Never rejects; ends within `patienceMs`. */
export function fetchByTftp(
  address: string,
  port: number,
  file: string,
  patienceMs: number,
): Promise<Result<Buffer, FetchFailure>> {
  return new Promise((resolve) => {
    const retries = 2;
    const timeout = Math.floor(patienceMs / (retries + 2));
    const stream = tftp.createClient({ host: address, port, retries, timeout }).createGetStream(file);
    const chunks: Buffer[] = [];
    let isDone = false;
    const end = (result: Result<Buffer, FetchFailure>) => {
      if (isDone) return;
      isDone = true;
      clearTimeout(timer);
      resolve(result);
    };
    const timer = setTimeout(() => {
      end(err({ type: "silent" }));
      stream.abort();
    }, patienceMs);
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => end(ok(Buffer.concat(chunks))));
    stream.on("abort", () => end(err({ type: "silent" })));
    // It knows no error codes of the system; only its words tell that nothing came.
    stream.on("error", (error: Error) =>
      end(err(/timed? ?out/i.test(error.message) ? { type: "silent" } : { type: "denied", words: error.message })),
    );
  });
}
