import { Comparison, type TableChanges } from "./table-changes.ts";
import { CHUNK, Chunk, GROUP, Group } from "./table-chunk.ts";
import { chunkOf, indexIn, NO_KEYS, Places } from "./table-places.ts";
import type { Rows, Shape } from "./table-shape.ts";

/**
 * Immutable rows in order, with an id each: `with` and `without` make another table and copy little, whatever the size.
 *
 * The rows stand in chunks and these in groups, and a change copies its chunk, its group and the list of groups. Which
 * chunks a key was ever seen in is kept once for all tables that come from one another: it only says where to look, and
 * what is found there is compared with what was asked, so that a table knows its own rows and no others.
 */
export class Table<Row extends object, Summary> implements Rows<Row> {
  readonly #shape: Shape<Row, Summary>;
  readonly #groups: readonly Group<Row, Summary>[];
  readonly #places: Places;
  readonly length: number;
  #list: readonly Row[] | null = null;
  #summary: { readonly value: Summary } | null = null;

  private constructor(
    shape: Shape<Row, Summary>,
    groups: readonly Group<Row, Summary>[],
    places: Places,
    length: number,
  ) {
    this.#shape = shape;
    this.#groups = groups;
    this.#places = places;
    this.length = length;
  }

  /** The rows as a table: themselves, if they are one of this shape. */
  static of<Row extends object, Summary>(shape: Shape<Row, Summary>, rows: Rows<Row>): Table<Row, Summary> {
    // Tables of one shape have rows of one type.
    if (rows instanceof Table && rows.#shape === shape) return rows as Table<Row, Summary>;
    const chunks: Chunk<Row, Summary>[] = [];
    const places = new Places();
    const list = [...rows];
    for (let from = 0; from < list.length; from += CHUNK) chunks.push(new Chunk(shape, list.slice(from, from + CHUNK)));
    for (const [n, row] of list.entries()) places.add(shape.keysOf(row), Math.floor(n / CHUNK), n % CHUNK);
    places.settle();
    const groups: Group<Row, Summary>[] = [];
    for (let from = 0; from < chunks.length; from += GROUP) {
      groups.push(new Group(shape, chunks.slice(from, from + GROUP)));
    }
    return new Table(shape, groups, places, list.length);
  }

  /** The first row of those that bear `key` for which `matches` holds. */
  lookUp(key: string, matches: (row: Row) => boolean): Row | undefined {
    const places = this.#places.of(key);
    if (places === undefined) return undefined;
    if (typeof places === "number") {
      const rows = this.#chunk(chunkOf(places))?.rows;
      const likely = rows?.[indexIn(places)];
      return likely !== undefined && matches(likely) ? likely : rows?.find(matches);
    }
    let first: { readonly at: number; readonly row: Row } | undefined;
    for (const at of places) {
      if (first !== undefined && at > first.at) continue;
      const row = this.#chunk(at)?.rows.find(matches);
      if (row !== undefined) first = { at, row };
    }
    return first?.row;
  }

  get(id: string): Row | undefined {
    return this.lookUp(id, (row) => this.#shape.idOf(row) === id);
  }

  /** `row` in place of the one with its id, or at the end. */
  with(row: Row): Table<Row, Summary> {
    const place = this.#placeOf(this.#shape.idOf(row));
    const last = this.#groups.at(-1);
    const end = last === undefined ? -1 : (this.#groups.length - 1) * GROUP + last.chunks.length - 1;
    if (place !== null) {
      const { at, index, chunk } = place;
      const before = chunk.rows[index];
      const borne = before === undefined ? NO_KEYS : this.#shape.keysOf(before);
      return this.#changed(this.#withChunk(at, chunk.with(index, row)), this.length, row, at, index, borne);
    }
    const chunk = this.#chunk(end);
    if (chunk === undefined || chunk.rows.length === CHUNK) {
      const fresh = new Chunk(this.#shape, [row]);
      return this.#changed(this.#withChunk(end + 1, fresh), this.length + 1, row, end + 1, 0);
    }
    return this.#changed(this.#withChunk(end, chunk.and(row)), this.length + 1, row, end, chunk.rows.length);
  }

  without(id: string): Table<Row, Summary> {
    const place = this.#placeOf(id);
    if (place === null) return this;
    const { at, index, chunk } = place;
    return this.#tidy(this.#withChunk(at, chunk.without(index)), this.length - 1);
  }

  /** What all rows come to. */
  get summary(): Summary {
    this.#summary ??= { value: this.#shape.merged(this.#groups.map((group) => group.summary)) };
    return this.#summary.value;
  }

  /** Row by row and in order, but for neighbours of which `mayMatter` says no to what they come to together. */
  *rowsWhere(mayMatter: (summary: Summary) => boolean): IterableIterator<readonly Row[]> {
    for (const group of this.#groups) {
      if (!mayMatter(group.summary)) continue;
      for (const chunk of group.chunks) if (mayMatter(chunk.summary)) yield chunk.rows;
    }
  }

  /**
   * What makes `before` into this table: the ids in `gone` leave, then each row of `set` takes the place of the one with
   * its id, or the end. null: nothing so simple does, because rows that stayed changed their order.
   */
  changesSince(before: Table<Row, Summary>): TableChanges<Row> | null {
    const changes = new Comparison(this.#shape);
    if (before.#places !== this.#places) return changes.add(before.#all(), this.#all()) ? changes : null;
    for (let n = 0; n < Math.max(before.#groups.length, this.#groups.length); n++) {
      const [old, now] = [before.#groups[n], this.#groups[n]];
      if (old === now) continue;
      for (let m = 0; m < Math.max(old?.chunks.length ?? 0, now?.chunks.length ?? 0); m++) {
        const [was, is] = [old?.chunks[m], now?.chunks[m]];
        if (was !== is && !changes.add(was?.rows ?? [], is?.rows ?? [])) return null;
      }
    }
    return changes;
  }

  at(index: number): Row | undefined {
    if (this.#list !== null || index < 0) return this.#all().at(index);
    let left = Math.trunc(index);
    for (const { chunks } of this.#groups) {
      for (const { rows } of chunks) {
        if (left < rows.length) return rows[left];
        left -= rows.length;
      }
    }
    return undefined;
  }

  indexOf(row: Row): number {
    const place = this.#placeOf(this.#shape.idOf(row));
    if (place === null || place.chunk.rows[place.index] !== row) return -1;
    let index = place.index;
    for (let at = 0; at < place.at; at++) index += this.#chunk(at)?.rows.length ?? 0;
    return index;
  }

  find(matches: (row: Row, index: number) => boolean): Row | undefined {
    return this.#all().find(matches);
  }

  filter(matches: (row: Row, index: number) => boolean): Row[] {
    return this.#all().filter(matches);
  }

  some(matches: (row: Row, index: number) => boolean): boolean {
    return this.#all().some(matches);
  }

  every(matches: (row: Row, index: number) => boolean): boolean {
    return this.#all().every(matches);
  }

  map<T>(change: (row: Row, index: number) => T): T[] {
    return this.#all().map(change);
  }

  flatMap<T>(change: (row: Row, index: number) => T | readonly T[]): T[] {
    return this.#all().flatMap(change);
  }

  [Symbol.iterator](): Iterator<Row> {
    return this.#all()[Symbol.iterator]();
  }

  toJSON(): readonly Row[] {
    return this.#all();
  }

  /** All rows as one list, made when it is first asked for. */
  #all(): readonly Row[] {
    this.#list ??= this.#groups.flatMap(({ chunks }) => chunks.flatMap(({ rows }) => rows));
    return this.#list;
  }

  #chunk(at: number): Chunk<Row, Summary> | undefined {
    return this.#groups[Math.floor(at / GROUP)]?.chunks[at % GROUP];
  }

  /** `at` may be one behind the last. */
  #withChunk(at: number, chunk: Chunk<Row, Summary>): readonly Group<Row, Summary>[] {
    const n = Math.floor(at / GROUP);
    const before = this.#groups[n];
    if (before === undefined) return [...this.#groups, new Group(this.#shape, [chunk])];
    const chunks =
      at % GROUP < before.chunks.length ? before.chunks.with(at % GROUP, chunk) : [...before.chunks, chunk];
    return this.#groups.with(n, new Group(this.#shape, chunks));
  }

  #placeOf(id: string): { readonly at: number; readonly index: number; readonly chunk: Chunk<Row, Summary> } | null {
    const places = this.#places.of(id);
    if (places === undefined) return null;
    const { idOf } = this.#shape;
    if (typeof places === "number") {
      const [at, index] = [chunkOf(places), indexIn(places)];
      const chunk = this.#chunk(at);
      const likely = chunk?.rows[index];
      if (chunk !== undefined && likely !== undefined && idOf(likely) === id) return { at, index, chunk };
    }
    for (const at of typeof places === "number" ? [chunkOf(places)] : places) {
      const chunk = this.#chunk(at);
      const index = chunk === undefined ? -1 : chunk.rows.findIndex((row) => idOf(row) === id);
      if (chunk !== undefined && index >= 0) return { at, index, chunk };
    }
    return null;
  }

  #changed(
    groups: readonly Group<Row, Summary>[],
    length: number,
    row: Row,
    at: number,
    index: number,
    borne: readonly string[] = NO_KEYS,
  ): Table<Row, Summary> {
    this.#places.add(this.#shape.keysOf(row), at, index, borne);
    return this.#tidy(groups, length);
  }

  /** Rows that left leave gaps, and keys that nobody bears any more stay known: now and then it starts anew. */
  #tidy(groups: readonly Group<Row, Summary>[], length: number): Table<Row, Summary> {
    const next = new Table(this.#shape, groups, this.#places, length);
    const room = groups.length * GROUP * CHUNK;
    const isLoose = room > 2 * (length + GROUP * CHUNK) || this.#places.isOvergrown(length);
    return isLoose ? Table.of(this.#shape, next.#all()) : next;
  }
}
