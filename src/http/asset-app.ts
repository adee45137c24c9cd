import { createReadStream } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { Readable } from "node:stream";
import { type Context, Hono } from "hono";

/** One file as it was when it was looked at. */
interface Asset {
  readonly path: string;
  readonly sizeBytes: number;
  readonly modified: Date;
  /** Strong: it changes with every change of size or time, which is what EDK2 resumes by (`If-Match`). */
  readonly etag: string;
}

export interface AssetAppParts {
  /** The folder that is served; nothing outside it is, whatever links lead there. */
  readonly root: string;
  /** Told of each request, for the trace. */
  readonly served: (
    context: Context,
    path: string,
    outcome: { readonly status: number; readonly sizeBytes: number },
  ) => void;
}

/** Kernels, initrds, images: GET and HEAD with single ranges, never a redirect (UEFI HTTP Boot follows none). */
export function createAssetApp(parts: AssetAppParts): Hono {
  const app = new Hono();
  app.on(["GET", "HEAD"], "/assets/*", async (c) => {
    const asked = c.req.path.slice("/assets/".length);
    const path = decoded(asked);
    const asset = path === null ? null : await findAsset(parts.root, path);
    if (path === null || asset === null) {
      const shown = printable(path ?? asked);
      parts.served(c, shown, { status: 404, sizeBytes: 0 });
      return c.text(`there is no file ${shown === "" ? "without a name" : shown} below assets/\n`, 404);
    }
    const response = respond(c, asset);
    parts.served(c, path, { status: response.status, sizeBytes: asset.sizeBytes });
    return response;
  });
  return app;
}

function respond(c: Context, asset: Asset): Response {
  const headers = {
    "Accept-Ranges": "bytes",
    "Content-Type": contentTypeOf(asset.path),
    ETag: asset.etag,
    "Last-Modified": asset.modified.toUTCString(),
  };
  // In the order of RFC 9110 §13.2.2.
  if (failsCondition(c, asset)) return new Response(null, { status: 412, headers });
  if (isUnmodified(c, asset)) return new Response(null, { status: 304, headers });
  const range = rangeOf(c, asset);
  if (range === "unsatisfiable") {
    const wanted = { ...headers, "Content-Type": "text/plain", "Content-Range": `bytes */${asset.sizeBytes}` };
    return new Response(`the file has ${asset.sizeBytes} octets\n`, { status: 416, headers: wanted });
  }
  const { first, last } = range ?? { first: 0, last: asset.sizeBytes - 1 };
  const length = String(last - first + 1);
  const body = c.req.method === "HEAD" || last < first ? null : streamOf(asset, first, last);
  if (range === null) return new Response(body, { status: 200, headers: { ...headers, "Content-Length": length } });
  const part = { ...headers, "Content-Length": length, "Content-Range": `bytes ${first}-${last}/${asset.sizeBytes}` };
  return new Response(body, { status: 206, headers: part });
}

function streamOf(asset: Asset, first: number, last: number): ReadableStream {
  // Reads of half a mebibyte cost half the processor time of the default ones.
  const file = createReadStream(asset.path, { start: first, end: last, highWaterMark: 512 * 1024 });
  // Node's own type of the same web stream.
  return Readable.toWeb(file) as ReadableStream;
}

/**
 * A single range of octets (RFC 9110 §14). null: all of it, also for several ranges, other units and what cannot be
 * read, as the RFC allows and odd clients need.
 */
function rangeOf(c: Context, { sizeBytes, etag }: Asset): { first: number; last: number } | "unsatisfiable" | null {
  // HEAD knows no ranges (RFC 9110 §14.2); it asks for the size of the whole.
  if (c.req.method !== "GET") return null;
  const condition = c.req.header("If-Range");
  if (condition !== undefined && condition !== etag) return null;
  const [, from = "", to = ""] = /^bytes=(\d*)-(\d*)$/i.exec((c.req.header("Range") ?? "").replaceAll(" ", "")) ?? [];
  if (from === "" && to === "") return null;
  if (from === "")
    return to === "0" || sizeBytes === 0
      ? "unsatisfiable"
      : { first: Math.max(0, sizeBytes - Number(to)), last: sizeBytes - 1 };
  const first = Number(from);
  const last = to === "" ? Number.POSITIVE_INFINITY : Number(to);
  if (last < first) return null;
  return first >= sizeBytes ? "unsatisfiable" : { first, last: Math.min(last, sizeBytes - 1) };
}

function isUnmodified(c: Context, asset: Asset): boolean {
  const none = c.req.header("If-None-Match");
  if (none !== undefined)
    return none === "*" || none.split(",").some((tag) => tag.trim().replace(/^W\//, "") === asset.etag);
  const since = Date.parse(c.req.header("If-Modified-Since") ?? "");
  return !Number.isNaN(since) && wholeSecond(asset.modified) <= since;
}

function failsCondition(c: Context, asset: Asset): boolean {
  const match = c.req.header("If-Match");
  if (match !== undefined) return match !== "*" && !match.split(",").some((tag) => tag.trim() === asset.etag);
  const since = Date.parse(c.req.header("If-Unmodified-Since") ?? "");
  return !Number.isNaN(since) && wholeSecond(asset.modified) > since;
}

/** HTTP dates have no fractions. */
function wholeSecond(date: Date): number {
  return Math.floor(date.getTime() / 1000) * 1000;
}

async function findAsset(root: string, path: string): Promise<Asset | null> {
  if (path.includes("\0")) return null;
  try {
    const [base, real] = await Promise.all([realpath(root), realpath(join(root, path))]);
    if (!real.startsWith(base + sep)) return null;
    const found = await stat(real);
    if (!found.isFile()) return null;
    const etag = `"${found.size.toString(16)}-${Math.floor(found.mtimeMs * 1000).toString(16)}"`;
    return { path: real, sizeBytes: found.size, modified: found.mtime, etag };
  } catch {
    // Missing, forbidden or a loop of links: for a machine it is not there.
    return null;
  }
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
