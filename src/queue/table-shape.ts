/**
 * What may be asked of rows that have an order. A plain array answers it too, so a state can be written down by hand;
 * a `Table` answers it at any size.
 */
export interface Rows<Row> extends Iterable<Row> {
  readonly length: number;
  at(index: number): Row | undefined;
  indexOf(row: Row): number;
  find(matches: (row: Row, index: number) => boolean): Row | undefined;
  filter(matches: (row: Row, index: number) => boolean): Row[];
  some(matches: (row: Row, index: number) => boolean): boolean;
  every(matches: (row: Row, index: number) => boolean): boolean;
  map<T>(change: (row: Row, index: number) => T): T[];
  flatMap<T>(change: (row: Row, index: number) => T | readonly T[]): T[];
}

/** What a table must know of its rows. All of it pure, and the same object for all tables of a kind. */
export interface Shape<Row, Summary> {
  idOf(row: Row): string;
  /** Everything a row is looked up by, its id among it. Two rows may share one, and kinds of keys may mix. */
  keysOf(row: Row): readonly string[];
  /** What makes it unnecessary to look at some rows one by one: the nearest deadline, whether any is free. */
  /** `before`: of the same rows by their ids, one of them with another content; null: not at hand. */
  summaryOf(rows: readonly Row[], before: Summary | null): Summary;
  /** Of rows that stand one behind the other; of none, when there are none. */
  merged(summaries: readonly Summary[]): Summary;
}
