import { z } from "zod";
import { STAGES } from "./stage.ts";
import { stageByWords } from "./stage-by-words.ts";
import type { TraceEntry } from "./trace.ts";

/** One line of a timeline; null: torn by a crash, or not ours. */
export function parseEntry(line: string): TraceEntry | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  const parsed = entry.safeParse(value);
  if (!parsed.success) return null;
  return { ...parsed.data, stage: parsed.data.stage === undefined ? stageByWords(parsed.data) : parsed.data.stage };
}

const instant = z.int().min(0) as unknown as z.ZodType<TraceEntry["at"]>;
const mac = z.string().regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/) as unknown as z.ZodType<NonNullable<TraceEntry["mac"]>>;

/** Not strict: a newer release may have written more, and history is worth reading with less. */
const entry: z.ZodType<TraceEntry> = z.object({
  at: instant,
  last: instant,
  count: z.int().min(1),
  mac: mac.nullable(),
  road: z.enum(["dhcp", "tftp", "http", "queue", "operator", "daemon"]),
  outcome: z.enum(["answered", "dropped", "noted"]),
  what: z.string(),
  why: z.string(),
  // Absent: of a release that did not know stages. Unknown: of a newer one.
  stage: z.enum(STAGES).nullable().catch(null).exactOptional(),
  fields: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).exactOptional(),
});
