/** Which table of slots a header opens, and the how-manieth of its kind it is. */
export interface SlotHeader {
  readonly type: "slot" | "slot_range";
  readonly index: number;
}

/**
 * The `[[slot]]` and `[[slot_range]]` headers in the order of the file, which a parsed document has lost: it holds two
 * lists. What the file has in other forms (`slot = [{ … }]`) follows: first slots, then ranges. For a document that the
 * schema has accepted: no setting may be a text of several lines, so a line that looks like a header is one.
 */
export function slotOrder(text: string, counts: Readonly<Record<SlotHeader["type"], number>>): readonly SlotHeader[] {
  const seen = { slot: 0, slot_range: 0 };
  const order: SlotHeader[] = [];
  const take = (type: SlotHeader["type"]) => order.push({ type, index: seen[type]++ });
  for (const line of text.split("\n")) {
    const type = HEADER.exec(line)?.[1] as SlotHeader["type"] | undefined;
    if (type !== undefined && seen[type] < counts[type]) take(type);
  }
  for (const type of ["slot", "slot_range"] as const) while (seen[type] < counts[type]) take(type);
  return order;
}

const HEADER = /^\s*\[\[\s*["']?(slot|slot_range)["']?\s*\]\]/;
