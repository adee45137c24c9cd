import type { IncomingHttpHeaders } from "node:http";

/** What conditions are held against. */
export interface Validators {
  /** Strong. */
  readonly etag: string;
  readonly modified: Date;
}

/** What the conditions of a GET or HEAD come to, in the order of RFC 9110 §13.2.2; null: they do not stand in its way. */
export function failedPrecondition(headers: IncomingHttpHeaders, file: Validators): 304 | 412 | null {
  if (isAnother(headers, file)) return 412;
  return isKnown(headers, file) ? 304 : null;
}

/**
 * Whether a Range field counts, or the file is another than the client has a part of (RFC 9110 §13.1.5). A date is never
 * good enough: two contents may share a second.
 */
export function rangeApplies(headers: IncomingHttpHeaders, file: Validators): boolean {
  const condition = headers["if-range"];
  return condition === undefined || condition === file.etag;
}

function isAnother(headers: IncomingHttpHeaders, { etag, modified }: Validators): boolean {
  const match = headers["if-match"];
  if (match !== undefined) return match !== "*" && !match.split(",").some((tag) => tag.trim() === etag);
  const since = Date.parse(headers["if-unmodified-since"] ?? "");
  return !Number.isNaN(since) && wholeSecond(modified) > since;
}

function isKnown(headers: IncomingHttpHeaders, { etag, modified }: Validators): boolean {
  const none = headers["if-none-match"];
  if (none !== undefined) return none === "*" || none.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag);
  const since = Date.parse(headers["if-modified-since"] ?? "");
  return !Number.isNaN(since) && wholeSecond(modified) <= since;
}

/** HTTP dates have no fractions. */
function wholeSecond(date: Date): number {
  return Math.floor(date.getTime() / 1000) * 1000;
}
