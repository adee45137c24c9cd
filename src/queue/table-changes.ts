import { CHUNK } from "./table-chunk.ts";
import type { Shape } from "./table-shape.ts";

/** What makes one table into another: the ids in `gone` leave, then each of `set` takes its place, or goes to the end. */
export interface TableChanges<Row> {
  readonly gone: readonly string[];
  readonly set: readonly Row[];
  /** What stood in the place of each of `set`; undefined: it goes to the end. */
  readonly was: readonly (Row | undefined)[];
}

/** Finds out what makes some rows into others, a part at a time and in order. */
export class Comparison<Row> implements TableChanges<Row> {
  readonly gone: string[] = [];
  readonly set: Row[] = [];
  readonly was: (Row | undefined)[] = [];
  readonly #idOf: (row: Row) => string;
  /** A row was new, so whatever follows must be new too: a row that is set and not there goes to the end. */
  #isAtEnd = false;

  constructor({ idOf }: Shape<Row, unknown>) {
    this.#idOf = idOf;
  }

  /** The next rows of both. false: a row that stayed has another place among them. */
  add(before: readonly Row[], after: readonly Row[]): boolean {
    const places = before.length > CHUNK ? new Map(before.map((row, at) => [this.#idOf(row), at])) : null;
    let next = 0;
    for (const row of after) {
      const at = before[next] === row ? next : this.#placeOf(row, before, places, next);
      if (at === null) {
        this.#isAtEnd = true;
        this.set.push(row);
        this.was.push(undefined);
        continue;
      }
      if (this.#isAtEnd) return false;
      for (; next < at; next++) this.#leave(before[next]);
      if (before[next] !== row) {
        this.set.push(row);
        this.was.push(before[next]);
      }
      next++;
    }
    for (; next < before.length; next++) this.#leave(before[next]);
    return true;
  }

  /** null: not among those from `next` on. */
  #placeOf(row: Row, before: readonly Row[], places: Map<string, number> | null, next: number): number | null {
    const id = this.#idOf(row);
    const at =
      places?.get(id) ?? (places === null ? before.findIndex((old, n) => n >= next && this.#idOf(old) === id) : -1);
    return at < next ? null : at;
  }

  #leave(row: Row | undefined): void {
    if (row !== undefined) this.gone.push(this.#idOf(row));
  }
}
