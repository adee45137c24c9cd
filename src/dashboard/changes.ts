import type { Part } from "./page.ts";
import { withoutTicks } from "./times.ts";

/** An element to be put in the place of the one with the same id. */
export interface Fragment {
  readonly id: string;
  readonly html: string;
}

/** Every part as a whole: for a browser of which nothing is known. */
export function everyFragment(parts: readonly Part[]): readonly Fragment[] {
  return parts.map((part) => ({ id: part.id, html: String(part.html) }));
}

/** What differs between two renderings of one page; what only ticks does not count. */
export function fragmentsBetween(before: readonly Part[], after: readonly Part[]): readonly Fragment[] {
  const known = new Map(before.map((part) => [part.id, part]));
  return after.flatMap((part) => {
    const old = known.get(part.id);
    if (old === undefined || !isSame(old.shell, part.shell) || !haveSameIds(old.items, part.items)) {
      return [{ id: part.id, html: String(part.html) }];
    }
    return part.items.length === 0 ? [] : fragmentsBetween(old.items, part.items);
  });
}

function isSame(one: Part["html"], other: Part["html"]): boolean {
  return withoutTicks(String(one)) === withoutTicks(String(other));
}

function haveSameIds(one: readonly Part[], other: readonly Part[]): boolean {
  return one.length === other.length && one.every((part, index) => part.id === other[index]?.id);
}
