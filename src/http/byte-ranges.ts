/** Octets `first` to `last` of a file, counted from 0; both belong to it. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * What a Range field asks for of a file with so many octets (RFC 9110 §14.2), in the order in which it is to be sent.
 * null: all of it, because the field names another unit, cannot be read (bootimus #57: `bytes=u-u`), or asks for more
 * parts than any honest client, which the RFC lets us ignore.
 */
export function parseByteRanges(
  field: string | undefined,
  sizeBytes: number,
): readonly ByteRange[] | "unsatisfiable" | null {
  const [, set = ""] = /^bytes=(.+)$/i.exec((field ?? "").replaceAll(/[ \t]/g, "")) ?? [];
  const specs = set.split(",").filter((spec) => spec !== "");
  if (specs.length === 0 || specs.length > RANGES_MAX) return null;
  const found: ByteRange[] = [];
  for (const spec of specs) {
    const range = rangeOf(spec, sizeBytes);
    if (range === "unreadable") return null;
    if (range !== "unsatisfiable") found.push(range);
  }
  if (found.length === 0) return "unsatisfiable";
  // Parts that overlap would be sent more than once, and the RFC warns of those who ask for that (§17.15).
  return isDisjoint(found) ? found : null;
}

/** More than any boot loader asks for at once. */
const RANGES_MAX = 16;

function rangeOf(spec: string, sizeBytes: number): ByteRange | "unsatisfiable" | "unreadable" {
  const [, from = "", to = ""] = /^(\d*)-(\d*)$/.exec(spec) ?? [];
  if (from === "" && to === "") return "unreadable";
  if (from === "") {
    if (Number(to) === 0 || sizeBytes === 0) return "unsatisfiable";
    return { first: Math.max(0, sizeBytes - Number(to)), last: sizeBytes - 1 };
  }
  const first = Number(from);
  const last = to === "" ? Number.POSITIVE_INFINITY : Number(to);
  if (last < first) return "unreadable";
  return first >= sizeBytes ? "unsatisfiable" : { first, last: Math.min(last, sizeBytes - 1) };
}

function isDisjoint(ranges: readonly ByteRange[]): boolean {
  const sorted = ranges.toSorted((a, b) => a.first - b.first);
  return sorted.every((range, n) => n === 0 || (sorted[n - 1]?.last ?? -1) < range.first);
}
