import { randomBytes } from "node:crypto";
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { type AssetFile, AssetFiles } from "./asset-file.ts";
import { type BodyPart, type SendingEnd, type SendingMeans, sendParts } from "./asset-sending.ts";
import { type ByteRange, parseByteRanges } from "./byte-ranges.ts";
import { LoopTurns } from "./loop-turns.ts";
import { failedPrecondition, rangeApplies } from "./preconditions.ts";
import { type ChunkLimits, SharedChunks } from "./shared-chunks.ts";

/** What was asked for, and from where. */
export interface AssetRequest {
  readonly method: "GET" | "HEAD";
  /** Below assets/, printable. */
  readonly path: string;
  /** Of the machine; undefined when it is gone already. */
  readonly remoteAddress: string | undefined;
}

export interface AssetAppParts {
  /** The folder that is served; nothing outside it is, whatever links lead there. */
  readonly root: string;
  /** Told of each request when its answer begins, for the trace. */
  readonly served: (request: AssetRequest, outcome: { readonly status: number; readonly sizeBytes: number }) => void;
  /** Told how each body ended. */
  readonly ended?: (request: AssetRequest, end: SendingEnd & { readonly sizeBytes: number }) => void;
  /** For so long a machine may take nothing of what it asked for; then it is disconnected. */
  readonly stallMs?: number;
  readonly limits?: ChunkLimits;
}

/**
 * Kernels, initrds, images: GET and HEAD with ranges, never a redirect (UEFI HTTP Boot follows none). It writes to Node's
 * own answers, because web streams cost twice the processor time; see docs/decisions/0013-files-in-shared-chunks.md.
 */
export class AssetApp {
  readonly #parts: AssetAppParts;
  readonly #files: AssetFiles;
  readonly #means: SendingMeans;
  #underWay = 0;
  #trimming: NodeJS.Timeout | null = null;

  constructor(parts: AssetAppParts) {
    this.#parts = parts;
    this.#files = new AssetFiles(parts.root);
    const { stallMs = STALL_MS } = parts;
    this.#means = { chunks: new SharedChunks(parts.limits), turns: new LoopTurns(BYTES_PER_TURN), stallMs };
  }

  /** false: this is not for a file, and somebody else has to answer it. */
  serve(incoming: IncomingMessage, outgoing: ServerResponse): boolean {
    const { method } = incoming;
    const asked = /^(?:https?:\/\/[^/?#]*)?\/assets\/([^?#]*)/.exec(incoming.url ?? "")?.[1];
    if (asked === undefined || (method !== "GET" && method !== "HEAD")) return false;
    const path = decoded(asked);
    const request = { method, path: printable(path ?? asked), remoteAddress: incoming.socket.remoteAddress } as const;
    this.#begin();
    // It rejects for no file and no machine; if it does all the same, only this one connection may suffer.
    this.#answer(request, path, incoming, outgoing)
      .catch(() => outgoing.destroy())
      .finally(() => this.#end());
    return true;
  }

  async #answer(
    request: AssetRequest,
    path: string | null,
    { headers }: IncomingMessage,
    outgoing: ServerResponse,
  ): Promise<void> {
    const file = path === null ? null : await this.#files.open(path);
    if (file === null) {
      this.#parts.served(request, { status: 404, sizeBytes: 0 });
      const name = request.path === "" ? "without a name" : request.path;
      return sendText(outgoing, 404, {}, `there is no file ${name} below assets/\n`);
    }
    try {
      const plan = planOf(request, headers, file);
      const { sizeBytes } = file;
      this.#parts.served(request, { status: plan.status, sizeBytes });
      if (typeof plan.body === "string") return sendText(outgoing, plan.status, plan.headers, plan.body);
      outgoing.writeHead(plan.status, plan.headers);
      if (plan.body === null || request.method === "HEAD") return void outgoing.end();
      const end = await sendParts(outgoing, file, plan.body, this.#means);
      this.#parts.ended?.(request, { ...end, sizeBytes });
    } finally {
      file.release();
    }
  }

  #begin(): void {
    this.#underWay++;
    if (this.#trimming !== null) clearTimeout(this.#trimming);
    this.#trimming = null;
  }

  #end(): void {
    if (--this.#underWay > 0) return;
    this.#trimming = setTimeout(() => this.#means.chunks.trim(), TRIM_MS).unref();
  }
}

/** Firmware that is busy with something else comes back within seconds; one that was switched off never does. */
const STALL_MS = 60_000;
/** A quarter of a millisecond of copying; nothing else waits longer than that for each turn of the loop. */
const BYTES_PER_TURN = 1 << 20;
/** After so long without a request the memory of the last ones is given back. */
const TRIM_MS = 10_000;

interface Plan {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  /** Text, parts of the file, or nothing. */
  readonly body: string | readonly BodyPart[] | null;
}

function planOf({ method }: AssetRequest, asked: IncomingMessage["headers"], file: AssetFile): Plan {
  const headers = {
    "Accept-Ranges": "bytes",
    "Content-Type": contentTypeOf(file.path),
    ETag: file.etag,
    "Last-Modified": file.modified.toUTCString(),
  };
  const { sizeBytes } = file;
  const failed = failedPrecondition(asked, file);
  if (failed === 412) return { status: 412, headers, body: "the file is not that one any more\n" };
  if (failed === 304) return { status: 304, headers, body: null };
  // HEAD knows no ranges (RFC 9110 §14.2); it asks for the size of the whole.
  const ranges = method === "GET" && rangeApplies(asked, file) ? parseByteRanges(asked.range, sizeBytes) : null;
  if (ranges === "unsatisfiable") {
    const body = `the file has ${sizeBytes} octets\n`;
    return { status: 416, headers: { ...headers, "Content-Range": `bytes */${sizeBytes}` }, body };
  }
  if (ranges === null) {
    const body = sizeBytes === 0 ? null : [{ first: 0, last: sizeBytes - 1 }];
    return { status: 200, headers: { ...headers, "Content-Length": sizeBytes }, body };
  }
  const [range] = ranges;
  if (range !== undefined && ranges.length === 1) {
    const part = { "Content-Length": lengthOf(range), "Content-Range": contentRange(range, sizeBytes) };
    return { status: 206, headers: { ...headers, ...part }, body: ranges };
  }
  return severalRanges(headers, ranges, sizeBytes);
}

/** RFC 9110 §15.3.7.2. */
function severalRanges(
  headers: Readonly<Record<"Content-Type" | "ETag" | "Accept-Ranges" | "Last-Modified", string>>,
  ranges: readonly ByteRange[],
  sizeBytes: number,
): Plan {
  const boundary = `bootqueue-${randomBytes(12).toString("hex")}`;
  const type = headers["Content-Type"];
  const head = (range: ByteRange, n: number) =>
    `${n === 0 ? "" : "\r\n"}--${boundary}\r\nContent-Type: ${type}\r\nContent-Range: ${contentRange(range, sizeBytes)}\r\n\r\n`;
  const body: readonly BodyPart[] = [
    ...ranges.flatMap((range, n) => [head(range, n), range]),
    `\r\n--${boundary}--\r\n`,
  ];
  const octets = body.reduce<number>((sum, part) => sum + (typeof part === "string" ? part.length : lengthOf(part)), 0);
  const several = { "Content-Type": `multipart/byteranges; boundary=${boundary}`, "Content-Length": octets };
  return { status: 206, headers: { ...headers, ...several }, body };
}

function lengthOf({ first, last }: ByteRange): number {
  return last - first + 1;
}

function contentRange({ first, last }: ByteRange, sizeBytes: number): string {
  return `bytes ${first}-${last}/${sizeBytes}`;
}

function sendText(outgoing: ServerResponse, status: number, headers: OutgoingHttpHeaders, text: string): void {
  const length = Buffer.byteLength(text);
  outgoing.writeHead(status, { ...headers, "Content-Type": "text/plain; charset=utf-8", "Content-Length": length });
  // Node leaves the body of an answer to HEAD out.
  outgoing.end(text);
}

function decoded(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}

/** For one line of text, on a machine's screen and in the trace. */
function printable(path: string): string {
  return path.slice(0, 200).replaceAll(/[^\x20-\x7e]/g, "?");
}

/** EDK2 tells an image by its type, or else by the end of its name. */
function contentTypeOf(path: string): string {
  const [, ending = ""] = /\.([a-z0-9]+)$/i.exec(path) ?? [];
  return TYPES[ending.toLowerCase()] ?? "application/octet-stream";
}

const TYPES: Readonly<Record<string, string>> = {
  efi: "application/efi",
  iso: "application/vnd.efi-iso",
  img: "application/vnd.efi-img",
  ipxe: "text/plain; charset=utf-8",
  txt: "text/plain; charset=utf-8",
};
