/** Which table of slots a header opens, and the how-manieth of its kind it is. */
export interface SlotHeader {
  readonly type: "slot" | "slot_range";
  readonly index: number;
}

/**
 * The `[[slot]]` and `[[slot_range]]` headers in the order of the file, which a parsed document has lost: it holds two
 * lists. What the file has in other forms (`slot = [{ … }]`) follows: first slots, then ranges. For a document that is
 * valid TOML; lines inside a text of several lines, such as a script among a slot's settings, are no headers.
 */
export function slotOrder(text: string, counts: Readonly<Record<SlotHeader["type"], number>>): readonly SlotHeader[] {
  const seen = { slot: 0, slot_range: 0 };
  const order: SlotHeader[] = [];
  const take = (type: SlotHeader["type"]) => order.push({ type, index: seen[type]++ });
  let open: string | null = null;
  for (const line of text.split("\n")) {
    const type = open === null ? (HEADER.exec(line)?.[1] as SlotHeader["type"] | undefined) : undefined;
    open = openAfter(line, open);
    if (type !== undefined && seen[type] < counts[type]) take(type);
  }
  for (const type of ["slot", "slot_range"] as const) while (seen[type] < counts[type]) take(type);
  return order;
}

const HEADER = /^\s*\[\[\s*["']?(slot|slot_range)["']?\s*\]\]/;

/** Which quotes a text is open in behind this line; null: none. A comment ends where its line does. */
function openAfter(line: string, before: string | null): string | null {
  let open = before;
  for (const [found] of line.matchAll(/"""|'''|\\.|"(?:\\.|[^"\\])*"|'[^']*'|#.*/g)) {
    if (found === open) open = null;
    else if (open === null && (found === '"""' || found === "'''")) open = found;
    else if (open === null && found.startsWith("#")) break;
  }
  return open;
}
