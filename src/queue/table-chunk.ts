import type { Shape } from "./table-shape.ts";

/** Rows in a chunk, and chunks in a group: that much is copied for a change. */
export const CHUNK = 32;
export const GROUP = 32;

/** Neighbouring chunks. */
export class Group<Row, Summary> {
  readonly chunks: readonly Chunk<Row, Summary>[];
  readonly #shape: Shape<Row, Summary>;
  #summary: { readonly value: Summary } | null = null;

  constructor(shape: Shape<Row, Summary>, chunks: readonly Chunk<Row, Summary>[]) {
    this.#shape = shape;
    this.chunks = chunks;
  }

  get summary(): Summary {
    this.#summary ??= { value: this.#shape.merged(this.chunks.map((chunk) => chunk.summary)) };
    return this.#summary.value;
  }
}

/** Neighbouring rows. */
export class Chunk<Row, Summary> {
  readonly rows: readonly Row[];
  readonly #shape: Shape<Row, Summary>;
  #summary: { readonly value: Summary } | null = null;
  readonly #before: Summary | null;

  constructor(shape: Shape<Row, Summary>, rows: readonly Row[], before: Summary | null = null) {
    this.#shape = shape;
    this.rows = rows;
    this.#before = before;
  }

  /** Made when it is first asked for: most chunks are the same from table to table. */
  get summary(): Summary {
    this.#summary ??= { value: this.#shape.summaryOf(this.rows, this.#before) };
    return this.#summary.value;
  }

  with(index: number, row: Row): Chunk<Row, Summary> {
    return new Chunk(this.#shape, this.rows.with(index, row), this.#summary?.value ?? this.#before);
  }

  without(index: number): Chunk<Row, Summary> {
    return new Chunk(this.#shape, this.rows.toSpliced(index, 1));
  }

  and(row: Row): Chunk<Row, Summary> {
    return new Chunk(this.#shape, [...this.rows, row]);
  }
}
